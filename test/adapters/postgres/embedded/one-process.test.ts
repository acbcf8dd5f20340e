import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openDatabase } from '../../../../src/adapters/postgres/database.ts';
import { createStores } from '../../../../src/adapters/postgres/stores.ts';
import { StartupError } from '../../../../src/core/errors.ts';
import { startChild, type TestChild } from '../../../child-process.ts';
import { silentLog } from '../../../silent-log.ts';

const WRITER = new URL('writer.ts', import.meta.url);

let directory: string;
let child: TestChild | undefined;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headgate-embedded-'));
});
afterEach(async () => {
  await child?.kill();
  child = undefined;
  await rm(directory, { recursive: true });
});

test('a process killed while writing loses no acknowledged row, and its lock is taken over', async () => {
  for (let round = 1; round <= 2; round++) {
    child = startChild(WRITER, [directory]);
    await child.wrote(60);
    await child.kill();
    const database = await openDatabase({ url: `file:${directory}`, log: silentLog });
    const stores = createStores({ database, clock: { now: () => 1 } });
    const found = await Promise.all(child.lines.map((line) => stores.connections.get(`row-${line}`)));
    expect(found.map(({ throttledUntil }) => throttledUntil)).toEqual(child.lines.map((line) => Number(line) + 1));
    await database.close();
  }
});

test('a second process is refused as long as the first one lives, and is told which one that is', async () => {
  child = startChild(WRITER, [directory]);
  await child.wrote(1);
  const refused = openDatabase({ url: `file:${directory}`, log: silentLog });
  await expect(refused).rejects.toThrow(StartupError);
  await expect(refused).rejects.toThrow(`is in use by process ${child.pid}`);
  const before = child.lines.length;
  await child.wrote(before + 1);
});

test('the same process is refused a second time, and may open the directory again after closing it', async () => {
  const url = `file:${directory}`;
  const first = await openDatabase({ url, log: silentLog });
  await expect(openDatabase({ url, log: silentLog })).rejects.toThrow(`process ${process.pid}`);
  await createStores({ database: first, clock: { now: () => 1 } }).connections.pause('acme', 'kept');
  await first.close();
  const second = await openDatabase({ url, log: silentLog });
  const state = await createStores({ database: second, clock: { now: () => 1 } }).connections.get('acme');
  expect(state.pausedReason).toBe('kept');
  await second.close();
});
