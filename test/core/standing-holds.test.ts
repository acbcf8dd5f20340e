import { describe, expect, test } from 'vitest';
import { heldSets, withDecisions, type DecidedHold } from '../../src/core/holds.ts';
import { WAVE, type Operation } from '../../src/core/operation.ts';
import {
  isOfStandingHold,
  rejectedHolds,
  withStandingHolds,
  type StandingHold,
} from '../../src/core/standing-holds.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import { aCreate, anchorOf, aRemoval } from '../contract/plans.ts';

const guard = 'too-many-removals';
const ALLOWED: Verdict = { refused: false, findings: [] };

function holding(operations: readonly Operation[]): Verdict {
  const keys = operations.map(({ key }) => key);
  return {
    refused: false,
    findings: [{ guard, effect: 'hold', message: 'm', remedy: 'r', operations: keys, numbers: {} }],
  };
}

function setOf(operations: readonly Operation[]) {
  const [set] = heldSets({ operations }, holding(operations));
  if (set === undefined) throw new Error('nothing is held');
  return set;
}

function hold(operations: readonly Operation[], state: StandingHold['state'] = 'waiting'): StandingHold {
  return { id: '7', guard, state, operations: operations.length, pieces: setOf(operations).pieces };
}

function members(add: readonly number[], remove: readonly number[]): Operation {
  return {
    key: '3:group:members:g1',
    wave: WAVE.members,
    resource: 'group',
    kind: 'members',
    anchor: 'g1',
    label: 'Crew',
    reason: { code: 'members-differ', text: 'left' },
    add: add.map(anchorOf),
    remove: remove.map((number) => ({ anchor: anchorOf(number), resourceId: `resource-${number}` })),
  };
}

const held = [aRemoval(1, 'disable'), aRemoval(2, 'disable'), members([5], [3])];

describe('what a hold keeps back among many is not carried out one by one', () => {
  test.each([
    { rule: 'the removal of somebody it is about', now: aRemoval(1, 'disable'), stays: true },
    { rule: 'a graver removal of the same account', now: aRemoval(2, 'delete'), stays: true },
    { rule: 'a membership it is about', now: members([], [3, 8]), stays: true },
    { rule: 'the removal of somebody else', now: aRemoval(9, 'disable'), stays: false },
    { rule: 'a membership of somebody else', now: members([], [8]), stays: false },
    { rule: 'a membership that is given, as the hold would give it, too', now: members([5], [8]), stays: false },
    { rule: 'what takes nothing away', now: aCreate(1), stays: false },
  ])('$rule: held is $stays', ({ now, stays }) => {
    const { findings } = withStandingHolds({ operations: [now] }, ALLOWED, [hold(held)]);
    expect(findings.flatMap(({ operations }) => operations)).toEqual(stays ? [now.key] : []);
  });

  test('the finding names the hold, what was decided about it, and what to do', () => {
    const [waiting] = withStandingHolds({ operations: [aRemoval(1, 'disable')] }, ALLOWED, [hold(held)]).findings;
    expect(waiting && isOfStandingHold(waiting)).toBe(true);
    expect(holding(held).findings.map(isOfStandingHold)).toEqual([false]);
    expect(waiting).toMatchObject({
      guard,
      effect: 'hold',
      message: 'hold 7, which waits for a decision, keeps back 3 operations, and this is among them',
      remedy: expect.stringContaining('headgate holds show 7'),
    });
    const rejected = hold(held, 'rejected');
    const [finding] = withStandingHolds({ operations: [aRemoval(1, 'disable')] }, ALLOWED, [rejected]).findings;
    expect(finding?.message).toContain('hold 7, which was rejected, keeps back');
  });

  test('what the guard already holds by itself is said once', () => {
    const operations = [aRemoval(1, 'disable')];
    expect(withStandingHolds({ operations }, holding(operations), [hold(held)])).toEqual(holding(operations));
  });

  test('an approval of the hold lets it through, as it does in a cycle', () => {
    const operations = [aRemoval(1, 'disable')];
    const decision = { kind: 'approved', by: 'ada', reason: 'meant', at: 0, until: 2, ...setOf(held) } as const;
    const decided: DecidedHold = { id: '7', guard, decision };
    const verdict = withStandingHolds({ operations }, ALLOWED, [hold(held, 'approved')]);
    expect(withDecisions({ operations }, verdict, [decided], 1).findings[0]?.approved?.by).toBe('ada');
    expect(withDecisions({ operations }, verdict, [decided], 2).findings[0]?.approved).toBeUndefined();
  });
});

describe('what somebody said no about', () => {
  const rejected = setOf([aRemoval(1, 'disable'), aRemoval(2, 'disable')]).pieces;

  test.each([
    { rule: 'is all of it while all is planned', planned: held, stays: [1, 2] },
    { rule: 'is what is left of it once somebody is assigned again', planned: [aRemoval(2, 'disable')], stays: [2] },
    { rule: 'is not what is held beside it by now', planned: [...held, aRemoval(9, 'disable')], stays: [1, 2] },
    { rule: 'is the same person for another reason or graver', planned: [aRemoval(1, 'delete')], stays: [1] },
    { rule: 'is nothing once nothing of it is planned', planned: [aRemoval(9, 'disable')], stays: [] },
  ])('$rule', ({ planned, stays }) => {
    const operations = [1, 2, 9].map((number) => aRemoval(number, 'disable'));
    const binding = rejectedHolds([{ ...hold(planned), rejected }]);
    const { findings } = withStandingHolds({ operations }, ALLOWED, binding);
    const keys = findings.flatMap((finding) => finding.operations);
    expect(keys).toEqual(stays.map((number) => aRemoval(number, 'disable').key));
  });

  test('is nothing where nobody did', () => {
    expect(rejectedHolds([hold(held), hold(held, 'approved')])).toEqual([]);
  });
});
