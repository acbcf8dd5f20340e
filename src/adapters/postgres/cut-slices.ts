import { sql } from 'kysely';
import type { Wave } from '../../core/operation.ts';
import { lockCycle } from './cycle-rows.ts';
import type { PassedOver } from '../../ports/slices.ts';
import type { LockedCycle } from './rows.ts';
import type { Tx } from './tables.ts';

interface Cut {
  readonly id: string;
  readonly wave: Wave;
  readonly slices: number;
  readonly size: number;
  readonly now: number;
  readonly passOver: PassedOver;
}

/**
 * Cuts slices from the operations of a wave that may be sent now. The lock on the cycle makes two workers cut one after
 * the other, so they never cut the same operation.
 *
 * What may not be cut, whatever the caller asks for: anything of a cycle that is not exporting or is to be cancelled,
 * of a wave while an earlier one is not settled, of a resource that has another operation in a slice or an earlier one
 * not settled.
 */
export async function cutSlices(tx: Tx, cut: Cut): Promise<readonly string[]> {
  const cycle = await lockCycle(tx, { id: cut.id });
  if (cycle === undefined || cycle.phase !== 'exporting' || cycle.cancel_requested) return [];
  if (cut.slices <= 0 || cut.size <= 0 || (await earlierWaveOpen(tx, cycle, cut.wave))) return [];
  const slices = await insertSlices(tx, cycle, cut);
  if (slices.length === 0) return [];
  await tx
    .updateTable('headgate.cycle')
    .set({ slices_cut: cycle.slices_cut + slices.length })
    .where('number', '=', cycle.number)
    .execute();
  return slices;
}

async function earlierWaveOpen(tx: Tx, cycle: LockedCycle, wave: Wave): Promise<boolean> {
  const found = await tx
    .selectFrom('headgate.operation_count')
    .select('wave')
    .where('cycle', '=', cycle.number)
    .where('wave', '<', wave)
    .where('state', 'in', ['pending', 'in-flight', 'in-doubt'])
    .where('count', '>', 0)
    .limit(1)
    .executeTakeFirst();
  return found !== undefined;
}

/** Cuts inside the database: the numbers of thousands of operations need not come here and go back. */
async function insertSlices(tx: Tx, cycle: LockedCycle, cut: Cut): Promise<readonly string[]> {
  // Two digits short of a million slices the ids stop sorting as text; nothing depends on it.
  const { rows } = await sql<{ id: string }>`
    with sendable as (${sendable(cycle, cut)}),
    placed as (select sequence, state, (row_number() over (order by sequence) - 1) / ${cut.size}::integer as slice from sendable),
    counted as (
      select (${cycle.slices_cut}::integer + slice + 1)::text as number, array_agg(sequence order by sequence) as sequences,
             count(*) filter (where state = 'pending') as fresh
      from placed group by slice)
    insert into headgate.slice (id, cycle, wave, sequences, fresh)
    select ${cycle.id} || '-' || lpad(number, greatest(6, length(number)), '0'), ${cycle.number}, ${cut.wave}, sequences, fresh
    from counted
    returning id`.execute(tx);
  return rows.map(({ id }) => id).sort();
}

function sendable(cycle: LockedCycle, cut: Cut) {
  return sql`
    with busy as materialized (select unnest(sequences) as sequence from headgate.slice where cycle = ${cycle.number})
    select sequence, state from headgate.operation as next
    where next.cycle = ${cycle.number} and next.wave = ${cut.wave} and next.state in ('pending', 'in-doubt')
      and (next.not_before is null or next.not_before <= ${cut.now})
      and not (${cut.passOver === 'refused'} and next.state = 'pending' and next.failure is not null and next.not_before is not null)
      and next.sequence not in (select sequence from busy)
      and (not next.shared or not exists (
        select 1 from headgate.operation as other
        where other.cycle = next.cycle and other.anchor = next.anchor and other.resource = next.resource
          and other.sequence <> next.sequence
          and (other.sequence in (select sequence from busy)
               or (other.sequence < next.sequence and other.state in ('pending', 'in-flight', 'in-doubt', 'held')))))
    order by next.sequence limit ${cut.slices * cut.size}`;
}
