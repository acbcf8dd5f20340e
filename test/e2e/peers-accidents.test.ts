import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import type { CycleKind } from '../../src/core/cycle.ts';
import { URN } from '../../src/core/scim.ts';
import type { FaultEffect } from '../../src/sandbox/tenant/faults.ts';
import type { FaultSetting } from '../../src/sandbox/provider/faults.ts';
import { company, cycle, memberCount, people, personName, userNames, writes } from './company.ts';
import { closed, startWorld, type World } from './world.ts';

let world: World;
let operator: OperatorClient;

beforeAll(async () => {
  const organisation = company({ users: 60, groups: { Crew: [1, 12], Office: [13, 40] }, direct: [41, 50] });
  world = await startWorld({ organisation });
  operator = await world.open();
  await cycle(operator);
});
afterAll(() => world.close());

beforeEach(() => {
  world.tenant.control.clearFaults();
  world.provider.faults.clear();
  world.provider.observe({});
  world.provider.clearRequests();
});

async function changes(): Promise<string> {
  const started = await operator.startCycle({ connection: 'acme', kind: 'incremental', requestedBy: 'test' });
  return (await closed(operator, started.id)).result ?? '';
}

async function run(kind: CycleKind): Promise<string> {
  return kind === 'incremental' ? changes() : ((await cycle(operator)).result ?? '');
}

function idOf(name: string): unknown {
  return world.provider.accounts.find(name)?.['id'];
}

function hire(name: string, properties: object = {}): void {
  world.tenant.control.createUser({
    displayName: name,
    mailNickname: name,
    userPrincipalName: `${name}@harbour.example`,
    accountEnabled: true,
    ...properties,
  });
}

/** Everybody of the beginning has what they had then. */
function expectEverybody(): void {
  expect(userNames(world)).toEqual(expect.arrayContaining([...people(1, 50)]));
  expect(memberCount(world, 'Crew')).toBe(12);
  expect(memberCount(world, 'Office')).toBe(28);
}

