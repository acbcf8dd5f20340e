import { afterEach, describe, expect, it } from 'vitest';
import { guideState } from '../../../src/sandbox/organisation/guide-company.ts';
import type { OrganisationState } from '../../../src/sandbox/organisation/model.ts';
import {
  MIGRATION_PERMISSIONS,
  migrationApplication,
  readerApplication,
} from '../../../src/sandbox/tenant/login/applications.ts';
import { createOrganisation } from '../../../src/sandbox/organisation/organisation.ts';
import { startTenant } from '../../../src/sandbox/tenant/tenant.ts';
import { clientOf, errorOf, first, valuesOf, type Client } from './client.ts';

const NOBODY = '00000000-0000-4000-8000-00000000dead';
const state = guideState();
const application = first(state.servicePrincipals);
const role = first(application.appRoles).id;
const group = first(state.groups);
const user = first(state.users);
const stranger = state.users[1]?.id ?? '';
const assignedTo = `/servicePrincipals/${application.id}/appRoleAssignedTo`;

/** More than a migration has: it takes nobody out of a directory group. */
const MEMBER_WRITER = [...MIGRATION_PERMISSIONS, 'GroupMember.ReadWrite.All'];

let opened: Client | undefined;
afterEach(async () => {
  await opened?.tenant.close();
  opened = undefined;
});

async function open(
  permissions: readonly string[] = MIGRATION_PERMISSIONS,
  changed: Partial<OrganisationState> = {},
): Promise<Client> {
  const writer = migrationApplication({ permissions });
  const organisation = createOrganisation({ ...state, ...changed });
  opened = await clientOf(await startTenant({ organisation, applications: [writer, readerApplication()] }), writer);
  return opened;
}

function grant(principalId: string, appRoleId = role, resourceId = application.id) {
  return { principalId, resourceId, appRoleId };
}

describe('POST appRoleAssignedTo', () => {
  it('assigns, answers 201 with the assignment and where it is, and the list shows it', async () => {
    const client = await open();
    const answer = await client.send('POST', assignedTo, grant(user.id));
    expect(answer.status).toBe(201);
    expect(answer.json).toMatchObject({
      principalId: user.id,
      principalType: 'User',
      principalDisplayName: 'Info Test1',
      resourceDisplayName: 'Uniqkey',
      appRoleId: role,
    });
    expect(answer.headers.get('location')).toContain(`${assignedTo}/${String(answer.json['id'])}`);
    expect(answer.json['@odata.context']).toContain('$metadata#appRoleAssignments/$entity');
    expect(valuesOf(await client.get(assignedTo)).map(({ principalId }) => principalId)).toContain(user.id);
  });

  it.each([
    ['the same assignment again', grant(group.id), 400, /already exists on the object/],
    ['a role the application does not declare', grant(user.id, NOBODY), 400, /was not found on application/],
    ['no role where the application declares some', grant(user.id, NOBODY.replace('4', '0')), 400, /not found/],
    ['a principal nobody is', grant(NOBODY), 404, /does not exist/],
    ['another application than the address names', grant(user.id, role, NOBODY), 400, /does not match/],
    ['an id that is no GUID', { ...grant(user.id), principalId: 'ada' }, 400, /Edm.Guid/],
    ['a property that cannot be set', { ...grant(user.id), principalType: 'User' }, 400, /principalType/],
    ['no body', undefined, 400, /Payload/],
  ])('refuses %s', async (_name, body, status, message) => {
    const client = await open();
    const before = client.tenant.organisation.version();
    const answer = await client.send('POST', assignedTo, body);
    expect(answer.status).toBe(status);
    expect(errorOf(answer)['message']).toMatch(message);
    expect(client.tenant.organisation.version()).toBe(before);
  });

  it('needs the right to read applications beside the right to write assignments', async () => {
    const client = await open(['AppRoleAssignment.ReadWrite.All']);
    expect((await client.send('POST', assignedTo, grant(user.id))).status).toBe(403);
  });

  it('sees the truth where reads lag behind, and the list shows it only later', async () => {
    const client = await open();
    client.tenant.control.setLag({ kind: 'held' });
    expect((await client.send('POST', assignedTo, grant(user.id))).status).toBe(201);
    expect(valuesOf(await client.get(assignedTo))).toHaveLength(1);
    expect((await client.send('POST', assignedTo, grant(user.id))).status).toBe(400);
    client.tenant.control.advance();
    expect(valuesOf(await client.get(assignedTo))).toHaveLength(2);
  });
});

