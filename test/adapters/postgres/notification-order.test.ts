import { sql } from 'kysely';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase, type Database } from '../../../src/adapters/postgres/database.ts';
import { insertNotifications } from '../../../src/adapters/postgres/notification-store.ts';
import { createStores } from '../../../src/adapters/postgres/stores.ts';
import { NOTHING_TOLD } from '../../../src/core/notification.ts';
import { aHandClock } from '../../contract/stores.contract.ts';
import { createDatabase, postgresAvailable, usePostgres, type TestServer } from '../../services.ts';
import { silentLog } from '../../silent-log.ts';

function describeServer(): void {
  describe('notifications of several processes on one PostgreSQL', () => {
    let server: TestServer;
    let database: Database;

    beforeAll(async () => {
      server = await usePostgres();
      database = await openDatabase({ url: await createDatabase(server), log: silentLog });
    });
    afterAll(async () => {
      await database.close();
      await server.stop();
    });

    /** Resolves once something waits for a lock. */
    async function somebodyWaits(): Promise<string> {
      for (;;) {
        const { rows } = await sql`
          select 1 from pg_locks join pg_database on pg_database.oid = database
          where not granted and datname = current_database()`.execute(database.sql);
        if (rows.length > 0) return 'waits';
      }
    }

    test('one that is still being written is not passed over by another that is written meanwhile', async () => {
      const { notifications } = createStores({ database, clock: aHandClock() });
      const revoked = { kind: 'token.revoked', connection: 'acme', facts: { fingerprint: 'f1' } } as const;
      const paused = { kind: 'connection.paused', connection: 'acme', facts: {} } as const;
      let meanwhile: Promise<boolean> | undefined;
      await database.sql.transaction().execute(async (tx) => {
        await insertNotifications(tx, [revoked], 0);
        meanwhile = notifications.tell('acme', NOTHING_TOLD, 0, [paused]);
        expect(await Promise.race([meanwhile.then(() => 'is written'), somebodyWaits()])).toBe('waits');
        expect(await notifications.pending(0, 10)).toEqual([]);
      });
      expect(await meanwhile).toBe(true);
      const pending = await notifications.pending(0, 10);
      expect(pending.map(({ kind }) => kind)).toEqual(['token.revoked', 'connection.paused']);
    });
  });
}

if (postgresAvailable()) describeServer();
