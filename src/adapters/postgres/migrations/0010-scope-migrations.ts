import { sql, type Kysely } from 'kysely';

/**
 * Migrations that take groups out of a connection, and their journals. A journal is only ever added to: the database
 * refuses anything else, so that a line once written stays as it was. The name `migration` is taken by the ledger of schema
 * changes.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`
    create table headgate.scope_migration (
      number bigint generated always as identity primary key,
      id text not null unique,
      connection text not null,
      created_at bigint not null,
      ended_at bigint,
      lease_worker text,
      lease_until bigint
    )`.execute(database);
  await sql`
    create unique index scope_migration_one_open on headgate.scope_migration (connection)
    where ended_at is null`.execute(database);
  await sql`
    create table headgate.scope_migration_journal (
      migration bigint not null references headgate.scope_migration (number),
      sequence integer not null,
      at bigint not null,
      entry json not null,
      previous text not null,
      hash text not null,
      primary key (migration, sequence)
    )`.execute(database);
  await sql`
    create function headgate.refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception 'the journal of a migration is only added to';
    end $$`.execute(database);
  await sql`
    create trigger journal_stays before update or delete on headgate.scope_migration_journal
    for each row execute function headgate.refuse_change()`.execute(database);
  await sql`alter table headgate.cycle add column migration json`.execute(database);
  await sql`alter table headgate.connection add column switched_off_at bigint`.execute(database);
}
