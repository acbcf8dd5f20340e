import { Migrator, sql } from 'kysely';
import { StartupError } from '../../core/errors.ts';
import { MIGRATIONS } from './migrations/index.ts';
import type { Sql } from './tables.ts';

/** The schema everything of ours lives in; the queue has its own. */
export const SCHEMA = 'headgate';
const LEDGER = 'migration';

/** Names of migrations already applied, in order; empty for a fresh database. */
async function applied(database: Sql): Promise<readonly string[]> {
  const found = await sql<{ ledger: string | null }>`
    select to_regclass(${`${SCHEMA}.${LEDGER}`})::text as ledger`.execute(database);
  if (found.rows[0]?.ledger === null) return [];
  const rows = await sql<{ name: string }>`select name from headgate.migration order by name`.execute(database);
  return rows.rows.map((row) => row.name);
}

/**
 * Brings the schema up to date, in one transaction, one process at a time. Throws StartupError when the database was
 * last used by a newer program, and when a migration fails (nothing of it is kept then).
 */
export async function migrate(database: Sql): Promise<void> {
  const unknown = (await applied(database)).filter((name) => !(name in MIGRATIONS));
  if (unknown.length > 0) {
    throw new StartupError(`the database is newer than this program: it has ${unknown.join(', ')}`, {
      remedy: 'Install the version of Headgate that last used this database, or a newer one.',
    });
  }
  const migrator = new Migrator({
    db: database,
    provider: { getMigrations: () => Promise.resolve({ ...MIGRATIONS }) },
    migrationTableSchema: SCHEMA,
    migrationTableName: LEDGER,
    migrationLockTableName: `${LEDGER}_lock`,
  });
  const { error } = await migrator.migrateToLatest();
  if (error === undefined) return;
  throw new StartupError('the database schema could not be brought up to date', {
    remedy: 'The database user needs the right to create the schema "headgate"; see the cause for what failed.',
    cause: error,
  });
}
