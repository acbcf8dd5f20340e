import { describe, expect, it } from 'vitest';
import { ConflictError, NotFoundError, RejectedError } from '../../../src/core/errors.ts';
import { generateState } from '../../../src/sandbox/organisation/generate.ts';
import { guideCompany } from '../../../src/sandbox/organisation/guide-company.ts';
import { text } from '../../../src/sandbox/organisation/model.ts';
import { createOrganisation, type Organisation } from '../../../src/sandbox/organisation/organisation.ts';

const TEST1 = 'info.test1@testcompany.example';
const TEST2 = 'info.test2@testcompany.example';

function assignedNames(organisation: Organisation): string[] {
  const { assignments, users, groups } = organisation.snapshot();
  const named = [...users, ...groups];
  return assignments.map(({ principalId }) => {
    const principal = named.find((one) => one.id === principalId);
    return principal === undefined ? 'nobody' : text(principal.properties, 'displayName');
  });
}

function membersOf(organisation: Organisation, group: string): readonly string[] {
  const found = organisation.snapshot().groups.find((one) => one.properties['displayName'] === group);
  return found?.members ?? [];
}

describe('an administrator of the organisation', () => {
  it('assigns and unassigns users and groups by name or id', () => {
    const organisation = guideCompany();
    expect(assignedNames(organisation)).toEqual(['IT']);
    organisation.assign({ principal: TEST2, role: 'User' });
    expect(assignedNames(organisation)).toEqual(['IT', 'Info Test2']);
    expect(organisation.unassign({ principal: 'IT' })).toBe(1);
    expect(assignedNames(organisation)).toEqual(['Info Test2']);
  });

  it('takes memberships and assignments away with a soft-deleted user and gives them back on restore', () => {
    const organisation = guideCompany();
    const { id } = organisation.updateUser(TEST1, { jobTitle: 'Tester' });
    organisation.assign({ principal: id });
    const before = organisation.snapshot();
    organisation.softDeleteUser(TEST1);
    expect(membersOf(organisation, 'IT')).not.toContain(id);
    expect(assignedNames(organisation)).toEqual(['IT']);
    expect(organisation.snapshot().deletedUsers.map((deleted) => deleted.id)).toEqual([id]);
    organisation.restoreUser(id);
    const after = organisation.snapshot();
    expect(new Set(membersOf(organisation, 'IT'))).toEqual(new Set(before.groups[0]?.members));
    expect(assignedNames(organisation)).toEqual(['IT', 'Info Test1']);
    expect(after.deletedUsers).toEqual([]);
    expect(after.users.find((user) => user.id === id)?.properties['jobTitle']).toBe('Tester');
  });

  it('removes a user for good, from where it is', () => {
    const organisation = guideCompany();
    const { id } = organisation.updateUser(TEST1, {});
    organisation.softDeleteUser(id);
    organisation.hardDeleteUser(id);
    organisation.hardDeleteUser(TEST2);
    const state = organisation.snapshot();
    expect(state.deletedUsers).toEqual([]);
    expect(state.users).toHaveLength(1);
    expect(() => organisation.restoreUser(id)).toThrow(NotFoundError);
  });

  it('deletes a group with its memberships and its assignment', () => {
    const organisation = guideCompany();
    const { id } = organisation.updateUser(TEST1, {});
    organisation.deleteGroup('IT');
    expect(organisation.groupsOf(id, organisation.version())).toEqual([]);
    expect(organisation.snapshot()).toMatchObject({ groups: [], assignments: [] });
  });

  it.each([
    [
      'a userPrincipalName that is taken, in any case',
      (o: Organisation) => o.updateUser(TEST2, { userPrincipalName: TEST1.toUpperCase() }),
      ConflictError,
    ],
    ['a new user with a taken name', (o: Organisation) => o.createUser({ userPrincipalName: TEST1 }), ConflictError],
    ['a new user without a name', (o: Organisation) => o.createUser({ displayName: 'x' }), RejectedError],
    ['a group without a name', (o: Organisation) => o.createGroup({}), RejectedError],
    ['a second membership', (o: Organisation) => o.addMember('IT', TEST1), ConflictError],
    ['the end of a membership there is not', (o: Organisation) => o.removeMember('IT', TEST2), NotFoundError],
    ['a second assignment of one role', (o: Organisation) => o.assign({ principal: 'IT' }), ConflictError],
    ['the end of an assignment there is not', (o: Organisation) => o.unassign({ principal: TEST2 }), NotFoundError],
    ['a role the application lacks', (o: Organisation) => o.assign({ principal: TEST2, role: 'Boss' }), NotFoundError],
    [
      'an application there is not',
      (o: Organisation) => o.assign({ principal: TEST2, application: 'x' }),
      NotFoundError,
    ],
    ['a user there is not', (o: Organisation) => o.softDeleteUser('nobody'), NotFoundError],
    [
      'a restore under a name taken meanwhile',
      (o: Organisation) => {
        const { id } = o.updateUser(TEST1, {});
        o.softDeleteUser(id);
        o.createUser({ userPrincipalName: TEST1 });
        o.restoreUser(id);
      },
      ConflictError,
    ],
  ])('is refused %s', (_name, change, error) => {
    expect(() => void change(guideCompany())).toThrow(error);
  });

  it('is refused a group by a name that two have', () => {
    const organisation = createOrganisation(generateState({ seed: 7, users: 20, groups: 30 }));
    expect(() => organisation.deleteGroup('Twins')).toThrow(RejectedError);
  });

  it('finds a renamed user by the new name now and by the old name as it was', () => {
    const organisation = guideCompany();
    const before = organisation.version();
    const { id } = organisation.updateUser(TEST1, { userPrincipalName: 'new@testcompany.example' });
    const now = organisation.version();
    expect(organisation.userByName('NEW@testcompany.example', now)?.id).toBe(id);
    expect(organisation.userByName(TEST1, now)).toBeUndefined();
    expect(organisation.userByName(TEST1, before)?.id).toBe(id);
    expect(organisation.userByName('new@testcompany.example', before)).toBeUndefined();
  });

  it('leaves a trail of what changed when', () => {
    const organisation = guideCompany(() => 1_700_000_000_000);
    organisation.removeMember('IT', TEST1);
    organisation.softDeleteUser(TEST2);
    expect(organisation.changes.map(({ version, kind, at }) => [version, kind, at])).toEqual([
      [1, 'member', 1_700_000_000_000],
      [2, 'user', 1_700_000_000_000],
    ]);
  });
});

describe('a snapshot', () => {
  it('starts the same organisation again, through JSON', () => {
    const organisation = createOrganisation(generateState({ seed: 3, users: 60, groups: 30 }));
    organisation.softDeleteUser(organisation.snapshot().users[4]?.id ?? '');
    const state = organisation.snapshot();
    const again = createOrganisation(JSON.parse(JSON.stringify(state)));
    expect(again.snapshot()).toEqual(state);
  });
});
