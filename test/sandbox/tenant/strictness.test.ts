import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { text } from '../../../src/sandbox/organisation/model.ts';
import { readerApplication } from '../../../src/sandbox/tenant/login/applications.ts';
import { clientOf, company, errorOf, EVENTUAL, first, idsOf, startClient, valuesOf, type Client } from './client.ts';

let client: Client;
const state = company();
const user = first(state.users);
const group = first(state.groups);
const application = first(state.servicePrincipals);
const NOBODY = '00000000-0000-4000-8000-00000000dead';

beforeAll(async () => {
  client = await startClient(state);
});
afterAll(() => client.tenant.close());

describe('what Graph refuses is refused', () => {
  it.each([
    ['an unknown first segment', '/people', 400, 'BadRequest', "Resource not found for the segment 'people'."],
    [
      'an unknown later segment',
      `/users/${user.id}/friends`,
      400,
      'BadRequest',
      "Resource not found for the segment 'friends'.",
    ],
    ['a group id that is no GUID', '/groups/IT', 400, 'Request_BadRequest', "Invalid object identifier 'IT'."],
    [
      'a service principal id that is no GUID',
      '/servicePrincipals/x',
      400,
      'Request_BadRequest',
      "Invalid object identifier 'x'.",
    ],
    [
      'a deleted user id that is no GUID',
      '/directory/deletedItems/microsoft.graph.user/x',
      400,
      'Request_BadRequest',
      'Invalid object',
    ],
    [
      'an id in a filter that is no GUID',
      "/users?$filter=id eq 'x'",
      400,
      'Request_BadRequest',
      'Invalid object identifier',
    ],
    ['a user nobody is', `/users/${NOBODY}`, 404, 'Request_ResourceNotFound', `Resource '${NOBODY}' does not exist`],
    [
      'a userPrincipalName nobody has',
      '/users/nobody@contoso.example',
      404,
      'Request_ResourceNotFound',
      'does not exist',
    ],
    ['a group nobody made', `/groups/${NOBODY}/members`, 404, 'Request_ResourceNotFound', 'does not exist'],
    [
      'an application nobody added',
      `/servicePrincipals(appId='${NOBODY}')`,
      404,
      'Request_ResourceNotFound',
      'does not exist',
    ],
    [
      'the manager of somebody without one',
      `/users/${user.id}/manager`,
      404,
      'Request_ResourceNotFound',
      "Resource 'manager'",
    ],
    [
      'a user that is not deleted among the deleted',
      `/directory/deletedItems/microsoft.graph.user/${user.id}`,
      404,
      'Request_ResourceNotFound',
      'does not exist',
    ],
    [
      'an unknown property',
      '/users?$select=id,nickName',
      400,
      'BadRequest',
      "Could not find a property named 'nickName' on type 'microsoft.graph.user'",
    ],
    ['a property in another case', '/users?$select=displayname', 400, 'BadRequest', 'Could not find a property'],
    ['a navigation property in $select', '/users?$select=manager', 400, 'BadRequest', 'Could not find a property'],
    ['a property another store holds', '/users?$select=aboutMe', 400, 'BadRequest', 'not held by the directory'],
    ["a group's property on users", '/users?$select=groupTypes', 400, 'BadRequest', 'Could not find a property'],
    [
      'a property no member can have',
      `/groups/${group.id}/members?$select=nickName`,
      400,
      'BadRequest',
      "type 'microsoft.graph.directoryObject'",
    ],
    ['an empty $select', '/users?$select=', 400, 'BadRequest', 'is not valid in a $select'],
    ['an unknown expansion', '/users?$expand=boss', 400, 'BadRequest', "Could not find a property named 'boss'"],
    ['an unknown property inside an expansion', '/users?$expand=manager($select=boss)', 400, 'BadRequest', "'boss'"],
    ['an unknown query option', '/users?$limit=5', 400, 'BadRequest', "The query parameter '$limit' is not supported"],
    [
      'an option without its dollar sign',
      '/users?top=5',
      400,
      'BadRequest',
      "The query parameter 'top' is not supported",
    ],
    ['an option given twice', '/users?$top=5&$top=6', 400, 'BadRequest', 'more than once'],
    [
      'an option the resource does not take',
      `/users/${user.id}?$top=5`,
      400,
      'Request_BadRequest',
      "'$top' is not supported",
    ],
    ['$skip, which the directory lacks', '/users?$skip=5', 400, 'Request_BadRequest', "'$skip' is not supported"],
    ['sorting', '/users?$orderby=displayName', 400, 'Request_UnsupportedQuery', 'Sorting not supported'],
    ['$top of nothing', '/users?$top=0', 400, 'Request_BadRequest', 'Must be between 1 and 999'],
    ['$top of a thousand', '/users?$top=1000', 400, 'Request_BadRequest', 'Must be between 1 and 999'],
    ['$top of words', '/users?$top=many', 400, 'BadRequest', "Invalid value 'many'"],
    ['$count of words', '/users?$count=yes', 400, 'BadRequest', "Invalid value 'yes'"],
    [
      'a filter on an unknown property',
      "/users?$filter=boss eq 'x'",
      400,
      'BadRequest',
      "Could not find a property named 'boss'",
    ],
    [
      'a filter on a property without an index',
      "/users?$filter=officeLocation eq 'x'",
      400,
      'Request_UnsupportedQuery',
      "property 'officeLocation'",
    ],
    [
      'an operator that needs advanced queries',
      "/users?$filter=displayName ne 'x'",
      400,
      'Request_UnsupportedQuery',
      'Unsupported',
    ],
    ['a filter with a lone quote', "/users?$filter=displayName eq 'O'Brien'", 400, 'BadRequest', 'Syntax error'],
    ['a filter that stops in the middle', '/users?$filter=displayName eq', 400, 'BadRequest', 'Syntax error'],
    [
      'a filter with more than 15 alternatives',
      `/users?$filter=id in (${Array.from({ length: 16 }, () => `'${NOBODY}'`).join(',')})`,
      400,
      'Request_UnsupportedQuery',
      'Max allowed: 15',
    ],
    [
      '$count without ConsistencyLevel',
      `/groups/${group.id}/members/$count`,
      400,
      'Request_BadRequest',
      '$count is not currently supported.',
    ],
    [
      'a cast without ConsistencyLevel',
      `/groups/${group.id}/members/microsoft.graph.user?$count=true`,
      400,
      'Request_UnsupportedQuery',
      '',
    ],
    ['a page token of somebody else', '/users?$skiptoken=AAAA', 400, 'Directory_ExpiredPageToken', 'page token'],
    ['a path with a malformed percent-encoding', '/users/100%', 400, 'BadRequest', 'percent-encoding'],
  ])('%s', async (_name, path, status, code, message) => {
    const answer = await client.get(path);
    expect(answer.status).toBe(status);
    expect(errorOf(answer)).toMatchObject({ code, message: expect.stringContaining(message) });
  });

  it('a cast without $count, even with ConsistencyLevel', async () => {
    const answer = await client.get(`/groups/${group.id}/members/microsoft.graph.user`, EVENTUAL);
    expect(errorOf(answer)['code']).toBe('Request_UnsupportedQuery');
  });

  it('a page token of another path', async () => {
    const { json } = await client.get('/users?$top=1');
    const token = new URL(String(json['@odata.nextLink'])).searchParams.get('$skiptoken');
    expect((await client.get(`/groups?$skiptoken=${token}`)).status).toBe(400);
    expect((await client.get(`/users?$skiptoken=${token}`)).status).toBe(200);
  });
});

