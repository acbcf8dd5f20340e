import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { covers, heldSets, nextHolds, withDecisions, type DecidedHold, type OpenHold } from '../../src/core/holds.ts';
import type { Operation } from '../../src/core/operation.ts';
import type { Finding, GuardName, Verdict } from '../../src/core/verdict.ts';
import { withhold } from '../../src/core/withhold.ts';
import { aCreate, anchorOf, aRemoval } from '../contract/plans.ts';

const NOW = 1_000_000;

function finding(guard: GuardName, operations: readonly Operation[]): Finding {
  const keys = operations.map(({ key }) => key);
  return { guard, effect: 'hold', message: 'm', remedy: 'r', operations: keys, numbers: {} };
}

function verdictOf(...findings: readonly Finding[]): Verdict {
  return { refused: false, findings };
}

function setOf(guard: GuardName, operations: readonly Operation[]) {
  const [set] = heldSets({ operations }, verdictOf(finding(guard, operations)));
  if (set === undefined) throw new Error('nothing is held');
  return set;
}

function approval(guard: GuardName, operations: readonly Operation[], until = NOW + 1): DecidedHold {
  const { pieces, digest } = setOf(guard, operations);
  const decision = { kind: 'approved', by: 'ada', reason: 'meant', at: 0, until, digest, pieces } as const;
  return { id: '1', guard, decision };
}

function anOpen(guard: GuardName, operations: readonly Operation[], overrides: Partial<OpenHold> = {}): OpenHold {
  return { id: '1', guard, digest: setOf(guard, operations).digest, state: 'waiting', sent: false, ...overrides };
}

const disables = (...numbers: readonly number[]) => numbers.map((number) => aRemoval(number, 'disable'));
const tooMany = 'too-many-removals';

function sent(operations: readonly Operation[], verdict: Verdict): readonly Operation[] {
  return withhold(operations, verdict).flatMap(({ operation, guard }) => (guard === null ? [operation] : []));
}

describe('an approval', () => {
  const held = disables(1, 2, 3);

  test.each([
    { rule: 'lets exactly what was approved through', now: disables(1, 2, 3), goes: 3 },
    { rule: 'lets a part of it through', now: disables(2), goes: 1 },
    { rule: 'lets nothing through when more is held', now: disables(1, 2, 3, 4), goes: 0 },
    { rule: 'lets nothing through when other things are held', now: disables(1, 2, 4), goes: 0 },
    { rule: 'lets nothing through when the same people are to be deleted', now: [aRemoval(1, 'delete')], goes: 0 },
  ])('$rule', ({ now, goes }) => {
    const verdict = withDecisions(
      { operations: now },
      verdictOf(finding(tooMany, now)),
      [approval(tooMany, held)],
      NOW,
    );
    expect(sent(now, verdict)).toHaveLength(goes);
  });

  test.each([
    ['has expired', approval(tooMany, held, NOW)],
    ['is of another guard', approval('group-cliff', held)],
  ])('that %s lets nothing through', (_what, given) => {
    const verdict = withDecisions({ operations: held }, verdictOf(finding(tooMany, held)), [given], NOW);
    expect(sent(held, verdict)).toEqual([]);
  });

  test('is worth nothing for what only mending lifts', () => {
    const verdict = verdictOf(finding('protected-accounts', held));
    expect(withDecisions({ operations: held }, verdict, [approval('protected-accounts', held)], NOW)).toEqual(verdict);
  });

  test('of one guard does not speak for another that holds the same', () => {
    const verdict = verdictOf(finding(tooMany, held), finding('group-cliff', disables(2)));
    const judged = withDecisions({ operations: held }, verdict, [approval(tooMany, held)], NOW);
    expect(withhold(held, judged).map(({ guard }) => guard)).toEqual([null, 'group-cliff', null]);
  });

  test('never lets a removal through that was not approved', () => {
    const some = fc.uniqueArray(fc.integer({ min: 0, max: 12 }));
    fc.assert(
      fc.property(some, some, (approved, planned) => {
        const now = disables(...planned);
        const given = approved.length === 0 ? [] : [approval(tooMany, disables(...approved))];
        const verdict = withDecisions({ operations: now }, verdictOf(finding(tooMany, now)), given, NOW);
        const allowed = new Set(approved.map(anchorOf));
        const gone = sent(now, verdict);
        expect(gone.every(({ anchor }) => allowed.has(anchor))).toBe(true);
        expect(gone.length === 0 || gone.length === now.length).toBe(true);
      }),
    );
  });

  test('of a group with members does not cover the same group with more of them', () => {
    expect(covers({ g: 5 }, { g: 5 })).toBe(true);
    expect(covers({ g: 5 }, { g: 4 })).toBe(true);
    expect(covers({ g: 5 }, { g: 6 })).toBe(false);
  });
});

describe('a rejection', () => {
  const held = disables(1, 2);
  const said = (guard: GuardName, of: readonly Operation[], now: readonly Operation[]) => {
    const no = { kind: 'rejected', by: 'ada', reason: 'no', at: 0, ...setOf(guard, of) } as const;
    const verdict = verdictOf(finding(guard, now));
    return [verdict, withDecisions({ operations: now }, verdict, [{ id: '7', guard, decision: no }], NOW)] as const;
  };

  test('takes the advice to approve out of the verdict, and says who said no', () => {
    const [, { findings }] = said(tooMany, held, disables(1));
    expect(findings[0]?.remedy).toMatch(/^ada rejected it, .*headgate holds show 7\. /);
    expect(sent(held, said(tooMany, held, held)[1])).toEqual([]);
  });

  test.each([
    ['of what it was not about', tooMany, disables(1, 2, 3)],
    ['of what only mending lifts', 'token-owner', held],
  ] as const)('says nothing %s', (_what, guard, now) => {
    const [verdict, decided] = said(guard, held, now);
    expect(decided).toEqual(verdict);
  });
});

