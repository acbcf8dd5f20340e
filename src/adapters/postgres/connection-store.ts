import { sql } from 'kysely';
import type { Clock } from '../../ports/clock.ts';
import { HEALTHY } from '../../core/quarantine.ts';
import type { ConnectionStore } from '../../ports/stores.ts';
import { commit, reading, type SyncToDisk } from './commits.ts';
import { toConnection } from './rows.ts';
import type { Sql } from './tables.ts';

/** How often it is told anew what a connection works on, in ms. */
const TOLD_EACH_MS = 3_600_000;

/** What is remembered about each connection between cycles. */
export function createConnectionStore(db: Sql, clock: Clock, syncToDisk: SyncToDisk): ConnectionStore {
  return {
    async get(connection) {
      const row = await reading(() =>
        db.selectFrom('headgate.connection').selectAll().where('name', '=', connection).executeTakeFirst(),
      );
      return toConnection(connection, row);
    },

    async pause(connection, reason) {
      // A second reason does not overwrite the first: the first is the cause.
      const paused = await commit(db, 'connections.pause', (tx) =>
        sql`
          insert into headgate.connection as kept (name, paused_reason, paused_at)
          values (${connection}, ${reason}, ${clock.now()})
          on conflict (name) do update set paused_reason = excluded.paused_reason, paused_at = excluded.paused_at
          where kept.paused_reason is null`.execute(tx),
      );
      return (paused.numAffectedRows ?? 0n) > 0n;
    },

    async changePause(connection, change) {
      await commit(db, 'connections.changePause', async (tx) => {
        const row = await locked(tx, connection);
        const before = row?.paused_reason ?? undefined;
        const after = change(before);
        if (after === before) return;
        await sql`
          update headgate.connection
          set paused_reason = ${after ?? null},
            paused_at = ${after === undefined ? null : sql`coalesce(paused_at, ${clock.now()})`}
          where name = ${connection}`.execute(tx);
      });
    },

    async resume(connection) {
      return commit(db, 'connections.resume', async (tx) => {
        const resumed = await sql`
          update headgate.connection set paused_reason = null, paused_at = null, throttled_until = null
          where name = ${connection} and (paused_reason is not null or throttled_until > ${clock.now()})`.execute(tx);
        const woken = await sql`
          update headgate.operation as operation set not_before = null from headgate.cycle as cycle
          where cycle.number = operation.cycle and cycle.connection = ${connection} and cycle.phase <> 'closed'
            and operation.not_before > ${clock.now()}`.execute(tx);
        return (resumed.numAffectedRows ?? 0n) + (woken.numAffectedRows ?? 0n) > 0n;
      });
    },

    async throttle(connection, until) {
      // A shorter wait asked for by a slower answer must not undo a longer one.
      await commit(db, 'connections.throttle', (tx) =>
        sql`
          insert into headgate.connection as kept (name, throttled_until) values (${connection}, ${until})
          on conflict (name) do update
            set throttled_until = greatest(kept.throttled_until, excluded.throttled_until)`.execute(tx),
      );
    },

    async tell(connections) {
      if (connections.length === 0) return;
      const now = clock.now();
      const rows = connections.map(
        ({ connection, application, tenant, provider }) =>
          sql`(${connection}::text, ${application}::text, ${tenant}::text, ${provider}::text)`,
      );
      // What is known already is not even locked: this is asked every few seconds.
      await commit(db, 'connections.tell', (tx) =>
        sql`
          insert into headgate.connection (name, application, tenant, provider, told_at)
          select given.*, ${now}::bigint from (values ${sql.join(rows)}) as given (name, application, tenant, provider)
          where not exists (
            select from headgate.connection as known
            where (known.name, known.application, known.tenant, known.provider)
                = (given.name, given.application, given.tenant, given.provider)
              and known.told_at >= ${now - TOLD_EACH_MS})
          on conflict (name) do update
            set application = excluded.application, tenant = excluded.tenant, provider = excluded.provider,
              told_at = excluded.told_at`.execute(tx),
      );
    },

    async told(since) {
      const rows = await reading(() =>
        db
          .selectFrom('headgate.connection')
          .select(['name', 'application', 'tenant', 'provider'])
          .where('told_at', '>=', since)
          .where('switched_off_at', 'is', null)
          .orderBy('name')
          .execute(),
      );
      return rows.map(({ name: connection, application, tenant, provider }) => ({
        connection,
        application: application ?? '',
        tenant: tenant ?? '',
        provider: provider ?? '',
      }));
    },

    async switchOff(connection) {
      await commit(db, 'connections.switchOff', (tx) =>
        sql`
          insert into headgate.connection as kept (name, switched_off_at) values (${connection}, ${clock.now()})
          on conflict (name) do update
            set switched_off_at = coalesce(kept.switched_off_at, excluded.switched_off_at)`.execute(tx),
      );
      await syncToDisk();
    },

    async setSchedulesPaused(connection, paused) {
      await commit(db, 'connections.setSchedulesPaused', (tx) =>
        sql`
          insert into headgate.connection (name, schedules_paused) values (${connection}, ${paused})
          on conflict (name) do update set schedules_paused = excluded.schedules_paused`.execute(tx),
      );
    },

    changeHealth: (connection, change) =>
      commit(db, 'connections.changeHealth', async (tx) => {
        const row = await locked(tx, connection);
        const before = row?.health ?? HEALTHY;
        const after = change(before);
        if (after !== before) {
          await tx
            .updateTable('headgate.connection')
            .set({ health: JSON.stringify(after) })
            .where('name', '=', connection)
            .execute();
        }
        return { before, after };
      }),

    async setPace(connection, pace) {
      await commit(db, 'connections.setPace', (tx) =>
        sql`
          insert into headgate.connection (name, pace) values (${connection}, ${JSON.stringify(pace)}::json)
          on conflict (name) do update set pace = excluded.pace`.execute(tx),
      );
    },
  };
}

/** What is remembered, and nobody else changes it before this transaction ends. */
async function locked(tx: Sql, connection: string) {
  // The row first: a lock needs something to lock.
  await sql`insert into headgate.connection (name) values (${connection}) on conflict do nothing`.execute(tx);
  return tx.selectFrom('headgate.connection').selectAll().where('name', '=', connection).forUpdate().executeTakeFirst();
}