describe('errors look like those of Graph', () => {
  it('carry code, message, date and both request ids, also as headers', async () => {
    const answer = await client.get('/groups/x', { 'client-request-id': 'mine' });
    const requestId = answer.headers.get('request-id');
    expect(answer.headers.get('client-request-id')).toBe('mine');
    expect(errorOf(answer)['innerError']).toEqual({
      date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/),
      'request-id': requestId,
      'client-request-id': 'mine',
    });
  });
});

describe('permissions', () => {
  const paths = {
    users: '/users?$top=1',
    groups: `/groups/${group.id}/members?$top=1`,
    applications: `/servicePrincipals/${application.id}/appRoleAssignedTo?$top=1`,
  };
  it.each([
    ['User.Read.All', { users: 200, groups: 403, applications: 403 }],
    ['GroupMember.Read.All', { users: 403, groups: 200, applications: 403 }],
    ['Application.Read.All', { users: 403, groups: 403, applications: 200 }],
    ['Directory.Read.All', { users: 200, groups: 200, applications: 200 }],
    ['Mail.Read', { users: 403, groups: 403, applications: 403 }],
  ])('%s opens what it should', async (permission, expected) => {
    const limited = readerApplication({ clientId: `limited-${permission}`, permissions: [permission] });
    client.tenant.control.registerApplication(limited);
    const caller = await clientOf(client.tenant, limited);
    for (const name of ['users', 'groups', 'applications'] as const) {
      const answer = await caller.get(paths[name]);
      const code = answer.status === 200 ? undefined : errorOf(answer)['code'];
      const denied = { status: 403, code: 'Authorization_RequestDenied' };
      const allowed = { status: 200, code: undefined };
      expect({ name, status: answer.status, code }).toEqual({ name, ...(expected[name] === 403 ? denied : allowed) });
    }
  });

  it('without permission on users, members are listed with their id and type and nothing else', async () => {
    const limited = readerApplication({ clientId: 'groups-only', permissions: ['GroupMember.Read.All'] });
    client.tenant.control.registerApplication(limited);
    const caller = await clientOf(client.tenant, limited);
    const member = first(valuesOf(await caller.get(`/groups/${group.id}/members?$top=1&$select=id,displayName`)));
    const readable = first(valuesOf(await client.get(`/groups/${group.id}/members?$top=1&$select=id,displayName`)));
    expect(readable['displayName']).toEqual(expect.any(String));
    expect(member).toEqual({ ...readable, displayName: null });
  });

  it('hidden membership needs a permission of its own', async () => {
    const hidden = client.tenant.control.createGroup({ displayName: 'Hidden', visibility: 'HiddenMembership' }, [
      user.id,
    ]);
    expect((await client.get(`/groups/${hidden.id}/members`)).status).toBe(403);
    const insider = readerApplication({
      clientId: 'insider',
      permissions: ['GroupMember.Read.All', 'Member.Read.Hidden'],
    });
    client.tenant.control.registerApplication(insider);
    const caller = await clientOf(client.tenant, insider);
    expect(valuesOf(await caller.get(`/groups/${hidden.id}/members`))).toHaveLength(1);
  });
});

