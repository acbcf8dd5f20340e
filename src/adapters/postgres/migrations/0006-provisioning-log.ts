import { sql, type Kysely } from 'kysely';

/**
 * The provisioning log is a view of the operations by the time they were settled. Rows are settled in the order of time,
 * so the index grows at its right edge only. Held operations count as settled when they were planned.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`
    update headgate.operation as operation set settled_at = coalesce(cycle.planned_at, cycle.created_at)
    from headgate.cycle as cycle
    where cycle.number = operation.cycle and operation.state = 'held' and operation.settled_at is null`.execute(
    database,
  );
  await sql`
    update headgate.operation as operation set settled_at = cycle.closed_at
    from headgate.cycle as cycle
    where cycle.number = operation.cycle and operation.state = 'in-doubt' and operation.settled_at is null
      and cycle.closed_at is not null`.execute(database);
  await sql`
    create index operation_by_time on headgate.operation (settled_at, cycle, sequence)
    where settled_at is not null`.execute(database);
}
