import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import { RefusedError } from '../../core/errors.ts';
import { openBeside } from '../../core/migration/beside.ts';
import { mayBeRolledBack, nextLine, type JournalEntry, type JournalLine } from '../../core/migration/journal.ts';
import type { Clock } from '../../ports/clock.ts';
import type { MigrationStore, StoredMigration } from '../../ports/migration-store.ts';
import { commit, reading, type SyncToDisk } from './commits.ts';
import { liftMigrationHolds } from './hold-rows.ts';
import { writeLinks } from './link-store.ts';
import type { Sql, Tx } from './tables.ts';

const COLUMNS = ['id', 'connection', 'created_at', 'ended_at'] as const;

interface Row {
  readonly id: string;
  readonly connection: string;
  readonly created_at: string | number;
  readonly ended_at: string | number | null;
}

function toMigration({ id, connection, created_at: createdAt, ended_at: endedAt }: Row): StoredMigration {
  return { id, connection, createdAt: Number(createdAt), ...(endedAt === null ? {} : { endedAt: Number(endedAt) }) };
}

/**
 * Chains the entries to the last line and writes them, and how the journal ends now beside it. Where that is not how it
 * ended before, something is missing, and stays known. The row of the migration is locked by the caller.
 */
async function writeLines(
  tx: Tx,
  migration: { readonly number: string; readonly id: string },
  entries: readonly JournalEntry[],
  now: number,
): Promise<readonly JournalLine[]> {
  const before = await tx
    .selectFrom('headgate.scope_migration_journal')
    .select(['sequence', 'hash'])
    .where('migration', '=', migration.number)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  let last = before;
  const lines: JournalLine[] = [];
  for (const entry of entries) {
    const line = nextLine(migration.id, last, entry, now);
    lines.push(line);
    last = line;
  }
  await tx
    .insertInto('headgate.scope_migration_journal')
    .values(lines.map((line) => ({ ...line, migration: migration.number, entry: JSON.stringify(line.entry) })))
    .execute();
  await sql`
    update headgate.scope_migration set journal_lines = ${last?.sequence ?? 0}, journal_hash = ${last?.hash ?? ''}
    where number = ${migration.number}
      and (journal_lines is null or (journal_lines = ${before?.sequence ?? 0} and journal_hash = ${before?.hash ?? ''}))`.execute(
    tx,
  );
  return lines;
}

/** RefusedError when one of these connections has an open migration; none of them opens one before `tx` is over. */
async function requireNoneOpen(tx: Tx, connection: string, beside: readonly string[]): Promise<void> {
  if (beside.length === 0) return;
  await sql`lock table headgate.scope_migration in share row exclusive mode`.execute(tx);
  const open = await tx
    .selectFrom('headgate.scope_migration')
    .select('connection')
    .where('connection', 'in', beside)
    .where('ended_at', 'is', null)
    .limit(1)
    .executeTakeFirst();
  if (open !== undefined) throw openBeside(connection, open.connection);
}

/** Opens an aborted migration again whose rollback is asked for. False when that is not what is asked, or too late. */
async function openAgain(
  tx: Tx,
  { number, connection }: { readonly number: string; readonly connection: string },
  [first]: readonly JournalEntry[],
  beside: readonly string[],
): Promise<boolean> {
  if (first?.kind !== 'rollback') return false;
  const newer = await tx
    .selectFrom('headgate.scope_migration')
    .select('number')
    .where('connection', '=', connection)
    .where('number', '>', number)
    .limit(1)
    .executeTakeFirst();
  const last = await tx
    .selectFrom('headgate.scope_migration_journal')
    .select('entry')
    .where('migration', '=', number)
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (newer !== undefined || last === undefined || !mayBeRolledBack(last.entry)) return false;
  await requireNoneOpen(tx, connection, beside);
  await tx.updateTable('headgate.scope_migration').set({ ended_at: null }).where('number', '=', number).execute();
  return true;
}

/** Whether a line of these kinds stands after one. */
async function isSaid(
  tx: Tx,
  migration: string,
  { after, kinds }: { readonly after: number; readonly kinds: readonly string[] },
): Promise<boolean> {
  const line = await tx
    .selectFrom('headgate.scope_migration_journal')
    .select('sequence')
    .where('migration', '=', migration)
    .where('sequence', '>', after)
    .where(sql<string>`entry ->> 'kind'`, 'in', kinds)
    .limit(1)
    .executeTakeFirst();
  return line !== undefined;
}

/** Migrations and their journals, in SQL that PostgreSQL and the embedded database both speak. */
export function createMigrationStore(db: Sql, clock: Clock, syncToDisk: SyncToDisk): MigrationStore {
  return { ...createReads(db), ...createWrites(db, clock, syncToDisk) };
}

