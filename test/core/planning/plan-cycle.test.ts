import { describe, expect, test } from 'vitest';
import { planCycle } from '../../../src/core/planning/plan-cycle.ts';
import { URN } from '../../../src/core/scim.ts';
import {
  aLink,
  anAccount,
  aPlanInput,
  aScimGroup,
  assignGroup,
  assignUser,
  aUser,
  theGuards,
  thePolicy,
} from '../../builders.ts';

type Input = Parameters<typeof aPlanInput>;

interface Row {
  readonly rule: string;
  readonly given: Input;
  /** `kind anchor: reason` of each operation. */
  readonly planned: readonly string[];
}

const ada = aUser('ada');
const MANAGER = `${URN.enterpriseUser}:manager`;
const adasAccount = anAccount('id-ada', 'ada@contoso.com', {
  body: { displayName: 'User ada', externalId: 'nick-ada', name: { givenName: 'User', familyName: 'ada' } },
});
const inactive = { ...adasAccount, active: false, body: { ...adasAccount.body, active: false } };
const it = { it: { name: 'IT', users: ['ada'] } };
const itPath = [{ group: 'it', name: 'IT' }];

const sales = { name: 'Sales', clauses: [{ attribute: 'department', is: 'equals' as const, value: 'Sales' }] };
const filtering = { scope: { groups: true, nestedGroups: 'direct' as const, filters: [sales] } };
const adaOf = (department: string) => aUser('ada', { attributes: { department } });