describe('writes', () => {
  it.each([
    ['POST', '/users'],
    ['PATCH', `/users/${user.id}`],
    ['DELETE', `/users/${user.id}`],
    ['POST', `/groups/${group.id}/members/$ref`],
    ['DELETE', `/groups/${group.id}/members/${user.id}/$ref`],
    ['DELETE', `/groups/${group.id}/members/${user.id}`],
    ['DELETE', `/groups/${group.id}`],
    ['POST', `/servicePrincipals/${application.id}/appRoleAssignedTo`],
    ['DELETE', `/servicePrincipals/${application.id}/appRoleAssignedTo/x`],
  ])('%s %s is denied to a reader and changes nothing', async (method, path) => {
    const before = client.tenant.organisation.version();
    const answer = await client.send(method, path, method === 'DELETE' ? undefined : {});
    expect(answer.status).toBe(403);
    expect(errorOf(answer)['code']).toBe('Authorization_RequestDenied');
    expect(client.tenant.organisation.version()).toBe(before);
  });

  it('a permission to write is heard, and the write is not done in silence', async () => {
    const writer = readerApplication({ clientId: 'writer', permissions: ['User.ReadWrite.All'] });
    client.tenant.control.registerApplication(writer);
    const answer = await (await clientOf(client.tenant, writer)).send('DELETE', `/users/${user.id}`);
    expect([answer.status, errorOf(answer)['code']]).toEqual([501, 'notImplemented']);
  });

  it('a method Graph does not know at a path is 405', async () => {
    const answer = await client.send('PUT', `/users/${user.id}`, {});
    expect(answer.status).toBe(405);
  });
});