function createReads(db: Sql): Pick<MigrationStore, 'get' | 'openOf' | 'listOpen' | 'list' | 'lines' | 'journalEnd'> {
  const select = () => db.selectFrom('headgate.scope_migration').select(COLUMNS);
  return {
    async get(id) {
      const row = await reading(() => select().where('id', '=', id).executeTakeFirst());
      return row === undefined ? undefined : toMigration(row);
    },

    async openOf(connection) {
      const row = await reading(() =>
        select().where('connection', '=', connection).where('ended_at', 'is', null).executeTakeFirst(),
      );
      return row === undefined ? undefined : toMigration(row);
    },

    async listOpen() {
      const rows = await reading(() => select().where('ended_at', 'is', null).orderBy('number').execute());
      return rows.map(toMigration);
    },

    async list({ connection, limit }) {
      let query = select().orderBy('number', 'desc').limit(limit);
      if (connection !== undefined) query = query.where('connection', '=', connection);
      return (await reading(() => query.execute())).map(toMigration);
    },

    async lines(id, after = 0, most) {
      const query = db
        .selectFrom('headgate.scope_migration_journal as line')
        .innerJoin('headgate.scope_migration as migration', 'migration.number', 'line.migration')
        .select(['line.sequence', 'line.at', 'line.entry', 'line.previous', 'line.hash'])
        .where('migration.id', '=', id)
        .where('line.sequence', '>', after)
        .orderBy('line.sequence');
      const rows = await reading(() => (most === undefined ? query : query.limit(most)).execute());
      return rows.map((row) => ({ ...row, at: Number(row.at) }));
    },

    async journalEnd(id) {
      const row = await reading(() =>
        db
          .selectFrom('headgate.scope_migration')
          .select(['journal_lines as lines', 'journal_hash as hash'])
          .where('id', '=', id)
          .executeTakeFirst(),
      );
      if (row === undefined || row.lines === null || row.hash === null) return undefined;
      return { lines: row.lines, hash: row.hash };
    },
  };
}

function createWrites(
  db: Sql,
  clock: Clock,
  syncToDisk: SyncToDisk,
): Pick<MigrationStore, 'open' | 'lease' | 'release' | 'append'> {
  return {
    async open(connection, entries, { beside = [] } = {}) {
      const opened = await commit(db, 'migrations.open', async (tx) => {
        await requireNoneOpen(tx, connection, beside);
        const row = await tx
          .insertInto('headgate.scope_migration')
          .values({ id: randomUUID(), connection, created_at: clock.now() })
          .onConflict((conflict) => conflict.column('connection').where('ended_at', 'is', null).doNothing())
          .returning(['number', ...COLUMNS])
          .executeTakeFirst();
        if (row !== undefined) await writeLines(tx, row, entries, clock.now());
        return row;
      });
      if (opened === undefined) {
        throw new RefusedError('migration-open', `connection ${connection} has an open migration already`, {
          remedy: `see where it stands: headgate migration status ${connection}`,
        });
      }
      await syncToDisk();
      return toMigration(opened);
    },

    async lease(id, worker, leaseMs) {
      const now = clock.now();
      const leased = await commit(db, 'migrations.lease', (tx) =>
        sql`
          update headgate.scope_migration set lease_worker = ${worker}, lease_until = ${now + leaseMs}
          where id = ${id} and ended_at is null
            and (lease_worker is null or lease_worker = ${worker} or lease_until <= ${now})`.execute(tx),
      );
      return (leased.numAffectedRows ?? 0n) > 0n;
    },

    async release(id, worker) {
      await commit(db, 'migrations.release', (tx) =>
        tx
          .updateTable('headgate.scope_migration')
          .set({ lease_worker: null, lease_until: null })
          .where('id', '=', id)
          .where('lease_worker', '=', worker)
          .execute(),
      );
    },

    async append(id, entries, { worker, links = [], beside = [], unlessSaid } = {}) {
      const lines = await commit(db, 'migrations.append', async (tx) => {
        const row = await tx
          .selectFrom('headgate.scope_migration')
          .select(['number', 'id', 'connection', 'ended_at', 'lease_worker'])
          .where('id', '=', id)
          .forUpdate()
          .executeTakeFirst();
        if (row === undefined) return undefined;
        if (row.ended_at !== null && !(await openAgain(tx, row, entries, beside))) return undefined;
        if (worker !== undefined && row.lease_worker !== worker) return undefined;
        if (unlessSaid !== undefined && (await isSaid(tx, row.number, unlessSaid))) return undefined;
        const written = await writeLines(tx, row, entries, clock.now());
        if (links.length > 0) await writeLinks(tx, row.connection, links);
        if (entries.some(({ kind }) => kind === 'ended')) {
          await tx
            .updateTable('headgate.scope_migration')
            .set({ ended_at: clock.now(), lease_worker: null, lease_until: null })
            .where('number', '=', row.number)
            .execute();
          await liftMigrationHolds(tx, row.connection, clock.now());
        }
        return written;
      });
      if (lines !== undefined) await syncToDisk();
      return lines;
    },
  };
}