const rows: readonly Row[] = [
  ...(
    [
      [
        'whom a scoping filter leaves out loses the account and every group, and the filter is named',
        adaOf('IT'),
        true,
      ],
      ['of whom the filtered attribute was not read keeps account and groups', ada, false],
    ] as const
  ).map(([who, user, leaves]): Row => ({
    rule: `a linked user ${who}`,
    given: [
      { users: [user], groups: it, assignments: [assignGroup('it')], whereabouts: { ada: 'present' } },
      {
        links: [aLink('ada', { paths: itPath }), aLink('it', { resource: 'group', label: 'IT', members: ['ada'] })],
        provider: {
          accounts: [adasAccount],
          groups: [aScimGroup('id-it', 'IT', { externalId: 'it', members: ['id-ada'] })],
        },
        rules: filtering,
      },
    ],
    planned: leaves
      ? [
          'account disable ada: left out by scoping filter Sales (department equals "Sales")',
          'group members it: members: 1 to remove',
        ]
      : [],
  })),
  ...(
    [
      ['is blocked', { ...adaOf('Sales'), enabled: false }, 'disabled'],
      ['is left out by a scoping filter', adaOf('IT'), 'filtered'],
    ] as const
  ).map(([why, user, cause]): Row => ({
    rule: `a linked user who ${why} keeps account and groups where the policy is to keep`,
    given: [
      { users: [user], groups: it, assignments: [assignGroup('it')] },
      {
        links: [aLink('ada', { paths: itPath }), aLink('it', { resource: 'group', label: 'IT', members: ['ada'] })],
        provider: {
          accounts: [adasAccount],
          groups: [aScimGroup('id-it', 'IT', { externalId: 'it', members: ['id-ada'] })],
        },
        rules: { ...filtering, deprovision: thePolicy({ [cause]: 'keep' }) },
      },
    ],
    planned: [],
  })),
  {
    rule: 'a user who is blocked and left out by a filter is removed for being blocked',
    given: [
      { users: [{ ...adaOf('IT'), enabled: false }], assignments: [assignUser('ada')] },
      { links: [aLink('ada')], provider: { accounts: [adasAccount] }, rules: filtering },
    ],
    planned: ['account disable ada: sign-in is blocked in the directory'],
  },
  {
    rule: 'a user whom no scoping filter lets in gets no account',
    given: [{ users: [adaOf('IT')], assignments: [assignUser('ada')] }, { rules: filtering }],
    planned: [],
  },
  {
    rule: 'a user who is entitled and has no account gets one, with the paths as the reason',
    given: [{ users: [ada], assignments: [assignUser('ada')] }],
    planned: ['account create ada: entitled directly'],
  },
  {
    rule: 'an account with the same userName is linked instead of created twice',
    given: [{ users: [ada], assignments: [assignUser('ada')] }, { provider: { accounts: [adasAccount] } }],
    planned: ['account link ada: matched by userName; entitled directly'],
  },
  {
    rule: 'an inactive account that matches is reactivated on the same id',
    given: [{ users: [ada], assignments: [assignUser('ada')] }, { provider: { accounts: [inactive] } }],
    planned: ['account reactivate ada: an inactive account matches and the user is entitled directly'],
  },
  {
    rule: 'a linked account that already is right needs nothing',
    given: [
      { users: [ada], assignments: [assignUser('ada')] },
      { links: [aLink('ada')], provider: { accounts: [adasAccount] } },
    ],
    planned: [],
  },
  {
    rule: 'a changed attribute is named in the reason',
    given: [
      { users: [aUser('ada', { attributes: { jobTitle: 'Countess' } })], assignments: [assignUser('ada')] },
      { links: [aLink('ada')], provider: { accounts: [adasAccount] } },
    ],
    planned: ['account update ada: title differs'],
  },
  ...(['absent', 'present'] as const).map((where): Row => ({
    rule: `a user whom an assignment reaches and the directory did not return, ${where} when located, keeps account and groups`,
    given: [
      { users: [], groups: it, assignments: [assignGroup('it')], whereabouts: { ada: where } },
      {
        links: [aLink('ada', { paths: itPath }), aLink('it', { resource: 'group', label: 'IT', members: ['ada'] })],
        provider: {
          accounts: [adasAccount],
          groups: [aScimGroup('id-it', 'IT', { externalId: 'it', members: ['id-ada'] })],
        },
      },
    ],
    planned: [],
  })),
  {
    rule: 'a user whose only group was unassigned is disabled, and the reason names the group',
    given: [
      { users: [], whereabouts: { ada: 'present' } },
      { links: [aLink('ada', { paths: itPath })], provider: { accounts: [adasAccount] } },
    ],
    planned: ['account disable ada: lost the only path: group IT was unassigned'],
  },
  {
    rule: 'a user taken out of a group that is still assigned is told apart from an unassigned group',
    given: [
      { users: [], groups: { it: { name: 'IT' } }, assignments: [assignGroup('it')], whereabouts: { ada: 'present' } },
      {
        links: [aLink('ada', { paths: itPath }), aLink('it', { resource: 'group' })],
        provider: { accounts: [adasAccount], groups: [aScimGroup('id-it', 'IT', { externalId: 'it' })] },
      },
    ],
    planned: ['account disable ada: lost the only path: no longer a member of group IT'],
  },
  {
    rule: 'a user who lost one of two paths keeps the account untouched',
    given: [
      { users: [ada], assignments: [assignUser('ada')] },
      { links: [aLink('ada', { paths: [{}, ...itPath] })], provider: { accounts: [adasAccount] } },
    ],
    planned: [],
  },
  {
    rule: 'a user who may not sign in is disabled although still assigned',
    given: [
      { users: [aUser('ada', { enabled: false })], assignments: [assignUser('ada')] },
      { links: [aLink('ada')], provider: { accounts: [adasAccount] } },
    ],
    planned: ['account disable ada: sign-in is blocked in the directory'],
  },
  {
    rule: 'a user deleted for good is deleted at the provider, last of all',
    given: [{ whereabouts: { ada: 'absent' } }, { links: [aLink('ada')], provider: { accounts: [adasAccount] } }],
    planned: ['account delete ada: permanently deleted in the directory'],
  },
  {
    rule: 'an account disabled earlier is still deleted when its user is deleted for good',
    given: [
      { whereabouts: { ada: 'absent' } },
      { links: [aLink('ada', { state: 'disabled', cause: 'unassigned' })], provider: { accounts: [inactive] } },
    ],
    planned: ['account delete ada: permanently deleted in the directory'],
  },
  {
    rule: 'a linked user nobody could locate is left as they are',
    given: [{}, { links: [aLink('ada')], provider: { accounts: [adasAccount] } }],
    planned: [],
  },
  {
    rule: 'an account never linked is never touched',
    given: [
      { users: [ada], assignments: [assignUser('ada')] },
      { links: [aLink('ada')], provider: { accounts: [adasAccount, anAccount('x', 'eve@else.com')] } },
    ],
    planned: [],
  },
  {
    rule: 'a linked account missing from an untrusted listing is not created again',
    given: [
      { users: [ada], assignments: [assignUser('ada')] },
      { links: [aLink('ada')], provider: { trusted: false } },
    ],
    planned: [],
  },
  {
    rule: 'a linked account the provider says is gone is created again while its user is entitled',
    given: [
      { users: [ada], assignments: [assignUser('ada')] },
      { links: [aLink('ada')], vanished: ['id-ada'] },
    ],
    planned: ['account create ada: the linked account is gone at the provider; still entitled directly'],
  },
  {
    rule: 'an assigned group is created and then filled',
    given: [{ users: [ada], groups: it, assignments: [assignGroup('it')] }],
    planned: [
      'account create ada: entitled through group IT',
      'group create it: assigned to the application',
      'group members it: members: 1 to add',
    ],
  },
  {
    rule: 'a renamed directory group is renamed, not replaced',
    given: [
      { users: [ada], groups: it, assignments: [assignGroup('it')] },
      {
        links: [aLink('ada'), aLink('it', { resource: 'group' })],
        provider: {
          accounts: [adasAccount],
          groups: [aScimGroup('id-it', 'I.T.', { externalId: 'it', members: ['id-ada'] })],
        },
      },
    ],
    planned: ['group update it: displayName differs'],
  },
  {
    rule: 'an unassigned group is deleted after everything else',
    given: [
      { users: [ada], assignments: [assignUser('ada')] },
      {
        links: [aLink('ada'), aLink('it', { resource: 'group' })],
        provider: {
          accounts: [adasAccount],
          groups: [aScimGroup('id-it', 'Group it', { externalId: 'it', members: ['id-ada'] })],
        },
      },
    ],
    planned: ['group delete it: group Group it was unassigned from the application'],
  },
  {
    rule: 'members Headgate did not put there stay in the group',
    given: [
      { users: [ada], groups: it, assignments: [assignGroup('it')] },
      {
        links: [aLink('ada'), aLink('it', { resource: 'group' })],
        provider: {
          accounts: [adasAccount],
          groups: [aScimGroup('id-it', 'IT', { externalId: 'it', members: ['id-ada', 'somebody'] })],
        },
      },
    ],
    planned: [],
  },
  {
    rule: 'where members cannot be read, what Headgate remembers decides',
    given: [
      { users: [ada], groups: { it: { name: 'IT' } }, assignments: [assignUser('ada'), assignGroup('it')] },
      {
        links: [aLink('ada'), aLink('it', { resource: 'group', members: ['ada'] })],
        provider: { accounts: [adasAccount], groups: [{ id: 'id-it', displayName: 'IT', externalId: 'it' }] },
      },
    ],
    planned: ['group members it: members: 1 to remove'],
  },
  {
    rule: 'a manager whose account is created in the same cycle is set afterwards',
    given: [
      { users: [aUser('ada', { manager: 'bob' }), aUser('bob')], assignments: [assignUser('ada'), assignUser('bob')] },
    ],
    planned: [
      'account create ada: entitled directly',
      'account create bob: entitled directly',
      'account update ada: refers to a user whose account is created in this cycle',
    ],
  },
];

