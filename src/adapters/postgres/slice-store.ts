import { sql } from 'kysely';
import type { Operation } from '../../core/operation.ts';
import type { Clock } from '../../ports/clock.ts';
import type { SliceStart, SliceWork } from '../../ports/slices.ts';
import type { CycleStore } from '../../ports/stores.ts';
import { commit, type SyncToDisk } from './commits.ts';
import { cutSlices } from './cut-slices.ts';
import { lockCycleOfSlice, UNSETTLED } from './cycle-rows.ts';
import { putOff } from './put-off.ts';
import { recordResults } from './record-slice.ts';
import type { Sql, Tx } from './tables.ts';

/**
 * Slices: cut, started under a lease, renewed, recorded. The row of a slice lives from its cut to its record and names its
 * operations; that they are in flight follows from it (see the view operation_seen), so that each is written once.
 *
 *   cut ──start──▶ in flight ──record──▶ gone
 *                    │  ▲
 *          lease ends│  │start by another worker: every operation is in doubt
 *                    └──┘
 */
export function createSliceStore(
  db: Sql,
  clock: Clock,
  syncToDisk: SyncToDisk,
): Pick<CycleStore, 'cutSlices' | 'putOff' | 'startSlice' | 'renewSlice' | 'recordSlice' | 'releaseLeases'> {
  return {
    cutSlices: (id, wave, slices, size, now, passOver = 'nothing') =>
      commit(db, 'cycles.cutSlices', (tx) => cutSlices(tx, { id, wave, slices, size, now, passOver })),

    putOff: (id, wave, after) => commit(db, 'cycles.putOff', (tx) => putOff(tx, { id, wave, after, now: clock.now() })),

    async startSlice(slice, worker, leaseMs) {
      const start = await commit(db, 'cycles.startSlice', (tx) => takeSlice(tx, slice, worker, clock.now(), leaseMs));
      // Before the first request: after a power cut the operations must be known to be in doubt, not waiting.
      if (start.state === 'started') await syncToDisk();
      return start;
    },

    async renewSlice(slice, worker, leaseMs) {
      const renewed = await commit(db, 'cycles.renewSlice', (tx) =>
        tx
          .updateTable('headgate.slice')
          .set({ lease_until: clock.now() + leaseMs })
          .where('id', '=', slice)
          .where('worker', '=', worker)
          .where('lease_until', '>', 0)
          .executeTakeFirst(),
      );
      return renewed.numUpdatedRows > 0n;
    },

    recordSlice: (slice, worker, results) =>
      commit(db, 'cycles.recordSlice', (tx) => recordResults(tx, slice, worker, results, clock.now())),

    releaseLeases: (exceptWorker) =>
      commit(db, 'cycles.releaseLeases', async (tx) => {
        const slices = await sql`
          update headgate.slice set lease_until = 0
          where worker is not null and worker <> ${exceptWorker} and lease_until > 0`.execute(tx);
        const cycles = await sql`
          update headgate.cycle set lease_until = 0
          where lease_worker is not null and lease_worker <> ${exceptWorker} and lease_until > 0`.execute(tx);
        const migrations = await sql`
          update headgate.scope_migration set lease_until = 0
          where lease_worker is not null and lease_worker not like ${`${exceptWorker}/%`} and lease_until > 0`.execute(
          tx,
        );
        const freed = [slices, cycles, migrations].map(({ numAffectedRows }) => numAffectedRows ?? 0n);
        return Number(freed.reduce((sum, count) => sum + count, 0n));
      }),
  };
}

async function takeSlice(tx: Tx, id: string, worker: string, now: number, leaseMs: number): Promise<SliceStart> {
  const cycle = await lockCycleOfSlice(tx, id);
  if (cycle === undefined || cycle.phase !== 'exporting') return { state: 'over' };
  const slice = await tx.selectFrom('headgate.slice').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
  if (slice === undefined) return { state: 'over' };
  const leasedUntil = Number(slice.lease_until ?? 0);
  // Also when it is this very worker: a second run of the same job must not send what the first is still sending.
  if (slice.worker !== null && leasedUntil > now) return { state: 'leased', until: leasedUntil };
  await tx
    .updateTable('headgate.slice')
    .set((is) => ({ worker, lease_until: now + leaseMs, starts: is('starts', '+', 1) }))
    .where('id', '=', id)
    .execute();
  const operations = await readOperations(tx, cycle.number, slice.sequences, slice.worker !== null);
  const under = cycle.planned_under === null ? {} : { plannedUnder: cycle.planned_under };
  const witnessed = cycle.migration === null ? {} : { ofMigration: true as const };
  const plan = { plannedAt: Number(cycle.planned_at ?? 0), ...under, ...witnessed };
  const work = { id, cycle: cycle.id, connection: cycle.connection, wave: slice.wave, ...plan, operations };
  return { state: 'started', work };
}

/** The operations of a slice; in doubt are those whose answer was lost, and all of them when a worker had started it. */
async function readOperations(
  tx: Tx,
  cycle: string,
  sequences: readonly number[],
  takenOver: boolean,
): Promise<SliceWork['operations']> {
  // As one value: a thousand rows of one operation each take half as long again.
  const { rows } = await sql<{ operations: string | null }>`
    select '[' || string_agg('[' || sequence || ',' || attempts || ',' || (state = 'in-doubt')::text || ',' || body::text || ']',
                             ',' order by sequence) || ']' as operations
    from headgate.operation
    where cycle = ${cycle} and sequence = any(${sequences}::integer[]) and state = any(${UNSETTLED}::text[])`.execute(
    tx,
  );
  const read: readonly (readonly [number, number, boolean, Operation])[] = JSON.parse(rows[0]?.operations ?? '[]');
  return read.map(([sequence, attempts, inDoubt, operation]) => ({
    sequence,
    operation,
    inDoubt: takenOver || inDoubt,
    attempts,
  }));
}
