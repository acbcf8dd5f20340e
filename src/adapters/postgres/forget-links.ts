import { sql } from 'kysely';
import { RefusedError } from '../../core/errors.ts';
import type { Link } from '../../core/link.ts';
import type { LinkStore } from '../../ports/stores.ts';
import { inChunks } from './chunks.ts';
import { commit, type SyncToDisk } from './commits.ts';
import { cancelLeft, lockDoubtful } from './left-store.ts';
import { dropLinks, forgetMemberships } from './link-store.ts';
import { cycleOpen, openCycleId, refuseSuspended } from './refuse-suspended.ts';
import type { Sql, Tx } from './tables.ts';

const CHUNK = 5_000;

type Forgotten = Pick<Link, 'resource' | 'anchor' | 'resourceId'>;

/** Forgetting links by a person's decision, apart from what cycles do to links. */
export function createForgetting(db: Sql, syncToDisk: SyncToDisk): Pick<LinkStore, 'forget'> {
  return {
    async forget(connection, links, { subject, at, by, reason }) {
      await commit(db, 'links.forget', async (tx) => {
        // No cycle and no migration, of any connection, is opened until this is done: one that read the links before
        // would plan with what is gone after.
        await sql`lock table headgate.cycle, headgate.scope_migration in share row exclusive mode`.execute(tx);
        await refuseSuspended(tx, connection, undefined);
        if ((await openCycleId(tx, connection)) !== undefined) throw await cycleOpen(tx, connection);
        const doubtful = await lockDoubtful(tx, connection);
        for (const chunk of inChunks(links, CHUNK)) {
          await forgetChunk(tx, connection, chunk);
          await cancelLeft(tx, doubtful, chunk, at);
        }
        await tx.deleteFrom('headgate.baseline').where('connection', '=', connection).execute();
        await tx
          .insertInto('headgate.recovery_act')
          .values({ connection, act: 'links-forgotten', subject, at, by_whom: by, reason: reason ?? null })
          .execute();
      });
      await syncToDisk();
    },
  };
}

async function forgetChunk(tx: Tx, connection: string, links: readonly Forgotten[]): Promise<void> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from headgate.link as link
    join json_to_recordset(${JSON.stringify(links)}::json) as given (resource text, anchor text, "resourceId" text)
      on link.resource = given.resource and link.anchor = given.anchor
        and link.body ->> 'resourceId' = given."resourceId"
    where link.connection = ${connection} and link.state <> 'deleted'`.execute(tx);
  if (rows[0]?.count !== links.length) {
    throw new RefusedError('plan-stale', `links of ${connection} have changed since the provider was read`, {
      remedy: `nothing was forgotten. Look again: headgate connection forget-vanished -c ${connection}`,
    });
  }
  await dropLinks(tx, connection, links);
  const users = links.flatMap(({ resource, anchor }) => (resource === 'account' ? [anchor] : []));
  await forgetMemberships(tx, connection, users);
}
