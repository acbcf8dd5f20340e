import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { SCHEMA, type GraphType } from '../../../src/sandbox/tenant/graph/schema.ts';
import { ROUTES } from '../../../src/sandbox/tenant/graph/dispatch.ts';
import { ASSIGNMENT_WRITE_ROUTES } from '../../../src/sandbox/tenant/graph/routes/assignments.ts';
import { MEMBER_WRITE_ROUTES } from '../../../src/sandbox/tenant/graph/routes/member-writes.ts';
import { WRITE_ROUTES } from '../../../src/sandbox/tenant/graph/routes/writes.ts';
import { READ_PERMISSIONS, readerApplication } from '../../../src/sandbox/tenant/login/applications.ts';
import { company, EVENTUAL, first, isObject, startClient, type Client } from './client.ts';

const PROPERTY = z.looseObject({ type: z.string(), nullable: z.boolean().optional() });
const TYPE = z.looseObject({
  base: z.string().optional(),
  open: z.boolean().optional(),
  properties: z.record(z.string(), PROPERTY),
  navigation: z.record(z.string(), z.unknown()).optional(),
});
const contract = z
  .looseObject({ types: z.record(z.string(), TYPE), enums: z.record(z.string(), z.array(z.string())) })
  .parse(JSON.parse(readFileSync(new URL('../../fixtures/graph-v1.0.json', import.meta.url), 'utf8')));

type Property = z.infer<typeof PROPERTY>;

/** A property of a type or of one it inherits from. */
function propertyOf(type: string, name: string): Property | undefined {
  const found = contract.types[type];
  if (found === undefined) throw new Error(`the contract lacks the type ${type}`);
  return found.properties[name] ?? (found.base === undefined ? undefined : propertyOf(found.base, name));
}

const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;

function isPrimitive(type: string, value: unknown): boolean {
  switch (type) {
    case 'Edm.String':
      return typeof value === 'string';
    case 'Edm.Boolean':
      return typeof value === 'boolean';
    case 'Edm.Guid':
      return typeof value === 'string' && GUID.test(value);
    case 'Edm.DateTimeOffset':
      return typeof value === 'string' && DATE.test(value);
    case 'Edm.Int64':
      return typeof value === 'number' && Number.isInteger(value);
    case 'Edm.Duration':
      return typeof value === 'string' && /^P(\d+D)?(T(\d+H)?(\d+M)?)?$/.test(value);
    default:
      throw new Error(`no check for ${type}`);
  }
}

/** What is wrong with a value of a declared type; empty when nothing is. */
function problemsOfValue(where: string, type: string, nullable: boolean, value: unknown): string[] {
  if (value === null) return nullable ? [] : [`${where} is null`];
  const element = /^Collection\((.+)\)$/.exec(type)?.[1];
  if (element !== undefined) {
    if (!Array.isArray(value)) return [`${where} is no array`];
    return value.flatMap((one: unknown, index) => problemsOfValue(`${where}[${index}]`, element, false, one));
  }
  if (type.startsWith('Edm.'))
    return isPrimitive(type, value) ? [] : [`${where} is no ${type}: ${JSON.stringify(value)}`];
  const name = type.replace('microsoft.graph.', '');
  const members = contract.enums[name];
  if (members !== undefined) return members.some((member) => member === value) ? [] : [`${where} is no ${name}`];
  if (!isObject(value)) return [`${where} is no object`];
  // Complex types the contract names without describing are checked for being an object only.
  return contract.types[name] === undefined ? [] : problemsOfObject(where, name, value);
}

function problemsOfObject(where: string, type: string, object: Record<string, unknown>): string[] {
  return Object.entries(object).flatMap(([name, value]) => {
    if (name.startsWith('@odata.')) return [];
    if (name === '@removed') return isRemoval(value) ? [] : [`${where}.@removed`];
    if (name.endsWith('@delta')) return problemsOfRelationship(`${where}.${name}`, type, name, value);
    if (name === 'manager' && type === 'user')
      return isObject(value) ? problemsOfTyped(`${where}.manager`, value) : ['manager'];
    const property = propertyOf(type, name);
    if (property === undefined) return [`${where}.${name} is not in Graph's ${type}`];
    return problemsOfValue(`${where}.${name}`, property.type, property.nullable !== false, value);
  });
}

function isRemoval(value: unknown): boolean {
  return isObject(value) && ['changed', 'deleted'].includes(String(value['reason']));
}

/** `members@delta`: the changes of a relationship Graph has, each object by type and id alone. */
function problemsOfRelationship(where: string, type: string, name: string, value: unknown): string[] {
  if (contract.types[type]?.navigation?.[name.replace('@delta', '')] === undefined) return [`${where} is unknown`];
  if (!Array.isArray(value) || value.length === 0) return [`${where} lists nothing`];
  return value.flatMap((one: unknown) => {
    if (!isObject(one)) return [`${where} is no object`];
    const more = Object.keys(one).filter((key) => !['@odata.type', 'id', '@removed'].includes(key));
    return more.length > 0 ? [`${where} tells ${more.join()}`] : problemsOfTyped(where, one);
  });
}

function problemsOfTyped(where: string, object: Record<string, unknown>): string[] {
  const type = String(object['@odata.type']).replace('#microsoft.graph.', '');
  return problemsOfObject(where, type, object);
}

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
    const writes = [...WRITE_ROUTES, ...ASSIGNMENT_WRITE_ROUTES, ...MEMBER_WRITE_ROUTES];
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
