import { sql, type Kysely } from 'kysely';

/** How users and groups left, and when the next step of their removal is due; whom an on-demand cycle is about. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`alter table headgate.link add column departure json, add column due_at bigint`.execute(database);
  await sql`alter table headgate.cycle add column subject json`.execute(database);
  await sql`create index link_by_due on headgate.link (connection, due_at) where due_at is not null`.execute(database);
}
