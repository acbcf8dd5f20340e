import { expect, test } from 'vitest';
import type { Operation } from '../../src/core/operation.ts';
import { agedReason, REMOVALS_KEEP_MS } from '../../src/core/plan-age.ts';
import { NOW } from '../builders.ts';
import { aCreate, aRemoval } from '../contract/plans.ts';

const create = aCreate(1);
const disable = aRemoval(1, 'disable');
const members = (remove: number): Operation => ({
  ...create,
  key: '3:group:members:a',
  wave: 3,
  resource: 'group',
  kind: 'members',
  add: ['b'],
  remove: Array.from({ length: remove }, (_, n) => ({ anchor: `c${n}`, resourceId: `${n}` })),
});

const TOO_OLD = /made 60 minutes ago.*the next cycle plans anew/;

test.each([
  ['a removal', [create, disable]],
  ['a member that is taken out', [members(1)]],
] as const)('%s is sent while its plan is young, and not when it is too old', (_what, operations) => {
  expect(agedReason({ plannedAt: NOW - REMOVALS_KEEP_MS, operations }, NOW)).toBeUndefined();
  expect(agedReason({ plannedAt: NOW - REMOVALS_KEEP_MS - 1, operations }, NOW)).toMatch(TOO_OLD);
});

test('a removal is not sent whose plan was made by a clock that ran ahead', () => {
  const day = 24 * 3_600_000;
  expect(agedReason({ plannedAt: NOW + day, operations: [disable] }, NOW)).toMatch(/at a time that is still to come/);
  expect(agedReason({ plannedAt: NOW + 60_000, operations: [disable] }, NOW)).toBeUndefined();
});

test('what only gives is sent however old its plan is', () => {
  expect(agedReason({ plannedAt: 0, operations: [create, members(0)] }, NOW)).toBeUndefined();
});
