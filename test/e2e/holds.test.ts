import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import type { CycleView } from '../../src/ports/operator.ts';
import { company, cycle, memberCount, people, personName, userNames, writes } from './company.ts';
import { closed, eventually, platforms, startWorld, type Platform, type World } from './world.ts';

let world: World;
let operator: OperatorClient;

async function start(platform: Platform): Promise<void> {
  // Crew lets in thirty people nobody else does; everybody else is assigned directly.
  const organisation = company({ users: 80, groups: { Crew: [1, 30] }, direct: [31, 80] });
  world = await startWorld({ platform, organisation });
  operator = await world.open();
  await cycle(operator);
}

async function open() {
  return operator.holds.list({ connection: 'acme', ended: false, limit: 10 });
}

async function guardsHolding(): Promise<readonly string[]> {
  return (await open()).map(({ guard, operations, state }) => `${guard} ${operations} ${state}`).toSorted();
}

async function approveAll(): Promise<void> {
  for (const { id, digest } of await open())
    await operator.holds.approve(id, { digest: digest.slice(0, 12), by: 'ada', reason: 'the crew has left' });
}

async function incremental(): Promise<CycleView> {
  const started = await operator.startCycle({ connection: 'acme', kind: 'incremental', requestedBy: 'test' });
  return closed(operator, started.id);
}

// One story: each test begins where the one before it ended.
describe.each(platforms())('holds on %s', (platform) => {
  beforeAll(() => start(platform));
  afterAll(() => world.close());

  test('a group unassigned by mistake: what is held waits, nothing succeeds, and the holds lift when it is back', async () => {
    world.tenant.control.unassign({ principal: 'Crew' });
    world.provider.clearRequests();
    const first = await cycle(operator);
    expect(first.result).toBe('held');
    expect(await guardsHolding()).toEqual([
      'group-cliff 30 waiting',
      'non-empty-group-delete 1 waiting',
      'too-many-removals 31 waiting',
    ]);
    const digests = (await open()).map(({ digest }) => digest);
    expect((await incremental()).result).toBe('held');
    expect((await open()).map(({ digest }) => digest)).toEqual(digests);
    expect(writes(world)).toEqual([]);
    const status = (await operator.status()).connections[0];
    expect(status?.lastSuccess?.id).not.toBe(first.id);
    expect(status?.holds).toHaveLength(3);
    world.tenant.control.assign({ principal: 'Crew' });
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 0 });
    expect(await open()).toEqual([]);
    const ended = await operator.holds.list({ ended: true, limit: 10 });
    expect(ended.map(({ state }) => state)).toEqual(['lifted', 'lifted', 'lifted']);
    const { history } = await operator.holds.show(ended[0]?.id ?? '', 10);
    expect(history.map(({ event }) => event)).toEqual(['opened', 'lifted']);
  });

  test('one approval of three is not enough, and a rejected hold says so', async () => {
    world.tenant.control.unassign({ principal: 'Crew' });
    await cycle(operator);
    for (const { id, guard, digest } of await open()) {
      const decision = { digest, by: 'ada', reason: 'Crew is gone' };
      if (guard === 'group-cliff') await operator.holds.approve(id, decision);
      if (guard === 'too-many-removals') await operator.holds.reject(id, { ...decision, reason: 'ask HR first' });
    }
    world.provider.clearRequests();
    await cycle(operator);
    expect(writes(world)).toEqual([]);
    expect(await guardsHolding()).toEqual([
      'group-cliff 30 approved',
      'non-empty-group-delete 1 waiting',
      'too-many-removals 31 rejected',
    ]);
  });

  test('nothing is decided about by a digest that is not its own', async () => {
    const [hold] = await open();
    const decision = { digest: 'deadbeef', by: 'ada', reason: 'yes' };
    await expect(operator.holds.approve(hold?.id ?? '', decision)).rejects.toThrow(
      'deadbeef is not the digest of hold',
    );
  });

  test('approved, exactly that is carried out and nothing else, and the holds end', async () => {
    await approveAll();
    world.tenant.control.updateUser(personName(40), { jobTitle: 'Pilot' });
    const done = await incremental();
    expect(done.result).toBe('succeeded');
    expect(userNames(world, false)).toEqual(people(1, 30));
    expect(memberCount(world, 'Crew')).toBeUndefined();
    expect(await open()).toEqual([]);
    const ended = await operator.holds.list({ ended: true, limit: 3 });
    expect(ended.map(({ state }) => state)).toEqual(['carried-out', 'carried-out', 'carried-out']);
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 0 });
  });

  test('what was approved is not counted against the next leavers, and a slow bleed trips all the same', async () => {
    for (const n of [31, 32, 33, 34, 35]) {
      world.tenant.control.unassign({ principal: personName(n) });
      expect((await cycle(operator)).result).toBe('succeeded');
    }
    world.tenant.control.unassign({ principal: personName(36) });
    const sixth = await cycle(operator);
    expect(sixth.result).toBe('held');
    expect(sixth.verdict?.findings[0]?.message).toBe(
      '6 accounts to disable within 24 hours, 5 of them carried out before this cycle: 12.0 % of 50, more than 10 %',
    );
    expect(world.provider.canSignIn(personName(36))).toBe(true);
  });
});

