import { describe, expect, test } from 'vitest';
import type { CredentialState } from '../../../src/core/credential.ts';
import { heldOperations, judge } from '../../../src/core/guards.ts';
import type { GuardedCredential } from '../../../src/core/guards/token-owner.ts';
import { compileMapping } from '../../../src/core/mapping/compile-mapping.ts';
import { DEFAULT_MAPPING } from '../../../src/core/mapping/default-mapping.ts';
import type { AttributeMapping } from '../../../src/core/mapping/attribute-mapping.ts';
import { planCycle } from '../../../src/core/planning/plan-cycle.ts';
import type { CycleMigration } from '../../../src/core/migration/migration.ts';
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
  theRules,
} from '../../builders.ts';

const ADA = { kind: 'user', name: 'ada@contoso.com', anchor: 'ada' } as const;

function aToken(overrides: Partial<GuardedCredential> = {}): GuardedCredential {
  return { connection: 'acme', fingerprint: 'f1', owner: ADA, state: 'active', ownerCoupled: true, ...overrides };
}

const LIMITS = theGuards({ tooManyRemovals: { count: 50, percent: 100 } });

/** Ada and Bob leave, Cleo stays. */
function leaving(credentials: readonly GuardedCredential[], tokenOwner: 'warn' | 'strict' = 'warn') {
  const people = ['ada', 'bob', 'cleo'];
  const input = aPlanInput(
    { users: [aUser('cleo')], assignments: [assignUser('cleo')], whereabouts: { ada: 'present', bob: 'disabled' } },
    {
      links: people.map((id) => aLink(id)),
      provider: { accounts: people.map((id) => anAccount(`id-${id}`, `${id}@contoso.com`)) },
      rules: { guards: { ...LIMITS, tokenOwner } },
    },
  );
  const { plan, collisions } = planCycle(input);
  const { rules, directory, links } = input;
  const verdict = judge({ ...theGuardContext(), plan, rules, directory, links, collisions, credentials });
  return { verdict, held: [...heldOperations(verdict)].map(([key, guard]) => `${guard} ${key}`) };
}

const HELD = ['token-owner 0:account:disable:ada'];

