import { afterEach, expect, test } from 'vitest';
import { generateOrganisation } from '../../src/sandbox/organisation/generate.ts';
import { cycle, userNames, writes } from './company.ts';
import { clientOf } from './crash-round.ts';
import { FULL, ROOM } from './disk-full.ts';
import { closed, eventually, startWorld, type Daemon, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

function says(daemon: Daemon, words: string): Promise<true> {
  return eventually(async () => (daemon.output().includes(words) ? true : undefined));
}

test('a cycle whose embedded database finds the disk full waits, says so, and goes on once there is room', async () => {
  world = await startWorld({ organisation: generateOrganisation({ seed: 20, users: 1_500, groups: 30 }) });
  const preload = new URL('../../dist/test/e2e/disk-full.js', import.meta.url).href;
  const daemon = await world.daemon({ nodeArguments: ['--import', preload] });
  const operator = await clientOf(world, daemon);
  const { id } = await operator.startCycle({ connection: 'acme', kind: 'initial', requestedBy: 'test' });
  await eventually(async () => ((await operator.getCycle(id)).phase === 'exporting' ? true : undefined));
  daemon.child.kill('SIGWINCH');
  await says(daemon, FULL);
  await says(daemon, 'the disk of the database is full');
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
