import { afterEach, describe, expect, it } from 'vitest';
import { generateState } from '../../../src/sandbox/organisation/generate.ts';
import type { TenantOptions } from '../../../src/sandbox/tenant/tenant.ts';
import { first, isObject, startClient, type Client } from './client.ts';
import { latestLink, readRound, type Round } from './delta-round.ts';

const state = generateState({ seed: 11, users: 12, groups: 6 });
const people = state.users.map(({ id }) => id);
const [ada = '', ben = '', cyd = ''] = people;
const MINIMAL = { Prefer: 'return=minimal' };
const USERS = '/users/delta?$select=displayName,jobTitle,manager';
const GROUPS = '/groups/delta?$select=displayName,members';

let client: Client;
afterEach(() => client.tenant.close());

async function start(options: Omit<TenantOptions, 'organisation'> = {}): Promise<Client> {
  client = await startClient(state, options);
  return client;
}

const round = (from: string, headers?: Record<string, string>): Promise<Round> => readRound(client, from, headers);
const latest = (path: string): Promise<string> => latestLink(client, path);

function membersDelta(value: Record<string, unknown>): Record<string, unknown>[] {
  const members = value['members@delta'];
  return Array.isArray(members) ? members.filter(isObject) : [];
}

const REMOVED = { '@removed': { reason: 'deleted' } };

describe('the first round', () => {
  it('lists every user with the selected properties and manager, then those who may be restored as removed', async () => {
    await start({ pageSize: 5 });
    client.tenant.control.softDeleteUser(ada);
    const { values, pages } = await round(USERS);
    const removed = { '@removed': { reason: 'changed' } };
    const deleted = [...state.deletedUsers.map(({ id }) => id), ada];
    expect(values.filter((value) => '@removed' in value)).toEqual(deleted.map((id) => ({ id, ...removed })));
    expect(new Set(values.map(({ id }) => id))).toEqual(new Set([...people, ...deleted]));
    expect(pages.length).toBeGreaterThan(2);
    const reporting = first(state.users.filter((user) => user.managerId !== null && user.managerId !== ada));
    expect(values.find(({ id }) => id === reporting.id)).toEqual({
      id: reporting.id,
      displayName: reporting.properties['displayName'],
      jobTitle: reporting.properties['jobTitle'] ?? null,
      'manager@delta': [{ '@odata.type': '#microsoft.graph.user', id: reporting.managerId }],
    });
  });

  it('splits the members of a group over pages and lists each once', async () => {
    await start({ pageSize: 5 });
    const { id } = client.tenant.control.createGroup({ displayName: 'All' }, people);
    const { pages } = await round(GROUPS);
    const pieces = pages.flat().filter((value) => value['id'] === id);
    expect(pieces.length).toBeGreaterThan(2);
    expect(pieces.every((piece) => piece['displayName'] === 'All')).toBe(true);
    const members = pieces.flatMap(membersDelta).map((member) => member['id']);
    expect(members).toHaveLength(people.length);
    expect(new Set(members)).toEqual(new Set(people));
  });

  it('ends with what changed while it was read', async () => {
    await start({ pageSize: 5 });
    const answer = await client.get(USERS);
    client.tenant.control.updateUser(ada, { jobTitle: 'Changed meanwhile' });
    const { values, deltaLink } = await round(String(answer.json['@odata.nextLink']));
    expect(values.filter(({ id }) => id === ada)).toMatchObject([{ jobTitle: 'Changed meanwhile' }]);
    expect((await round(deltaLink)).values).toEqual([]);
  });
});

type Edit = (control: Client['tenant']['control']) => void;

const HISTORIES: readonly (readonly [string, string, Edit, unknown])[] = [
  ['a rename', USERS, (c) => c.updateUser(ada, { displayName: 'Ada' }), [{ id: ada, displayName: 'Ada' }]],
  [
    'a property set to nothing',
    USERS,
    (c) => c.updateUser(ada, { displayName: null }),
    [{ id: ada, displayName: null }],
  ],
  ['a property nobody tracks', USERS, (c) => c.updateUser(ada, { city: 'Turin' }), []],
  ['a property set to what it was', USERS, (c) => c.updateUser(ada, {}), []],
  [
    'a soft delete',
    USERS,
    (c) => c.softDeleteUser(people[9] ?? ''),
    [{ id: people[9], '@removed': { reason: 'changed' } }],
  ],
  ['a hard delete', USERS, (c) => c.hardDeleteUser(people[9] ?? ''), [{ id: people[9], ...REMOVED }]],
  [
    'two changes of one user as two appearances',
    USERS,
    (c) => {
      c.updateUser(ada, { displayName: 'A' });
      c.updateUser(ada, { jobTitle: 'B' });
    },
    [
      { id: ada, displayName: 'A' },
      { id: ada, jobTitle: 'B' },
    ],
  ],
];