describe('the guard token-owner', () => {
  test('T2: names the user, the connection, the fingerprint and the three steps out; others go on', () => {
    const { verdict, held } = leaving([aToken()]);
    expect(held).toEqual(HELD);
    expect(verdict.refused).toBe(false);
    expect(verdict.findings).toEqual([
      {
        guard: 'token-owner',
        effect: 'hold',
        message:
          'disable ada@contoso.com: the user owns the active token f1 of connection acme, which would stop working',
        remedy: expect.stringMatching(
          /^1\. .*generate a new token.*headgate token rotate -c acme.* 2\. delete the old token.*headgate token retire f1.* 3\. only then deactivate/,
        ),
        operations: ['0:account:disable:ada'],
        numbers: { credentials: 1 },
      },
    ]);
  });

  test('T2: a token of any connection holds its owner, not only of the one being changed', () => {
    expect(leaving([aToken({ connection: 'other' })]).held).toEqual(HELD);
  });

  test.each<{ rule: string; states: readonly CredentialState[]; held: readonly string[] }>([
    { rule: 'T3: a new token alone does not lift the hold', states: ['candidate', 'retiring'], held: HELD },
    { rule: 'T3: the old one retired does', states: ['retired'], held: [] },
    { rule: 'a dead token holds nobody', states: ['dead'], held: [] },
    { rule: 'a token nobody uses yet holds nobody', states: ['candidate'], held: [] },
  ])('$rule', ({ states, held }) => {
    const tokens = states.map((state, index) => aToken({ state, fingerprint: `f${index}` }));
    expect(leaving(tokens).held).toEqual(held);
  });

  test('an owner the directory no longer knows by name is held by the name the account was last known by', () => {
    expect(leaving([aToken({ owner: { kind: 'user', name: 'ADA@contoso.com' } })]).held).toEqual(HELD);
  });

  test('an owner given by object id is held', () => {
    expect(leaving([aToken({ owner: { kind: 'user', name: 'ada' } })]).held).toEqual(HELD);
  });

  test('whoever has the name now is held too, as they may be the owner, deleted and made anew with another id', () => {
    const { verdict, held } = leaving([aToken({ owner: { ...ADA, anchor: 'ada-of-old' } })]);
    expect(held).toEqual(HELD);
    expect(verdict.findings[0]?.remedy).toContain(
      'Where that is somebody else by now, name the owner by object id: headgate token owner f1 <user> -c acme.',
    );
  });

  test('an owner who has another name since is held by id', () => {
    expect(leaving([aToken({ owner: { ...ADA, name: 'ada.maiden@contoso.com' } })]).held).toEqual(HELD);
  });

  test('a service account holds nobody and warns of nothing', () => {
    expect(leaving([aToken({ owner: { kind: 'service-account' } })]).verdict.findings).toEqual([]);
  });

  test('two who are named for one token are held both, and that is a warning each time', () => {
    const bob = { kind: 'user', name: 'bob@contoso.com', anchor: 'bob' } as const;
    const tokens = [aToken(), aToken({ owner: bob, named: 'in-configuration', besides: ADA.name })];
    const { verdict, held } = leaving(tokens);
    expect(held).toEqual([...HELD, 'token-owner 0:account:disable:bob']);
    expect(verdict.findings.filter(({ effect }) => effect === 'warn')).toEqual([
      {
        guard: 'token-owner',
        effect: 'warn',
        message:
          'of the active token f1 of connection acme the configuration says that bob@contoso.com owns it, and it was known as that of ada@contoso.com before: both are held',
        remedy:
          'see who generated it, and name that user in both places: change provider.credential.owner of acme in the configuration; headgate token owner f1 <user> -c acme',
        operations: [],
        numbers: { tokens: 1 },
      },
    ]);
  });

  const unknown = aToken({ owner: { kind: 'unknown' } });

  test('T4: an unknown owner is a warning each time, and holds nothing', () => {
    const { verdict, held } = leaving([unknown]);
    expect(held).toEqual([]);
    expect(verdict.findings).toMatchObject([
      { guard: 'token-owner', effect: 'warn', remedy: expect.stringContaining('provider.credential.owner of acme') },
    ]);
  });

  test('T4: strict: an unknown owner holds every removal', () => {
    expect(leaving([unknown], 'strict').held).toEqual([
      'token-owner 0:account:disable:ada',
      'token-owner 0:account:disable:bob',
    ]);
  });

  test('T4: an unknown owner is no warning each day where tokens are not known to hang on people', () => {
    expect(leaving([{ ...unknown, ownerCoupled: false }]).verdict.findings).toEqual([]);
  });

  test.each<{ where: string; named?: 'in-configuration'; place: string }>([
    { where: 'by a person', place: 'headgate token owner f1 <user> -c acme' },
    {
      where: 'in the configuration',
      named: 'in-configuration',
      place: 'change provider.credential.owner of acme in the configuration',
    },
  ])(
    'T4: an owner named $where whom the directory does not know is a warning each time, at any provider',
    ({ named, place }) => {
      const owner = { kind: 'user', name: 'adaa@contoso.com', absent: true } as const;
      const { verdict, held } = leaving([aToken({ owner, ownerCoupled: false, ...(named && { named }) })]);
      expect(held).toEqual([]);
      expect(verdict.findings).toEqual([
        {
          guard: 'token-owner',
          effect: 'warn',
          message:
            'the directory does not know adaa@contoso.com, the owner of the active token f1 of connection acme: only an account of that name or id is held for it',
          remedy: `name the owner as the directory knows them now (userPrincipalName or object id), or service-account: ${place}`,
          operations: [],
          numbers: { absent: 1 },
        },
      ]);
    },
  );

  test('T4: an owner who is gone from the directory is a warning beside the hold; strict holds nobody else for it', () => {
    const gone = aToken({ owner: { ...ADA, absent: true }, ownerCoupled: false });
    const { verdict, held } = leaving([gone], 'strict');
    expect(held).toEqual(HELD);
    expect(verdict.findings.map(({ effect }) => effect)).toEqual(['hold', 'warn']);
  });

  test.each<{ rule: string; token: GuardedCredential; held: number }>([
    { rule: 'nobody named', token: { ...unknown, ownerCoupled: false }, held: 2 },
    {
      rule: 'the directory does not find',
      token: aToken({ ownerCoupled: false, owner: { kind: 'user', name: 'typo@contoso.com' } }),
      held: 2,
    },
    {
      rule: 'of a program',
      token: aToken({ ownerCoupled: false, owner: { kind: 'service-account' } }),
      held: 0,
    },
  ])('T4: strict holds $held removals for a token $rule, whatever the profile knows of tokens', ({ token, held }) => {
    const judged = leaving([token], 'strict');
    expect(judged.held).toHaveLength(held);
    expect(judged.verdict.findings).toHaveLength(held === 0 ? 0 : 1);
  });
});

