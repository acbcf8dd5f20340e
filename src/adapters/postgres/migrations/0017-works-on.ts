import { sql, type Kysely } from 'kysely';

/** What each connection works on, told by whoever has it in its configuration, for those who do not. Null: not known. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`
    alter table headgate.connection
      add column application text,
      add column tenant text,
      add column provider text,
      add column told_at bigint`.execute(database);
}