describe('what a new plan does to a hold', () => {
  const held = disables(1, 2);
  const { decision } = approval(tooMany, held);
  const decided = { state: 'approved', decision } as const;

  test.each([
    ['opens where nothing was held', [], held, [{ do: 'open' }]],
    ['stays as it is while the same is held', [anOpen(tooMany, held)], held, [{ do: 'keep', state: 'waiting' }]],
    ['changes with what is held', [anOpen(tooMany, held)], disables(1), [{ do: 'keep', event: 'changed' }]],
    ['stays approved for a part', [anOpen(tooMany, held, decided)], disables(1), [{ do: 'keep', state: 'approved' }]],
    ['waits again when outgrown', [anOpen(tooMany, held, decided)], disables(1, 2, 3), [{ event: 'outgrown' }]],
    ['lifts when its cause is gone', [anOpen(tooMany, held)], [], [{ do: 'end', state: 'lifted' }]],
    ['is carried out when it was sent', [anOpen(tooMany, held, { sent: true })], [], [{ state: 'carried-out' }]],
  ] as const)('it %s', (_what, open, now, expected) => {
    const sets = now.length === 0 ? [] : [setOf(tooMany, now)];
    expect(nextHolds(open, sets, NOW)).toMatchObject(expected);
  });

  test('waits again when its approval has expired', () => {
    const open = anOpen(tooMany, held, decided);
    expect(nextHolds([open], [setOf(tooMany, held)], NOW + 1)).toMatchObject([{ state: 'waiting', event: 'expired' }]);
  });

  test('a rejection is remembered while more is held, and stands again once no more is', () => {
    const rejected = { kind: 'rejected', by: 'ada', reason: 'no', at: 0, ...setOf(tooMany, held) } as const;
    const open = anOpen(tooMany, held, { state: 'rejected', decision: rejected });
    const more = setOf(tooMany, disables(1, 2, 3));
    const [outgrown] = nextHolds([open], [more], NOW);
    expect(outgrown).toMatchObject({ do: 'keep', state: 'waiting', event: 'outgrown' });
    expect(outgrown).not.toHaveProperty('forget');
    const waiting = { ...open, state: 'waiting', digest: more.digest } as const;
    expect(nextHolds([waiting], [more], NOW)).toMatchObject([{ do: 'keep', state: 'waiting' }]);
    expect(nextHolds([waiting], [setOf(tooMany, disables(2))], NOW)).toMatchObject([{ do: 'keep', state: 'rejected' }]);
  });

  test('has the same digest in whatever order, and another for another reason', () => {
    const [first, second] = disables(1, 2);
    if (first === undefined || second === undefined) throw new Error('two were made');
    expect(setOf(tooMany, [second, first]).digest).toBe(setOf(tooMany, [first, second]).digest);
    const blocked: Operation = { ...first, reason: { code: 'disabled', text: 'sign-in is blocked' } };
    expect(setOf(tooMany, [blocked, second]).digest).not.toBe(setOf(tooMany, [first, second]).digest);
  });
});

describe('what waits with a held operation', () => {
  const create = aCreate(1);
  const members = (add: readonly number[], remove: readonly number[] = []): Operation => ({
    resource: 'group',
    kind: 'members',
    key: '3:group:members:g',
    wave: 3,
    anchor: 'g',
    label: 'IT',
    reason: { code: 'members-differ', text: 'members' },
    add: add.map(anchorOf),
    remove: remove.map((number) => ({ anchor: anchorOf(number), resourceId: `resource-${number}` })),
  });
  const collision = verdictOf(finding('matching-collision', [create]));

  test('a membership of an account that is not made is held with it, not told as done', () => {
    expect(withhold([create, members([1])], collision).map(({ guard }) => guard)).toEqual([
      'matching-collision',
      'matching-collision',
    ]);
  });

  test('memberships of others in the same group go', () => {
    expect(sent([create, members([1, 2])], collision)).toMatchObject([{ kind: 'members', add: [anchorOf(2)] }]);
  });

  test('a reference to an account that is not made is held with it', () => {
    const reference: Operation = {
      resource: 'account',
      kind: 'update',
      key: '3:account:update:m',
      wave: 3,
      anchor: anchorOf(5),
      label: 'm',
      reason: { code: 'reference-resolved', text: 'r' },
      attributes: [],
      references: [{ path: 'manager', to: anchorOf(1) }],
    };
    expect(sent([create, reference], collision)).toEqual([]);
  });

  test('whoever keeps the account keeps the memberships', () => {
    const [disable] = disables(1);
    if (disable === undefined) throw new Error('one was made');
    const verdict = verdictOf(finding('group-cliff', [disable]));
    expect(sent([disable, members([], [1])], verdict)).toEqual([]);
    expect(sent([disable, members([], [1, 2])], verdict)).toMatchObject([{ remove: [{ anchor: anchorOf(2) }] }]);
  });
});
