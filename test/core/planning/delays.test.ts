import { describe, expect, test } from 'vitest';
import type { ConnectionRules } from '../../../src/core/connection.ts';
import { judge } from '../../../src/core/guards.ts';
import type { Departure } from '../../../src/core/departure.ts';
import type { Whereabouts } from '../../../src/core/directory.ts';
import { planCycle } from '../../../src/core/planning/plan-cycle.ts';
import {
  aLink,
  anAccount,
  aPlanInput,
  aScimGroup,
  assignGroup,
  assignUser,
  aUser,
  NOW,
  theGuardContext,
  theGuards,
  thePolicy,
  type Organisation,
} from '../../builders.ts';

const DAY = 86_400_000;
const WEEK = 7 * DAY;
const patient: Partial<ConnectionRules> = { deprovision: thePolicy({ unassigned: ['disable', WEEK] }) };
const ada = aUser('ada');
const bob = aUser('bob');
const account = (id: string, active = true) => anAccount(`id-${id}`, `${id}@contoso.com`, { active });

/** Ada has left the application and is still in the directory; somebody else stays. */
const adaLeft: Organisation = { users: [bob], assignments: [assignUser('bob')], whereabouts: { ada: 'present' } };

function left(daysAgo: number, next: Partial<Departure['next']> = {}): Departure {
  const since = NOW - daysAgo * DAY;
  const step = {
    action: 'disable',
    cause: 'unassigned',
    dueAt: since + WEEK,
    reason: 'left group IT',
    ...next,
  } as const;
  return { causes: [{ cause: 'unassigned', since }], next: step };
}

function plan(now: Organisation, departure?: Departure, rules = patient, state: 'active' | 'disabled' = 'active') {
  const link = aLink('ada', { state, paths: [{}], ...(departure === undefined ? {} : { departure }) });
  const accounts = [account('ada', state === 'active'), account('bob')];
  return planCycle(aPlanInput(now, { links: [link, aLink('bob')], provider: { accounts }, rules }));
}

const removalsOf = ({ plan: { operations } }: ReturnType<typeof plan>) =>
  operations
    .filter(({ kind }) => kind === 'disable' || kind === 'delete')
    .map(({ kind, anchor, reason }) => `${kind} ${anchor}: ${reason.text}`);

describe('a removal with a delay', () => {
  test('waits from when it was first noticed, and says until when and why', () => {
    const planned = plan(adaLeft);
    expect(removalsOf(planned)).toEqual([]);
    expect(planned.waiting).toEqual([
      {
        resource: 'account',
        anchor: 'ada',
        label: 'ada@contoso.com',
        action: 'disable',
        cause: 'unassigned',
        dueAt: NOW + WEEK,
        reason: 'lost the only path: the direct assignment was removed',
        begins: true,
      },
    ]);
    expect(planned.memories.find(({ anchor }) => anchor === 'ada')?.departure).toEqual(
      left(0, { reason: 'lost the only path: the direct assignment was removed' }),
    );
  });

  test('goes on waiting without anything new to remember, and with the reason it was announced with', () => {
    const planned = plan(adaLeft, left(6.99));
    expect(removalsOf(planned)).toEqual([]);
    expect(planned.waiting).toMatchObject([{ dueAt: NOW + WEEK - 6.99 * DAY, reason: 'left group IT', begins: false }]);
    expect(planned.memories.filter(({ anchor }) => anchor === 'ada')).toEqual([]);
  });

  test('is due when the delay is over, and remembered until it was seen to be done', () => {
    const planned = plan(adaLeft, left(7));
    expect(removalsOf(planned)).toEqual([
      'disable ada: lost the only path: the direct assignment was removed; the delay of 7 days is over',
    ]);
    expect(planned.waiting).toEqual([]);
    expect(planned.memories.filter(({ anchor }) => anchor === 'ada')).toEqual([]);
    const after = plan(adaLeft, left(7), patient, 'disabled');
    expect(removalsOf(after)).toEqual([]);
    expect(after.memories.find(({ anchor }) => anchor === 'ada')?.departure).toEqual({ causes: left(7).causes });
  });

  test('is off once the user is entitled again, and then starts anew', () => {
    const back: Organisation = { users: [ada, bob], assignments: [assignUser('ada'), assignUser('bob')] };
    const planned = plan(back, left(6));
    expect(planned.waiting).toEqual([]);
    expect(planned.memories.find(({ anchor }) => anchor === 'ada')?.departure).toBeNull();
    expect(plan(adaLeft).waiting).toMatchObject([{ dueAt: NOW + WEEK }]);
  });

  test.each<{
    readonly rule: string;
    readonly where: Whereabouts;
    readonly departure?: Departure;
    readonly says: string;
  }>([
    {
      rule: 'a hard delete without a delay follows at once',
      where: 'absent',
      departure: left(1),
      says: 'delete ada: permanently deleted in the directory',
    },
    {
      rule: 'somebody deleted keeps the day that was announced',
      where: 'soft-deleted',
      departure: left(8),
      says: 'disable ada: lost the only path: the direct assignment was removed; the delay of 7 days is over',
    },
  ])('$rule', ({ where, departure, says }) => {
    const rules = { deprovision: thePolicy({ unassigned: ['disable', WEEK], softDeleted: ['disable', 30 * DAY] }) };
    expect(removalsOf(plan({ ...adaLeft, whereabouts: { ada: where } }, departure, rules))).toEqual([says]);
  });

  test('a disabled user deleted for good gets the delete after its own delay', () => {
    const rules = { deprovision: thePolicy({ hardDeleted: ['delete', 30 * DAY] }) };
    const gone = { ...adaLeft, whereabouts: { ada: 'absent' } } as const;
    const waits = plan(gone, undefined, rules, 'disabled');
    expect(removalsOf(waits)).toEqual([]);
    expect(waits.waiting).toMatchObject([{ action: 'delete', dueAt: NOW + 30 * DAY }]);
    const causes = [{ cause: 'hardDeleted', since: NOW - 30 * DAY }] as const;
    expect(removalsOf(plan(gone, { causes }, rules, 'disabled'))).toEqual([
      'delete ada: permanently deleted in the directory; the delay of 30 days is over',
    ]);
  });

  test('is not counted by guards while it waits, and may not begin on an incomplete read', () => {
    const rules = { ...patient, guards: theGuards({ tooManyRemovals: { count: 0, percent: 0 } }) };
    const judged = (input: Organisation, departure?: Departure) => {
      const links = [aLink('ada', departure === undefined ? {} : { departure }), aLink('bob')];
      const given = {
        ...aPlanInput(input, { links, provider: { accounts: [account('ada'), account('bob')] }, rules }),
        kind: 'incremental' as const,
      };
      return judge({ ...theGuardContext(), ...planCycle(given), ...given, credentials: [] }).findings.map(
        ({ guard, effect }) => `${guard} ${effect}`,
      );
    };
    expect(judged(adaLeft)).toEqual([]);
    const gaps = [{ what: 'members of group it' }];
    expect(judged({ ...adaLeft, gaps })).toEqual(['incomplete-read refuse']);
    expect(judged({ ...adaLeft, gaps }, left(2))).toEqual(['incomplete-read warn']);
    expect(judged(adaLeft, left(8))).toEqual(['too-many-removals hold']);
  });

  test('an account that is gone at the provider leaves nothing to wait for', () => {
    const link = aLink('ada', { departure: left(3) });
    const planned = planCycle(aPlanInput(adaLeft, { links: [link], rules: patient, vanished: ['id-ada'] }));
    expect(planned.waiting).toEqual([]);
    expect(planned.memories.find(({ anchor }) => anchor === 'ada')?.departure).toEqual({ causes: left(3).causes });
  });
});

