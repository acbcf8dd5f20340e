import { describe, expect, test } from 'vitest';
import {
  ConflictError,
  InDoubtError,
  NotFoundError,
  RejectedError,
  ThrottledError,
  TransientError,
  UnauthorizedError,
} from '../../src/core/errors.ts';
import type { Link } from '../../src/core/link.ts';
import type { Operation } from '../../src/core/operation.ts';
import { failed, DOUBT_KEEPS_MS, MOST_ATTEMPTS, succeeded } from '../../src/provisioning/settle-operation.ts';
import { theProfile } from '../builders.ts';

const NOW = 1_000_000;
const reason = { code: 'unassigned', text: 'unassigned' } as const;
const base = { resource: 'account', key: '1', wave: 1, anchor: 'ada', label: 'ada', reason } as const;
const disable: Operation = {
  resource: 'account',
  kind: 'disable',
  effect: 'suspend',
  key: '0',
  wave: 0,
  anchor: 'ada',
  label: 'ada',
  reason,
  resourceId: '1',
  cause: 'unassigned',
};
const update: Operation = {
  resource: 'account',
  kind: 'update',
  key: '1',
  wave: 1,
  anchor: 'ada',
  label: 'ada',
  reason,
  resourceId: '1',
  attributes: [],
  references: [],
};

function at(plannedAt: number) {
  return { durationMs: 10, now: NOW, plannedAt, existing: undefined };
}

interface Row {
  readonly rule: string;
  readonly operation?: Operation;
  /** Ms since the epoch; just now when absent. */
  readonly plannedAt?: number;
  readonly error: Error;
  readonly inDoubt?: boolean;
  readonly attempts?: number;
  readonly becomes: string;
  readonly attemptSpent?: boolean;
}

const rows: readonly Row[] = [
  {
    rule: 'a throttled operation waits exactly as long as asked, and no attempt is spent',
    error: new ThrottledError('429', 5000),
    becomes: 'pending at +5000',
    attemptSpent: false,
  },
  {
    rule: 'a throttled operation whose earlier answer was lost stays in doubt',
    error: new ThrottledError('429', 5000),
    inDoubt: true,
    becomes: 'in-doubt at +5000',
    attemptSpent: false,
  },
  {
    rule: 'a resource that is locked is waited for, however long, and no attempt is spent',
    error: new ThrottledError('429', 5000, 'resource'),
    plannedAt: NOW - DOUBT_KEEPS_MS - 1,
    becomes: 'pending at +5000 alone',
    attemptSpent: false,
  },
  {
    rule: 'a resource that is locked while its earlier answer was lost is waited for as well',
    error: new ThrottledError('429', 5000, 'resource'),
    inDoubt: true,
    plannedAt: NOW - DOUBT_KEEPS_MS,
    becomes: 'in-doubt at +5000 alone',
    attemptSpent: false,
  },
  {
    rule: 'a resource that stays locked for more than an hour is put aside when an answer was lost, so that the cycle ends',
    error: new ThrottledError('429', 5000, 'resource'),
    inDoubt: true,
    plannedAt: NOW - DOUBT_KEEPS_MS - 1,
    becomes: 'escrowed TooManyRequests',
  },
  {
    rule: 'a provider that throttles everything is waited for, however long',
    error: new ThrottledError('429', 5000),
    plannedAt: NOW - DOUBT_KEEPS_MS - 1,
    becomes: 'pending at +5000',
    attemptSpent: false,
  },
  {
    rule: 'a refused credential spends no attempt of the object',
    error: new UnauthorizedError('401'),
    becomes: 'pending',
    attemptSpent: false,
  },
  {
    rule: 'a write without an answer is in doubt',
    error: new InDoubtError('timeout'),
    becomes: 'in-doubt later',
    attemptSpent: true,
  },
  {
    rule: 'a write that never left is simply tried again',
    error: new TransientError('refused connection'),
    becomes: 'pending later',
    attemptSpent: true,
  },
  {
    rule: 'an operation in doubt stays so when settling it fails',
    error: new TransientError('no network'),
    inDoubt: true,
    becomes: 'in-doubt later',
    attemptSpent: true,
  },
  {
    rule: 'after the last attempt it is put aside',
    error: new TransientError('down'),
    attempts: MOST_ATTEMPTS - 1,
    becomes: 'escrowed InternalServerError',
  },
  {
    rule: 'a removal of what is gone already is done',
    operation: disable,
    error: new NotFoundError('404'),
    becomes: 'exported gone-already',
  },
  {
    rule: 'an update of what is gone drops the link, so that the next cycle matches anew',
    error: new NotFoundError('404'),
    becomes: 'escrowed InvalidAnchor drops link',
  },
  { rule: 'a conflict is put aside', error: new ConflictError('taken'), becomes: 'escrowed EntryConflict' },
  {
    rule: 'an object the provider refuses is put aside at once',
    error: new RejectedError('bad', { status: 400 }),
    becomes: 'escrowed WebExceptionProtocolError',
  },
];

