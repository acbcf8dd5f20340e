import { sql, type Kysely } from 'kysely';

/** What configuration a stored plan was made under: another one may forbid what it does. Not known of older plans. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`alter table headgate.cycle add column planned_under text`.execute(database);
}
