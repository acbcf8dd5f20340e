import { afterEach, describe, expect, it } from 'vitest';
import { text } from '../../../src/sandbox/organisation/model.ts';
import { readerApplication } from '../../../src/sandbox/tenant/login/applications.ts';
import { IncompleteReadError, TransientError, UnauthorizedError } from '../../../src/core/errors.ts';
import { openCompany, type Company } from './sandbox-company.ts';

const signal = new AbortController().signal;
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of opened.splice(0).toReversed()) await thing.close();
});

function open(size: Parameters<typeof openCompany>[1], options?: Parameters<typeof openCompany>[2]): Promise<Company> {
  return openCompany(opened, size, options);
}

it('names the attribute that Graph does not know, because the mapping has many', async () => {
  const { directory, users } = await open({ users: 10, groups: 2 });
  const ids = users().map(({ id }) => id);
  const reading = directory.readUsers(ids, ['userPrincipalName', 'mailNicknam'], signal);
  await expect(reading).rejects.toThrow(/reading users \(400 BadRequest\): it knows no property "mailNicknam"/);
});

describe('a whole organisation', () => {
  it('is read as it is: assignments past the first page, groups, members, users, managers', async () => {
    const { directory, tenant, appId, users } = await open({ users: 3000, groups: 60 });
    const { organisation } = tenant;
    const at = organisation.version();
    const application = await directory.readApplication(appId, signal);
    expect(application.roles.map(({ enabled }) => enabled)).toEqual([true, true, true, false]);

    const assignments = await directory.readAssignments(application.id, signal);
    const held = [...organisation.assignments(application.id).values(at)];
    expect(held.length).toBeGreaterThan(500);
    expect(assignments.gaps).toEqual([]);
    const dated = assignments.value.map(({ id, created }) => `${id} ${created}`);
    expect(dated.toSorted()).toEqual(held.map(({ id, createdDateTime }) => `${id} ${createdDateTime}`).toSorted());

    const groupIds = [...organisation.groups.values(at)].map(({ id }) => id);
    const groups = await directory.readGroups(groupIds, ['displayName'], signal);
    expect(groups.size).toBe(groupIds.length);
    for (const group of organisation.groups.values(at)) {
      const { displayName = null, onPremisesSyncEnabled } = group.properties;
      expect(groups.get(group.id)).toMatchObject({
        attributes: { displayName },
        onPremises: onPremisesSyncEnabled === true,
      });
    }

    const memberships = await directory.readMemberships(groupIds, signal);
    expect(memberships.gaps).toEqual([]);
    for (const id of groupIds) {
      const members = [...organisation.members(id).values(at)];
      const read = memberships.value.get(id);
      expect(read?.users.toSorted()).toEqual(
        members.flatMap(({ id, kind }) => (kind === 'user' ? [id] : [])).toSorted(),
      );
      expect(read?.nestedGroups.toSorted()).toEqual(
        members.flatMap(({ id, kind }) => (kind === 'group' ? [id] : [])).toSorted(),
      );
    }

    const wanted = users();
    const read = await directory.readUsers(
      wanted.map(({ id }) => id),
      ['userPrincipalName', 'displayName', 'department', 'businessPhones', 'extensionAttribute1'],
      signal,
    );
    expect(read.size).toBe(3000);
    for (const { id, managerId, properties } of wanted) {
      expect(read.get(id)).toMatchObject({
        enabled: properties['accountEnabled'],
        attributes: {
          userPrincipalName: properties['userPrincipalName'],
          displayName: properties['displayName'] ?? null,
        },
      });
      expect(read.get(id)?.manager ?? null).toBe(managerId);
    }
  });

  it('gives the same users by id as from the whole tenant', async () => {
    const { directory, users } = await open({ users: 600, groups: 5 });
    const ids = users().map(({ id }) => id);
    const attributes = ['userPrincipalName', 'displayName', 'jobTitle', 'mail'];
    const whole = await directory.readUsers(ids, attributes, signal);
    const byId = await directory.readUsers(ids.slice(0, 300), attributes, signal);
    for (const id of ids.slice(0, 300)) expect(byId.get(id)).toEqual(whole.get(id));
  });

  it('finds every awkward name: guests, quotes, percent signs, unicode', async () => {
    const { directory, users } = await open({ users: 400, groups: 5 });
    const names = users().map(({ properties }) => text(properties, 'userPrincipalName'));
    const awkward = names.filter((name) => /['#%]|[^ -~]/u.test(name)).slice(0, 40);
    expect(awkward.some((name) => name.includes('#EXT#'))).toBe(true);
    for (const name of awkward) {
      const found = await directory.findUser(name, ['userPrincipalName'], signal);
      expect(found?.attributes['userPrincipalName']).toBe(name);
    }
    expect(await directory.findUser('nobody@contoso.example', [], signal)).toBeUndefined();
  });

  it('finds groups by id and by name, every one of them where a name is shared', async () => {
    const { directory, tenant } = await open({ users: 10, groups: 2 });
    const make = (displayName: string) => tenant.control.createGroup({ displayName, mailEnabled: false }).id;
    const odd = "O'Neill's 100% R&D #1";
    const ids = [make(odd), make(odd)];
    make('O');
    const found = await directory.findGroups(odd, signal);
    expect(found.map(({ id }) => id).toSorted()).toEqual(ids.toSorted());
    expect(found.map(({ name }) => name)).toEqual([odd, odd]);
    expect(await directory.findGroups(ids[0]?.toUpperCase() ?? '', signal)).toEqual([{ id: ids[0], name: odd }]);
    expect(await directory.findGroups('no such group', signal)).toEqual([]);
    expect(await directory.findGroups('00000000-0000-4000-8000-000000000000', signal)).toEqual([]);
  });

  it('knows the direct groups of a user', async () => {
    const { directory, tenant, users } = await open({ users: 100, groups: 20 });
    const at = tenant.organisation.version();
    const member = users().find(({ id }) => tenant.organisation.groupsOf(id, at).length > 1);
    const groups = await directory.readGroupsOfUser(member?.id ?? '', signal);
    expect(groups.toSorted()).toEqual(tenant.organisation.groupsOf(member?.id ?? '', at).toSorted());
    expect(groups.length).toBeGreaterThan(1);
  });
});

describe('a group of ten thousand', () => {
  it('is read whole, and read again while the count lags behind', async () => {
    const { directory, tenant, users, waits } = await open({ users: 10_000, groups: 3 });
    const everybody = users().map(({ id }) => id);
    const { id } = tenant.control.createGroup({ displayName: 'Everybody' }, everybody);
    tenant.control.addFault({ path: `/groups/${id}/members/$count`, times: 1, effect: { kind: 'count-off', by: -1 } });
    const { value, gaps } = await directory.readMemberships([id], signal);
    expect(gaps).toEqual([]);
    expect(new Set(value.get(id)?.users)).toEqual(new Set(everybody));
    expect(waits).toHaveLength(1);
  });

  it('whose listing ends early is a gap with both numbers', async () => {
    const { directory, tenant, users } = await open({ users: 3000, groups: 3 });
    const { id } = tenant.control.createGroup(
      { displayName: 'Everybody' },
      users().map((user) => user.id),
    );
    tenant.control.addFault({ path: `/groups/${id}/members`, page: 2, effect: { kind: 'end-early' } });
    const { gaps } = await directory.readMemberships([id], signal);
    expect(gaps).toEqual([{ what: `members of group ${id}`, expected: 3000, found: 1998 }]);
  });
});

describe('users who left', () => {
  it('are told apart: disabled, soft-deleted, deleted for good, restored', async () => {
    const { directory, tenant, users } = await open({ users: 60, groups: 3 });
    const enabled = users().filter(({ properties }) => properties['accountEnabled'] === true);
    const [stayed, disabled, deleted, gone, restored] = enabled.map(({ id }) => id);
    if (!stayed || !disabled || !deleted || !gone || !restored) throw new Error('too few users');
    const { control } = tenant;
    control.disableUser(disabled);
    for (const id of [deleted, gone, restored]) control.softDeleteUser(id);
    control.hardDeleteUser(gone);
    control.restoreUser(restored);
    const never = '99999999-9999-4999-8999-999999999999';
    const whereabouts = await directory.locateUsers([stayed, disabled, deleted, gone, restored, never], signal);
    expect([...whereabouts.values()]).toEqual(['present', 'disabled', 'soft-deleted', 'absent', 'present', 'absent']);
    const read = await directory.readUsers([stayed, deleted, gone], ['displayName'], signal);
    expect([...read.keys()]).toEqual([stayed]);
  });
});

describe('a tenant in trouble', () => {
  it('that throttles by the rules is read to the end', async () => {
    const { directory, tenant, users, metrics } = await open({ users: 400, groups: 5 });
    tenant.control.addFault({ path: '/$batch', times: 2, effect: { kind: 'status', status: 429, retryAfter: '2' } });
    tenant.control.addFault({ path: '/users/*', times: 30, effect: { kind: 'status', status: 429 } });
    const ids = users().map(({ id }) => id);
    expect((await directory.readUsers(ids, ['displayName'], signal)).size).toBe(400);
    expect(metrics.filter((line) => line.startsWith('retry graph throttled')).length).toBeGreaterThan(2);
  });

  it.each([
    ['answers HTML', { kind: 'html', status: 502 }, TransientError],
    ['resets the connection', { kind: 'reset' }, TransientError],
    ['cuts the answer in the middle', { kind: 'cut' }, TransientError],
    ['sends half of the JSON', { kind: 'truncated' }, TransientError],
    ['loses the list', { kind: 'no-value' }, IncompleteReadError],
    ['links in a circle', { kind: 'loop' }, IncompleteReadError],
  ] as const)('for ever on the second page of assignments fails the read when it %s', async (_name, effect, kind) => {
    const { directory, tenant, applicationId } = await open({ users: 4000, groups: 5 });
    const path = `/servicePrincipals/${applicationId}/appRoleAssignedTo`;
    tenant.control.addFault({ path, page: 2, effect });
    await expect(directory.readAssignments(applicationId, signal)).rejects.toThrow(kind);
    tenant.control.clearFaults();
    expect((await directory.readAssignments(applicationId, signal)).gaps).toEqual([]);
  });

  it('that serves a page of assignments twice reports a gap', async () => {
    const { directory, tenant, applicationId } = await open({ users: 4000, groups: 5 });
    const path = `/servicePrincipals/${applicationId}/appRoleAssignedTo`;
    tenant.control.addFault({ path, page: 1, effect: { kind: 'repeat-page' } });
    expect((await directory.readAssignments(applicationId, signal)).gaps).toHaveLength(1);
  });

  it('that revokes tokens midway is read on with a fresh one', async () => {
    const { directory, tenant, appId } = await open({ users: 50, groups: 3 });
    await directory.readApplication(appId, signal);
    tenant.control.revokeTokens();
    await expect(directory.readApplication(appId, signal)).resolves.toMatchObject({ appId });
  });
});

describe('the check against the tenant', () => {
  it('passes with the three read permissions and no other', async () => {
    const { directory, appId } = await open({ users: 50, groups: 3 });
    const results = await directory.check(appId, signal);
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
    expect(results.length).toBeGreaterThanOrEqual(6);
  });

  it.each(['Application.Read.All', 'GroupMember.Read.All', 'User.Read.All'])(
    'names %s when it is not granted, and reads fail the same way',
    async (missing) => {
      const permissions = readerApplication().permissions.filter((permission) => permission !== missing);
      const { directory, appId } = await open(
        { users: 50, groups: 3 },
        { applications: [readerApplication({ permissions })] },
      );
      const failed = (await directory.check(appId, signal)).filter(({ ok }) => !ok);
      expect(failed).not.toEqual([]);
      expect(failed.every(({ remedy }) => remedy?.includes(missing))).toBe(true);
    },
  );

  it('says which secret is wrong, without saying the secret', async () => {
    const { directory, appId, log } = await open(
      { users: 50, groups: 3 },
      { applications: [readerApplication({ secrets: [{ value: 'another-secret' }] })] },
    );
    await expect(directory.readApplication(appId, signal)).rejects.toThrow(UnauthorizedError);
    const [result] = await directory.check(appId, signal);
    expect(result).toMatchObject({ name: 'access token', ok: false });
    expect(result?.remedy).toContain('secret');
    expect(JSON.stringify([result, log])).not.toContain('sandbox-client-secret');
  });
});
