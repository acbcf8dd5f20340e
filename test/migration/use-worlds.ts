import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { openDatabase, type Database } from '../../src/adapters/postgres/database.ts';
import { silentLog } from '../silent-log.ts';

interface OpenStore {
  readonly database: Database;
  close(): Promise<void>;
}

async function openStore(): Promise<OpenStore> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-worlds-'));
  const database = await openDatabase({ url: `file:${folder}`, log: silentLog });
  return {
    database,
    async close() {
      await database.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/**
 * For the worlds of a test file: one database in which each has a connection of its own. What this returns opens one, which is
 * closed after its test.
 */
export function useWorlds<Options, World extends { close(): Promise<void> }>(
  start: (database: Database, options: Options) => Promise<World>,
): (options: Options) => Promise<World> {
  let store: OpenStore | undefined;
  const opened: World[] = [];
  beforeAll(async () => {
    store = await openStore();
  });
  afterEach(async () => {
    for (const world of opened.splice(0)) await world.close();
  });
  afterAll(() => store?.close());
  return async (options) => {
    if (store === undefined) throw new Error('worlds are opened inside tests');
    const world = await start(store.database, options);
    opened.push(world);
    return world;
  };
}
