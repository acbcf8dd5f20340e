import { describe, expect, test } from 'vitest';
import { profileByName } from '../../../src/adapters/scim/profiles/profile-by-name.ts';
import { judge } from '../../../src/core/guards.ts';
import { linkAfter } from '../../../src/core/link-after.ts';
import { planCycle } from '../../../src/core/planning/plan-cycle.ts';
import type { Effect, ProviderProfile } from '../../../src/core/profile.ts';
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
} from '../../builders.ts';

type Input = Parameters<typeof aPlanInput>;

const generic = profileByName('generic');
const deactivating = (means: Effect, deleteMeans: Effect): Partial<ProviderProfile> => ({
  deactivate: { ...generic.deactivate, means, deleteMeans },
});
const grouping = (facts: Partial<ProviderProfile['groups']>): Partial<ProviderProfile> => ({
  groups: { ...generic.groups, ...facts },
});

const ada = aUser('ada');
const account = (id: string) =>
  anAccount(`id-${id}`, `${id}@contoso.com`, {
    body: { displayName: `User ${id}`, externalId: `nick-${id}`, name: { givenName: 'User', familyName: id } },
  });

function leaver(profile: Partial<ProviderProfile>, whereabouts: 'present' | 'absent'): Input {
  return [
    { whereabouts: { ada: whereabouts } },
    { links: [aLink('ada')], provider: { accounts: [account('ada')] }, profile },
  ];
}

describe('what removing an account really does', () => {
  test.each<[verb: 'disable' | 'delete', effect: Effect, says: string]>([
    ['disable', 'suspend', 'no longer assigned to the application'],
    ['disable', 'remove', 'this provider removes the account instead of suspending it; no longer'],
    ['disable', 'delete', 'this provider deletes the account instead of suspending it; no longer'],
    ['disable', 'irreversible', 'instead of suspending it, and it cannot be undone; no longer'],
    ['delete', 'suspend', 'this provider only deactivates the account; permanently deleted'],
    ['delete', 'remove', 'this provider removes the account; permanently deleted'],
    ['delete', 'delete', 'permanently deleted in the directory'],
    ['delete', 'irreversible', 'cannot be undone at this provider; permanently deleted'],
  ])('a %s that means %s is planned as such, and says so', (verb, effect, says) => {
    const profile = verb === 'disable' ? deactivating(effect, 'delete') : deactivating('suspend', effect);
    const { plan } = planCycle(aPlanInput(...leaver(profile, verb === 'disable' ? 'present' : 'absent')));
    expect(plan.operations).toMatchObject([{ kind: verb, effect }]);
    expect(plan.operations[0]?.reason.text).toContain(says);
  });

  test.each<[Effect, string]>([
    ['suspend', 'accounts to disable'],
    ['remove', 'accounts to delete'],
    ['delete', 'accounts to delete'],
    ['irreversible', 'accounts to delete'],
  ])('a disable and a delete that both mean %s are counted together as %s', (effect, counted) => {
    const leavers = ['u1', 'u2', 'u3', 'u4'];
    const stayers = Array.from({ length: 60 }, (_, index) => `s${index}`);
    const rules = { guards: theGuards({ tooManyRemovals: { count: 3, percent: 100 } }) };
    const input = aPlanInput(
      {
        users: stayers.map((id) => aUser(id)),
        assignments: stayers.map((id) => assignUser(id)),
        whereabouts: { u1: 'present', u2: 'present', u3: 'absent', u4: 'absent' },
      },
      {
        links: [...leavers, ...stayers].map((id) => aLink(id)),
        provider: { accounts: [...leavers, ...stayers].map(account) },
        profile: deactivating(effect, effect),
        rules,
      },
    );
    const { plan, collisions } = planCycle(input);
    const { findings } = judge({
      ...theGuardContext(),
      plan,
      rules: input.rules,
      directory: input.directory,
      links: input.links,
      collisions,
      credentials: [],
    });
    expect(findings.map(({ guard, message }) => `${guard}: ${message}`)).toEqual([
      `too-many-removals: 4 ${counted} in one cycle: more than 3`,
    ]);
    expect(findings[0]?.operations).toHaveLength(4);
  });

  test('a delete that only deactivates is not planned again once the account is inactive', () => {
    const profile = { ...generic, ...deactivating('suspend', 'suspend') };
    const input = aPlanInput(...leaver(profile, 'absent'));
    const [operation] = planCycle(input).plan.operations;
    if (operation === undefined) throw new Error('nothing was planned');
    const link = linkAfter(operation, { resourceId: 'id-ada', requests: 1 }, input.links[0], profile);
    const inactive = { ...account('ada'), active: false };
    const next = aPlanInput(
      { whereabouts: { ada: 'absent' } },
      { links: link === undefined ? [] : [link], provider: { accounts: [inactive] }, profile },
    );
    expect(link).toMatchObject({ state: 'disabled' });
    expect(planCycle(next).plan.operations).toEqual([]);
  });
});

