import { sql } from 'kysely';
import type { Link } from '../../core/link.ts';
import type { Operation } from '../../core/operation.ts';
import type { Clock } from '../../ports/clock.ts';
import type { LeftResult } from '../../ports/slices.ts';
import type { CycleStore } from '../../ports/stores.ts';
import { commit, reading } from './commits.ts';
import { lockCycle } from './cycle-rows.ts';
import { writeResults } from './record-slice.ts';
import type { Sql, Tx } from './tables.ts';

interface LeftRow {
  readonly cycle: string;
  readonly sequence: number;
  readonly attempts: number;
  readonly body: Operation;
}

/** What closed cycles left in doubt, until reading the provider has settled it. */
export function createLeftStore(db: Sql, clock: Clock): Pick<CycleStore, 'leftInDoubt' | 'recordLeft'> {
  return {
    async leftInDoubt(connection) {
      // The counts say which cycles have any: there are few, among years of cycles.
      const { rows } = await reading(() =>
        sql<LeftRow>`
          with doubtful as materialized (
            select distinct cycle.number, cycle.id from headgate.cycle as cycle
            join headgate.operation_count as counted on counted.cycle = cycle.number
            where cycle.connection = ${connection} and cycle.phase = 'closed'
              and counted.state = 'in-doubt' and counted.count > 0)
          select doubtful.id as cycle, operation.sequence, operation.attempts, operation.body
          from doubtful join headgate.operation as operation on operation.cycle = doubtful.number
          where operation.state = 'in-doubt' and not exists (
            select 1 from headgate.operation as newer
            join headgate.cycle as since on since.number = newer.cycle and since.connection = ${connection}
            where newer.anchor = operation.anchor and newer.resource = operation.resource
              and newer.cycle > operation.cycle and newer.state = 'exported')
          order by doubtful.number, operation.sequence`.execute(db),
      );
      return rows.map(({ body, ...row }) => ({ ...row, operation: body, inDoubt: true }));
    },

    recordLeft: (cycle, results) =>
      commit(db, 'cycles.recordLeft', (tx) => recordLeft(tx, cycle, results, clock.now())),
  };
}

/** Locks the cycles that left something in doubt, waiting for whoever records what became of it. Their numbers. */
export async function lockDoubtful(tx: Tx, connection: string): Promise<readonly string[]> {
  const { rows } = await sql<{ number: string }>`
    select number from headgate.cycle as cycle where connection = ${connection} and exists (
      select 1 from headgate.operation_count as counted
      where counted.cycle = cycle.number and counted.state = 'in-doubt' and counted.count > 0)
    order by number for update`.execute(tx);
  return rows.map(({ number }) => number);
}

/**
 * Cancels what closed cycles left in doubt for these, so that nobody settles it later by a resource id that leads to
 * nobody, or to somebody else, by then. A creation stays: it is looked for by name, and what it made is still ours.
 */
export async function cancelLeft(
  tx: Tx,
  cycles: readonly string[],
  subjects: readonly Pick<Link, 'resource' | 'anchor'>[],
  at: number,
): Promise<void> {
  await sql`
    update headgate.operation as operation
    set state = 'cancelled', settled_at = ${at}, not_before = null, failure = null
    from json_to_recordset(${JSON.stringify(subjects)}::json) as given (resource text, anchor text)
    where operation.resource = given.resource and operation.anchor = given.anchor
      and operation.state = 'in-doubt' and operation.body ->> 'kind' <> 'create'
      and operation.cycle = any(${cycles}::bigint[])`.execute(tx);
}

async function recordLeft(tx: Tx, id: string, results: readonly LeftResult[], now: number): Promise<void> {
  const cycle = await lockCycle(tx, { id });
  if (cycle?.phase !== 'closed') return;
  const open = await tx
    .selectFrom('headgate.operation')
    .select('sequence')
    .where('cycle', '=', cycle.number)
    .where('state', '=', 'in-doubt')
    .execute();
  const doubtful = new Set(open.map(({ sequence }) => sequence));
  const still = results.filter(({ sequence }) => doubtful.has(sequence));
  await writeResults(
    tx,
    cycle,
    still.flatMap((result) => (result.state === 'in-doubt' ? [] : result)),
    now,
  );
  for (const result of still) {
    if (result.state !== 'in-doubt') continue;
    await tx
      .updateTable('headgate.operation')
      .set({ failure: JSON.stringify(result.failure) })
      .where('cycle', '=', cycle.number)
      .where('sequence', '=', result.sequence)
      .execute();
  }
}