describe('memberships of somebody whose removal waits', () => {
  const group = { it: { name: 'IT', users: ['bob'] } };
  const now: Organisation = {
    users: [bob],
    groups: group,
    assignments: [assignGroup('it')],
    whereabouts: { ada: 'present' },
  };
  const members = (departure?: Departure) => {
    const links = [
      aLink('ada', departure === undefined ? {} : { departure }),
      aLink('bob'),
      aLink('it', { resource: 'group', members: ['ada', 'bob'] }),
    ];
    const provider = {
      accounts: [account('ada'), account('bob')],
      groups: [aScimGroup('id-it', 'IT', { members: ['id-ada', 'id-bob'] })],
    };
    return planCycle(aPlanInput(now, { links, provider, rules: patient })).plan.operations.flatMap((operation) =>
      operation.kind === 'members' ? operation.remove.map(({ anchor }) => anchor) : [],
    );
  };

  test('stay until the removal is due, and go with it', () => {
    expect(members()).toEqual([]);
    expect(members(left(6))).toEqual([]);
    expect(members(left(7))).toEqual(['ada']);
  });
});

describe('a group that was unassigned', () => {
  const link = (departure?: Departure) =>
    aLink('it', { resource: 'group', label: 'IT', ...(departure === undefined ? {} : { departure }) });
  const planWith = (rules: Partial<ConnectionRules>, departure?: Departure, now: Organisation = adaLeft) =>
    planCycle(
      aPlanInput(now, {
        links: [link(departure), aLink('bob')],
        provider: { accounts: [account('bob')], groups: [aScimGroup('id-it', 'IT')] },
        rules,
      }),
    );
  const deletes = ({ plan: { operations } }: ReturnType<typeof planWith>) =>
    operations
      .filter(({ resource, kind }) => resource === 'group' && kind === 'delete')
      .map(({ reason }) => reason.text);

  test('is deleted at once without a delay, and never when the policy is to keep', () => {
    expect(deletes(planWith({}))).toEqual(['group IT was unassigned from the application']);
    expect(deletes(planWith({ deprovision: thePolicy({ unassigned: 'keep' }) }))).toEqual([]);
  });

  test('waits as long as its users do', () => {
    expect(deletes(planWith(patient))).toEqual([]);
    expect(planWith(patient).waiting).toMatchObject([{ resource: 'group', action: 'delete', dueAt: NOW + WEEK }]);
    expect(deletes(planWith(patient, left(7)))).toEqual([
      'group IT was unassigned from the application; the delay of 7 days is over',
    ]);
  });

  test('is left alone once it is assigned again', () => {
    const back: Organisation = {
      ...adaLeft,
      groups: { it: { name: 'IT' } },
      assignments: [assignUser('bob'), assignGroup('it')],
    };
    const planned = planWith(patient, left(7), back);
    expect(deletes(planned)).toEqual([]);
    expect(planned.memories).toContainEqual(
      expect.objectContaining({ resource: 'group', anchor: 'it', departure: null }),
    );
  });
});