describe('groups at providers that are particular about them', () => {
  const itGroup = aScimGroup('id-it', 'IT', { externalId: 'it', members: ['id-ada', 'id-bob', 'stranger'] });
  const links = [aLink('ada'), aLink('bob'), aLink('it', { resource: 'group', label: 'IT', members: ['ada', 'bob'] })];
  const everybody = {
    users: [ada, aUser('bob')],
    assignments: [assignUser('ada'), assignUser('bob')],
  };

  test('a group whose members would be deleted with it is emptied of ours before, and its reason says why', () => {
    const provider = { accounts: [account('ada'), account('bob')], groups: [itGroup] };
    const input = aPlanInput(everybody, { links, provider, profile: grouping({ deleteCascades: true }) });
    const { operations } = planCycle(input).plan;
    expect(operations.map(({ wave, kind, resource }) => `${wave} ${kind} ${resource}`)).toEqual([
      '3 members group',
      '4 delete group',
    ]);
    expect(operations[0]).toMatchObject({ add: [], remove: [{ anchor: 'ada' }, { anchor: 'bob' }] });
    expect(operations[1]?.reason.text).toMatch(/only once it is empty: .* may remove the accounts of its members/);
  });

  test('members taken out before the group is deleted are counted once', () => {
    const provider = { accounts: [account('ada'), account('bob')], groups: [itGroup] };
    const rules = { guards: theGuards({ tooManyRemovals: { count: 1, percent: 100 } }) };
    const input = aPlanInput(everybody, { links, provider, rules, profile: grouping({ deleteCascades: true }) });
    const { plan, collisions } = planCycle(input);
    const verdict = judge({
      ...theGuardContext(),
      plan,
      rules: input.rules,
      directory: input.directory,
      links,
      collisions,
    });
    expect(verdict.findings.map(({ message }) => message)).toEqual(['2 members to remove in one cycle: more than 1']);
  });

  test('elsewhere a group is deleted with whoever is in it', () => {
    const provider = { accounts: [account('ada'), account('bob')], groups: [itGroup] };
    const { operations } = planCycle(aPlanInput(everybody, { links, provider })).plan;
    expect(operations.map(({ kind }) => kind)).toEqual(['delete']);
  });

  test('a group that cannot be renamed is told of and left alone, its members not', () => {
    const organisation = {
      users: [ada],
      groups: { it: { name: 'Information Technology', users: ['ada'] } },
      assignments: [assignGroup('it')],
    };
    const provider = { accounts: [account('ada')], groups: [aScimGroup('id-it', 'IT', { externalId: 'it' })] };
    const input = aPlanInput(organisation, {
      links: links.slice(0, 1).concat(links.slice(2)),
      provider,
      profile: grouping({ rename: false }),
    });
    const { plan } = planCycle(input);
    expect(plan.operations.map(({ kind }) => kind)).toEqual(['members']);
    expect(plan.notices).toMatchObject([{ code: 'group-not-renamed', anchors: ['it'] }]);
    expect(plan.notices[0]?.text).toContain('1 SCIM group keeps its old name,');
  });

  test('a group whose name is right gives no notice where groups cannot be renamed', () => {
    const organisation = { users: [ada], groups: { it: { name: 'IT', users: [] } }, assignments: [assignGroup('it')] };
    const provider = { groups: [aScimGroup('id-it', 'IT', { externalId: 'it' })] };
    const input = aPlanInput(organisation, { links: links.slice(2), provider, profile: grouping({ rename: false }) });
    expect(planCycle(input).plan.notices).toEqual([]);
  });

  test('assigned groups are told of where the provider has no groups, and their members are provisioned', () => {
    const organisation = {
      users: [ada],
      groups: { it: { name: 'IT', users: ['ada'] } },
      assignments: [assignGroup('it')],
    };
    const { plan } = planCycle(aPlanInput(organisation, { profile: grouping({ supported: false }) }));
    expect(plan.operations.map(({ resource, kind }) => `${resource} ${kind}`)).toEqual(['account create']);
    expect(plan.notices).toMatchObject([{ code: 'groups-unsupported', anchors: ['it'] }]);
  });

  test('where members are not shown, an account created anew is added to its groups again', () => {
    const organisation = {
      users: [ada],
      groups: { it: { name: 'IT', users: ['ada'] } },
      assignments: [assignGroup('it')],
    };
    const { members: _, ...silent } = itGroup;
    const given = {
      links: [aLink('ada'), aLink('it', { resource: 'group', members: ['ada'] })],
      provider: { groups: [silent] },
    };
    const { operations } = planCycle(aPlanInput(organisation, { ...given, vanished: ['id-ada'] })).plan;
    expect(operations.map(({ kind }) => kind)).toEqual(['create', 'members']);
    expect(operations[1]).toMatchObject({ add: ['ada'], remove: [] });
  });
});

describe('userNames the provider would change', () => {
  const slack = profileByName('slack').attributes;
  const named = (userPrincipalName: string) =>
    aUser('ada', { attributes: { userPrincipalName, mail: 'ada@contoso.com' } });

  test.each([
    ['ada.lovelace', 1, undefined],
    ['Ada.Lovelace', 1, undefined],
    ['ada.lovelace.of.contoso', 0, 'longer than the 21 characters'],
    ['ada@contoso.com', 0, 'characters the provider does not take'],
  ])('a user named %s gives %i creates', (name, creates, why) => {
    const input = aPlanInput(
      { users: [named(name)], assignments: [assignUser('ada')] },
      { profile: { attributes: slack } },
    );
    const { plan } = planCycle(input);
    expect(plan.operations).toHaveLength(creates);
    expect(plan.notices.map(({ text }) => text).join()).toMatch(why ?? /^$/);
  });

  test('a user renamed to what does not fit keeps the account as it is, and is told of', () => {
    const input = aPlanInput(
      { users: [named('ada.lovelace.of.contoso')], assignments: [assignUser('ada')] },
      {
        links: [aLink('ada')],
        provider: { accounts: [anAccount('id-ada', 'ada.lovelace')] },
        profile: { attributes: slack },
      },
    );
    const { plan } = planCycle(input);
    expect(plan.operations).toEqual([]);
    expect(plan.notices).toMatchObject([{ code: 'mapping-failed', anchors: ['ada'] }]);
  });
});