function describeResult({ operation = update, error, inDoubt = false, attempts = 0, plannedAt = NOW }: Row): {
  becomes: string;
  attemptSpent?: boolean;
} {
  const result = failed({ sequence: 1, operation, inDoubt, attempts }, error, at(plannedAt), theProfile());
  if (result.state === 'exported') return { becomes: `exported ${result.exported.note}` };
  if (result.state === 'escrowed')
    return { becomes: `escrowed ${result.failure.code}${result.dropLink === true ? ' drops link' : ''}` };
  const exact = error instanceof ThrottledError;
  const when =
    result.notBefore === undefined
      ? ''
      : exact
        ? ` at +${result.notBefore - NOW}`
        : result.notBefore > NOW
          ? ' later'
          : ' at once';
  const alone = result.waitsFor === undefined ? '' : ' alone';
  return { becomes: `${result.state}${when}${alone}`, attemptSpent: result.attemptSpent };
}

describe('what becomes of a failed operation', () => {
  test.each(rows)('$rule', (row) => {
    const { becomes, attemptSpent } = row;
    expect(describeResult(row)).toEqual(attemptSpent === undefined ? { becomes } : { becomes, attemptSpent });
  });

  test('an error outside the family is a defect and is not swallowed', () => {
    expect(() =>
      failed(
        { sequence: 1, operation: update, inDoubt: false, attempts: 0 },
        new TypeError('x'),
        at(NOW),
        theProfile(),
      ),
    ).toThrow(TypeError);
  });
});

describe('the link of an operation that succeeded', () => {
  const matched: Operation = { ...update, matchedBy: 'userName' };
  const item = { sequence: 0, operation: matched, inDoubt: false, attempts: 0 };
  const exported = { resourceId: '1', requests: 1 };

  test('is written when it is new, and left alone when it is what it was', () => {
    const first = succeeded(item, exported, 1, undefined, theProfile());
    if (first.state !== 'exported' || first.link === undefined) throw new Error('a link should follow');
    const again = succeeded(item, exported, 1, first.link, theProfile());
    expect(again).not.toHaveProperty('link');
    const renamed = succeeded(item, exported, 1, { ...first.link, label: 'before' }, theProfile());
    expect(renamed).toMatchObject({ link: first.link });
  });

  test('says when it leads to another account than before, and only then', () => {
    const after = (existing: Link | undefined) => succeeded(item, exported, 1, existing, theProfile());
    const first = after(undefined);
    if (first.state !== 'exported' || first.link === undefined) throw new Error('a link should follow');
    expect(first).not.toHaveProperty('replaces');
    expect(after({ ...first.link, label: 'before' })).not.toHaveProperty('replaces');
    expect(after({ ...first.link, resourceId: 'gone' })).toMatchObject({ replaces: true });
  });

  const ofAda: Link = {
    resource: 'account',
    anchor: 'ada',
    resourceId: '1',
    state: 'active',
    label: 'ada',
    origin: 'adopted',
    members: [],
  };
  const erase: Operation = { ...disable, kind: 'delete', effect: 'delete' };
  const reactivate: Operation = { ...update, kind: 'reactivate' };
  const renew: Operation = { ...base, kind: 'link', matchedBy: 'link', resourceId: '1' };
  const members: Operation = { ...base, resource: 'group', kind: 'members', add: ['bob'], remove: [] };

  test.each([disable, erase, update, reactivate, renew, members])(
    'is not made anew by a $kind whose link is not there any more',
    (operation) => {
      const done = (existing?: Link) => succeeded({ ...item, operation }, exported, 1, existing, theProfile());
      expect(done()).toEqual({ sequence: 0, state: 'exported', exported, durationMs: 1 });
      const { resource } = operation;
      expect(done({ ...ofAda, resource, label: 'before' })).toMatchObject({
        link: { resourceId: '1', origin: 'adopted' },
      });
    },
  );

  test.each([disable, erase])('leads where it did when a $kind was about another account', (operation) => {
    const elsewhere = { ...ofAda, resourceId: '2' };
    expect(succeeded({ ...item, operation }, exported, 1, elsewhere, theProfile())).not.toHaveProperty('link');
  });

  test('keeps what it knew when the account to remove is gone already', () => {
    const gone = { sequence: 0, operation: disable, inDoubt: false, attempts: 0 };
    const attempt = { ...at(NOW), existing: ofAda };
    expect(failed(gone, new NotFoundError('no such account'), attempt, theProfile())).toMatchObject({
      link: { ...ofAda, state: 'disabled', cause: 'unassigned' },
    });
  });
});
