import { afterEach, describe, expect, it } from 'vitest';
import { company, EVENTUAL, first, idsOf, startClient, valuesOf, type Client } from './client.ts';

let client: Client;

afterEach(() => client.tenant.close());

function ids(values: readonly Record<string, unknown>[]): unknown[] {
  return values.map((value) => value['id']);
}

describe('paged reads', () => {
  it.each([
    ['the default page of 100', '', 3],
    ['$top=7', '&$top=7', 36],
    ['$top=999', '&$top=999', 1],
  ])('give every user once with %s', async (_name, top, pages) => {
    const state = company(250, 12);
    client = await startClient(state);
    const read = await client.all(`/users?$select=id${top}`);
    expect(ids(read.values)).toEqual(state.users.map((user) => user.id));
    expect(read.pages).toBe(pages);
  });

  it('end without a link when the last page is just full', async () => {
    client = await startClient(company(40, 12), { pageSize: 20 });
    expect((await client.all('/users')).pages).toBe(2);
  });

  it('keep the options of the first request in the absolute link', async () => {
    client = await startClient();
    const { json } = await client.get('/users?$top=2&$select=id,displayName&$expand=manager($select=id)');
    const link = new URL(String(json['@odata.nextLink']));
    expect(link.href.startsWith(`${client.tenant.graphUrl}/users?`)).toBe(true);
    expect(link.searchParams.get('$select')).toBe('id,displayName');
    expect(link.searchParams.get('$expand')).toBe('manager($select=id)');
    expect(link.searchParams.get('$top')).toBe('2');
  });

  it('give every assignment of the application once, and none of another one', async () => {
    const state = company(400, 30);
    client = await startClient(state);
    const [acme, other] = state.servicePrincipals;
    for (const application of [acme, other]) {
      const wanted = state.assignments.filter((assignment) => assignment.resourceId === application?.id);
      const read = await client.all(`/servicePrincipals/${application?.id ?? ''}/appRoleAssignedTo`);
      expect(idsOf(read.values)).toEqual(idsOf(wanted));
      expect(wanted.length).toBeGreaterThan(0);
    }
  });

  it('skip nothing and repeat nothing when a value already read is removed between pages', async () => {
    const state = company(60, 12);
    client = await startClient(state, { pageSize: 10 });
    const page = await client.get('/users?$select=id');
    client.tenant.control.softDeleteUser(first(state.users).id);
    const rest = await client.all(String(page.json['@odata.nextLink']));
    expect(ids([...valuesOf(page), ...rest.values])).toEqual(state.users.map((user) => user.id));
  });
});

describe('memberships', () => {
  it('list 10,000 members, and the count agrees', async () => {
    const state = company(17_000, 12);
    client = await startClient(state);
    const large = first(state.groups.filter((group) => group.properties['displayName'] === 'All staff'));
    const read = await client.all(`/groups/${large.id}/members?$select=id&$top=999`);
    expect(read.values.length).toBeGreaterThan(10_000);
    expect(ids(read.values)).toEqual(large.members);
    expect((await client.get(`/groups/${large.id}/members/$count`, EVENTUAL)).text).toBe(String(large.members.length));
  });

  it('are told apart by cast, and users, groups and others add up', async () => {
    const state = company();
    client = await startClient(state);
    const mixed = first(state.groups.slice(3));
    const users = await client.all(`/groups/${mixed.id}/members/microsoft.graph.user?$count=true`, EVENTUAL);
    const groups = await client.all(`/groups/${mixed.id}/members/microsoft.graph.group?$count=true`, EVENTUAL);
    const all = await client.all(`/groups/${mixed.id}/members?$select=id`);
    const types = new Set(all.values.map((value) => value['@odata.type']));
    expect(types).toContain('#microsoft.graph.servicePrincipal');
    expect(users.values.length + groups.values.length + 1).toBe(all.values.length);
    expect(users.values.length).toBeGreaterThan(0);
  });

  it('are read through nested groups once each, even where the nesting is a circle', async () => {
    client = await startClient();
    const { control, organisation } = client.tenant;
    const [ada, grace, alan] = organisation.snapshot().users.map((user) => user.id);
    const inner = control.createGroup({ displayName: 'Inner' }, [ada ?? '', grace ?? '']);
    const outer = control.createGroup({ displayName: 'Outer' }, [inner.id, grace ?? '', alan ?? '']);
    control.addMember(inner.id, outer.id);
    const read = await client.all(`/groups/${outer.id}/transitiveMembers?$select=id&$top=2`);
    expect(idsOf(read.values)).toEqual(idsOf([ada, grace, alan, inner.id].map((id) => ({ id }))));
    expect((await client.get(`/groups/${outer.id}/transitiveMembers/$count`, EVENTUAL)).text).toBe('4');
  });

  it('are seen from the member too', async () => {
    const state = company();
    client = await startClient(state);
    const user = first(state.users.filter((one) => state.groups.some((group) => group.members.includes(one.id))));
    const wanted = state.groups.filter((group) => group.members.includes(user.id));
    const path = `/users/${user.id}/memberOf`;
    expect(idsOf((await client.all(`${path}?$select=id`)).values)).toEqual(idsOf(wanted));
    const cast = await client.all(`${path}/microsoft.graph.group?$count=true`, EVENTUAL);
    expect(idsOf(cast.values)).toEqual(idsOf(wanted));
  });
});

describe('counts', () => {
  it('come with the first page only, and only for those who ask for eventual consistency', async () => {
    client = await startClient();
    const stated = await client.get('/users?$count=true&$top=5', EVENTUAL);
    expect(stated.json['@odata.count']).toBe(60);
    expect((await client.get(String(stated.json['@odata.nextLink']), EVENTUAL)).json).not.toHaveProperty(
      '@odata.count',
    );
    expect((await client.get('/users?$count=true&$top=5')).json).not.toHaveProperty('@odata.count');
  });

  it('are plain text', async () => {
    client = await startClient();
    const answer = await client.get('/users/$count', EVENTUAL);
    expect(answer.headers.get('content-type')).toMatch(/^text\/plain/);
    expect(answer.text).toBe('60');
  });
});
