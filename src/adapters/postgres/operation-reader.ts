import { sql } from 'kysely';
import type { OperationState } from '../../core/operation.ts';
import type { CycleStore } from '../../ports/stores.ts';
import { reading } from './commits.ts';
import { toOperation } from './rows.ts';
import type { Sql } from './tables.ts';

function selectOperations(db: Sql) {
  return db
    .selectFrom('headgate.operation_seen as operation')
    .innerJoin('headgate.cycle as cycle', 'cycle.number', 'operation.cycle')
    .select([
      'cycle.id as cycle_id',
      'operation.sequence',
      'operation.state',
      'operation.attempts',
      'operation.held_by',
      'operation.approvals',
      'operation.settled_at',
      'operation.body',
      'operation.exported',
      'operation.failure',
      'operation.sent',
    ]);
}

/** The stored states behind states: what an index can find them by. */
function storedStates(states: readonly OperationState[]): readonly OperationState[] {
  return states.some((state) => state === 'in-flight' || state === 'in-doubt') ? [...states, 'pending'] : states;
}

/** Reads operations for displays and explanations. */
export function createOperationReader(
  db: Sql,
): Pick<CycleStore, 'operations' | 'operationsOf' | 'waitingUntil' | 'openSlices'> {
  return {
    async operations(id, { states, after, limit }) {
      let query = selectOperations(db).where('cycle.id', '=', id).orderBy('operation.sequence').limit(limit);
      if (states !== undefined) {
        query = query
          .where('operation.state', '=', sql<OperationState>`any(${states}::text[])`)
          .where('operation.stored_state', '=', sql<OperationState>`any(${storedStates(states)}::text[])`);
      }
      if (after !== undefined) query = query.where('operation.sequence', '>', after);
      return (await reading(() => query.execute())).map(toOperation);
    },

    async operationsOf(connection, anchor, limit) {
      const query = selectOperations(db)
        .where('operation.anchor', '=', anchor)
        .where('cycle.connection', '=', connection)
        .orderBy('operation.cycle', 'desc')
        .orderBy('operation.sequence', 'desc')
        .limit(limit);
      return (await reading(() => query.execute())).map(toOperation);
    },

    async waitingUntil(id, wave, now) {
      const { rows } = await reading(() =>
        // Whether one may go now is nearly always answered by the first row of the index. Asked with `exists` the
        // database would read the table from its start, past everything settled before, again after every slice.
        sql<{ until: string | null }>`
          with this as (select number from headgate.cycle where id = ${id}),
          busy as materialized (
            select unnest(sequences) as sequence from headgate.slice where cycle = (select number from this))
          select case
            when (select true from headgate.operation
                  where cycle = (select number from this) and wave = ${wave}
                    and sequence not in (select sequence from busy)
                    and state in ('pending', 'in-doubt') and (not_before is null or not_before <= ${now})
                  order by sequence limit 1) then null
            else (select min(not_before) from headgate.operation
                  where cycle = (select number from this) and wave = ${wave}
                    and sequence not in (select sequence from busy)
                    and state in ('pending', 'in-doubt'))
          end as until`.execute(db),
      );
      const until = rows[0]?.until ?? null;
      return until === null ? undefined : Number(until);
    },

    async openSlices(id) {
      const rows = await reading(() =>
        db
          .selectFrom('headgate.slice as slice')
          .innerJoin('headgate.cycle as cycle', 'cycle.number', 'slice.cycle')
          .select('slice.id')
          .where('cycle.id', '=', id)
          .orderBy('slice.id')
          .execute(),
      );
      return rows.map((row) => row.id);
    },
  };
}
