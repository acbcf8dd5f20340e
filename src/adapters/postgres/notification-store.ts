import { randomUUID } from 'node:crypto';
import { sql, type Selectable } from 'kysely';
import { NOTHING_TOLD, type NewNotification } from '../../core/notification.ts';
import type { Clock } from '../../ports/clock.ts';
import type { ChannelState, NotificationStore, StoredNotification } from '../../ports/notifications.ts';
import { commit, reading } from './commits.ts';
import type { Sql, Tables, Tx } from './tables.ts';

/**
 * Adds notifications in the transaction of what they are about, as the last thing it does. Numbers are given in the order of
 * commits: a channel that has delivered a number never looks at a smaller one again.
 */
export async function insertNotifications(
  tx: Tx,
  notifications: readonly NewNotification[],
  at: number,
): Promise<void> {
  if (notifications.length === 0) return;
  await sql`lock table headgate.notification in exclusive mode`.execute(tx);
  await tx
    .insertInto('headgate.notification')
    .values(
      notifications.map(({ kind, connection, facts }) => {
        return { id: randomUUID(), kind, connection, at, facts: JSON.stringify(facts) };
      }),
    )
    .execute();
}

/** What people are told, and how far each channel is. */
export function createNotificationStore(db: Sql, clock: Clock): NotificationStore {
  return {
    async list(limit) {
      const rows = await reading(() =>
        db.selectFrom('headgate.notification').selectAll().orderBy('number', 'desc').limit(limit).execute(),
      );
      return rows.map(toNotification);
    },

    async told(connection) {
      const row = await reading(() =>
        db.selectFrom('headgate.told').selectAll().where('connection', '=', connection).executeTakeFirst(),
      );
      return row === undefined ? { told: NOTHING_TOLD, version: 0 } : { told: row.body, version: row.version };
    },

    async tell(connection, told, from, notifications) {
      return commit(db, 'notifications.tell', async (tx) => {
        const written = await sql`
          insert into headgate.told as kept (connection, body) values (${connection}, ${JSON.stringify(told)})
          on conflict (connection) do update set body = excluded.body, version = kept.version + 1
            where kept.version = ${from}`.execute(tx);
        if (written.numAffectedRows !== 1n) return false;
        await insertNotifications(tx, notifications, clock.now());
        return true;
      });
    },

    async openChannel(channel) {
      await commit(db, 'notifications.openChannel', (tx) =>
        sql`
          insert into headgate.channel (name, delivered)
          select ${channel}, coalesce(max(number), 0) from headgate.notification
          on conflict (name) do nothing`.execute(tx),
      );
    },

    async channels() {
      const rows = await reading(() => db.selectFrom('headgate.channel').selectAll().orderBy('name').execute());
      return rows.map(toChannel);
    },

    async claim(channel, until) {
      return commit(db, 'notifications.claim', async (tx) => {
        const row = await tx
          .updateTable('headgate.channel')
          .set({ not_before: until })
          .where('name', '=', channel)
          .where('not_before', '<=', clock.now())
          .returningAll()
          .executeTakeFirst();
        return row === undefined ? undefined : toChannel(row);
      });
    },

    async pending(after, limit) {
      const rows = await reading(() =>
        db
          .selectFrom('headgate.notification')
          .selectAll()
          .where('number', '>', String(after))
          .orderBy('number')
          .limit(limit)
          .execute(),
      );
      return rows.map(toNotification);
    },

    async delivered(channel, upTo, notBefore, missed) {
      await commit(db, 'notifications.delivered', (tx) =>
        tx
          .updateTable('headgate.channel')
          .set({ delivered: upTo, attempts: 0, not_before: notBefore, failure: missed ?? null })
          .where('name', '=', channel)
          .execute(),
      );
    },

    async failed(channel, failure, notBefore) {
      await commit(db, 'notifications.failed', (tx) =>
        tx
          .updateTable('headgate.channel')
          .set((row) => ({ attempts: row('attempts', '+', 1), not_before: notBefore, failure }))
          .where('name', '=', channel)
          .execute(),
      );
    },

    async tried(channel, missed) {
      await commit(db, 'notifications.tried', (tx) =>
        sql`
          update headgate.channel
          set not_before = case when attempts > 0 then 0 else not_before end,
            failure = case when attempts > 0 then failure else ${missed ?? null} end
          where name = ${channel}`.execute(tx),
      );
    },
  };
}

function toNotification(row: Selectable<Tables['headgate.notification']>): StoredNotification {
  const { number, id, kind, connection, at, facts } = row;
  return { number: Number(number), id, kind, connection, at: Number(at), facts };
}

function toChannel(row: Selectable<Tables['headgate.channel']>): ChannelState {
  const notBefore = Number(row.not_before);
  return {
    channel: row.name,
    delivered: Number(row.delivered),
    attempts: row.attempts,
    ...(notBefore === 0 ? {} : { notBefore }),
    ...(row.failure === null ? {} : { failure: row.failure }),
  };
}
