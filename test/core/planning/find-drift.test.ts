import { describe, expect, test } from 'vitest';
import type { DirectoryCauses } from '../../../src/core/drift.ts';
import type { Link } from '../../../src/core/link.ts';
import type { Operation } from '../../../src/core/operation.ts';
import { planCycle } from '../../../src/core/planning/plan-cycle.ts';
import type { Account, ScimGroup } from '../../../src/core/scim.ts';
import { aLink, anAccount, aPlanInput, aScimGroup, assignGroup, assignUser, aUser } from '../../builders.ts';

const NOBODY: DirectoryCauses = { known: true, users: new Set(), groups: new Set(), memberships: true };
const UNKNOWN: DirectoryCauses = { known: false, why: 'no cycle has been committed yet' };

function concerning(users: readonly string[], groups: readonly string[] = []): DirectoryCauses {
  return { known: true, users: new Set(users), groups: new Set(groups), memberships: true };
}

/** An account as Headgate would have made it for `aUser(id)`. */
function provisioned(id: string, overrides: Partial<Account> = {}): Account {
  const { operations } = planCycle(aPlanInput({ users: [aUser(id)], assignments: [assignUser(id)] })).plan;
  const create = operations.find(({ kind }) => kind === 'create');
  if (create === undefined || !('attributes' in create)) throw new Error('nothing was created');
  const body: Record<string, never> = {};
  const nested = (target: Record<string, unknown>, path: string, value: unknown): void => {
    const [head = '', ...rest] = path.split('.');
    if (rest.length === 0) target[head] = value;
    else {
      const inner = (target[head] ??= {});
      if (typeof inner === 'object' && inner !== null) Reflect.set(inner, rest.join('.'), value);
    }
  };
  for (const { path, after } of create.attributes) nested(body, path, after);
  return anAccount(`id-${id}`, `${id}@contoso.com`, {
    externalId: `nick-${id}`,
    ...overrides,
    body: { ...body, ...overrides.body },
  });
}

interface Case {
  readonly links: readonly Link[];
  readonly accounts: readonly Account[];
  readonly groups?: readonly ScimGroup[];
  readonly vanished?: readonly string[];
  readonly causes?: DirectoryCauses;
  /** Users who are assigned; all are in the directory. */
  readonly assigned?: readonly string[];
  readonly members?: readonly string[];
  readonly policy?: 'enforce' | 'report';
  readonly kind?: 'initial' | 'audit';
}

function plan({ links, accounts, groups = [], vanished = [], causes = NOBODY, policy = 'enforce', ...how }: Case) {
  const { assigned = ['ada'], members, kind = 'initial' } = how;
  const everybody = [...new Set([...assigned, ...(members ?? [])])];
  const input = aPlanInput(
    {
      users: everybody.map((id) => aUser(id)),
      assignments: [...assigned.map((id) => assignUser(id)), ...(members === undefined ? [] : [assignGroup('g')])],
      groups: members === undefined ? {} : { g: { users: members } },
      whereabouts: { gone: 'present' },
    },
    { links, provider: { accounts, groups }, vanished, rules: { drift: policy } },
  );
  const { plan: made, drift } = planCycle({ ...input, kind, causes });
  return {
    operations: made.operations.map(({ key }) => key),
    planned: made.operations,
    notices: made.notices.filter(({ code }) => code === 'drift').map(({ text }) => text),
    findings: (drift?.findings ?? []).map(({ kind: what, name, certain }) => `${what} ${name}${certain ? '' : '?'}`),
    texts: (drift?.findings ?? []).map(({ text, next }) => `${text}; ${next}`),
  };
}

const ADA = aLink('ada');
const group = aLink('g', { resource: 'group', members: ['ada', 'bob'] });
const members = (...ids: string[]) =>
  aScimGroup('id-g', 'Group g', { externalId: 'g', members: ids.map((id) => `id-${id}`) });