// What went wrong in other programs that do this work, each as it happened there. One story: each test leaves the company
// as it found it, or somebody more in it.
describe('the directory', () => {
  test.each<readonly [string, string, FaultEffect]>([
    ['answers 503 midway', '/groups/*/members', { kind: 'status', status: 503, retryAfter: '3600' }],
    ['shows a group as empty that is not', '/groups/*/members', { kind: 'no-value' }],
    ['counts other members than it shows', '/groups/*/members/$count', { kind: 'count-off', by: 3 }],
  ])('%s: nothing is written', async (_what, path, effect) => {
    world.tenant.control.unassign({ principal: personName(41) });
    world.tenant.control.addFault({ path, effect });
    expect(['failed', 'refused']).toContain(await run('initial'));
    expect(writes(world)).toEqual([]);
    world.tenant.control.assign({ principal: personName(41) });
    world.tenant.control.clearFaults();
    expect(await run('initial')).toBe('succeeded');
    expectEverybody();
  });

  test('has a group that was emptied by mistake: its people stay, and the hold lifts when they are back', async () => {
    for (const name of people(1, 12)) world.tenant.control.removeMember('Crew', name);
    expect(await run('initial')).toBe('held');
    expectEverybody();
    for (const name of people(1, 12)) world.tenant.control.addMember('Crew', name);
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 0 });
  });

  test('leaves out a group that is assigned: nothing is concluded from it', async () => {
    world.tenant.control.addFault({ path: '/groups/*', effect: { kind: 'status', status: 404 } });
    expect(['failed', 'refused']).toContain(await run('initial'));
    expect(writes(world)).toEqual([]);
    expectEverybody();
  });

  test('loses the last assignment: the plan is refused', async () => {
    const principals = ['Crew', 'Office', ...people(41, 50)];
    for (const principal of principals) world.tenant.control.unassign({ principal });
    expect(await run('initial')).toBe('refused');
    expect(await run('incremental')).toBe('refused');
    expect(writes(world)).toEqual([]);
    for (const principal of principals) world.tenant.control.assign({ principal });
    expect(await run('incremental')).toBe('succeeded');
    expectEverybody();
  });

  test('tells of a change before its members show it: it is not forgotten', async () => {
    world.tenant.control.setLag({ kind: 'held' });
    world.tenant.control.setDeltaLag({ kind: 'none' });
    world.tenant.control.addMember('Crew', personName(51));
    expect(await run('incremental')).toBe('succeeded');
    expect(userNames(world)).not.toContain(personName(51));
    world.tenant.control.setLag({ kind: 'none' });
    world.tenant.control.setDeltaLag(undefined);
    expect(await run('incremental')).toBe('succeeded');
    expect(userNames(world)).toContain(personName(51));
    world.tenant.control.removeMember('Crew', personName(51));
    await run('incremental');
    expectEverybody();
  });

  test.each<CycleKind>(['initial', 'incremental'])(
    'has a deleted user inside a group: an %s cycle takes that one alone, and gives back what is restored',
    async (kind) => {
      const { id } = world.tenant.control.updateUser(personName(12), { jobTitle: `seen by ${kind}` });
      world.tenant.control.softDeleteUser(personName(12));
      expect(await run(kind)).toBe('succeeded');
      expect(userNames(world, false)).toContain(personName(12));
      expect(memberCount(world, 'Crew')).toBe(11);
      world.tenant.control.restoreUser(id);
      expect(await run(kind)).toBe('succeeded');
      expectEverybody();
    },
  );

  test('renames a group: the same SCIM group keeps its members under the new name', async () => {
    const before = world.provider.groups.find('Crew')?.['id'];
    world.tenant.control.updateGroup('Crew', { displayName: 'Deck' });
    expect(await run('incremental')).toBe('succeeded');
    expect(world.provider.groups.find('Deck')?.['id']).toBe(before);
    expect(memberCount(world, 'Deck')).toBe(12);
    world.tenant.control.updateGroup('Deck', { displayName: 'Crew' });
    expect(await run('incremental')).toBe('succeeded');
    expectEverybody();
  });

  test('renames a user and gives the old name to somebody else: two people, two accounts', async () => {
    const before = idOf(personName(42));
    world.tenant.control.updateUser(personName(42), { userPrincipalName: 'married@harbour.example' });
    expect(await run('incremental')).toBe('succeeded');
    expect(idOf('married@harbour.example')).toBe(before);
    hire('person42-new', { userPrincipalName: personName(42) });
    world.tenant.control.assign({ principal: personName(42) });
    expect(await run('incremental')).toBe('succeeded');
    expect(idOf(personName(42))).not.toBe(before);
    expect(userNames(world)).toEqual(expect.arrayContaining(['married@harbour.example', personName(42)]));
  });

  test('has a user deleted and made anew under the same name: the account stays until somebody has looked', async () => {
    const before = idOf(personName(43));
    world.tenant.control.hardDeleteUser(personName(43));
    hire('person43-again', { userPrincipalName: personName(43) });
    world.tenant.control.assign({ principal: personName(43) });
    const done = await cycle(operator);
    expect(done.verdict?.findings.map(({ guard }) => guard)).toEqual(['matching-collision']);
    expect(idOf(personName(43))).toBe(before);
    expect(world.provider.canSignIn(personName(43))).toBe(true);
    world.tenant.control.updateUser(personName(43), { userPrincipalName: 'again43@harbour.example' });
    await cycle(operator);
    expect(world.provider.canSignIn('again43@harbour.example')).toBe(true);
  });
});

