import { sql } from 'kysely';
import type { OperationCounts } from '../../core/cycle.ts';
import type { OperationState, Wave } from '../../core/operation.ts';
import { LOCKED_COLUMNS, type LockedCycle } from './rows.ts';
import type { Sql, Tx } from './tables.ts';

/** States of operations that may still be sent. */
export const UNSETTLED: readonly OperationState[] = ['pending', 'in-flight', 'in-doubt'];

/**
 * Locks the row of a cycle. Every transaction that changes operations, slices or counts takes this lock first, so that
 * two of them never interleave and never wait for each other in a circle.
 */
export async function lockCycle(
  tx: Tx,
  by: { readonly id: string } | { readonly number: string },
): Promise<LockedCycle | undefined> {
  const query = tx.selectFrom('headgate.cycle').select(LOCKED_COLUMNS).forUpdate();
  return 'id' in by
    ? query.where('id', '=', by.id).executeTakeFirst()
    : query.where('number', '=', by.number).executeTakeFirst();
}

/** Locks the cycle a slice belongs to. Undefined when there is no such slice. */
export async function lockCycleOfSlice(tx: Tx, slice: string): Promise<LockedCycle | undefined> {
  const found = await tx.selectFrom('headgate.slice').select('cycle').where('id', '=', slice).executeTakeFirst();
  return found === undefined ? undefined : lockCycle(tx, { number: found.cycle });
}

interface CountRow {
  readonly wave: Wave;
  readonly state: OperationState;
  readonly count: string;
}

/**
 * Operations of a cycle by wave and state: from the counts the triggers keep, with what is out with a slice counted as in
 * flight, or as in doubt once it was out before, instead of as waiting.
 */
export async function readCounts(db: Sql | Tx, cycle: { readonly id: string }): Promise<OperationCounts> {
  const { rows } = await sql<CountRow>`
    with this as materialized (select number from headgate.cycle where id = ${cycle.id}),
    taken as materialized (
      select wave, case when starts = 1 then 'in-flight' else 'in-doubt' end as state, fresh from headgate.slice
      where cycle = (select number from this) and worker is not null and fresh > 0)
    select wave, state, sum(count)::text as count from (
      select wave, state, count from headgate.operation_count where cycle = (select number from this)
      union all select wave, state, fresh from taken
      union all select wave, 'pending', -fresh from taken
    ) as counted
    group by wave, state having sum(count) > 0`.execute(db);
  const counts: Partial<Record<Wave, Record<string, number>>> = {};
  for (const row of rows) (counts[row.wave] ??= {})[row.state] = Number(row.count);
  return counts;
}
