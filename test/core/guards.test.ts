import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { heldOperations, judge, type GuardContext } from '../../src/core/guards.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import { planCycle } from '../../src/core/planning/plan-cycle.ts';
import {
  aLink,
  anAccount,
  aPlanInput,
  aScimGroup,
  assignGroup,
  assignUser,
  aUser,
  theGuardContext,
  theGuards,
  type Organisation,
} from '../builders.ts';
import type { Link } from '../../src/core/link.ts';
import type { ConnectionRules } from '../../src/core/connection.ts';

const many = (count: number, start = 0) => Array.from({ length: count }, (_, index) => `u${start + index}`);

interface Case {
  readonly entitled: number;
  readonly leavers?: number;
  readonly rules?: Partial<ConnectionRules>;
  readonly gaps?: Organisation['gaps'];
  readonly links?: readonly Link[];
  /** Where those who left are; in the directory unless said. */
  readonly where?: 'present' | 'absent';
}

function verdictOf({ entitled, leavers = 0, rules = {}, gaps = [], links, where = 'present' }: Case) {
  const stay = many(entitled);
  const leave = many(leavers, entitled);
  const organisation = {
    users: stay.map((id) => aUser(id)),
    assignments: stay.map((id) => assignUser(id)),
    whereabouts: Object.fromEntries(leave.map((id) => [id, where])),
    gaps,
  };
  const all = [...stay, ...leave];
  const known = links ?? all.map((id) => aLink(id));
  const accounts = all.map((id) => anAccount(`id-${id}`, `${id}@contoso.com`));
  const input = aPlanInput(organisation, { links: known, provider: { accounts }, rules });
  const planned = planCycle(input);
  const verdict = judge({
    ...theGuardContext(),
    plan: planned.plan,
    rules: input.rules,
    directory: input.directory,
    links: known,
    collisions: planned.collisions,
    credentials: [],
  });
  return { verdict, plan: planned.plan };
}

const limit = (count: number, percent: number) => ({
  guards: theGuards({ tooManyRemovals: { count, percent } }),
});

const rows: readonly { rule: string; given: Case; findings: readonly string[] }[] = [
  { rule: 'a quiet day is allowed', given: { entitled: 20 }, findings: [] },
  { rule: 'one leaver in a small company is no accident', given: { entitled: 1, leavers: 1 }, findings: [] },
  {
    rule: 'the share trips from five removals on',
    given: { entitled: 20, leavers: 5 },
    findings: ['too-many-removals hold 5'],
  },
  { rule: 'the share is of what is linked', given: { entitled: 95, leavers: 5 }, findings: [] },
  {
    rule: 'the count trips whatever the share',
    given: { entitled: 997, leavers: 3, rules: limit(2, 100) },
    findings: ['too-many-removals hold 3'],
  },
  { rule: 'exactly the limit is allowed', given: { entitled: 997, leavers: 3, rules: limit(3, 100) }, findings: [] },
  {
    rule: 'a directory that entitles nobody refuses the plan',
    given: { entitled: 0, leavers: 3 },
    findings: ['empty-directory refuse 0'],
  },
  {
    rule: 'a directory that knows none of the linked users is another tenant',
    given: { entitled: 1, leavers: 2, where: 'absent', links: ['u1', 'u2'].map((id) => aLink(id)) },
    findings: ['empty-directory refuse 0'],
  },
  {
    rule: 'somebody may be deleted for good at once while others stay',
    given: { entitled: 1, leavers: 4, where: 'absent' },
    findings: [],
  },
  {
    rule: 'the last one linked may be deleted for good at once',
    given: { entitled: 1, leavers: 1, where: 'absent', links: [aLink('u1')] },
    findings: [],
  },
  {
    rule: 'whoever was seen deleted before is expected to be gone',
    given: {
      entitled: 1,
      leavers: 2,
      where: 'absent',
      links: ['u1', 'u2'].map((id) => aLink(id, { state: 'disabled', cause: 'softDeleted' })),
    },
    findings: [],
  },
  {
    rule: 'of many linked users most are enough',
    given: { entitled: 19, leavers: 20, where: 'absent', rules: limit(100, 100) },
    findings: ['empty-directory refuse 0'],
  },
  {
    rule: 'half of many may be gone, within the limits',
    given: { entitled: 20, leavers: 20, where: 'absent', rules: limit(100, 100) },
    findings: [],
  },
  {
    rule: 'a first cycle that entitles nobody is allowed: there is nobody to lose',
    given: { entitled: 0, links: [] },
    findings: [],
  },
  {
    rule: 'a read with a gap refuses an initial cycle even without removals',
    given: { entitled: 3, gaps: [{ what: 'members of IT', expected: 5, found: 4 }] },
    findings: ['incomplete-read refuse 0'],
  },
  {
    rule: 'a protected user is never disabled, whether named by id or by name',
    given: {
      entitled: 10,
      leavers: 2,
      rules: {
        guards: theGuards({
          tooManyRemovals: { count: 50, percent: 50 },
          protectedAccounts: ['u10', 'U11@Contoso.com'],
        }),
      },
    },
    findings: ['protected-accounts hold 2'],
  },
  {
    rule: 'a protected name is the same with accents composed or not',
    given: {
      entitled: 10,
      leavers: 1,
      links: [aLink('u10', { label: 'Jos\u00e9@contoso.com' })],
      rules: {
        guards: theGuards({
          tooManyRemovals: { count: 50, percent: 50 },
          protectedAccounts: ['jose\u0301@contoso.com'],
        }),
      },
    },
    findings: ['protected-accounts hold 1'],
  },
  {
    rule: 'every guard is heard, not only the first',
    given: { entitled: 0, leavers: 6, gaps: [{ what: 'page 3' }], rules: limit(1, 1) },
    findings: ['incomplete-read refuse 0', 'empty-directory refuse 0', 'too-many-removals hold 6'],
  },
];

