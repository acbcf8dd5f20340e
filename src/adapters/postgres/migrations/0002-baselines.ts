import { sql, type Kysely } from 'kysely';

/**
 * What incremental cycles compare with. A baseline is staged with a cycle's plan and becomes the connection's own in the
 * transaction that closes the cycle: never before its effects, never without them.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`alter table headgate.cycle add column staged json`.execute(database);
  await sql`
    create table headgate.baseline (
      connection text primary key,
      cycle text not null,
      body json not null
    )`.execute(database);
  await sql`
    alter table headgate.link add column path_groups text[], add column awaiting text[], add column resource_id text`.execute(
    database,
  );
  await sql`update headgate.link set resource_id = body ->> 'resourceId'`.execute(database);
  await sql`create index link_by_path_group on headgate.link using gin (path_groups)`.execute(database);
  await sql`create index link_by_resource on headgate.link (connection, resource_id)`.execute(database);
  await sql`create index link_by_awaited on headgate.link using gin (awaiting)`.execute(database);
}