const DEACTIVATED: Case = { links: [ADA], accounts: [provisioned('ada', { active: false })] };
const RENAMED: Case = { links: [ADA], accounts: [provisioned('ada', { body: { displayName: 'Somebody Else' } })] };
const DELETED: Case = { links: [ADA], accounts: [], vanished: ['id-ada'] };
const BOTH = [ADA, aLink('bob'), group];
const TAKEN_OUT: Case = {
  links: BOTH,
  accounts: [provisioned('ada'), provisioned('bob')],
  assigned: [],
  members: ['ada', 'bob'],
  groups: [members('ada')],
};
const PUT_IN: Case = {
  links: [ADA, aLink('bob'), aLink('g', { resource: 'group', members: ['ada'] })],
  accounts: [provisioned('ada'), provisioned('bob')],
  assigned: ['bob'],
  members: ['ada'],
  groups: [members('ada', 'bob')],
};
const GROUP_DELETED: Case = { ...TAKEN_OUT, groups: [], vanished: ['id-g'] };
const GROUP_RENAMED: Case = {
  ...TAKEN_OUT,
  groups: [aScimGroup('id-g', 'Renamed', { externalId: 'g', members: ['id-ada', 'id-bob'] })],
};

/** Changes by hand: what is found, and what would undo it. */
const BY_HAND: readonly (readonly [string, Case, string, readonly string[]])[] = [
  ['a deactivated account', DEACTIVATED, 'account-deactivated ada@contoso.com', ['1:account:reactivate:ada']],
  ['an attribute we map', RENAMED, 'account-changed ada@contoso.com', ['1:account:update:ada']],
  ['a deleted account', DELETED, 'account-deleted ada@contoso.com', ['1:account:create:ada']],
  ['a member taken out', TAKEN_OUT, 'member-removed bob@contoso.com', ['3:group:members:g']],
  ['a member put in', PUT_IN, 'member-added bob@contoso.com', ['3:group:members:g']],
  ['a deleted SCIM group', GROUP_DELETED, 'group-deleted Group g', ['2:group:create:g', '3:group:members:g']],
  ['a renamed SCIM group', GROUP_RENAMED, 'group-changed Group g', ['2:group:update:g']],
];

describe.each(BY_HAND)('%s', (_what, given, finding, undoing) => {
  test('is found, and a full cycle undoes it', () => {
    const { findings, operations } = plan(given);
    expect(findings).toEqual([finding]);
    expect(operations).toEqual(undoing);
  });

  test('is left as it is under the policy to report, and the plan says so', () => {
    const { findings, operations, notices } = plan({ ...given, policy: 'report' });
    expect(findings).toEqual([finding]);
    expect(operations).toEqual([]);
    expect(notices).toEqual([
      '1 difference was made by hand at the provider and is left as it is; see: headgate drift show -c acme',
    ]);
  });

  test('is brought in line with whatever the directory changes of the same user or group', () => {
    const causes = concerning(['ada', 'bob'], ['g']);
    expect(plan({ ...given, causes, policy: 'report' }).operations).toEqual(undoing);
  });

  test('an audit plans it whatever the policy, for its report', () => {
    expect(plan({ ...given, kind: 'audit', policy: 'report' }).operations).toEqual(undoing);
  });
});

describe('what nobody did by hand', () => {
  test.each<[string, Case]>([
    ['everything as Headgate left it', { links: [ADA], accounts: [provisioned('ada')] }],
    ['an attribute the directory changed', { ...RENAMED, causes: concerning(['ada']) }],
    [
      'a member who joined in the directory',
      {
        ...TAKEN_OUT,
        links: [ADA, aLink('bob'), aLink('g', { resource: 'group', members: ['ada'] })],
        causes: concerning(['bob']),
      },
    ],
    ['a member who left in the directory', { ...PUT_IN, links: BOTH }],
    [
      'a user who comes back',
      { links: [aLink('ada', { state: 'disabled' })], accounts: [provisioned('ada', { active: false })] },
    ],
    ['a user who left', { links: [ADA, aLink('gone')], accounts: [provisioned('ada'), provisioned('gone')] }],
    [
      'a user who left, deactivated already',
      { links: [ADA, aLink('gone')], accounts: [provisioned('ada'), provisioned('gone', { active: false })] },
    ],
    [
      'a disabled account that was deleted',
      { links: [ADA, aLink('gone', { state: 'disabled' })], accounts: [provisioned('ada')], vanished: ['id-gone'] },
    ],
    [
      'a group whose members the provider does not show',
      {
        ...TAKEN_OUT,
        groups: [aScimGroup('id-g', 'Group g', { externalId: 'g' })].map(({ members: _members, ...rest }) => rest),
      },
    ],
    ['a new user', { links: [], accounts: [] }],
  ])('%s is no drift', (_what, given) => {
    expect(plan(given).findings).toEqual([]);
    expect(plan({ ...given, policy: 'report' }).operations).toEqual(plan(given).operations);
  });
});

