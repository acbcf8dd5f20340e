import { sql } from 'kysely';
import type { CycleResult } from '../../core/cycle.ts';
import type { Operation } from '../../core/operation.ts';
import type { CycleStore } from '../../ports/stores.ts';
import { reading } from './commits.ts';
import type { LockedCycle } from './rows.ts';
import type { Sql, Tx } from './tables.ts';

/**
 * Reads of the baseline an incremental cycle starts from. What later cycles sent counts as unsettled: they moved no
 * baseline, so a change that has been taken back since would otherwise be nobody's.
 */
export function createBaselines(db: Sql): Pick<CycleStore, 'baseline'> {
  return {
    async baseline(connection) {
      const row = await reading(() =>
        db.selectFrom('headgate.baseline').selectAll().where('connection', '=', connection).executeTakeFirst(),
      );
      if (row === undefined) return undefined;
      const unsettled = await reading(() =>
        sql<{ body: Operation }>`
          with committed as materialized (select number from headgate.cycle where id = ${row.cycle})
          select operation.body from headgate.operation as operation
          join headgate.cycle as cycle on cycle.number = operation.cycle
          cross join committed
          where cycle.connection = ${connection} and cycle.number >= committed.number
            and case when cycle.number = committed.number
                then operation.state in ('held', 'escrowed', 'in-doubt', 'cancelled')
                     or json_array_length(operation.exported -> 'unresolved') > 0
                -- Of a group that was made or emptied and not filled again, its members were planned with it and not sent.
                else operation.state in ('exported', 'escrowed', 'in-doubt', 'pending') or operation.attempts > 0
                     or operation.resource = 'group' end
          order by operation.cycle, operation.sequence`.execute(db),
      );
      return { baseline: row.body, unsettled: unsettled.rows.map(({ body }) => body) };
    },
  };
}

/**
 * Makes the baseline staged with a cycle the connection's own, in the transaction that closes it. A cycle that failed, was
 * refused or cancelled leaves the old one: its changes are read again. Copied inside the database: it is as large as the
 * tenant.
 */
export async function commitBaseline(tx: Tx, cycle: LockedCycle, result: CycleResult): Promise<void> {
  if (result !== 'succeeded' && result !== 'held' && result !== 'entry-level-errors') return;
  await sql`
    insert into headgate.baseline (connection, cycle, body)
    select connection, id, staged from headgate.cycle where number = ${cycle.number} and staged is not null
    on conflict (connection) do update set cycle = excluded.cycle, body = excluded.body`.execute(tx);
}
