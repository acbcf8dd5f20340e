import { sql } from 'kysely';
import type { Clock } from '../../ports/clock.ts';
import type { DecideHold, DecideOutcome, HoldStore } from '../../ports/hold-store.ts';
import { requestCancel } from './close-cycle.ts';
import { commit, reading, type SyncToDisk } from './commits.ts';
import { HOLD_COLUMNS, toDecided, toHistory, toHold, toStanding, writeEvent } from './hold-rows.ts';
import { createRemovalReads } from './removal-reads.ts';
import type { Sql, Tx } from './tables.ts';

/** Numbers of holds are given by the database; anything else names none. */
const NUMBER = /^\d{1,18}$/;

/** Holds and decisions about them. They open and change where plans are stored: `reconcileHolds`. */
export function createHoldStore(db: Sql, clock: Clock, syncToDisk: SyncToDisk): HoldStore {
  return {
    ...createRemovalReads(db),

    async list({ connection, ended, limit }) {
      let query = db.selectFrom('headgate.hold').select(HOLD_COLUMNS).orderBy('number', 'desc').limit(limit);
      if (connection !== undefined) query = query.where('connection', '=', connection);
      if (!ended) query = query.where('ended_at', 'is', null);
      return (await reading(() => query.execute())).map(toHold);
    },

    async get(id) {
      if (!NUMBER.test(id)) return undefined;
      const row = await reading(() =>
        db.selectFrom('headgate.hold').select(HOLD_COLUMNS).where('number', '=', id).executeTakeFirst(),
      );
      if (row === undefined) return undefined;
      const history = await reading(() =>
        db.selectFrom('headgate.hold_event').selectAll().where('hold', '=', id).orderBy('number').execute(),
      );
      return { hold: toHold(row), history: history.map(toHistory) };
    },

    async decide(id, decision) {
      if (!NUMBER.test(id)) return { outcome: 'unknown' };
      const outcome = await commit(db, 'holds.decide', (tx) => decide(tx, id, decision, clock.now()));
      if (outcome.outcome === 'decided') await syncToDisk();
      return outcome;
    },

    async decided(connection) {
      const rows = await reading(() =>
        db
          .selectFrom('headgate.hold')
          .select(['number', 'guard', 'decision', 'decided_pieces'])
          .where('connection', '=', connection)
          .where('ended_at', 'is', null)
          .where('state', '<>', 'waiting')
          .execute(),
      );
      return rows.flatMap(toDecided);
    },

    async standing(connection, guards) {
      const rows = await reading(() =>
        db
          .selectFrom('headgate.hold')
          .select(['number', 'guard', 'state', 'operations', 'pieces', 'decision', 'decided_pieces'])
          .where('connection', '=', connection)
          .where('guard', 'in', [...guards])
          .where('ended_at', 'is', null)
          .orderBy('number')
          .execute(),
      );
      return rows.flatMap(toStanding);
    },
  };
}

/**
 * The open cycle of a hold's connection, locked before the hold is: where plans are stored and cycles closed it is so, too.
 */
async function lockOpenCycle(
  tx: Tx,
  hold: string,
): Promise<{ readonly number: string; readonly id: string } | undefined> {
  const { rows } = await sql<{ number: string; id: string }>`
    select number, id from headgate.cycle
    where connection = (select connection from headgate.hold where number = ${hold}) and phase <> 'closed'
    for update`.execute(tx);
  return rows[0];
}

/** Whether something the hold's approval let through is still to be sent. */
async function hasUnsent(tx: Tx, cycle: string, hold: string): Promise<boolean> {
  const { rows } = await sql`
    select 1 from headgate.operation
    where cycle = ${cycle} and state in ('pending', 'in-doubt') and ${hold}::text = any(approvals) limit 1`.execute(tx);
  return rows.length > 0;
}

/** What was held when the decision was made is copied inside the database: it may be large. */
async function decide(tx: Tx, id: string, decision: DecideHold, now: number): Promise<DecideOutcome> {
  const cycle = decision.kind === 'rejected' ? await lockOpenCycle(tx, id) : undefined;
  const row = await tx
    .selectFrom('headgate.hold')
    .select(HOLD_COLUMNS)
    .where('number', '=', id)
    .forUpdate()
    .executeTakeFirst();
  if (row === undefined) return { outcome: 'unknown' };
  if (row.ended_at !== null) return { outcome: 'ended', hold: toHold(row) };
  if (!row.digest.startsWith(decision.digest)) return { outcome: 'changed', hold: toHold(row) };
  const stored = { ...decision, digest: row.digest, at: now };
  const decided = await tx
    .updateTable('headgate.hold')
    .set({
      state: decision.kind,
      decision: JSON.stringify(stored),
      decided_pieces: sql`pieces`,
      changed_at: now,
    })
    .where('number', '=', id)
    .returning(HOLD_COLUMNS)
    .executeTakeFirstOrThrow();
  await writeEvent(tx, id, decision.kind, { digest: row.digest, operations: row.operations, at: now }, decision);
  // Not those operations alone: what else the plan does, such as to their memberships, was planned to go with them.
  const stops = cycle !== undefined && (await hasUnsent(tx, cycle.number, id));
  if (!stops) return { outcome: 'decided', hold: toHold(decided) };
  await requestCancel(tx, cycle.id, `the approval of hold ${id} was taken back; the next cycle plans without it`);
  return { outcome: 'decided', hold: toHold(decided), stopped: cycle.id };
}
