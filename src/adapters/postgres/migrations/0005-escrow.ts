import { sql, type Kysely } from 'kysely';

/**
 * Needs in escrow, what people did about them and about quarantines, and how each connection is. A health is one value that
 * one function changes, so it is kept whole.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`
    create table headgate.escrow (
      connection text not null,
      resource text not null check (resource in ('account', 'group')),
      anchor text collate "C" not null,
      kind text not null,
      label text not null,
      first_failed_at bigint not null,
      due_at bigint not null,
      body json not null,
      primary key (connection, resource, anchor, kind)
    )`.execute(database);
  await sql`
    create table headgate.recovery_act (
      number bigint generated always as identity primary key,
      connection text not null,
      act text not null check (act in ('escrow-retry', 'escrow-drop', 'quarantine-release')),
      subject text not null,
      at bigint not null,
      by_whom text not null,
      reason text
    )`.execute(database);
  await sql`create index recovery_act_by_connection on headgate.recovery_act (connection, number)`.execute(database);
  await sql`alter table headgate.cycle add column put_aside integer not null default 0`.execute(database);
  await sql`alter table headgate.connection add column health json, add column pace json`.execute(database);
}