const bobsAccount = anAccount('id-bob', 'bob@contoso.com', {
  body: { displayName: 'User bob', externalId: 'nick-bob', name: { givenName: 'User', familyName: 'bob' } },
});

describe('planCycle', () => {
  test.each(rows)('$rule', ({ given, planned }) => {
    const { plan } = planCycle(aPlanInput(...given));
    expect(
      plan.operations.map(({ resource, kind, anchor, reason }) => `${resource} ${kind} ${anchor}: ${reason.text}`),
    ).toEqual(planned);
  });

  test('says whom the scoping filters leave without an account, and of whom it knows too little', () => {
    const users = [adaOf('IT'), aUser('bob'), aUser('cy', { attributes: { department: 'Sales' } })];
    const assignments = users.map(({ id }) => assignUser(id));
    const { plan } = planCycle(aPlanInput({ users, assignments }, { rules: filtering }));
    expect(plan.notices).toMatchObject([
      { code: 'users-left-out', text: expect.stringContaining('let in by no scoping filter'), anchors: ['ada'] },
      { code: 'users-left-out', text: expect.stringContaining('could not be judged'), anchors: ['bob'] },
    ]);
    const linked = planCycle(
      aPlanInput(
        { users, assignments },
        { rules: filtering, links: [aLink('bob')], provider: { accounts: [bobsAccount] } },
      ),
    );
    expect(linked.plan.operations.map(({ anchor }) => anchor)).toEqual(['cy']);
    expect(linked.plan.notices).toContainEqual(
      expect.objectContaining({ text: expect.stringContaining('1 linked user could not be judged'), anchors: ['bob'] }),
    );
  });

  test.each([
    ['direct', 'groups, whose members are not in scope (scope.nestedGroups: direct): IT'],
    ['expand', 'groups, whose members are in scope, too (scope.nestedGroups: expand): IT'],
  ] as const)('groups inside an assigned group are told of under nestedGroups: %s', (nestedGroups, words) => {
    const groups = { it: { name: 'IT', nested: ['crew'] }, crew: { name: 'Crew', users: ['ada'] } };
    const rules = { scope: { groups: true, nestedGroups } };
    const { plan } = planCycle(aPlanInput({ users: [ada], groups, assignments: [assignGroup('it')] }, { rules }));
    expect(plan.notices).toEqual([
      { code: 'nested-groups', text: `1 assigned group contains ${words}`, anchors: ['it'] },
    ]);
    expect(plan.counts.entitledUsers).toBe(nestedGroups === 'expand' ? 1 : 0);
  });

  test('an account that was disabled and is active again is told: a leaver must not have access unnoticed', () => {
    const links = [aLink('ada', { state: 'disabled', cause: 'unassigned' })];
    const input = aPlanInput({ whereabouts: { ada: 'present' } }, { links, provider: { accounts: [adasAccount] } });
    expect(planCycle(input).plan).toMatchObject({
      operations: [],
      notices: [{ code: 'account-active-again', anchors: ['ada'] }],
    });
  });

  test('a manager who changes is sent to an account that exists already', () => {
    const users = [aUser('ada', { manager: 'bob' }), aUser('bob')];
    const given = { users, assignments: users.map(({ id }) => assignUser(id)) };
    const accounts = [adasAccount, bobsAccount];
    const { plan } = planCycle(aPlanInput(given, { links: [aLink('ada'), aLink('bob')], provider: { accounts } }));
    expect(plan.operations).toMatchObject([
      {
        kind: 'update',
        anchor: 'ada',
        attributes: [],
        references: [{ to: 'bob' }],
        reason: { text: 'manager differs' },
      },
    ]);
  });

  test.each([
    { rule: 'changes', manager: 'bob', changed: { references: [{ to: 'bob' }] } },
    {
      rule: 'is cleared',
      manager: undefined,
      changed: { references: [], attributes: [{ path: MANAGER, after: null }] },
    },
  ])('a manager who $rule is planned with whose account was there before', ({ manager, changed }) => {
    const users = [aUser('ada', manager === undefined ? {} : { manager }), aUser('bob')];
    const given = { users, assignments: users.map(({ id }) => assignUser(id)) };
    const { body } = adasAccount;
    const accounts = [
      { ...adasAccount, body: { ...body, [URN.enterpriseUser]: { manager: { value: 'id-eve' } } } },
      bobsAccount,
    ];
    const input = aPlanInput(given, { links: [aLink('ada'), aLink('bob')], provider: { accounts } });
    const lines = input.mapping.lines.map((line) => ({ ...line, clears: line.isReference }));
    const { plan } = planCycle({ ...input, mapping: { ...input.mapping, lines } });
    expect(plan.operations).toMatchObject([{ ...changed, former: [{ path: MANAGER, resourceId: 'id-eve' }] }]);
  });

  test('a user who lacks what the provider requires is left out with a notice, and nobody else is', () => {
    const users = [aUser('ada'), aUser('bob', { attributes: { userPrincipalName: null } })];
    const { plan } = planCycle(aPlanInput({ users, assignments: users.map(({ id }) => assignUser(id)) }));
    expect(plan.operations.map(({ anchor }) => anchor)).toEqual(['ada']);
    expect(plan.notices).toMatchObject([{ code: 'mapping-failed', anchors: ['bob'] }]);
    expect(plan.counts.unmappedUsers).toBe(1);
  });

  test('a plan made with other rules has another digest, so that a saved plan goes stale', () => {
    const organisation = { users: [ada], assignments: [assignUser('ada')] };
    const strict = { guards: theGuards({ tooManyRemovals: { count: 1, percent: 1 } }) };
    expect(planCycle(aPlanInput(organisation, { rules: strict })).plan.digest).not.toBe(
      planCycle(aPlanInput(organisation)).plan.digest,
    );
  });

  test('paths are remembered anew only for linked users whose paths changed', () => {
    const given = {
      users: [ada, aUser('bob')],
      groups: { it: { name: 'IT', users: ['ada', 'bob'] } },
      assignments: [assignGroup('it')],
    };
    const links = [aLink('ada', { paths: itPath }), aLink('bob', { paths: [{}] })];
    const accounts = [adasAccount, anAccount('id-bob', 'bob@contoso.com')];
    expect(planCycle(aPlanInput(given, { links, provider: { accounts } })).memories).toEqual([
      { resource: 'account', anchor: 'bob', paths: itPath, awaiting: [], departure: null },
    ]);
  });
});