test('an approval that is taken back while its plan waits for the provider is not carried out', async () => {
  const own = await startWorld({ organisation: company({ users: 30, groups: {}, direct: [1, 26] }) });
  const other = await own.open();
  await cycle(other);
  for (const name of people(1, 10)) own.tenant.control.unassign({ principal: name });
  await cycle(other);
  const newest = async () => {
    const [hold] = await other.holds.list({ connection: 'acme', ended: false, limit: 1 });
    if (hold === undefined) throw new Error('nothing is held');
    return hold;
  };
  const { id, digest } = await newest();
  await other.holds.approve(id, { digest, by: 'ada', reason: 'they have left' });
  own.provider.faults.set({ fault: 'throttle', value: 3600, method: 'PATCH' });
  const started = await other.startCycle({ connection: 'acme', kind: 'initial', requestedBy: 'test' });
  await eventually(async () => (await other.status()).connections[0]?.state.throttledUntil);
  expect(await other.holds.reject(id, { digest, by: 'bob', reason: 'HR was wrong' })).toMatchObject({
    state: 'rejected',
  });
  expect(await closed(other, started.id)).toMatchObject({
    result: 'cancelled',
    failure: { message: expect.stringContaining('taken back') },
  });
  own.provider.faults.clear();
  await other.resumeConnection('acme');
  expect((await cycle(other)).result).toBe('held');
  expect(userNames(own, false)).toEqual([]);
  await own.close();
});

test("while Entra's own job runs nothing is sent, and without the permission to see it every verdict says so", async () => {
  const own = await startWorld({ organisation: company({ users: 4, groups: {}, direct: [1, 4] }) });
  const other = await own.open();
  const [principal] = [...own.tenant.organisation.servicePrincipals.values(own.tenant.organisation.version())];
  own.tenant.control.setProvisioningJob(principal?.appId ?? '', 'Active');
  expect(await cycle(other)).toMatchObject({ result: 'held', verdict: { findings: [{ guard: 'native-job-active' }] } });
  expect(writes(own)).toEqual([]);
  const [reader] = own.tenant.applications();
  if (reader === undefined) throw new Error('no application is registered');
  const permissions = reader.permissions.filter((name) => name !== 'Synchronization.Read.All');
  own.tenant.control.registerApplication({ ...reader, permissions });
  own.tenant.control.revokeTokens();
  const unseen = await cycle(other);
  expect(unseen.result).toBe('succeeded');
  expect(unseen.verdict?.findings).toMatchObject([{ guard: 'native-job-active', effect: 'warn' }]);
  await own.close();
});

test('who was rejected stays, also when so few are left that the guard says nothing any more', async () => {
  const own = await startWorld({ organisation: company({ users: 40, direct: [1, 40] }) });
  const other = await own.open();
  await cycle(other);
  const next = async (kind: 'incremental' | 'initial') => {
    const { id } = await other.startCycle({ connection: 'acme', kind, requestedBy: 'test' });
    return (await closed(other, id)).result;
  };
  for (let n = 1; n <= 6; n++) own.tenant.control.unassign({ principal: personName(n) });
  expect(await next('incremental')).toBe('held');
  const [hold] = await other.holds.list({ connection: 'acme', ended: false, limit: 10 });
  const { id = '', digest = '' } = hold ?? {};
  await other.holds.reject(id, { digest, by: 'ada', reason: 'a mistake: I put them back' });
  own.provider.clearRequests();
  for (let n = 1; n <= 2; n++) own.tenant.control.assign({ principal: personName(n) });
  expect([await next('incremental'), await next('initial')]).toEqual(['held', 'held']);
  expect((await other.holds.show(id, 1)).hold).toMatchObject({ state: 'rejected', operations: 4 });
  for (let n = 3; n <= 6; n++) own.tenant.control.assign({ principal: personName(n) });
  expect(await next('incremental')).toBe('succeeded');
  expect((await other.holds.show(id, 1)).hold.state).toBe('lifted');
  expect(writes(own)).toEqual([]);
  await own.close();
});
