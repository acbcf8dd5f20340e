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

/** Operations of a cycle by wave and state, from the counts the triggers keep. */
export async function readCounts(db: Sql | Tx, cycle: { readonly id: string }): Promise<OperationCounts> {
  const rows = await db
    .selectFrom('headgate.operation_count as kept')
    .innerJoin('headgate.cycle as cycle', 'cycle.number', 'kept.cycle')
    .select(['kept.wave', 'kept.state', 'kept.count'])
    .where('cycle.id', '=', cycle.id)
    .where('kept.count', '>', 0)
    .execute();
  const counts: Partial<Record<Wave, Record<string, number>>> = {};
  for (const row of rows) (counts[row.wave] ??= {})[row.state] = Number(row.count);
  return counts;
}
