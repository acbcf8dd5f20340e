import { describe, expect, test } from 'vitest';
import { planCycle } from '../../../src/core/planning/plan-cycle.ts';
import type { PlanInput } from '../../../src/core/planning/plan-input.ts';
import { aLink, anAccount, aPlanInput, assignGroup, assignUser, aUser, theProfile } from '../../builders.ts';

type Given = Parameters<typeof aPlanInput>;

const sales = { name: 'Sales', clauses: [{ attribute: 'department', is: 'equals' as const, value: 'Sales' }] };
const filtering = { scope: { groups: true, nestedGroups: 'direct' as const, filters: [sales] } };
const blocked = aUser('ada', { enabled: false });
const nameless = aUser('ada', { attributes: { userPrincipalName: null } });
const assigned = [assignUser('ada')];
const { groups } = theProfile();
const adasAccount = anAccount('id-ada', 'ada@contoso.com');

function skippedOf(input: PlanInput): readonly string[] {
  return planCycle(input).skipped.map(({ resource, name, code, text }) => `${resource} ${name} ${code}: ${text}`);
}

describe('a plan tells of those it passes over:', () => {
  test.each<[rule: string, given: Given, skipped: readonly string[]]>([
    ['nobody who gets an account', [{ users: [aUser('ada')], assignments: assigned }], []],
    [
      'an assigned user who may not sign in and has no account',
      [{ users: [blocked], assignments: assigned }],
      [
        'account ada@contoso.com NotEffectivelyEntitled: sign-in is blocked in the directory; no account is made until it is allowed',
      ],
    ],
    [
      'not a user who may not sign in and has one: that is a removal',
      [
        { users: [blocked], assignments: assigned, whereabouts: { ada: 'disabled' } },
        { links: [aLink('ada')], provider: { accounts: [adasAccount] } },
      ],
      [],
    ],
    [
      'a blocked user whose account was deleted',
      [{ users: [blocked], assignments: assigned }, { links: [aLink('ada', { state: 'deleted' })] }],
      [
        'account ada@contoso.com NotEffectivelyEntitled: sign-in is blocked in the directory; no account is made until it is allowed',
      ],
    ],
    ['not somebody whom no assignment reaches', [{ users: [blocked] }], []],
    [
      'whom a scoping filter leaves out, with the filter and never a value of theirs',
      [
        { users: [aUser('ada', { attributes: { department: 'Secret Service' } })], assignments: assigned },
        { rules: filtering },
      ],
      [
        'account ada@contoso.com EntrySynchronizationSkipped: left out by scoping filter Sales (department equals "Sales")',
      ],
    ],
    [
      'whom the scoping filters cannot judge',
      [{ users: [aUser('ada')], assignments: assigned }, { rules: filtering }],
      [
        'account ada@contoso.com ImportSkipped: could not be judged by the scoping filters: an attribute they ask for was not read',
      ],
    ],
    [
      'of whom the mapping makes nothing, by id where there is no name',
      [{ users: [nameless], assignments: assigned }],
      ['account ada MissingValues: no account can be made: userName: the mapping gives no value'],
    ],
    [
      'whose account cannot be kept up to date',
      [
        { users: [nameless], assignments: assigned },
        { links: [aLink('ada')], provider: { accounts: [adasAccount] } },
      ],
      ['account ada MissingValues: the account is not kept up to date: userName: the mapping gives no value'],
    ],
    [
      'who lacks what the provider requires',
      [
        { users: [aUser('ada')], assignments: assigned },
        { profile: { attributes: { ...theProfile().attributes, required: ['nickName'] } } },
      ],
      [
        'account ada@contoso.com MandatoryFieldsMissing: no account can be made: the provider requires nickName, for which there is no value (MandatoryFieldsMissing)',
      ],
    ],
    [
      'a group where the provider has none',
      [
        { users: [aUser('ada')], groups: { it: { name: 'IT', users: ['ada'] } }, assignments: [assignGroup('it')] },
        { profile: { groups: { ...groups, supported: false } } },
      ],
      ['group IT GroupsNotSupported: the provider has no groups; the members are provisioned, the group is not'],
    ],
  ])('%s', (_rule, given, skipped) => {
    expect(skippedOf(aPlanInput(...given))).toEqual(skipped);
  });

  test('in the order of their ids, and only those an incremental cycle looks at', () => {
    const users = ['cy', 'ada', 'bob'].map((id) => aUser(id, { enabled: false }));
    const input = aPlanInput({ users, assignments: users.map(({ id }) => assignUser(id)) });
    expect(planCycle(input).skipped.map(({ anchor }) => anchor)).toEqual(['ada', 'bob', 'cy']);
    const linked = { accounts: 0, groups: 0, members: 0 };
    const focus = { users: new Set(['bob']), groups: new Set<string>(), linked };
    expect(planCycle({ ...input, kind: 'incremental', focus }).skipped.map(({ anchor }) => anchor)).toEqual(['bob']);
  });
});
