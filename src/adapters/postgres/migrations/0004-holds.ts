import { sql, type Kysely } from 'kysely';

/**
 * Holds, with what a person decided about each, and a history that only grows. The database keeps a guard of a connection
 * from having two holds that have not ended.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`
    create table headgate.hold (
      number bigint generated always as identity primary key,
      connection text not null,
      guard text not null,
      state text not null check (state in ('waiting', 'approved', 'rejected', 'lifted', 'carried-out')),
      digest text not null,
      pieces json not null,
      operations integer not null,
      findings json not null,
      cycle text not null,
      sent integer not null default 0,
      decision json,
      decided_pieces json,
      opened_at bigint not null,
      changed_at bigint not null,
      ended_at bigint
    )`.execute(database);
  await sql`
    create unique index hold_one_open on headgate.hold (connection, guard) where ended_at is null`.execute(database);
  await sql`
    create table headgate.hold_event (
      number bigint generated always as identity primary key,
      hold bigint not null references headgate.hold (number) on delete cascade,
      at bigint not null,
      event text not null,
      digest text not null,
      operations integer not null,
      actor text,
      reason text,
      until bigint
    )`.execute(database);
  await sql`create index hold_event_by_hold on headgate.hold_event (hold, number)`.execute(database);
  await sql`alter table headgate.operation add column approvals text[]`.execute(database);
  // What guards count removals by: few rows even where a cycle has a million operations.
  await sql`
    create index operation_removed on headgate.operation (cycle)
    where wave in (0, 3, 4) and state in ('exported', 'in-doubt')`.execute(database);
  await sql`
    create or replace view headgate.operation_seen as
      select operation.cycle, operation.sequence, operation.anchor, operation.attempts, operation.held_by,
             operation.settled_at, operation.body, operation.exported, operation.failure,
             operation.state as stored_state,
             case when operation.state <> 'pending' or slice.starts is null then operation.state
                  when slice.starts = 1 then 'in-flight' else 'in-doubt' end as state,
             operation.approvals
      from headgate.operation as operation
      left join headgate.slice as slice
        on slice.cycle = operation.cycle and slice.worker is not null and operation.sequence = any(slice.sequences)`.execute(
    database,
  );
}
