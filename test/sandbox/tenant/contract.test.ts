import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SCHEMA, type GraphType } from '../../../src/sandbox/tenant/graph/schema.ts';
import { ROUTES } from '../../../src/sandbox/tenant/graph/dispatch.ts';
import { ASSIGNMENT_WRITE_ROUTES } from '../../../src/sandbox/tenant/graph/routes/assignments.ts';
import { MEMBER_WRITE_ROUTES } from '../../../src/sandbox/tenant/graph/routes/member-writes.ts';
import { JOB_WRITE_ROUTES } from '../../../src/sandbox/tenant/graph/routes/provisioning-jobs.ts';
import { WRITE_ROUTES } from '../../../src/sandbox/tenant/graph/routes/writes.ts';
import { READ_PERMISSIONS, readerApplication } from '../../../src/sandbox/tenant/login/applications.ts';
import { company, EVENTUAL, first, isObject, startClient, type Client } from './client.ts';
import { contract, problemsOfObject, problemsOfTyped, propertyOf } from './contract-check.ts';

interface Read {
  readonly path: string;
  readonly method?: string;
  readonly body?: unknown;
  readonly headers?: Record<string, string>;
  /** `mixed` objects say their type themselves. */
  readonly type: GraphType | 'mixed';
}

let client: Client;
const state = company();

beforeAll(async () => {
  client = await startClient(state, {
    applications: [readerApplication({ permissions: [...READ_PERMISSIONS, 'AppRoleAssignment.ReadWrite.All'] })],
  });
  client.tenant.control.setProvisioningJob(first(state.servicePrincipals).appId, 'Active');
});
afterAll(() => client.tenant.close());

function everything(type: GraphType): string {
  return [...SCHEMA[type].selectable].join(',');
}

/** Each route, with default properties and with everything selected. The state decides which ids there are. */
function reads(): Read[] {
  const { id: group } = first(state.groups.filter((candidate) => candidate.members.length > 3));
  const mixed = first(state.groups.slice(3));
  const reporting = first(state.users.filter((user) => user.managerId !== null));
  const application = first(state.servicePrincipals);
  const deleted = first(state.deletedUsers);
  const principal = (type: string): string =>
    first(state.assignments.filter(({ principalType }) => principalType === type)).principalId;
  const [assigned, assignedGroup] = [principal('User'), principal('Group')];
  const users = everything('user');
  const groups = everything('group');
  const ids = [reporting.id, group, application.id];
  const member = first(state.users.filter((user) => mixed.members.includes(user.id)));
  return [
    { path: '/users', type: 'user' },
    { path: `/users?$select=${users}&$expand=manager&$top=999`, type: 'user' },
    { path: '/users?$expand=manager($select=id,displayName)&$count=true', headers: EVENTUAL, type: 'user' },
    { path: `/users/${reporting.id}`, type: 'user' },
    { path: `/users/${reporting.id}?$select=${users}&$expand=manager`, type: 'user' },
    { path: `/users/${reporting.id}/manager`, type: 'mixed' },
    { path: `/users/${reporting.id}/manager?$select=${users}`, type: 'mixed' },
    { path: `/users/${member.id}/memberOf`, type: 'mixed' },
    {
      path: `/users/${member.id}/memberOf/microsoft.graph.group?$count=true&$select=${groups}`,
      headers: EVENTUAL,
      type: 'group',
    },
    { path: '/users/delta', type: 'user' },
    { path: `/users/delta?$select=${users},manager`, type: 'user' },
    { path: '/groups/delta', type: 'group' },
    { path: `/groups/delta?$select=${groups},members`, headers: { Prefer: 'return=minimal' }, type: 'group' },
    { path: '/groups', type: 'group' },
    { path: `/groups?$select=${groups}&$top=999`, type: 'group' },
    { path: `/groups/${group}`, type: 'group' },
    { path: `/groups/${group}?$select=${groups}`, type: 'group' },
    ...['members', 'transitiveMembers'].flatMap((segment): Read[] => [
      { path: `/groups/${mixed.id}/${segment}?$top=999`, type: 'mixed' },
      { path: `/groups/${mixed.id}/${segment}?$top=999&$select=id,displayName,userPrincipalName,appId`, type: 'mixed' },
      { path: `/groups/${group}/${segment}/microsoft.graph.user?$count=true`, headers: EVENTUAL, type: 'user' },
      { path: `/groups/${group}/${segment}/microsoft.graph.group?$count=true`, headers: EVENTUAL, type: 'group' },
    ]),
    { path: '/servicePrincipals', type: 'servicePrincipal' },
    { path: `/servicePrincipals/${application.id}`, type: 'servicePrincipal' },
    { path: `/servicePrincipals(appId='${application.appId}')`, type: 'servicePrincipal' },
    { path: `/servicePrincipals/${application.id}/appRoleAssignedTo?$top=999`, type: 'appRoleAssignment' },
    { path: `/users/${assigned}/appRoleAssignments`, type: 'appRoleAssignment' },
    { path: `/groups/${assignedGroup}/appRoleAssignments?$top=5`, type: 'appRoleAssignment' },
    { path: `/servicePrincipals/${application.id}/synchronization/jobs`, type: 'synchronizationJob' },
    { path: '/directory/deletedItems/microsoft.graph.user', type: 'user' },
    { path: `/directory/deletedItems/microsoft.graph.user/${deleted.id}?$select=${users}`, type: 'user' },
    { path: `/directory/deletedItems/${deleted.id}`, type: 'mixed' },
    { path: '/directoryObjects/getByIds', method: 'POST', body: { ids }, type: 'mixed' },
  ];
}

