import { sql } from 'kysely';
import type { Clock } from '../../ports/clock.ts';
import type { Stores } from '../../ports/stores.ts';
import { reading } from './commits.ts';
import { createConnectionStore } from './connection-store.ts';
import { createCredentialStore } from './credential-store.ts';
import { createCycleStore } from './cycle-store.ts';
import type { Database } from './database.ts';
import { readOnlyDatabase } from './failures.ts';
import { requireRoom } from './full-disk.ts';
import { createHoldStore } from './hold-store.ts';
import { createEscrowStore } from './escrow-store.ts';
import { createDriftStore } from './drift-store.ts';
import { createNotificationStore } from './notification-store.ts';
import { createForgetting } from './forget-links.ts';
import { createLinkStore } from './link-store.ts';
import { createProvisioningLog } from './provisioning-log.ts';
import { createMigrationStore } from './migration-store.ts';

/** Everything durable, on an opened database. Time comes from `clock`, never from the database. */
export function createStores({ database, clock }: { readonly database: Database; readonly clock: Clock }): Stores {
  return {
    cycles: createCycleStore(database.sql, clock, () => database.syncToDisk()),
    links: {
      ...createLinkStore(database.sql),
      ...createForgetting(database.sql, () => database.syncToDisk()),
    },
    connections: createConnectionStore(database.sql, clock, () => database.syncToDisk()),
    migrations: createMigrationStore(database.sql, clock, () => database.syncToDisk()),
    credentials: createCredentialStore(database.sql, clock, () => database.syncToDisk()),
    log: createProvisioningLog(database.sql, clock),
    holds: createHoldStore(database.sql, clock, () => database.syncToDisk()),
    escrows: createEscrowStore(database.sql),
    drift: createDriftStore(database.sql),
    notifications: createNotificationStore(database.sql, clock),
    async ping() {
      const { rows } = await reading(() =>
        sql<{ mode: string }>`select current_setting('transaction_read_only') as mode`.execute(database.sql),
      );
      if (rows[0]?.mode === 'on') throw readOnlyDatabase();
      await requireRoom(database);
    },
    async clockAheadMs() {
      const asked = clock.now();
      const { rows } = await reading(() =>
        sql<{ ms: number }>`select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`.execute(database.sql),
      );
      const here = (asked + clock.now()) / 2;
      return here - (rows[0]?.ms ?? here);
    },
  };
}
