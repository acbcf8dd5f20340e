import { afterEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import type { Health } from '../../src/core/quarantine.ts';
import { company, cycle, people, personName, userNames, writes } from './company.ts';
import { closed, eventually, platforms, startWorld, type Platform, type World } from './world.ts';

const USERS = 60;
let world: World;
let operator: OperatorClient;

async function start(platform: Platform = 'embedded'): Promise<void> {
  world = await startWorld({
    platform,
    organisation: company({ users: USERS + 60, groups: { Fleet: [1, USERS] } }),
    connection: {
      quarantine: { firstProbeSeconds: 1, longestProbeSeconds: 2 },
      guards: { tooManyRemovals: { count: 1000, percent: 100 } },
    },
  });
  operator = await world.open();
}
afterEach(() => world.close());

function hire(count: number): void {
  for (let n = 1; n <= count; n++) world.tenant.control.assign({ principal: personName(USERS + n) });
}

async function quarantine() {
  return (await operator.status()).connections[0]?.state.quarantine;
}

async function reached(state: Health['state']): Promise<void> {
  await eventually(async () => (((await quarantine())?.state ?? 'healthy') === state ? true : undefined));
}

/** Does something when the provider has made so many more changes. */
function afterWrites(count: number, act: () => void): void {
  let left = count;
  world.provider.observe({
    afterWrite() {
      left -= 1;
      if (left === 0) act();
    },
  });
}

describe('a connection in trouble recovers by itself', () => {
  test.each(platforms())('from a revoked token (%s): asked gently, and well again after a trial', async (platform) => {
    await start(platform);
    const token = world.provider.token ?? '';
    afterWrites(10, () => world.provider.revokeToken(token));
    const failed = await cycle(operator);
    expect(failed).toMatchObject({
      result: 'failed',
      failure: { message: expect.stringContaining('credential-refused') },
    });
    world.provider.clearRequests();
    await eventually(async () => ((await quarantine())?.probes === 0 ? undefined : true));
    const asked = world.provider.requests().map(({ method, status }) => `${method} ${status}`);
    expect(new Set(asked)).toEqual(new Set(['GET 401']));
    // One read for each probe, and one may be under way.
    expect(asked.length).toBeLessThanOrEqual(((await quarantine())?.probes ?? 0) + 1);
    expect(await quarantine()).toMatchObject({ state: 'quarantined', cause: { code: 'Unauthorized', status: 401 } });
    world.provider.addToken(token);
    await reached('half-open');
    expect(writes(world)).toEqual([]);
    expect((await cycle(operator)).result).toBe('succeeded');
    expect(await quarantine()).toBeUndefined();
    expect(userNames(world)).toEqual(people(1, USERS));
  });

  test.each(platforms())('from a provider down mid-cycle (%s): the open cycle waits and goes on', async (platform) => {
    await start(platform);
    afterWrites(12, () => world.provider.faults.set({ fault: 'resetBefore' }));
    const started = await operator.startCycle({ connection: 'acme', kind: 'initial', requestedBy: 'test' });
    await reached('quarantined');
    expect(await quarantine()).toMatchObject({ reason: 'provider-down', cause: { code: 'Timeout' } });
    expect((await operator.getCycle(started.id)).phase).toBe('exporting');
    await expect(cycle(operator)).rejects.toMatchObject({ code: 'connection-paused' });
    world.provider.faults.clear();
    expect((await closed(operator, started.id)).result).toBe('succeeded');
    expect(await quarantine()).toBeUndefined();
    expect(userNames(world)).toEqual(people(1, USERS));
    const sent = await operator.operations(started.id, { limit: 1000 });
    expect(Math.max(...sent.map(({ attempts }) => attempts))).toBe(1);
    expect(await operator.escrows('acme', { limit: 10 })).toEqual([]);
  });

  test('from a token that may not write, where only removals are planned: not by reading, but by a write', async () => {
    await start();
    hire(10);
    expect((await cycle(operator)).result).toBe('succeeded');
    for (let n = 1; n <= 10; n++) world.tenant.control.unassign({ principal: personName(USERS + n) });
    world.provider.faults.set({ fault: 'forbidden', method: 'PATCH' });
    world.provider.faults.set({ fault: 'forbidden', method: 'DELETE' });
    expect((await cycle(operator)).result).toBe('failed');
    expect(await quarantine()).toMatchObject({
      reason: 'writes-refused',
      cause: { code: 'InsufficientRights', status: 403 },
    });
    await reached('half-open');
    expect((await cycle(operator)).result).toBe('failed');
    await reached('half-open');
    world.provider.faults.clear();
    expect((await cycle(operator)).result).toBe('succeeded');
    expect(await quarantine()).toBeUndefined();
    expect(userNames(world)).toEqual(people(1, USERS));
  });

  test('a pause by a person never ends by itself', async () => {
    await start();
    await operator.pauseConnection('acme', 'maintenance', 'ada');
    await expect(cycle(operator)).rejects.toMatchObject({ code: 'connection-paused' });
    expect(await operator.releaseQuarantine({ connection: 'acme', by: 'ada' })).toBe(false);
    expect((await operator.status()).connections[0]?.state.pausedReason).toBe('maintenance (by ada)');
    expect(await operator.resumeConnection('acme')).toBe(true);
    expect((await cycle(operator)).result).toBe('succeeded');
  });
});

test('a provider that throttles is sent to more slowly; all arrives, and no 429 costs an attempt', async () => {
  await start();
  afterWrites(USERS - 10, () => world.provider.faults.set({ fault: 'throttle', value: 1, times: 1 }));
  const done = await cycle(operator);
  expect(done.result).toBe('succeeded');
  expect(userNames(world)).toEqual(people(1, USERS));
  const sent = await operator.operations(done.id, { limit: 1000 });
  expect(Math.max(...sent.map(({ attempts }) => attempts))).toBe(1);
  const pace = (await operator.status()).connections[0]?.state.pace;
  expect(pace?.concurrency).toBeLessThan(8);
});
