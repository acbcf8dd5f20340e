import { sql, type Kysely } from 'kysely';

/**
 * A slice names its operations, instead of every operation naming its slice: cutting and starting one writes a single row,
 * and an operation is written once, when it is settled. `fresh` counts those that nobody may have sent before.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`
    alter table headgate.slice
      add column sequences integer[] not null default '{}', add column fresh integer not null default 0`.execute(
    database,
  );
  await sql`
    update headgate.slice as slice set sequences = held.sequences, fresh = held.fresh
    from (
      select slice, array_agg(sequence order by sequence) as sequences,
             count(*) filter (where state in ('pending', 'in-flight')) as fresh
      from headgate.operation where slice is not null group by slice
    ) as held
    where held.slice = slice.id`.execute(database);
  await sql`
    update headgate.operation set state = case when slice is null then 'in-doubt' else 'pending' end
    where state = 'in-flight'`.execute(database);
  await sql`drop index headgate.operation_waiting`.execute(database);
  await sql`alter table headgate.operation drop column slice`.execute(database);
  await sql`
    create index operation_waiting on headgate.operation (cycle, wave, sequence)
    where state in ('pending', 'in-doubt')`.execute(database);
  // Of operations planned before nobody knows; asking is only slower.
  await sql`alter table headgate.operation add column shared boolean not null default true`.execute(database);
  await createSeen(database);
  await indexKnownOnly(database);
}

/** Most links remember neither groups nor whom they await: an index entry for nothing costs as much as one for something. */
async function indexKnownOnly(database: Kysely<unknown>): Promise<void> {
  await sql`drop index headgate.link_by_path_group, headgate.link_by_awaited`.execute(database);
  await sql`
    create index link_by_path_group on headgate.link using gin (path_groups) where path_groups is not null`.execute(
    database,
  );
  await sql`
    create index link_by_awaited on headgate.link using gin (awaiting) where awaiting is not null`.execute(database);
}

/** Operations in the state they are in now: what is out with a slice is in flight, or in doubt once it was out before. */
async function createSeen(database: Kysely<unknown>): Promise<void> {
  await sql`
    create view headgate.operation_seen as
      select operation.cycle, operation.sequence, operation.anchor, operation.attempts, operation.held_by,
             operation.settled_at, operation.body, operation.exported, operation.failure,
             operation.state as stored_state,
             case when operation.state <> 'pending' or slice.starts is null then operation.state
                  when slice.starts = 1 then 'in-flight' else 'in-doubt' end as state
      from headgate.operation as operation
      left join headgate.slice as slice
        on slice.cycle = operation.cycle and slice.worker is not null and operation.sequence = any(slice.sequences)`.execute(
    database,
  );
}