describe('an owner who is taken out of a SCIM group', () => {
  const BOB = { kind: 'user', name: 'bob@contoso.com', anchor: 'bob' } as const;

  /** Ada and Bob leave the group Crew, and stay assigned; or the group is unassigned. */
  function leavingCrew(
    credentials: readonly GuardedCredential[],
    { tokenOwner = 'warn', unassigned = false, migration }: Partial<Leaving> = {},
  ) {
    const people = ['ada', 'bob', 'cleo'];
    const input = aPlanInput(
      {
        users: people.map((id) => aUser(id)),
        groups: unassigned ? {} : { crew: { name: 'Crew', users: ['cleo'] } },
        assignments: [...people.map((id) => assignUser(id)), ...(unassigned ? [] : [assignGroup('crew')])],
      },
      {
        links: [...people.map((id) => aLink(id)), aLink('crew', { resource: 'group', label: 'Crew', members: people })],
        provider: {
          accounts: people.map((id) => anAccount(`id-${id}`, `${id}@contoso.com`)),
          groups: [aScimGroup('id-crew', 'Crew', { externalId: 'crew', members: people.map((id) => `id-${id}`) })],
        },
        rules: { guards: { ...LIMITS, tokenOwner, off: ['too-many-removals', 'non-empty-group-delete'] } },
      },
    );
    const { plan, collisions } = planCycle(input);
    const { rules, directory, links } = input;
    const bound = migration === undefined ? {} : { migration };
    const verdict = judge({ ...theGuardContext(), plan, rules, directory, links, collisions, credentials, ...bound });
    const findings = verdict.findings.filter(({ guard }) => guard === 'token-owner');
    return { findings, held: [...heldOperations(verdict).values()], kinds: plan.operations.map(({ kind }) => kind) };
  }
  interface Leaving {
    readonly tokenOwner: 'warn' | 'strict';
    readonly unassigned: boolean;
    readonly migration: CycleMigration;
  }

  test('T2: is a warning where tokens hang on people, for nobody knows whether it makes an administrator of them', () => {
    const { findings, held } = leavingCrew([aToken(), aToken({ owner: BOB, fingerprint: 'f2', connection: 'other' })]);
    expect(held).toEqual([]);
    expect(findings).toMatchObject([
      {
        effect: 'warn',
        message: expect.stringMatching(
          /^ada@contoso.com and bob@contoso.com out of group Crew: they own the active token f1 of connection acme and the active token f2/,
        ),
        remedy: expect.stringContaining('headgate token rotate -c acme; headgate token rotate -c other.'),
        numbers: { owners: 2 },
      },
    ]);
  });

  test('T2: strict: is held', () => {
    const { findings, held } = leavingCrew([aToken({ ownerCoupled: false })], { tokenOwner: 'strict' });
    expect(held).toEqual(['token-owner']);
    expect(findings).toMatchObject([
      { effect: 'hold', message: expect.stringMatching(/^ada@contoso.com out of group/) },
    ]);
  });

  test('T2: so with the group that goes as a whole, but for the one a migration is about', () => {
    expect(leavingCrew([aToken()], { unassigned: true })).toMatchObject({
      kinds: expect.arrayContaining(['delete']),
      findings: [{ effect: 'warn' }],
    });
    const migration = { id: 'm1', mode: 'forward', groups: ['crew'] } as const;
    expect(leavingCrew([aToken()], { unassigned: true, migration }).findings).toEqual([]);
  });

  test.each([
    { rule: 'somebody else', credentials: [aToken({ owner: { ...BOB, anchor: 'cleo', name: 'cleo@contoso.com' } })] },
    { rule: 'where tokens are not known to hang on people', credentials: [aToken({ ownerCoupled: false })] },
    { rule: 'whose token is retired', credentials: [aToken({ state: 'retired' })] },
  ])('is nothing of $rule', ({ credentials }) => {
    expect(leavingCrew(credentials).findings).toEqual([]);
  });
});

