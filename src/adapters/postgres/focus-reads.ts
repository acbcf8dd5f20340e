import { sql } from 'kysely';
import type { LinkStore } from '../../ports/stores.ts';
import { reading } from './commits.ts';
import { LINK_COLUMNS, readLink } from './rows.ts';
import type { Sql } from './tables.ts';

/** What an incremental cycle asks of the links: who is concerned by a change, without loading everybody. */
export function createFocusReads(
  db: Sql,
): Pick<
  LinkStore,
  'awaiting' | 'groups' | 'reachedThrough' | 'ownersOf' | 'membershipCount' | 'due' | 'leaving' | 'named'
> {
  const anchorsOf = async (connection: string, column: 'awaiting' | 'path_groups', values: readonly string[]) => {
    if (values.length === 0) return [];
    const rows = await reading(() =>
      db
        .selectFrom('headgate.link')
        .select('anchor')
        .where('connection', '=', connection)
        .where('resource', '=', 'account')
        .where('state', '<>', 'deleted')
        .where(sql<boolean>`${sql.ref(column)} && ${values}::text[]`)
        .execute(),
    );
    return rows.map(({ anchor }) => anchor);
  };
  const leaving = (connection: string) =>
    db
      .selectFrom('headgate.link')
      .where('connection', '=', connection)
      .where('state', '<>', 'deleted')
      .where('due_at', 'is not', null);
  /** Of those, whose next step is not done: an account that is disabled waits for nothing but its deletion. */
  const waiting = (connection: string) =>
    leaving(connection).where(sql<boolean>`not (state = 'disabled' and departure -> 'next' ->> 'action' = 'disable')`);
  return {
    awaiting: (connection, anchors) => anchorsOf(connection, 'awaiting', anchors),
    reachedThrough: (connection, groups) => anchorsOf(connection, 'path_groups', groups),

    async groups(connection) {
      const rows = await reading(() =>
        db
          .selectFrom('headgate.link')
          .select(LINK_COLUMNS)
          .where('connection', '=', connection)
          .where('resource', '=', 'group')
          .where('state', '<>', 'deleted')
          .execute(),
      );
      return rows.map(readLink);
    },

    async ownersOf(connection, resource, ids) {
      if (ids.length === 0) return [];
      const rows = await reading(() =>
        db
          .selectFrom('headgate.link')
          .select(LINK_COLUMNS)
          .where('connection', '=', connection)
          .where('resource', '=', resource)
          .where('state', '<>', 'deleted')
          .where('resource_id', '=', sql<string>`any(${ids}::text[])`)
          .execute(),
      );
      return rows.map(readLink);
    },

    async due(connection, now) {
      const rows = await reading(() =>
        leaving(connection).select('anchor').where('resource', '=', 'account').where('due_at', '<=', now).execute(),
      );
      return rows.map(({ anchor }) => anchor);
    },

    async leaving(connection, limit) {
      const counted = await reading(() =>
        waiting(connection)
          .select(({ fn }) => fn.countAll<string>().as('total'))
          .executeTakeFirst(),
      );
      const rows = await reading(() =>
        waiting(connection).select(LINK_COLUMNS).orderBy('due_at').orderBy('anchor').limit(limit).execute(),
      );
      return { total: Number(counted?.total ?? 0), links: rows.map(readLink) };
    },

    async named(connection, name) {
      const rows = await reading(() =>
        db
          .selectFrom('headgate.link')
          .select(LINK_COLUMNS)
          .where('connection', '=', connection)
          .where('state', '<>', 'deleted')
          .where(sql<boolean>`(anchor = lower(${name}) or lower(body ->> 'label') = lower(${name}))`)
          .orderBy('anchor')
          .execute(),
      );
      return rows.map(readLink);
    },

    async membershipCount(connection) {
      const { rows } = await reading(() =>
        sql<{ count: string }>`
          select coalesce(sum(json_array_length(body -> 'members')), 0) as count from headgate.link
          where connection = ${connection} and resource = 'group' and state = 'active'`.execute(db),
      );
      return Number(rows[0]?.count ?? 0);
    },
  };
}
