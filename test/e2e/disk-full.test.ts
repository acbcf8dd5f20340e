import { afterEach, expect, test } from 'vitest';
import { generateOrganisation } from '../../src/sandbox/organisation/generate.ts';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { company, cycle, people, userNames, writes } from './company.ts';
import { clientOf } from './crash-round.ts';
import { ARMED, FULL, ROOM } from './disk-full.ts';
import { closed, eventually, headgate, startWorld, type Daemon, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const SAID = 'the disk of the database is full';

function says(daemon: Daemon, words: string, times = 1): Promise<true> {
  return eventually(async () => (daemon.output().split(words).length > times ? true : undefined));
}

/** A daemon whose disk can be filled, in a world. */
async function startDaemon(here: World, moments: readonly string[] = []) {
  const preload = new URL('../../dist/test/e2e/disk-full.js', import.meta.url);
  for (const moment of moments) preload.searchParams.append('at', moment);
  const daemon = await here.daemon({ nodeArguments: ['--import', preload.href] });
  return { daemon, operator: await clientOf(here, daemon) };
}

const start = (operator: OperatorClient) =>
  operator.startCycle({ connection: 'acme', kind: 'initial', requestedBy: 'test' });

test('a cycle whose embedded database finds the disk full waits, says so, and goes on once there is room', async () => {
  world = await startWorld({ organisation: generateOrganisation({ seed: 20, users: 1_500, groups: 30 }) });
  const { daemon, operator } = await startDaemon(world);
  const { id } = await start(operator);
  await eventually(async () => ((await operator.getCycle(id)).phase === 'exporting' ? true : undefined));
  daemon.child.kill('SIGWINCH');
  await says(daemon, FULL);
  await says(daemon, SAID);
  expect((await operator.getCycle(id)).phase).toBe('exporting');
  daemon.child.kill('SIGWINCH');
  await says(daemon, ROOM);
  const done = await closed(operator, id);
  expect(done.result).toBe('succeeded');
  const names = userNames(world);
  expect(new Set(names).size).toBe(names.length);
  expect(writes(world).filter((write) => write === 'POST /Users').length).toBe(names.length);
  world.provider.clearRequests();
  await cycle(operator);
  expect(writes(world)).toEqual([]);
}, 600_000);

test('a full disk makes a daemon unready, and status says so, while nothing is written, until there is room', async () => {
  const here = await startWorld({ organisation: company({ users: 3, direct: [1, 3] }) });
  world = here;
  const { daemon, operator } = await startDaemon(here);
  const ready = async () => (await fetch(`${daemon.url}/readyz`)).status;
  expect(await ready()).toBe(200);
  expect((await operator.status()).troubles).toEqual([]);
  daemon.child.kill('SIGWINCH');
  await says(daemon, FULL);
  expect(await ready()).toBe(503);
  expect(await fetch(`${daemon.url}/livez`)).toMatchObject({ status: 200 });
  expect((await operator.status()).troubles).toEqual([
    { name: 'database', ok: false, detail: SAID, remedy: expect.stringContaining('Free some space') },
  ]);
  const shown = await headgate(['status', '--config', here.configFile], here.directory);
  expect(shown.stdout).toMatch(/^database: the disk of the database is full\n +Free some space/m);
  daemon.child.kill('SIGWINCH');
  await says(daemon, ROOM);
  expect(await ready()).toBe(200);
  expect((await operator.status()).troubles).toEqual([]);
}, 120_000);

const STAFF = 300;
const LEAVERS = 60;

/** The commits at which the disk fills: of a plan with removals, of removals that were sent, of the end of a cycle. */
const MOMENTS = ['cycles.savePlan', 'cycles.recordSlice', 'cycles.close'];

test('a disk full while removals are planned, sent or closed: who stays stays, and who leaves is gone in the end', async () => {
  const here = await startWorld({
    organisation: company({ users: STAFF, direct: [1, STAFF] }),
    connection: { guards: { tooManyRemovals: { count: 1000, percent: 100 } } },
  });
  world = here;
  const { daemon, operator } = await startDaemon(here, MOMENTS);
  expect((await cycle(operator)).result).toBe('succeeded');
  const isSaid = (word: string, times: number) => daemon.output().split(word).length > times;
  for (const [round, moment] of MOMENTS.entries()) {
    const gone = (round + 1) * LEAVERS;
    for (const name of people(gone - LEAVERS + 1, gone)) here.tenant.control.unassign({ principal: name });
    const staying = people(gone + 1, STAFF);
    const locked = new Set<string>();
    const look = () => staying.filter((name) => !here.provider.canSignIn(name)).forEach((name) => locked.add(name));
    here.provider.observe({ afterWrite: look });
    const told = daemon.output().split(SAID).length;
    daemon.child.kill('SIGWINCH');
    await says(daemon, ARMED, round + 1);
    const { id } = await start(operator);
    await says(daemon, FULL, round + 1);
    // The end of a cycle may find the room it needs in what its files have already.
    const isOver = async () => moment === 'cycles.close' && (await operator.getCycle(id)).phase === 'closed';
    await eventually(async () => isSaid(SAID, told) || (await isOver()) || undefined);
    const planned = moment !== 'cycles.savePlan';
    expect(userNames(here).length).toBeGreaterThanOrEqual(staying.length + (planned ? 0 : LEAVERS));
    daemon.child.kill('SIGWINCH');
    await says(daemon, ROOM, round + 1);
    if ((await closed(operator, id)).result !== 'succeeded') await cycle(operator);
    expect([...locked]).toEqual([]);
    expect(userNames(here)).toEqual(staying);
    expect(userNames(here, false)).toEqual(people(1, gone));
  }
  here.provider.clearRequests();
  expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 0 });
  expect(writes(here)).toEqual([]);
}, 600_000);