describe('DELETE appRoleAssignedTo', () => {
  it('takes one assignment away with 204, and says 404 the second time', async () => {
    const client = await open();
    const [held] = valuesOf(await client.get(assignedTo));
    const path = `${assignedTo}/${String(held?.['id'])}`;
    expect((await client.send('DELETE', path)).status).toBe(204);
    expect((await client.send('DELETE', path)).status).toBe(404);
    expect(valuesOf(await client.get(assignedTo))).toEqual([]);
  });
});

describe('appRoleAssignments of a user or group', () => {
  it('lists, grants and revokes from the side of the principal', async () => {
    const client = await open();
    const path = `/users/${user.id}/appRoleAssignments`;
    expect(valuesOf(await client.get(path))).toEqual([]);
    const made = await client.send('POST', path, grant(user.id));
    expect(made.status).toBe(201);
    expect(valuesOf(await client.get(path))).toHaveLength(1);
    const another = `/users/${stranger}/appRoleAssignments/${String(made.json['id'])}`;
    expect((await client.send('DELETE', another)).status).toBe(404);
    expect((await client.send('DELETE', `${path}/${String(made.json['id'])}`)).status).toBe(204);
    expect(valuesOf(await client.get(`/groups/${group.id}/appRoleAssignments`))).toHaveLength(1);
    expect((await client.send('POST', path, grant(stranger))).status).toBe(400);
  });
});

describe('DELETE of a member', () => {
  const reference = `/groups/${group.id}/members/${user.id}/$ref`;

  it('by reference takes the membership away and leaves the user', async () => {
    const client = await open(MEMBER_WRITER);
    expect((await client.send('DELETE', reference)).status).toBe(204);
    expect((await client.send('DELETE', reference)).status).toBe(404);
    const { organisation } = client.tenant;
    expect(organisation.users.get(user.id, organisation.version())).toBeDefined();
    expect([...organisation.members(group.id).values(organisation.version())]).toHaveLength(1);
  });

  it('without /$ref deletes the user, for whoever may write users, and is refused to everybody else', async () => {
    const path = reference.replace('/$ref', '');
    const careful = await open(MEMBER_WRITER);
    expect((await careful.send('DELETE', path)).status).toBe(403);
    await careful.tenant.close();
    const mighty = await open([...MIGRATION_PERMISSIONS, 'User.ReadWrite.All']);
    expect((await mighty.send('DELETE', path)).status).toBe(204);
    const { organisation } = mighty.tenant;
    expect(organisation.users.get(user.id, organisation.version())).toBeUndefined();
  });

  it.each([
    ['dynamic', { groupTypes: ['DynamicMembership'] }, 400],
    ['on-premises', { onPremisesSyncEnabled: true }, 400],
    ['mail-enabled', { mailEnabled: true }, 400],
    ['role-assignable', { isAssignableToRole: true }, 403],
  ])('is refused for a %s group', async (_name, properties, status) => {
    const changed = { ...group, properties: { ...group.properties, ...properties } };
    const client = await open(MEMBER_WRITER, { groups: [changed] });
    expect((await client.send('DELETE', reference)).status).toBe(status);
    expect([...client.tenant.organisation.members(group.id).values(99)]).toHaveLength(2);
  });
});
