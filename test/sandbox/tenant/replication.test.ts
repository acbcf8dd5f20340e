import { afterEach, describe, expect, it } from 'vitest';
import type { Lag } from '../../../src/sandbox/organisation/replication.ts';
import { company, EVENTUAL, first, startClient, type Client } from './client.ts';

let client: Client;
let time = Date.parse('2026-05-01T12:00:00Z');
const state = company();
const application = first(state.servicePrincipals).id;
const unassigned = first(
  state.users.filter(
    (user) => !state.assignments.some((one) => one.principalId === user.id && one.resourceId === application),
  ),
);
const group = first(state.groups);

afterEach(() => client.tenant.close());

async function start(lag: Lag, countLag: Lag = { kind: 'none' }): Promise<Client> {
  client = await startClient(state, { now: () => time, lag, countLag });
  return client;
}

async function isAssigned(): Promise<boolean> {
  const { values } = await client.all(`/servicePrincipals/${application}/appRoleAssignedTo?$top=999`);
  return values.some((value) => value['principalId'] === unassigned.id);
}

async function count(): Promise<number> {
  return Number((await client.get(`/groups/${group.id}/members/$count`, EVENTUAL)).text);
}

describe('replication lag', () => {
  it('shows a new assignment only after the time has passed', async () => {
    await start({ kind: 'milliseconds', milliseconds: 60_000 });
    client.tenant.control.assign({ principal: unassigned.id });
    expect(await isAssigned()).toBe(false);
    time += 59_999;
    expect(await isAssigned()).toBe(false);
    time += 1;
    expect(await isAssigned()).toBe(true);
  });

  it('shows a change only after a number of reads', async () => {
    await start({ kind: 'reads', reads: 2 });
    client.tenant.control.assign({ principal: unassigned.id });
    expect([await isAssigned(), await isAssigned(), await isAssigned()]).toEqual([false, false, true]);
  });

  it('shows nothing new until told, and then everything', async () => {
    await start({ kind: 'held' });
    const { control } = client.tenant;
    const user = first(state.users.filter((one) => one !== unassigned));
    control.softDeleteUser(user.id);
    control.assign({ principal: unassigned.id });
    expect((await client.get(`/users/${user.id}`)).status).toBe(200);
    expect((await client.get(`/directory/deletedItems/microsoft.graph.user/${user.id}`)).status).toBe(404);
    expect(await isAssigned()).toBe(false);
    control.advance();
    expect((await client.get(`/users/${user.id}`)).status).toBe(404);
    expect((await client.get(`/directory/deletedItems/microsoft.graph.user/${user.id}`)).status).toBe(200);
    expect(await isAssigned()).toBe(true);
  });

  it('shows changes in the order they were made', async () => {
    await start({ kind: 'milliseconds', milliseconds: 1_000 });
    const { control } = client.tenant;
    const user = first(state.users);
    control.updateUser(user.id, { jobTitle: 'First' });
    time += 600;
    control.updateUser(user.id, { jobTitle: 'Second' });
    const seen: unknown[] = [];
    for (let read = 0; read < 4; read += 1) {
      seen.push((await client.get(`/users/${user.id}?$select=jobTitle`)).json['jobTitle']);
      time += 500;
    }
    expect(seen).toEqual([user.properties['jobTitle'], 'First', 'Second', 'Second']);
  });

  it('never goes back when the lag grows', async () => {
    await start({ kind: 'none' });
    client.tenant.control.assign({ principal: unassigned.id });
    expect(await isAssigned()).toBe(true);
    client.tenant.control.setLag({ kind: 'held' });
    expect(await isAssigned()).toBe(true);
  });
});

describe('the index behind counts and casts', () => {
  it('lags by itself, so that a count disagrees with the list it counts', async () => {
    await start({ kind: 'none' }, { kind: 'held' });
    const [member] = group.members;
    client.tenant.control.removeMember(group.id, member ?? '');
    const listed = (await client.all(`/groups/${group.id}/members?$select=id&$top=999`)).values.length;
    expect([listed, await count()]).toEqual([group.members.length - 1, group.members.length]);
    const cast = `/groups/${group.id}/members/microsoft.graph.user?$count=true&$select=id&$top=999`;
    expect((await client.all(cast, EVENTUAL)).values.map((value) => value['id'])).toContain(member);
    client.tenant.control.advance();
    expect(await count()).toBe(group.members.length - 1);
  });

  it('is never ahead of the lists', async () => {
    await start({ kind: 'held' });
    client.tenant.control.removeMember(group.id, group.members[0] ?? '');
    expect(await count()).toBe(group.members.length);
  });
});