test("a protected name that is nobody's, as after a rename, is said; those of linked and entitled users are not", () => {
  const protectedAccounts = ['ADA@contoso.com', 'bob', 'boss@contoso.com'];
  const guards = theGuards({ tooManyRemovals: { count: 50, percent: 10 }, protectedAccounts });
  const { plan } = planCycle(
    aPlanInput({ users: [ada], assignments: [assignUser('ada')] }, { links: [aLink('bob')], rules: { guards } }),
  );
  const notices = plan.notices.filter(({ code }) => code === 'protected-unknown');
  expect(notices).toMatchObject([{ anchors: ['boss@contoso.com'], text: expect.stringContaining('boss@contoso.com') }]);
});

test('a group that goes has as many members in an incremental cycle, which knows few of them, as in a full one', () => {
  const people = ['ada', 'bob', 'cid', 'dan'];
  const links = people.map((anchor) => aLink(anchor));
  const team = aLink('it', { resource: 'group', members: people });
  const members = people.slice(1).map((anchor) => `id-${anchor}`);
  const groups = [aScimGroup('id-it', 'IT', { externalId: 'it', members: [...members, 'somebody'] })];
  const accounts = people.map((anchor) => anAccount(`id-${anchor}`, `${anchor}@contoso.com`));
  const given = {
    users: people.map((anchor) => aUser(anchor)),
    assignments: people.map((anchor) => assignUser(anchor)),
  };
  const full = aPlanInput(given, { links: [...links, team], provider: { accounts, groups } });
  const [known] = links;
  const focus = { users: new Set(['ada']), groups: new Set(['it']), linked: { accounts: 4, groups: 1, members: 4 } };
  const few = {
    ...full,
    kind: 'incremental',
    links: [known, team].filter((link) => link !== undefined),
    focus,
  } as const;
  const counted = [full, few].map((input) =>
    planCycle(input).plan.operations.flatMap((operation) =>
      operation.resource === 'group' && operation.kind === 'delete' ? [operation.members] : [],
    ),
  );
  expect(counted).toEqual([[5], [5]]);
});
