import { describe, expect, it } from 'vitest';
import { generateState } from '../../../src/sandbox/organisation/generate.ts';
import { guideState } from '../../../src/sandbox/organisation/guide-company.ts';
import { text, type OrganisationState } from '../../../src/sandbox/organisation/model.ts';

const state = generateState({ seed: 42, users: 2000, groups: 60 });

/** Every path by which each user reaches the first application: `direct`, or the id of a group. */
function pathsOf({ assignments, groups, servicePrincipals }: OrganisationState): Map<string, string[]> {
  const paths = new Map<string, string[]>();
  const add = (user: string, path: string): void => void paths.set(user, [...(paths.get(user) ?? []), path]);
  for (const { principalId, principalType, resourceId } of assignments) {
    if (resourceId !== servicePrincipals[0]?.id) continue;
    if (principalType === 'User') add(principalId, 'direct');
    for (const member of groups.find((group) => group.id === principalId)?.members ?? []) add(member, principalId);
  }
  return paths;
}

describe('a generated organisation', () => {
  it('is the same for the same seed and another for another', () => {
    const bytes = (seed: number): string => JSON.stringify(generateState({ seed, users: 300, groups: 30 }));
    expect(bytes(1)).toBe(bytes(1));
    expect(bytes(1)).not.toBe(bytes(2));
  });

  it.each([0, 1, 2, 50, 1000])('has the users and groups asked for (%d users)', (users) => {
    const small = generateState({ seed: 1, users, groups: 5 });
    expect([small.users.length, small.groups.length]).toEqual([users, 5]);
  });

  it.each([
    ['ids', state.users.map((user) => user.id)],
    ['group ids', state.groups.map((group) => group.id)],
    [
      'userPrincipalNames in lower case',
      state.users.map((user) => text(user.properties, 'userPrincipalName').toLowerCase()),
    ],
    ['assignment ids', state.assignments.map((assignment) => assignment.id)],
  ])('has unique %s', (_name, values) => {
    expect(new Set(values).size).toBe(values.length);
  });

  it('refers only to what is there', () => {
    const known = new Set([...state.users, ...state.groups, ...state.servicePrincipals].map((one) => one.id));
    const referred = [
      ...state.groups.flatMap((group) => group.members),
      ...state.assignments.flatMap((assignment) => [assignment.principalId, assignment.resourceId]),
      ...state.users.flatMap((user) => user.managerId ?? []),
    ];
    expect(referred.filter((id) => !known.has(id))).toEqual([]);
  });

  it('has a management tree without circles', () => {
    const place = new Map(state.users.map((user, index) => [user.id, index]));
    const managed = state.users.filter((user) => user.managerId !== null);
    expect(managed.length).toBeGreaterThan(1000);
    const upward = managed.filter((user) => (place.get(user.managerId ?? '') ?? 0) >= (place.get(user.id) ?? 0));
    expect(upward).toEqual([]);
  });

  const users = (property: string, value: unknown) => (s: OrganisationState) =>
    s.users.filter((user) => user.properties[property] === value).length;
  const named = (pattern: RegExp) => (s: OrganisationState) =>
    [...s.users, ...s.groups].filter((one) => pattern.test(text(one.properties, 'displayName'))).length;
  const groups = (property: string, value: unknown) => (s: OrganisationState) =>
    s.groups.filter((group) => JSON.stringify(group.properties[property]) === JSON.stringify(value)).length;
  it.each([
    ['guests', users('userType', 'Guest')],
    ['disabled users', users('accountEnabled', false)],
    ['users mastered on-premises', users('onPremisesSyncEnabled', true)],
    [
      'guests with an #EXT# name',
      (s) => s.users.filter((user) => text(user.properties, 'userPrincipalName').includes('#EXT#')).length,
    ],
    ['apostrophes', named(/'/)],
    ['quotes', named(/"/)],
    ['percent signs', named(/%/)],
    ['backslashes', named(/\\/)],
    ['scripts beyond Latin', named(/[\p{Script=Han}\p{Script=Cyrillic}\p{Script=Arabic}]/u)],
    ['soft-deleted users', (s) => s.deletedUsers.length],
    ['dynamic groups', groups('groupTypes', ['DynamicMembership'])],
    ['Microsoft 365 groups', groups('groupTypes', ['Unified'])],
    ['groups mastered on-premises', groups('onPremisesSyncEnabled', true)],
    ['mail-enabled groups', groups('mailEnabled', true)],
    ['role-assignable groups', groups('isAssignableToRole', true)],
    [
      'groups in groups',
      (s) => s.groups.filter((group) => group.members.some((id) => s.groups.some((one) => one.id === id))).length,
    ],
  ] satisfies [string, (s: OrganisationState) => number][])(
    'has %s, from 50 users and 30 groups on',
    (_name, count) => {
      expect(count(state)).toBeGreaterThan(0);
      expect(count(generateState({ seed: 5, users: 50, groups: 30 }))).toBeGreaterThan(0);
    },
  );

  it('has colliding mail nicknames and display names', () => {
    const repeated = (values: readonly string[]): number => values.length - new Set(values).size;
    expect(repeated(state.users.map((user) => text(user.properties, 'mailNickname')))).toBeGreaterThan(0);
    expect(repeated(state.users.map((user) => text(user.properties, 'displayName')))).toBeGreaterThan(0);
    expect(repeated(state.groups.map((group) => text(group.properties, 'displayName')))).toBeGreaterThan(0);
  });

  it('has users assigned directly, by a group, by several paths, and not at all', () => {
    const all = [...pathsOf(state).values()];
    expect(all.filter((paths) => paths.every((path) => path === 'direct')).length).toBeGreaterThan(0);
    expect(all.filter((paths) => !paths.includes('direct')).length).toBeGreaterThan(0);
    expect(all.filter((paths) => paths.includes('direct') && paths.length > 1).length).toBeGreaterThan(0);
    expect(state.users.length).toBeGreaterThan(all.length);
  });

  it('never assigns a group that Entra would refuse to assign', () => {
    const assigned = new Set(state.assignments.map((assignment) => assignment.principalId));
    const plain = state.groups.filter((group) => group.properties['securityEnabled'] !== true);
    expect(plain.length).toBeGreaterThan(0);
    expect(plain.filter((group) => assigned.has(group.id))).toEqual([]);
  });
});

describe("the guide's company", () => {
  it('has Info Test1 and Info Test3 in Uniqkey through the group IT alone', () => {
    const guide = guideState();
    const paths = pathsOf(guide);
    const names = guide.users.filter((user) => paths.has(user.id)).map((user) => text(user.properties, 'displayName'));
    expect(names).toEqual(['Info Test1', 'Info Test3']);
    expect([...paths.values()].flat().every((path) => path === guide.groups[0]?.id)).toBe(true);
  });
});