describe('a round after an edit, asked for the minimum, tells', () => {
  it.each(HISTORIES)('%s', async (_name, path, edit, expected) => {
    await start();
    client.tenant.control.setManager(people[9] ?? '', null);
    for (const id of people) if (id !== people[9]) client.tenant.control.setManager(id, null);
    const link = await latest(path);
    edit(client.tenant.control);
    const { values, deltaLink } = await round(link, MINIMAL);
    expect(values).toEqual(expected);
    expect((await round(deltaLink, MINIMAL)).values).toEqual([]);
    expect((await round(link, MINIMAL)).values).toEqual(expected);
  });

  it('a changed manager with the former one, and the reports of a manager who was deleted and restored', async () => {
    await start();
    const { control } = client.tenant;
    for (const id of people) control.setManager(id, null);
    control.setManager(ada, ben);
    let link = await latest(USERS);
    control.setManager(ada, cyd);
    const user = { '@odata.type': '#microsoft.graph.user' };
    let { values, deltaLink } = await round(link, MINIMAL);
    expect(values).toEqual([
      {
        id: ada,
        'manager@delta': [
          { ...user, id: ben, ...REMOVED },
          { ...user, id: cyd },
        ],
      },
    ]);
    control.softDeleteUser(cyd);
    link = deltaLink;
    ({ values, deltaLink } = await round(link, MINIMAL));
    expect(values).toContainEqual({ id: ada, 'manager@delta': [{ ...user, id: cyd, ...REMOVED }] });
    control.restoreUser(cyd);
    ({ values } = await round(deltaLink, MINIMAL));
    expect(values).toContainEqual({ id: ada, 'manager@delta': [{ ...user, id: cyd }] });
    expect(values).toContainEqual(expect.objectContaining({ id: cyd, displayName: expect.any(String) as unknown }));
  });

  it('members who joined, left or were deleted, without the properties that stayed', async () => {
    await start();
    const { control } = client.tenant;
    const { id } = control.createGroup({ displayName: 'Trio' }, [ada, ben]);
    const link = await latest(GROUPS);
    control.addMember(id, cyd);
    control.removeMember(id, ada);
    const user = { '@odata.type': '#microsoft.graph.user' };
    let { values, deltaLink } = await round(link, MINIMAL);
    expect(values).toEqual([
      {
        id,
        'members@delta': [
          { ...user, id: cyd },
          { ...user, id: ada, ...REMOVED },
        ],
      },
    ]);
    expect((await round(link)).values).toEqual([{ ...first(values), displayName: 'Trio' }]);
    control.softDeleteUser(ben);
    ({ values, deltaLink } = await round(deltaLink, MINIMAL));
    expect(values).toContainEqual({ id, 'members@delta': [{ ...user, id: ben, ...REMOVED }] });
    control.deleteGroup(id);
    expect((await round(deltaLink, MINIMAL)).values).toEqual([{ id, ...REMOVED }]);
  });
});

describe('a round', () => {
  it('may have empty pages in between', async () => {
    await start({ pageSize: 2 });
    const link = await latest(USERS);
    client.tenant.control.createGroup({ displayName: 'All' }, people);
    client.tenant.control.createGroup({ displayName: 'All again' }, people);
    client.tenant.control.updateUser(ada, { jobTitle: 'Last' });
    const { pages } = await round(link);
    expect(pages[0]).toEqual([]);
    expect(pages.at(-1)).toMatchObject([{ id: ada }]);
  });

  it('tells of the asked ids only, and keeps to its query on every page', async () => {
    await start({ pageSize: 1 });
    const link = await latest(
      `/users/delta?$select=jobTitle&$filter=${encodeURIComponent(`id eq '${ada}' or id eq '${ben}'`)}`,
    );
    for (const id of [ada, ben, cyd]) client.tenant.control.updateUser(id, { jobTitle: 'x', displayName: 'y' });
    const { values, pages } = await round(link);
    expect(values).toEqual([ada, ben].map((id) => ({ id, jobTitle: 'x' })));
    expect(pages.length).toBeGreaterThan(1);
  });

  it('tells again what was told, while replays are on', async () => {
    await start();
    const { control } = client.tenant;
    control.updateUser(ada, { jobTitle: 'One' });
    control.updateUser(ben, { jobTitle: 'Two' });
    const link = await latest(USERS);
    control.setDeltaReplay(1);
    expect((await round(link)).values.map(({ id }) => id)).toEqual([ben]);
    control.setDeltaReplay(100);
    expect((await round(link)).values.map(({ id }) => id)).toEqual([ada, ben]);
    control.setDeltaReplay(0);
    expect((await round(link)).values).toEqual([]);
  });

  it('holds a change back with a lag of its own and tells it later, as it is seen then', async () => {
    await start();
    const { control } = client.tenant;
    const link = await latest(USERS);
    control.setDeltaLag({ kind: 'held' });
    control.updateUser(ada, { jobTitle: 'Early' });
    expect((await client.get(`/users/${ada}?$select=jobTitle`)).json['jobTitle']).toBe('Early');
    const { values, deltaLink } = await round(link);
    expect(values).toEqual([]);
    // What the feed has not seen is shown as it was, although every other read is past it.
    const asBefore = (await round(USERS)).values.find(({ id }) => id === ada);
    expect(asBefore?.['jobTitle']).toBe(first(state.users).properties['jobTitle']);
    control.advance();
    expect((await round(deltaLink)).values).toMatchObject([{ id: ada, jobTitle: 'Early' }]);
  });

  it('is as far behind as other reads, unless it has a lag of its own and runs ahead', async () => {
    await start({ lag: { kind: 'held' } });
    const { control } = client.tenant;
    const link = await latest(USERS);
    control.updateUser(ada, { jobTitle: 'Early' });
    expect((await round(link)).values).toEqual([]);
    control.setDeltaLag({ kind: 'none' });
    expect((await round(link)).values).toMatchObject([{ id: ada, jobTitle: 'Early' }]);
    expect((await client.get(`/users/${ada}?$select=jobTitle`)).json['jobTitle']).not.toBe('Early');
  });
});
