import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { RefusedError } from '../../core/errors.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CycleStore } from '../../ports/stores.ts';
import { commit, reading, type SyncToDisk } from './commits.ts';
import { createBaselines } from './baselines.ts';
import { closeCycle, requestCancel } from './close-cycle.ts';
import { lockCycle, readCounts } from './cycle-rows.ts';
import { createLeftStore } from './left-store.ts';
import { rememberLinks } from './link-store.ts';
import { confirmApprovals, reconcileHolds } from './hold-rows.ts';
import { createOperationReader } from './operation-reader.ts';
import { cycleOpen, refuseSuspended } from './refuse-suspended.ts';
import { CYCLE_COLUMNS, toCycle } from './rows.ts';
import { writeOperations } from './save-plan.ts';
import { writeSkips } from './skip-rows.ts';
import { createSliceStore } from './slice-store.ts';
import type { Sql } from './tables.ts';

type Lifecycle = Pick<
  CycleStore,
  | 'open'
  | 'get'
  | 'idsBeginningWith'
  | 'openCycle'
  | 'list'
  | 'listOpen'
  | 'leaseGathering'
  | 'setProgress'
  | 'savePlan'
  | 'requestCancel'
  | 'setPhase'
  | 'close'
  | 'counts'
>;

/** Cycles with their operations and slices, in SQL that PostgreSQL and the embedded database both speak. */
export function createCycleStore(db: Sql, clock: Clock, syncToDisk: SyncToDisk): CycleStore {
  return {
    ...createReads(db),
    ...createWrites(db, clock, syncToDisk),
    ...createSliceStore(db, clock, syncToDisk),
    ...createOperationReader(db),
    ...createBaselines(db),
    ...createLeftStore(db, clock),
  };
}

function createReads(
  db: Sql,
): Pick<Lifecycle, 'get' | 'idsBeginningWith' | 'openCycle' | 'list' | 'listOpen' | 'counts'> {
  return {
    async get(id) {
      const row = await reading(() =>
        db.selectFrom('headgate.cycle').select(CYCLE_COLUMNS).where('id', '=', id).executeTakeFirst(),
      );
      return row === undefined ? undefined : toCycle(row);
    },

    async idsBeginningWith(beginning, limit) {
      const rows = await reading(() =>
        db
          .selectFrom('headgate.cycle')
          .select('id')
          .where(sql<boolean>`starts_with(id, ${beginning})`)
          .orderBy('number', 'desc')
          .limit(limit)
          .execute(),
      );
      return rows.map(({ id }) => id);
    },

    async openCycle(connection) {
      const row = await reading(() =>
        db
          .selectFrom('headgate.cycle')
          .select(CYCLE_COLUMNS)
          .where('connection', '=', connection)
          .where('phase', '<>', 'closed')
          .executeTakeFirst(),
      );
      return row === undefined ? undefined : toCycle(row);
    },

    async list({ connection, kind, result, planned, limit }) {
      let query = db.selectFrom('headgate.cycle').select(CYCLE_COLUMNS).orderBy('number', 'desc').limit(limit);
      if (connection !== undefined) query = query.where('connection', '=', connection);
      if (kind !== undefined) query = query.where('kind', '=', kind);
      if (result !== undefined) query = query.where('result', '=', result);
      if (planned === true) query = query.where('planned_at', 'is not', null);
      return (await reading(() => query.execute())).map(toCycle);
    },

    async listOpen() {
      const query = db
        .selectFrom('headgate.cycle')
        .select(CYCLE_COLUMNS)
        .where('phase', '<>', 'closed')
        .orderBy('number');
      return (await reading(() => query.execute())).map(toCycle);
    },

    counts: (id) => reading(() => readCounts(db, { id })),
  };
}

