import { sql, type Kysely } from 'kysely';

/** How each journal ends, kept beside it: a chain of hashes does not show that its last lines are missing. Null: not known. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`
    alter table headgate.scope_migration
      add column journal_lines integer,
      add column journal_hash text`.execute(database);
}