describe('the service provider', () => {
  test.each<FaultSetting>([
    { fault: 'lyingTotalResults', value: -20 },
    { fault: 'repeatPage' },
    { fault: 'listShort', value: 20 },
  ])('lists wrongly (%o): nobody is removed or made twice', async (fault) => {
    const before = userNames(world);
    world.provider.faults.set(fault);
    expect(await run('initial')).toBe('succeeded');
    expect(writes(world)).toEqual([]);
    expect(userNames(world)).toEqual(before);
  });

  test('says 409 and shows nobody of that name: no second account, everybody else goes on', async () => {
    hire('hidden');
    hire('plain');
    world.provider.change('POST', '/Users', { schemas: [URN.user], userName: 'hidden@harbour.example' });
    for (const name of ['hidden', 'plain']) world.tenant.control.assign({ principal: `${name}@harbour.example` });
    world.provider.faults.set({ fault: 'silentEmpty', value: 'hidden' });
    world.provider.faults.set({ fault: 'onlyScimUsersListed' });
    expect(await run('initial')).toBe('entry-level-errors');
    expect(userNames(world).filter((name) => name === 'hidden@harbour.example')).toHaveLength(1);
    expect(world.provider.canSignIn('plain@harbour.example')).toBe(true);
    world.provider.faults.clear();
    expect(await run('initial')).toBe('succeeded');
  });

  test('does not know a member any more: the others get in, and the next cycle makes up for it', async () => {
    for (const n of [52, 53]) world.tenant.control.addMember('Crew', personName(n));
    world.provider.observe({
      afterWrite() {
        const id = idOf(personName(52));
        if (typeof id !== 'string') return;
        world.provider.observe({});
        world.provider.change('DELETE', `/Users/${id}`);
      },
    });
    await run('initial');
    expect(memberCount(world, 'Crew')).toBe(13);
    expect(await run('initial')).toBe('succeeded');
    expect(memberCount(world, 'Crew')).toBe(14);
  });

  test('has no seats left: whoever is in stays in, and whoever waits gets in when there are some', async () => {
    const before = userNames(world);
    for (const n of [54, 55]) world.tenant.control.assign({ principal: personName(n) });
    world.provider.faults.set({ fault: 'failBefore', value: 400, method: 'POST', path: '^/Users$' });
    expect(await run('incremental')).toBe('entry-level-errors');
    expect(userNames(world)).toEqual(before);
    world.provider.faults.clear();
    await operator.retryEscrows({ connection: 'acme', by: 'test' });
    // Nothing changed in the directory since: what failed is remembered, although its change was read.
    expect(await run('incremental')).toBe('succeeded');
    expect(userNames(world)).toEqual(expect.arrayContaining([personName(54), personName(55)]));
  });

  test.each<FaultSetting>([
    { fault: 'failAfter', value: 500, method: 'DELETE', times: 1 },
    { fault: 'failBefore', value: 500, method: 'DELETE', times: 1 },
  ])('answers a delete with an error (%o): it is found out by reading', async (fault) => {
    const name = fault.fault === 'failAfter' ? personName(54) : personName(55);
    world.tenant.control.hardDeleteUser(name);
    world.provider.faults.set(fault);
    expect(await run('incremental')).toBe('succeeded');
    expect(idOf(name)).toBeUndefined();
    expect(writes(world).filter((write) => write.startsWith('DELETE'))).toHaveLength(
      fault.fault === 'failAfter' ? 1 : 2,
    );
  });

  test('has lost an account before its delete comes: it is as deleted as can be', async () => {
    const id = idOf(personName(53));
    world.tenant.control.hardDeleteUser(personName(53));
    world.provider.observe({
      beforeWrite() {
        world.provider.observe({});
        world.provider.change('DELETE', `/Users/${String(id)}`);
      },
    });
    expect(await run('incremental')).toBe('succeeded');
    expect(idOf(personName(53))).toBeUndefined();
  });
});

test('a scope narrowed in the configuration takes no group that still holds people, and nobody their account', async () => {
  const organisation = company({ users: 8, groups: { Crew: [1, 8] } });
  const narrowed = { scope: { groups: false } };
  const before = await startWorld({ organisation });
  await before.fullCycle();
  const after = await startWorld({
    organisation,
    provider: { seed: before.provider.snapshot() },
    connection: narrowed,
  });
  try {
    await cp(join(before.directory, 'data'), join(after.directory, 'data'), { recursive: true });
    expect((await after.fullCycle()).result).toBe('held');
    expect(memberCount(after, 'Crew')).toBe(8);
    expect(userNames(after)).toEqual(people(1, 8));
  } finally {
    await before.close();
    await after.close();
  }
});

test('a token refused midway stops everything, and a cycle with a new one ends as it should', async () => {
  const fresh = await startWorld({ organisation: company({ users: 30, direct: [1, 30] }) });
  try {
    const token = fresh.provider.token ?? '';
    let left = 5;
    fresh.provider.observe({
      afterWrite() {
        left -= 1;
        if (left === 0) fresh.provider.revokeToken(token);
      },
    });
    expect((await fresh.fullCycle()).result).toBe('failed');
    expect(userNames(fresh).length).toBeLessThan(30);
    fresh.provider.addToken(token);
    const after = await fresh.open();
    expect(await after.resumeConnection('acme')).toBe(true);
    await after.close();
    expect((await fresh.fullCycle()).result).toBe('succeeded');
    expect(userNames(fresh)).toEqual(people(1, 30));
  } finally {
    await fresh.close();
  }
});

test('a plan before the first cycle knows no ids, writes nothing, and is the plan of that cycle', async () => {
  const fresh = await startWorld({ organisation: company({ users: 8, groups: { Crew: [1, 8] } }) });
  try {
    const first = await fresh.open();
    const { plan } = await first.plan('acme', () => undefined, new AbortController().signal);
    expect(writes(fresh)).toEqual([]);
    expect(plan.counts.operations).toEqual({ 'account.create': 8, 'group.create': 1, 'group.members': 1 });
    expect((await cycle(first)).planDigest).toBe(plan.digest);
  } finally {
    await fresh.close();
  }
});
