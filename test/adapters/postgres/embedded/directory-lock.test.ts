import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDirectory } from '../../../../src/adapters/postgres/embedded/directory-lock.ts';
import { isAlive, ownIdentity } from '../../../../src/adapters/postgres/embedded/process-identity.ts';

let directory: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headgate-lock-'));
});
afterEach(() => rm(directory, { recursive: true }));

function ignore(): void {
  // These tests do not lose their lock.
}

async function plant(number: number, content: object): Promise<void> {
  const first = await lockDirectory(directory, ignore);
  await first.release();
  await writeFile(join(directory, 'locks', `lock.${number}`), JSON.stringify({ since: 'then', ...content }));
}

async function locks(): Promise<readonly string[]> {
  return (await readdir(join(directory, 'locks'))).toSorted();
}

test('of many takers at once exactly one gets the lock, and the others are told of it', async () => {
  const settled = await Promise.allSettled(Array.from({ length: 20 }, () => lockDirectory(directory, ignore)));
  const taken = settled.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  expect(taken).toHaveLength(1);
  const refusals = settled.flatMap((outcome) => (outcome.status === 'rejected' ? [String(outcome.reason)] : []));
  expect(refusals.every((refusal) => refusal.includes(`in use by process ${process.pid}`))).toBe(true);
  await taken[0]?.release();
});

test('a released lock is taken at once, under a higher number than any before', async () => {
  for (const number of [1, 2, 3]) {
    const lock = await lockDirectory(directory, ignore);
    expect(await locks()).toEqual([`lock.${number}`]);
    await lock.release();
  }
});

test('the lock of a process that is gone is taken over', async () => {
  await plant(5, { ...ownIdentity(), pid: 4_194_304 });
  const lock = await lockDirectory(directory, ignore);
  expect(await locks()).toEqual(['lock.6']);
  await lock.release();
});

test('the lock of a dead process is taken over even when its number now belongs to another one', async () => {
  await plant(5, { ...ownIdentity(), pid: process.ppid, started: 'long ago' });
  const lock = await lockDirectory(directory, ignore);
  expect(await locks()).toEqual(['lock.6']);
  await lock.release();
});

test('the lock of a living process of another program run is not taken', async () => {
  await plant(5, { ...ownIdentity(), pid: 1, started: '' });
  await expect(lockDirectory(directory, ignore)).rejects.toThrow('in use by process 1 ');
  expect(await locks()).toContain('lock.5');
});

test('a holder in another container is not taken for dead while its file is refreshed', async () => {
  const held = await lockDirectory(directory, ignore);
  const [name = ''] = await locks();
  const path = join(directory, 'locks', name);
  const content = await readFile(path, 'utf8');
  await writeFile(path, content.replace(/"realm":"[^"]*"/, '"realm":"elsewhere another-boot pid:[1]"'));
  await expect(lockDirectory(directory, ignore)).rejects.toThrow('on elsewhere');
  await held.release();
});

test('a lock file that is none is not overwritten', async () => {
  await plant(5, { hello: 'world' });
  await expect(lockDirectory(directory, ignore)).rejects.toThrow('not a lock file of Headgate');
});

test('a process that lost its directory finds out', async () => {
  const lock = await lockDirectory(directory, ignore);
  await expect(lock.verify()).resolves.toBeUndefined();
  await writeFile(join(directory, 'locks', 'lock.9'), '{}');
  await expect(lock.verify()).rejects.toThrow('taken over');
  await lock.release();
});

test('this process is alive, and so is one whose start cannot be told', () => {
  const self = ownIdentity();
  expect(isAlive(self)).toBe('alive');
  expect(isAlive({ ...self, started: '' })).toBe('alive');
  expect(isAlive({ ...self, started: 'another time' })).toBe('dead');
  expect(isAlive({ ...self, realm: 'elsewhere' })).toBe('unknown');
});