describe("every object the tenant answers with is one of Graph's", () => {
  it.each(reads().map((read) => [read.path.replaceAll(/\$select=[\w,]{60,}/g, '$select=everything'), read] as const))(
    '%s',
    async (_name, { path, method = 'GET', body, headers, type }) => {
      const answer = await client.send(method, path, body, headers);
      expect(answer.status).toBe(200);
      const { value } = answer.json;
      const objects = Array.isArray(value) ? value.filter(isObject) : [answer.json];
      expect(objects.length).toBeGreaterThan(path.includes('microsoft.graph.group') ? -1 : 0);
      for (const object of objects) {
        const problems = type === 'mixed' ? problemsOfTyped('', object) : problemsOfObject('', type, object);
        expect(problems).toEqual([]);
        expect(object).toHaveProperty('id');
      }
      expect(answer.json['@odata.context']).toContain(`${client.tenant.graphUrl}/$metadata#`);
    },
  );

  it('is asked of every route that answers with objects', async () => {
    for (const { method = 'GET', path, body, headers } of reads()) await client.send(method, path, body, headers);
    const counters = client.tenant.control.counters();
    const writes = [...WRITE_ROUTES, ...ASSIGNMENT_WRITE_ROUTES, ...MEMBER_WRITE_ROUTES, ...JOB_WRITE_ROUTES];
    const asked = ROUTES.filter((route) => !route.path.endsWith('$count') && !writes.includes(route)).map(
      (route) => `${route.method} /${route.path.replaceAll(/\{\w+\}/g, '*')} 200`,
    );
    expect(asked.filter((name) => counters[name] === undefined)).toEqual([]);
  });
});

describe('what a write answers', () => {
  it("is one of Graph's objects too", async () => {
    const application = first(state.servicePrincipals);
    const free = first(
      state.users.filter(({ id }) => state.assignments.every(({ principalId }) => principalId !== id)),
    );
    const body = {
      principalId: free.id,
      resourceId: application.id,
      appRoleId: application.appRoles[0]?.id ?? '00000000-0000-0000-0000-000000000000',
    };
    const answer = await client.send('POST', `/servicePrincipals/${application.id}/appRoleAssignedTo`, body);
    expect(answer.status).toBe(201);
    expect(problemsOfObject('', 'appRoleAssignment', answer.json)).toEqual([]);
    expect(Object.keys(answer.json)).toContain('principalType');
  });
});

describe('the table of properties agrees with the contract', () => {
  const types = Object.keys(SCHEMA).filter((type): type is GraphType => type in SCHEMA);

  it.each(types)('%s has every property of the contract, selectable or held elsewhere, and no other', (type) => {
    const { selectable, elsewhere, defaults, collections, filterable } = SCHEMA[type];
    const declared = Object.keys(contract.types[type]?.properties ?? {});
    const listed = [...selectable, ...elsewhere].filter((name) => name !== '');
    for (const name of [...listed, ...defaults])
      expect({ name, known: propertyOf(type, name) !== undefined }).toEqual({ name, known: true });
    const known = new Set(listed);
    expect(declared.filter((name) => !known.has(name))).toEqual([]);
    for (const name of [...defaults, ...filterable].filter(Boolean)) expect([...selectable]).toContain(name);
    const expected = [...selectable].filter((name) => propertyOf(type, name)?.type.startsWith('Collection('));
    expect([...collections].filter(Boolean).toSorted()).toEqual(expected.toSorted());
  });
});

describe('the checker itself', () => {
  it.each([
    ['a property Graph lacks', 'user', { nickName: 'x' }],
    ['a wrong primitive', 'user', { accountEnabled: 'true' }],
    ['null where it is not allowed', 'user', { businessPhones: null }],
    ['a scalar for a collection', 'group', { groupTypes: 'Unified' }],
    ['a wrong member of a complex type', 'servicePrincipal', { appRoles: [{ id: 'no guid' }] }],
    ['an unknown relationship', 'group', { 'managers@delta': [{ '@odata.type': '#microsoft.graph.user', id: 'x' }] }],
    [
      'more than type and id of a related object',
      'group',
      { 'members@delta': [{ '@odata.type': '#microsoft.graph.user', id: 'x', mail: null }] },
    ],
    ['an unknown reason of a removal', 'user', { '@removed': { reason: 'moved' } }],
    ['a date without a zone', 'user', { createdDateTime: '2024-01-01' }],
  ])('finds %s', (_name, type, object) => {
    expect(problemsOfObject('', type, object)).not.toEqual([]);
  });
});
