import { sql, type Kysely } from 'kysely';

/** Every write of an operation's attempts, in order, in the cycles of migrations, whose journals tell them. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`alter table headgate.operation add column sent json`.execute(database);
  await sql`
    create or replace view headgate.operation_seen as
      select operation.cycle, operation.sequence, operation.anchor, operation.attempts, operation.held_by,
             operation.settled_at, operation.body, operation.exported, operation.failure,
             operation.state as stored_state,
             case when operation.state <> 'pending' or slice.starts is null then operation.state
                  when slice.starts = 1 then 'in-flight' else 'in-doubt' end as state,
             operation.approvals, operation.sent
      from headgate.operation as operation
      left join headgate.slice as slice
        on slice.cycle = operation.cycle and slice.worker is not null and operation.sequence = any(slice.sequences)`.execute(
    database,
  );
}
