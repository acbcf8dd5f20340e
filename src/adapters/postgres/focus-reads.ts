import { sql } from 'kysely';
import type { LinkStore } from '../../ports/stores.ts';
import { reading } from './commits.ts';
import { toLink } from './rows.ts';
import type { Sql } from './tables.ts';

/** What an incremental cycle asks of the links: who is concerned by a change, without loading everybody. */
export function createFocusReads(
  db: Sql,
): Pick<LinkStore, 'awaiting' | 'groups' | 'reachedThrough' | 'ownersOf' | 'membershipCount'> {
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
  return {
    awaiting: (connection, anchors) => anchorsOf(connection, 'awaiting', anchors),
    reachedThrough: (connection, groups) => anchorsOf(connection, 'path_groups', groups),

    async groups(connection) {
      const rows = await reading(() =>
        db
          .selectFrom('headgate.link')
          .select(['body', 'paths', 'awaiting'])
          .where('connection', '=', connection)
          .where('resource', '=', 'group')
          .where('state', '<>', 'deleted')
          .execute(),
      );
      return rows.map(({ body, paths, awaiting }) => toLink(body, paths, awaiting));
    },

    async ownersOf(connection, resource, ids) {
      if (ids.length === 0) return [];
      const rows = await reading(() =>
        db
          .selectFrom('headgate.link')
          .select(['body', 'paths', 'awaiting'])
          .where('connection', '=', connection)
          .where('resource', '=', resource)
          .where('state', '<>', 'deleted')
          .where('resource_id', '=', sql<string>`any(${ids}::text[])`)
          .execute(),
      );
      return rows.map(({ body, paths, awaiting }) => toLink(body, paths, awaiting));
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
