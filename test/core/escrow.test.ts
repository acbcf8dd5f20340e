import { describe, expect, test } from 'vitest';
import { escrowAfter, escrowDelayMs, needless, putAside, type Escrow } from '../../src/core/escrow.ts';
import type { ChangeAccount, CreateGroup, ChangeMembers, Operation, RemoveAccount } from '../../src/core/operation.ts';
import type { OperationFailure } from '../../src/core/operation-failure.ts';

const NOW = 1_000_000;
const HOUR = 3_600_000;
const REFUSED: OperationFailure = { code: 'WebExceptionProtocolError', message: 'no such department', status: 400 };
const reason = { code: 'attributes-differ', text: 'department differs' } as const;

function anUpdate(department: string, before = 'Sales'): ChangeAccount {
  const attributes = [{ path: 'department', before, after: department }];
  return {
    resource: 'account',
    kind: 'update',
    key: '1:account:update:ada',
    wave: 1,
    anchor: 'ada',
    label: 'ada@contoso.com',
    reason,
    resourceId: '1',
    attributes,
    references: [],
  };
}

const disable: RemoveAccount = {
  resource: 'account',
  kind: 'disable',
  key: '0:account:disable:ada',
  wave: 0,
  anchor: 'ada',
  label: 'ada@contoso.com',
  reason,
  resourceId: '1',
  effect: 'suspend',
  cause: 'unassigned',
};
const createGroup: CreateGroup = {
  resource: 'group',
  kind: 'create',
  key: '2:group:create:it',
  wave: 2,
  anchor: 'it',
  label: 'IT',
  reason,
  displayName: 'IT',
  externalId: 'it',
};
const members: ChangeMembers = {
  resource: 'group',
  kind: 'members',
  key: '3:group:members:it',
  wave: 3,
  anchor: 'it',
  label: 'IT',
  reason,
  add: ['ada'],
  remove: [],
};

function failedOnce(operation: Operation, failure = REFUSED): Escrow {
  return escrowAfter(operation, failure, undefined, 'first', NOW);
}

describe('a need in escrow', () => {
  test.each<[rule: string, operations: readonly Operation[], escrows: readonly Escrow[], now: number, aside: string[]]>(
    [
      [
        'is not sent again before its time',
        [anUpdate('IT')],
        [failedOnce(anUpdate('IT'))],
        NOW + HOUR - 1,
        ['1:account:update:ada'],
      ],
      ['is sent again when its time has come', [anUpdate('IT')], [failedOnce(anUpdate('IT'))], NOW + HOUR, []],
      ['is sent at once when it asks for something else', [anUpdate('HR')], [failedOnce(anUpdate('IT'))], NOW, []],
      [
        'waits on when only what was there before differs',
        [anUpdate('IT', 'HR')],
        [failedOnce(anUpdate('IT'))],
        NOW,
        ['1:account:update:ada'],
      ],
      ['never keeps a disable of the same account waiting', [disable], [failedOnce(anUpdate('IT'))], NOW, []],
      [
        'takes along what builds on a creation',
        [createGroup, members],
        [failedOnce(createGroup)],
        NOW,
        ['2:group:create:it', '3:group:members:it'],
      ],
      ['leaves other groups alone', [{ ...members, anchor: 'hr', key: 'hr' }], [failedOnce(createGroup)], NOW, []],
      ['without any, nothing is put aside', [anUpdate('IT')], [], NOW, []],
    ],
  )('%s', (_rule, operations, escrows, now, aside) => {
    expect([...putAside(operations, escrows, now).keys()]).toEqual(aside);
  });

  test('is shown with the answer it was put aside for, and so is what waits for it', () => {
    const aside = putAside([createGroup, members], [failedOnce(createGroup)], NOW);
    expect(aside.get(createGroup.key)).toEqual(REFUSED);
    expect(aside.get(members.key)).toMatchObject({
      status: 400,
      message: expect.stringMatching(/^waits for its creation.*no such department$/),
    });
  });

  test('remembers its first failure and counts cycles, not nudges', () => {
    const first = failedOnce(anUpdate('IT'));
    expect(escrowAfter(anUpdate('IT'), REFUSED, first, 'first', NOW + 9)).toBe(first);
    const second = escrowAfter(anUpdate('IT'), REFUSED, first, 'second', NOW + HOUR);
    expect(second).toMatchObject({ attempts: 2, firstFailedAt: NOW, lastFailedAt: NOW + HOUR, dueAt: NOW + 3 * HOUR });
  });

  test('lifts when the plan looked at the resource and does not want it any more', () => {
    const escrows = [failedOnce(anUpdate('IT')), failedOnce(members)];
    const lifted = (operations: readonly Operation[], looksAt: (key: { anchor: string }) => boolean = () => true) =>
      needless({ operations }, escrows, looksAt).map(({ kind }) => kind);
    expect(lifted([members])).toEqual(['update']);
    expect(lifted([disable])).toEqual(['update', 'members']);
    expect(lifted([anUpdate('HR'), members])).toEqual([]);
    expect(lifted([], ({ anchor }) => anchor === 'it')).toEqual(['members']);
  });
});

describe('the delay of an escrow', () => {
  test.each<[rule: string, attempts: number, code: string, removal: boolean, hours: number]>([
    ['an hour after the first refusal', 1, 'EntryConflict', false, 1],
    ['doubles', 4, 'EntryConflict', false, 8],
    ['up to a day', 40, 'EntryConflict', false, 24],
    ['minutes where the provider was in trouble, not the object', 1, 'InternalServerError', false, 1 / 12],
    ['never more than an hour while somebody who left has access', 9, 'EntryConflict', true, 1],
  ])('%s', (_rule, attempts, code, removal, hours) => {
    expect(escrowDelayMs(attempts, code, removal)).toBe(hours * HOUR);
  });
});