describe('guards', () => {
  test.each(rows)('$rule', ({ given, findings }) => {
    const { verdict } = verdictOf(given);
    expect(verdict.findings.map(({ guard, effect, operations }) => `${guard} ${effect} ${operations.length}`)).toEqual(
      findings,
    );
    expect(verdict.refused).toBe(findings.some((finding) => finding.includes('refuse')));
  });

  test('a hold names operations of the plan, and everything else goes on', () => {
    const { verdict, plan } = verdictOf({ entitled: 20, leavers: 6 });
    const held = heldOperations(verdict);
    const disables = plan.operations.filter(({ kind }) => kind === 'disable').map(({ key }) => key);
    expect([...held.keys()].sort()).toEqual(disables.toSorted());
    expect(new Set(held.values())).toEqual(new Set(['too-many-removals']));
  });

  test("two users who map to one userName are both held, because either could get the other one's account", () => {
    const users = [
      aUser('u1', { attributes: { userPrincipalName: 'same@contoso.com' } }),
      aUser('u2', { attributes: { userPrincipalName: 'Same@contoso.com' } }),
    ];
    const input = aPlanInput({ users, assignments: users.map(({ id }) => assignUser(id)) });
    const { plan, collisions } = planCycle(input);
    const verdict = judge({
      ...theGuardContext(),
      plan,
      rules: input.rules,
      directory: input.directory,
      links: [],
      collisions,
    });
    expect([...heldOperations(verdict).keys()].sort()).toEqual(['1:account:create:u1', '1:account:create:u2']);
  });

  test('a user whose userName belongs to an account linked to somebody else is held', () => {
    const users = [aUser('u1'), aUser('u2', { attributes: { userPrincipalName: 'old@contoso.com' } })];
    const input = aPlanInput(
      { users, assignments: users.map(({ id }) => assignUser(id)) },
      { links: [aLink('u1')], provider: { accounts: [anAccount('id-u1', 'old@contoso.com')] } },
    );
    const { plan, collisions } = planCycle(input);
    const verdict = judge({
      ...theGuardContext(),
      plan,
      rules: input.rules,
      directory: input.directory,
      links: input.links,
      collisions,
    });
    expect([...heldOperations(verdict)]).toEqual([['1:account:create:u2', 'matching-collision']]);
  });

  test.each(['incremental', 'on-demand'] as const)(
    'a leaver alone is no empty directory in a cycle that is %s, unless nothing is assigned, and a gap without a removal is a warning',
    (kind) => {
      const judged = (organisation: Organisation) => {
        const links = [aLink('u1'), aLink('u2')];
        const accounts = links.map(({ anchor }) => anAccount(`id-${anchor}`, `${anchor}@contoso.com`));
        const input = { ...aPlanInput(organisation, { links, provider: { accounts } }), kind };
        const focus = {
          users: new Set(['u1']),
          groups: new Set<string>(),
          linked: { accounts: 2, groups: 0, members: 0 },
        };
        const { plan, collisions } = planCycle({ ...input, focus });
        const { rules, directory } = input;
        const { findings } = judge({
          ...theGuardContext(),
          plan,
          collisions,
          rules,
          directory,
          links,
          credentials: [],
        });
        return findings.map(({ guard, effect }) => `${guard} ${effect}`);
      };
      const left = { assignments: [assignUser('u2')], whereabouts: { u1: 'present' } } as const;
      expect(judged(left)).toEqual([]);
      expect(judged({ ...left, assignments: [] })).toEqual(['empty-directory refuse']);
      const gaps = [{ what: 'members of IT' }];
      expect(judged({ ...left, gaps })).toEqual(['incomplete-read refuse']);
      expect(judged({ ...left, whereabouts: {}, gaps })).toEqual(['incomplete-read warn']);
    },
  );

  test.each([
    ['the name of old', 'u1@contoso.com', ['0:account:disable:u1']],
    ['the name of today', 'Boss@contoso.com', ['0:account:disable:u1']],
    ['the address of today', 'the.boss@contoso.com', ['0:account:disable:u1']],
    ['the name of somebody else', 'other@contoso.com', []],
  ])('somebody renamed since the account was last written is protected by %s', (_which, name, expected) => {
    const renamed = { userPrincipalName: 'boss@contoso.com', mail: 'The.Boss@contoso.com' };
    const input = aPlanInput(
      {
        users: [aUser('u1', { attributes: renamed }), aUser('u2')],
        assignments: [assignUser('u2')],
        whereabouts: { u1: 'present' },
      },
      {
        links: [aLink('u1'), aLink('u2')],
        provider: { accounts: ['u1', 'u2'].map((id) => anAccount(`id-${id}`, `${id}@contoso.com`)) },
        rules: { guards: theGuards({ protectedAccounts: [name] }) },
      },
    );
    const planned = planCycle(input);
    expect([...heldOperations(judge({ ...theGuardContext(), ...input, ...planned })).keys()]).toEqual(expected);
    const unknown = planned.plan.notices.filter(({ code }) => code === 'protected-unknown');
    expect(unknown).toHaveLength(expected.length === 0 ? 1 : 0);
  });

  test.each([
    ['many members', 60, [['4:group:delete:it', 'too-many-removals']]],
    ['few members', 4, [['4:group:delete:it', 'non-empty-group-delete']]],
    ['no members left', 0, []],
  ])('a SCIM group with %s is deleted as what it takes from them', (_what, size, expected) => {
    const users = many(200).map((id) => aUser(id));
    const account = (id: string) => anAccount(`id-${id}`, `${id}@contoso.com`);
    const links = [
      ...users.map(({ id }) => aLink(id)),
      aLink('it', { resource: 'group', members: many(size) }),
      aLink('all', { resource: 'group', members: many(200) }),
    ];
    const provider = {
      accounts: users.map(({ id }) => account(id)),
      groups: [
        aScimGroup('id-it', 'it'),
        aScimGroup('id-all', 'all', { externalId: 'all', members: many(200).map((id) => `id-${id}`) }),
      ],
    };
    const organisation = {
      users,
      groups: { all: { name: 'all', users: many(200) } },
      assignments: [assignGroup('all')],
    };
    const input = aPlanInput(organisation, { links, provider });
    const { plan, collisions } = planCycle(input);
    expect(plan.operations.map(({ key }) => key).filter((key) => !key.includes(':update:'))).toEqual([
      '4:group:delete:it',
    ]);
    const verdict = judge({
      ...theGuardContext(),
      plan,
      rules: input.rules,
      directory: input.directory,
      links,
      collisions,
    });
    expect([...heldOperations(verdict)]).toEqual(expected);
  });
});

