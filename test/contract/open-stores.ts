import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createStores } from '../../src/adapters/postgres/stores.ts';
import { createDatabase, postgresAvailable, usePostgres } from '../services.ts';
import { silentLog } from '../silent-log.ts';
import { aHandClock, type StoresUnderTest } from './stores.contract.ts';

async function openEmbedded(): Promise<StoresUnderTest> {
  const directory = await mkdtemp(join(tmpdir(), 'headgate-embedded-'));
  const database = await openDatabase({ url: `file:${directory}`, log: silentLog });
  const clock = aHandClock();
  const stores = createStores({ database, clock });
  return {
    stores,
    // One process owns an embedded database: the second worker is another one in the same process.
    others: createStores({ database, clock }),
    clock,
    async close() {
      await database.close();
      await rm(directory, { recursive: true });
    },
  };
}

async function openServer(): Promise<StoresUnderTest> {
  const server = await usePostgres();
  const url = await createDatabase(server);
  const databases = [await openDatabase({ url, log: silentLog }), await openDatabase({ url, log: silentLog })] as const;
  const clock = aHandClock();
  const [stores, others] = [
    createStores({ database: databases[0], clock }),
    createStores({ database: databases[1], clock }),
  ];
  return {
    stores,
    others,
    clock,
    async close() {
      await Promise.all(databases.map((database) => database.close()));
      await server.stop();
    },
  };
}

/** Every implementation of the stores there is on this machine, by name. */
export const STORES: readonly (readonly [name: string, open: () => Promise<StoresUnderTest>])[] = [
  ['PGlite', openEmbedded],
  ...(postgresAvailable() ? ([['PostgreSQL', openServer]] as const) : []),
];
