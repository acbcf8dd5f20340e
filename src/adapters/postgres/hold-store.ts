import { sql } from 'kysely';
import type { Clock } from '../../ports/clock.ts';
import type { DecideHold, DecideOutcome, HoldStore } from '../../ports/hold-store.ts';
import { commit, reading, type SyncToDisk } from './commits.ts';
import { HOLD_COLUMNS, toDecided, toHistory, toHold, writeEvent } from './hold-rows.ts';
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
  };
}

/** What was held when the decision was made is copied inside the database: it may be large. */
async function decide(tx: Tx, id: string, decision: DecideHold, now: number): Promise<DecideOutcome> {
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
  return { outcome: 'decided', hold: toHold(decided) };
}