describe('users are found by every spelling Graph takes', () => {
  const guest = first(state.users.filter((candidate) => candidate.properties['userType'] === 'Guest'));
  const quoted = first(state.users.filter((one) => text(one.properties, 'userPrincipalName').includes("'")));
  it.each([
    ['object id', (name: string, id: string) => `/users/${id}${name.slice(0, 0)}`],
    ['object id in upper case', (_name: string, id: string) => `/users/${id.toUpperCase()}`],
    ['percent-encoded userPrincipalName', (name: string) => `/users/${encodeURIComponent(name)}`],
    ['userPrincipalName in another case', (name: string) => `/users/${encodeURIComponent(name.toUpperCase())}`],
    ['quoted key', (name: string) => `/users('${encodeURIComponent(name.replaceAll("'", "''"))}')`],
    [
      'filter',
      (name: string) => `/users?$filter=userPrincipalName eq '${encodeURIComponent(name.replaceAll("'", "''"))}'`,
    ],
  ])('by %s', async (_name, path) => {
    for (const wanted of [user, guest, quoted]) {
      const answer = await client.get(path(text(wanted.properties, 'userPrincipalName'), wanted.id));
      expect(answer.status).toBe(200);
      const found = Array.isArray(answer.json['value']) ? first(valuesOf(answer)) : answer.json;
      expect(found['id']).toBe(wanted.id);
    }
  });

  it.each([
    ['accountEnabled eq false', (one: Record<string, unknown>) => one['accountEnabled'] === false],
    ["userType eq 'Guest' and accountEnabled eq true", (one: Record<string, unknown>) => one['userType'] === 'Guest'],
    [
      "startsWith(displayName,'A') or startsWith(displayName,'G')",
      (one: Record<string, unknown>) => /^[AG]/i.test(String(one['displayName'])),
    ],
    [
      `id in ('${user.id}','${guest.id}')`,
      (one: Record<string, unknown>) => [user.id, guest.id].includes(String(one['id'])),
    ],
  ])('by filter %s', async (filter, expected) => {
    const all = (await client.all('/users?$select=id,displayName,userType,accountEnabled')).values;
    const path = `/users?$select=id,displayName,userType,accountEnabled&$filter=${encodeURIComponent(filter)}`;
    const found = (await client.all(path)).values;
    expect(found.length).toBeGreaterThan(0);
    const wanted = all.filter((one) => expected(one) && (!filter.includes('true') || one['accountEnabled'] === true));
    expect(idsOf(found)).toEqual(idsOf(wanted));
  });
});

describe('what is not set', () => {
  it('is null, an empty collection, or fifteen empty extension attributes', async () => {
    const plain = first(state.users.filter((one) => one.properties['onPremisesSyncEnabled'] === undefined));
    const select = 'onPremisesExtensionAttributes,proxyAddresses,onPremisesSyncEnabled,employeeOrgData';
    const { json } = await client.get(`/users/${plain.id}?$select=${select}`);
    const attributes = Array.from({ length: 15 }, (_, index) => [`extensionAttribute${index + 1}`, null]);
    expect(json).toMatchObject({ proxyAddresses: [], onPremisesSyncEnabled: null, employeeOrgData: null });
    expect(json['onPremisesExtensionAttributes']).toEqual(Object.fromEntries(attributes));
  });

  it('is filled in around what is set, and a directory extension is selected by its name', async () => {
    const extension = 'extension_0123456789abcdef0123456789abcdef_costCentre';
    client.tenant.control.updateUser(user.id, {
      [extension]: '4711',
      onPremisesExtensionAttributes: { extensionAttribute3: 'three' },
    });
    const { json } = await client.get(`/users/${user.id}?$select=${extension},onPremisesExtensionAttributes`);
    expect(json).toMatchObject({
      [extension]: '4711',
      onPremisesExtensionAttributes: { extensionAttribute2: null, extensionAttribute3: 'three' },
    });
  });
});