describe('when the directory cannot tell what it changed', () => {
  test.each<[string, Case, readonly string[]]>([
    ['a differing attribute is told without naming a culprit', RENAMED, ['account-changed ada@contoso.com?']],
    ['a deactivated account is drift all the same', DEACTIVATED, ['account-deactivated ada@contoso.com']],
    ['a membership Headgate made and is gone is, too', TAKEN_OUT, ['member-removed bob@contoso.com']],
    ['a membership Headgate does not remember is not', PUT_IN, []],
  ])('%s', (_rule, given, findings) => {
    expect(plan({ ...given, causes: UNKNOWN }).findings).toEqual(findings);
  });

  test("what may be the directory's wish is carried out, under either policy", () => {
    expect(plan({ ...RENAMED, causes: UNKNOWN, policy: 'report' }).operations).toEqual(['1:account:update:ada']);
    expect(plan({ ...DEACTIVATED, causes: UNKNOWN, policy: 'report' }).operations).toEqual([]);
  });
});

describe('what a finding says', () => {
  test.each<[string, Case, string]>([
    [
      'who lost access, and that the next full cycle gives it back',
      DEACTIVATED,
      'somebody deactivated ada@contoso.com in the application by hand: the user is entitled, but has no access; the next full cycle will reactivate it',
    ],
    [
      'that it is left',
      { ...DEACTIVATED, policy: 'report' },
      'somebody deactivated ada@contoso.com in the application by hand: the user is entitled, but has no access; Headgate leaves it as it is (drift: report) until the directory changes something about it',
    ],
    [
      'which attribute',
      RENAMED,
      'displayName of ada@contoso.com was changed in the application by hand; the next full cycle will set it back',
    ],
    [
      'which group',
      TAKEN_OUT,
      'bob@contoso.com was taken out of SCIM group Group g by hand; the next full cycle will put them back',
    ],
  ])('%s', (_rule, given, text) => {
    expect(plan(given).texts).toEqual([text]);
  });

  test('a leaver whose account somebody activated again has access nobody entitled them to', () => {
    const links = [ADA, aLink('gone', { state: 'disabled' })];
    const { findings, texts, operations } = plan({ links, accounts: [provisioned('ada'), provisioned('gone')] });
    expect(findings).toEqual(['account-reactivated gone@contoso.com']);
    expect(texts[0]).toContain('the user is not entitled, but has access; Headgate leaves it as it is');
    expect(operations).toEqual([]);
  });
});

describe('what is not ours', () => {
  test('is counted and listed, and never in a plan', () => {
    const foreign = anAccount('x', 'contractor@elsewhere.example');
    const { findings, operations, notices } = plan({
      links: BOTH,
      accounts: [provisioned('ada'), provisioned('bob'), foreign],
      assigned: [],
      members: ['ada', 'bob'],
      groups: [{ ...members('ada', 'bob'), members: ['id-ada', 'id-bob', 'x', 'y'] }, aScimGroup('z', 'Admins')],
    });
    expect(findings).toEqual([
      'unknown-account contractor@elsewhere.example',
      'unknown-member Group g',
      'unknown-group Admins',
    ]);
    expect(operations).toEqual([]);
    expect(notices).toEqual([]);
  });

  test('an account that is about to be joined is not unknown', () => {
    const { findings, planned } = plan({ links: [], accounts: [provisioned('ada')] });
    expect(findings).toEqual([]);
    expect(planned.map(({ kind }: Operation) => kind)).toEqual(['link']);
  });
});

test('of a change of members only what somebody did by hand is left alone', () => {
  const links = [
    ...['ada', 'bob', 'cyd', 'dan'].map((id) => aLink(id)),
    aLink('g', { resource: 'group', members: ['ada', 'bob', 'dan'] }),
  ];
  const { planned } = plan({
    links,
    accounts: ['ada', 'bob', 'cyd', 'dan'].map((id) => provisioned(id)),
    assigned: ['dan'],
    members: ['ada', 'bob', 'cyd'],
    groups: [members('ada', 'dan')],
    causes: concerning(['cyd', 'dan']),
    policy: 'report',
  });
  expect(planned).toMatchObject([
    { kind: 'members', add: ['cyd'], remove: [{ anchor: 'dan' }], reason: { text: 'members: 1 to add, 1 to remove' } },
  ]);
});