describe('guards over time and by group', () => {
  const LIMITS = { tooManyRemovals: { count: 5, percent: 100 }, groupCliff: { count: 3, percent: 50 } };
  const crew = { paths: [{ group: 'crew', name: 'Crew' }] };

  function judged(
    leavers: readonly string[],
    context: Partial<GuardContext>,
    guards = theGuards(LIMITS),
    engine: Pick<ConnectionRules, 'engine'> = {},
  ) {
    const stay = many(100, 500);
    const input = aPlanInput(
      {
        users: stay.map((id) => aUser(id)),
        assignments: stay.map((id) => assignUser(id)),
        whereabouts: Object.fromEntries(leavers.map((id) => [id, 'present' as const])),
      },
      {
        links: [...stay.map((id) => aLink(id)), ...leavers.map((id) => aLink(id, crew))],
        provider: { accounts: [...stay, ...leavers].map((id) => anAccount(`id-${id}`, `${id}@contoso.com`)) },
        rules: { guards, ...engine },
      },
    );
    const planned = planCycle(input);
    return judge({ ...theGuardContext(context), ...input, ...planned });
  }

  function before(...anchors: readonly string[]): GuardContext['past'] {
    return anchors.map((anchor) => ({
      resource: 'account',
      kind: 'disable',
      effect: 'suspend',
      cause: 'unassigned',
      anchor,
      members: [],
      taken: 0,
      paths: crew.paths,
    }));
  }

  const names = (verdict: Verdict) => verdict.findings.map(({ guard, operations }) => `${guard} ${operations.length}`);
  const reach = (count: number) => ({ soleReach: new Map([['crew', count]]) });

  test.each([
    ['as many as the window allows go', many(2), before('p1', 'p2', 'p3'), []],
    [
      'one more than the window allows holds what is planned',
      many(3),
      before('p1', 'p2', 'p3'),
      ['too-many-removals 3'],
    ],
    ['the same leaver planned again is counted once', ['p1'], before('p1', 'p2', 'p3', 'p4', 'p5'), []],
  ])('%s', (_rule, leavers, past, expected) => {
    const guards = theGuards({ ...LIMITS, off: ['group-cliff'] });
    expect(names(judged(leavers, { past }, guards))).toEqual(expected);
  });

  test.each([
    ['few of many a group alone lets in', many(3), 100, [], []],
    ['more than the count', many(4), 100, [], ['group-cliff 4']],
    ['the count together with those before', many(2), 100, before('p1', 'p2'), ['group-cliff 2']],
  ])('losing the only path, %s', (_rule, leavers, count, past, expected) => {
    const guards = theGuards({ ...LIMITS, off: ['too-many-removals'] });
    expect(names(judged(leavers, { past, ...reach(count) }, guards))).toEqual(expected);
  });

  test('the finding of a cliff names the group and has its numbers', () => {
    const [finding] = judged(many(5), reach(8), theGuards({ groupCliff: { count: 50, percent: 50 } })).findings;
    expect(finding).toMatchObject({
      guard: 'group-cliff',
      message: 'group Crew was the only way in for 5 people who lose access: 62.5 % of 8, more than 50 %',
      numbers: { lost: 5, base: 8 },
    });
  });

  test('a guard that is switched off holds nothing, and the verdict says that it did not look', () => {
    const verdict = judged(many(30), reach(30), theGuards({ ...LIMITS, off: ['too-many-removals', 'group-cliff'] }));
    expect(verdict).toMatchObject({ refused: false, findings: [], off: ['too-many-removals', 'group-cliff'] });
  });

  test.each([
    ['runs', { known: true, active: ['job a: Active'] }, ['hold']],
    ['stands still', { known: true, active: [] }, []],
    ['cannot be seen', { known: false, why: 'refused', remedy: 'grant it' }, ['warn']],
  ] as const)("the directory's own engine %s", (_what, nativeJobs, expected) => {
    const { findings } = judged(many(2), { nativeJobs }, theGuards({ off: ['too-many-removals', 'group-cliff'] }));
    const own = findings.filter(({ guard }) => guard === 'native-job-active');
    expect(own.map(({ effect }) => effect)).toEqual(expected);
  });

  test("a plan of a connection that Entra's own engine provisions is refused, even where the guard is switched off", () => {
    const verdict = judged(many(2), {}, theGuards({ off: ['native-job-active'] }), { engine: 'entra' });
    expect(verdict.refused).toBe(true);
    expect(verdict.findings[0]).toMatchObject({ guard: 'native-job-active', effect: 'refuse' });
  });

  test('however removals are split over cycles, no more go within the window than it allows', () => {
    const guards = theGuards({ ...LIMITS, off: ['group-cliff'] });
    const sizes = fc.array(fc.integer({ min: 0, max: 8 }), { maxLength: 8 });
    const splits = fc.property(sizes, (cycles) => {
      let gone: GuardContext['past'] = [];
      let next = 0;
      for (const size of cycles) {
        const leavers = many(size, next);
        next += size;
        const held = heldOperations(judged(leavers, { past: gone }, guards));
        gone = [...gone, ...before(...leavers.filter((id) => !held.has(`0:account:disable:${id}`)))];
        expect(gone.length).toBeLessThanOrEqual(LIMITS.tooManyRemovals.count);
      }
    });
    fc.assert(splits, { numRuns: 30 });
  });
});
