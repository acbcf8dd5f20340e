import { sql, type Kysely } from 'kysely';

/** Why a cycle that was asked to be incremental looked at everything. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`alter table headgate.cycle add column everything text`.execute(database);
}
