import { sql, type Kysely } from 'kysely';

/** The newest audit report of each connection. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`
    create table headgate.drift (
      connection text primary key,
      counts json not null,
      body json not null
    )`.execute(database);
}