function createWrites(
  db: Sql,
  clock: Clock,
  syncToDisk: SyncToDisk,
): Pick<Lifecycle, 'open' | 'leaseGathering' | 'setProgress' | 'savePlan' | 'requestCancel' | 'setPhase' | 'close'> {
  return {
    async open({ connection, kind, requestedBy, expectedDigest, migration, subject }) {
      const row = await commit(db, 'cycles.open', async (tx) => {
        await refuseSuspended(tx, connection, migration?.id);
        return tx
          .insertInto('headgate.cycle')
          .values({
            id: randomUUID(),
            connection,
            kind,
            phase: 'gathering',
            requested_by: requestedBy,
            created_at: clock.now(),
            expected_digest: expectedDigest ?? null,
            migration: migration === undefined ? null : JSON.stringify(migration),
            subject: subject === undefined ? null : JSON.stringify(subject),
          })
          .onConflict((conflict) =>
            // Written out: as a parameter it names the partial index only where the statement is planned for each value.
            conflict.column('connection').where('phase', '<>', sql.lit('closed')).doNothing(),
          )
          .returning(CYCLE_COLUMNS)
          .executeTakeFirst();
      });
      if (row === undefined) {
        throw await cycleOpen(db, connection);
      }
      return toCycle(row);
    },

    async leaseGathering(id, worker, leaseMs) {
      const now = clock.now();
      const leased = await commit(db, 'cycles.leaseGathering', (tx) =>
        sql`
          update headgate.cycle
          set lease_worker = ${worker}, lease_until = ${now + leaseMs},
              attempts = attempts + case when lease_worker is distinct from ${worker} then 1 else 0 end
          where id = ${id} and phase in ('gathering', 'planning')
            and (lease_worker is null or lease_worker = ${worker} or lease_until <= ${now})`.execute(tx),
      );
      return (leased.numAffectedRows ?? 0n) > 0n;
    },

    async setProgress(id, progress) {
      await reading(() =>
        db
          .updateTable('headgate.cycle')
          .set({ progress: JSON.stringify(progress) })
          .where('id', '=', id)
          .where('phase', '<>', 'closed')
          .execute(),
      );
    },

    async savePlan(id, worker, plan, verdict, staged, { memories = [], aside, under, everything, skips } = {}) {
      const saved = await commit(db, 'cycles.savePlan', async (tx) => {
        const cycle = await lockCycle(tx, { id });
        if (cycle === undefined || cycle.lease_worker !== worker) return false;
        if (cycle.phase !== 'gathering' && cycle.phase !== 'planning') return false;
        refuseUnexportable(cycle.expected_digest, plan.digest, verdict.refused);
        const standing = await confirmApprovals(tx, cycle, plan, verdict, clock.now());
        const now = clock.now();
        const { putAside } = await writeOperations(tx, cycle.number, { plan, verdict: standing, aside, now });
        // One subject says nothing about what a whole plan holds: holds are opened and lifted by the cycles that see it.
        if (plan.kind !== 'on-demand') await reconcileHolds(tx, cycle, plan, standing, clock.now());
        await rememberLinks(tx, cycle.connection, memories);
        if (skips !== undefined) await writeSkips(tx, cycle, skips, { first: plan.operations.length, now });
        await tx
          .updateTable('headgate.cycle')
          .set({
            phase: 'exporting',
            // An incremental cycle may have found that it has to look at everything after all.
            kind: plan.kind,
            staged: staged === undefined ? null : JSON.stringify(staged),
            planned_at: clock.now(),
            plan_digest: plan.digest,
            planned_under: under ?? null,
            everything: everything ?? null,
            plan_counts: JSON.stringify(plan.counts),
            notices: JSON.stringify(plan.notices),
            verdict: JSON.stringify(standing),
            put_aside: putAside,
            lease_worker: null,
            lease_until: null,
          })
          .where('number', '=', cycle.number)
          .execute();
        return true;
      });
      if (saved) await syncToDisk();
      return saved;
    },

    requestCancel: (id, reason) => commit(db, 'cycles.requestCancel', (tx) => requestCancel(tx, id, reason)),

    async setPhase(id, from, to) {
      const moved = await commit(db, 'cycles.setPhase', (tx) =>
        tx
          .updateTable('headgate.cycle')
          .set({ phase: to })
          .where('id', '=', id)
          .where('phase', '=', from)
          .executeTakeFirst(),
      );
      return moved.numUpdatedRows > 0n;
    },

    async close(id, result, failure, details) {
      const closed = await commit(db, 'cycles.close', (tx) =>
        closeCycle(tx, id, { result, failure, details, now: clock.now() }),
      );
      if (closed) await syncToDisk();
      return closed;
    },
  };
}

/** The last line behind the caller's own checks: a refused or unexpected plan must not become operations. */
function refuseUnexportable(expected: string | null, digest: string, refused: boolean): void {
  if (refused) {
    throw new RefusedError('guard', 'a plan that the guards refused cannot be exported', {
      remedy: 'Look at the findings of the guards, mend the cause, and plan again.',
    });
  }
  if (expected !== null && expected !== digest) {
    throw new RefusedError('plan-stale', `the plan made now has the digest ${digest}, not ${expected}`, {
      remedy: 'Plan again, look at what changed, and apply the new plan.',
    });
  }
}
