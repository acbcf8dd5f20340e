import { sql, type Kysely } from 'kysely';

/** Why a cycle is to be cancelled, when it was not somebody's wish alone: its connection was removed or changed. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`alter table headgate.cycle add column cancel_reason text`.execute(database);
}
