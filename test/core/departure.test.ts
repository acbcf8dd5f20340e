import { describe, expect, test } from 'vitest';
import {
  REMOVAL_CAUSES,
  type DeprovisionAction,
  type RemovalAction,
  type RemovalCause,
} from '../../src/core/connection.ts';
import { nextStep, noticeCause, type NoticedCause } from '../../src/core/departure.ts';
import type { Whereabouts } from '../../src/core/directory.ts';
import { thePolicy } from '../builders.ts';

const DAY = 86_400_000;
type Causes = Partial<Record<RemovalCause, number>>;

const noticed = (causes: Causes): readonly NoticedCause[] =>
  REMOVAL_CAUSES.flatMap((cause) => {
    const day = causes[cause];
    return day === undefined ? [] : [{ cause, since: day * DAY }];
  }).sort((a, b) => a.since - b.since);
const policyOf = (changes: Partial<Record<RemovalCause, readonly [DeprovisionAction, number]>>) => {
  const days = Object.entries(changes).map(([cause, [action, after]]) => [cause, [action, after * DAY]]);
  const policy = thePolicy(Object.fromEntries(days));
  return (cause: RemovalCause) => policy[cause];
};

describe('a cause that is noticed', () => {
  const rows: readonly {
    readonly rule: string;
    readonly before: Causes;
    readonly cause: RemovalCause;
    readonly where?: Whereabouts;
    readonly passes?: boolean;
    readonly after: Causes;
  }[] = [
    { rule: 'counts from then', before: {}, cause: 'unassigned', after: { unassigned: 9 } },
    {
      rule: 'does not start anew while it lasts',
      before: { unassigned: 2 },
      cause: 'unassigned',
      after: { unassigned: 2 },
    },
    {
      rule: 'leaves an unassignment as it was when the user is deleted',
      before: { unassigned: 2 },
      cause: 'softDeleted',
      after: { unassigned: 2, softDeleted: 9 },
    },
    {
      rule: 'adds the deletion for good to everything before',
      before: { unassigned: 2, softDeleted: 3 },
      cause: 'hardDeleted',
      after: { unassigned: 2, softDeleted: 3, hardDeleted: 9 },
    },
    {
      rule: 'ends a deletion that was taken back',
      before: { unassigned: 2, softDeleted: 3 },
      cause: 'unassigned',
      where: 'present',
      after: { unassigned: 2 },
    },
    {
      rule: 'ends an unassignment when the user is assigned again, but may not sign in',
      before: { unassigned: 2 },
      cause: 'disabled',
      after: { disabled: 9 },
    },
    {
      rule: 'keeps the blocked sign-in of somebody who is unassigned on top',
      before: { disabled: 2 },
      cause: 'unassigned',
      where: 'disabled',
      after: { disabled: 2, unassigned: 9 },
    },
    {
      rule: 'ends a blocked sign-in that was lifted as the user was unassigned',
      before: { disabled: 2 },
      cause: 'unassigned',
      where: 'present',
      after: { unassigned: 9 },
    },
    {
      rule: 'is not put off for somebody a filter left out who is blocked on top',
      before: { filtered: 2 },
      cause: 'disabled',
      after: { filtered: 2, disabled: 9 },
    },
    {
      rule: 'is not put off for somebody a filter left out who is unassigned on top',
      before: { filtered: 2 },
      cause: 'unassigned',
      where: 'present',
      after: { filtered: 2, unassigned: 9 },
    },
    {
      rule: 'ends the work of a filter that lets the user in again, who is blocked by now',
      before: { filtered: 2 },
      cause: 'disabled',
      passes: true,
      after: { disabled: 9 },
    },
    {
      rule: 'ends a blocked sign-in that was lifted, where a filter leaves the user out',
      before: { disabled: 2 },
      cause: 'filtered',
      after: { filtered: 9 },
    },
  ];
  test.each(rows)('$rule', ({ before, cause, where, passes, after }) => {
    const seen = { ...(where === undefined ? {} : { where }), ...(passes === undefined ? {} : { passes }) };
    expect(noticeCause(cause, noticed(before), policyOf({}), 9 * DAY, seen)).toEqual(noticed(after));
  });

  test('starts no clock while the policy is to keep', () => {
    const policy = policyOf({ unassigned: ['keep', 0] });
    expect(noticeCause('unassigned', noticed({ unassigned: 2 }), policy, 9 * DAY)).toEqual([]);
    expect(noticeCause('hardDeleted', noticed({ unassigned: 2 }), policy, 9 * DAY)).toEqual(
      noticed({ hardDeleted: 9 }),
    );
  });
});

describe('the next step of a removal', () => {
  const rows: readonly {
    readonly rule: string;
    readonly causes: Causes;
    readonly policy: Parameters<typeof policyOf>[0];
    readonly done?: readonly RemovalAction[];
    readonly next: string | undefined;
  }[] = [
    {
      rule: 'waits for its delay',
      causes: { unassigned: 5 },
      policy: { unassigned: ['disable', 7] },
      next: 'disable day 12',
    },
    {
      rule: 'is the one announced first when another cause would come later',
      causes: { unassigned: 5, softDeleted: 9 },
      policy: { unassigned: ['disable', 7], softDeleted: ['disable', 30] },
      next: 'disable day 12',
    },
    {
      rule: 'is brought forward by a graver cause',
      causes: { unassigned: 5, hardDeleted: 10 },
      policy: { unassigned: ['disable', 7], hardDeleted: ['delete', 0] },
      next: 'delete day 10',
    },
    {
      rule: 'is the delete when both are due',
      causes: { unassigned: 1, hardDeleted: 2 },
      policy: { unassigned: ['disable', 7], hardDeleted: ['delete', 7] },
      next: 'delete day 9',
    },
    {
      rule: 'is the delete once the disable is done',
      causes: { unassigned: 1, hardDeleted: 9 },
      policy: { unassigned: ['disable', 7], hardDeleted: ['delete', 30] },
      done: ['disable'],
      next: 'delete day 39',
    },
    {
      rule: 'follows a policy that became stricter, counted from when the user left',
      causes: { unassigned: 1 },
      policy: { unassigned: ['delete', 30] },
      done: ['disable'],
      next: 'delete day 31',
    },
    {
      rule: 'is none when the policy is to keep',
      causes: { unassigned: 1 },
      policy: { unassigned: ['keep', 0] },
      next: undefined,
    },
    { rule: 'is none when all is done', causes: { unassigned: 1 }, policy: {}, done: ['disable'], next: undefined },
  ];
  test.each(rows)('$rule', ({ causes, policy, done = [], next }) => {
    const step = nextStep(noticed(causes), policyOf(policy), (action) => done.includes(action), 10 * DAY);
    expect(step === undefined ? undefined : `${step.action} day ${step.dueAt / DAY}`).toBe(next);
  });
});