describe('an administrator’s role', () => {
  const roleLine: AttributeMapping = { kind: 'direct', source: 'employeeType', target: 'userType' };

  const ADMIN = { userType: 'Admin', roles: [{ primary: true, value: 'Admin' }] };

  function changed(user: string, mapping: readonly AttributeMapping[], attributes: Record<string, string>) {
    const compiled = compileMapping(mapping);
    if ('problems' in compiled) throw new Error('not a mapping');
    const body = { ...ADMIN, displayName: `User ${user}`, name: { givenName: 'User', familyName: user } };
    const role = { id: 'role', value: 'Member', displayName: 'Member', enabled: true };
    const input = {
      ...aPlanInput(
        {
          users: [aUser(user, { attributes })],
          assignments: [{ ...assignUser(user), roleId: role.id }],
        },
        {
          links: [aLink(user)],
          provider: { accounts: [anAccount(`id-${user}`, `${user}@contoso.com`, { body })] },
        },
      ),
      rules: theRules({ mapping, guards: LIMITS }),
      mapping: compiled.mapping,
    };
    const directory = { ...input.directory, application: { ...input.directory.application, roles: [role] } };
    const { plan, collisions } = planCycle({ ...input, directory });
    const verdict = judge({ ...theGuardContext(), ...input, directory, plan, collisions, credentials: [aToken()] });
    return [plan.operations.map(({ kind }) => kind), [...heldOperations(verdict).values()]];
  }

  test('T2: is not taken from the owner of a token: the change is held', () => {
    expect(changed('ada', [...DEFAULT_MAPPING, roleLine], { employeeType: 'Member' })).toEqual([
      ['update'],
      ['token-owner'],
    ]);
  });

  test.each([
    'usertype',
    'UserType',
    'urn:ietf:params:scim:schemas:core:2.0:User:userType',
    'URN:ietf:params:scim:schemas:core:2.0:user:USERTYPE',
  ])('T2: is held however the mapping spells it: %s', (target) => {
    expect(changed('ada', [...DEFAULT_MAPPING, { ...roleLine, target }], { employeeType: 'Member' })).toEqual([
      ['update'],
      ['token-owner'],
    ]);
  });

  test.each(['roles[primary eq "True"].value', 'roles[primary eq true].value', 'Roles[Primary eq "true"].Value'])(
    'T2: is held as the role of the assignment: %s',
    (target) => {
      const expression = 'SingleAppRoleAssignment([appRoleAssignments])';
      const line: AttributeMapping = { kind: 'expression', expression, target };
      expect(changed('ada', [...DEFAULT_MAPPING, line], {})).toEqual([['update'], ['token-owner']]);
    },
  );

  test('T2: is held where only an expression tells that it is one', () => {
    const line: AttributeMapping = {
      kind: 'expression',
      expression: 'SingleAppRoleAssignment([appRoleAssignments])',
      target: 'NickName',
    };
    expect(changed('ada', [...DEFAULT_MAPPING, line], {})).toEqual([['update'], ['token-owner']]);
  });

  test('is taken from anybody else', () => {
    expect(changed('bob', [...DEFAULT_MAPPING, roleLine], { employeeType: 'Member' })).toEqual([['update'], []]);
  });

  test('other attributes of the owner change as ever', () => {
    expect(changed('ada', DEFAULT_MAPPING, { displayName: 'Ada L.' })).toEqual([['update'], []]);
  });
});
