import { sql, type Kysely } from 'kysely';

/**
 * Cycles, their operations and slices, links, and what is remembered about a connection.
 * Times are milliseconds since the epoch, given by the program: the database's own clock decides nothing.
 * Bodies are `json`, not `jsonb`: they are read back whole, in the order they were written, and may hold any character.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`
    create table headgate.connection (
      name text primary key,
      paused_reason text,
      paused_at bigint,
      throttled_until bigint,
      schedules_paused boolean not null default false
    )`.execute(database);

  await sql`
    create table headgate.cycle (
      number bigint generated always as identity primary key,
      id text not null unique,
      connection text not null,
      kind text not null,
      phase text not null check (phase in ('gathering', 'planning', 'exporting', 'verifying', 'closed')),
      requested_by text not null,
      created_at bigint not null,
      planned_at bigint,
      closed_at bigint,
      expected_digest text,
      plan_digest text,
      plan_counts json,
      notices json,
      verdict json,
      cancel_requested boolean not null default false,
      result text,
      failure json,
      progress json,
      attempts integer not null default 0,
      lease_worker text,
      lease_until bigint,
      slices_cut integer not null default 0
    )`.execute(database);
  // The database, not the program, keeps a connection from having two open cycles.
  await sql`
    create unique index cycle_one_open on headgate.cycle (connection) where phase <> 'closed'`.execute(database);
  await sql`create index cycle_by_connection on headgate.cycle (connection, number)`.execute(database);

  await sql`
    create table headgate.slice (
      id text primary key,
      cycle bigint not null references headgate.cycle (number) on delete cascade,
      wave smallint not null,
      worker text,
      lease_until bigint,
      starts integer not null default 0
    )`.execute(database);
  await sql`create index slice_by_cycle on headgate.slice (cycle)`.execute(database);

  await sql`
    create table headgate.operation (
      cycle bigint not null references headgate.cycle (number) on delete cascade,
      sequence integer not null,
      wave smallint not null,
      resource text not null,
      anchor text collate "C" not null,
      state text not null check (state in
        ('pending', 'in-flight', 'in-doubt', 'exported', 'escrowed', 'held', 'cancelled')),
      held_by text,
      attempts integer not null default 0,
      not_before bigint,
      slice text,
      settled_at bigint,
      duration_ms integer,
      body json not null,
      exported json,
      failure json,
      primary key (cycle, sequence)
    )`.execute(database);
  await sql`
    create index operation_waiting on headgate.operation (cycle, wave, sequence)
    where slice is null and state in ('pending', 'in-doubt')`.execute(database);
  await sql`create index operation_in_slice on headgate.operation (slice) where slice is not null`.execute(database);
  await sql`create index operation_by_anchor on headgate.operation (anchor, cycle)`.execute(database);
  await sql`
    create index operation_needing_attention on headgate.operation (cycle, state, sequence)
    where state in ('escrowed', 'held', 'in-doubt', 'in-flight')`.execute(database);

  await sql`
    create table headgate.link (
      connection text not null,
      resource text not null check (resource in ('account', 'group')),
      anchor text collate "C" not null,
      state text not null check (state in ('active', 'disabled', 'deleted')),
      body json not null,
      paths json,
      primary key (connection, resource, anchor)
    )`.execute(database);

  await createCounts(database);
}

/**
 * Counts are kept by triggers, so that no code path can change a state and forget the count, and reading them costs the
 * same for ten operations and for a million.
 */
async function createCounts(database: Kysely<unknown>): Promise<void> {
  await sql`
    create table headgate.operation_count (
      cycle bigint not null references headgate.cycle (number) on delete cascade,
      wave smallint not null,
      state text not null,
      count bigint not null,
      primary key (cycle, wave, state)
    )`.execute(database);
  await sql`
    create table headgate.link_count (
      connection text not null,
      resource text not null,
      state text not null,
      count bigint not null,
      primary key (connection, resource, state)
    )`.execute(database);
  await countTable(database, 'operation', ['cycle', 'wave', 'state']);
  await countTable(database, 'link', ['connection', 'resource', 'state']);
}

async function countTable(database: Kysely<unknown>, table: string, keys: readonly string[]): Promise<void> {
  const columns = sql.raw(keys.join(', '));
  const counts = sql.raw(`headgate.${table}_count`);
  const source = sql.raw(`headgate.${table}`);
  const changes = {
    insert: 'select *, 1 as sign from added',
    update: 'select *, 1 as sign from added union all select *, -1 from removed',
    delete: 'select *, -1 as sign from removed',
  };
  const references = {
    insert: 'new table as added',
    update: 'old table as removed new table as added',
    delete: 'old table as removed',
  };
  for (const event of ['insert', 'update', 'delete'] as const) {
    const name = sql.raw(`headgate.count_${table}_${event}`);
    await sql`
      create function ${name}() returns trigger language plpgsql as $$
      begin
        insert into ${counts} as kept (${columns}, count)
          select ${columns}, sum(sign) from (
            select ${columns}, sign from (${sql.raw(projected(changes[event], keys))}) as changes
          ) as change
          group by ${columns} having sum(sign) <> 0 order by ${columns}
          on conflict (${columns}) do update set count = kept.count + excluded.count;
        return null;
      end $$`.execute(database);
    await sql`
      create trigger ${sql.raw(`count_${event}`)} after ${sql.raw(event)} on ${source}
      referencing ${sql.raw(references[event])} for each statement execute function ${name}()`.execute(database);
  }
}

/** Only the key columns are read from the transition tables: the bodies are large. */
function projected(select: string, keys: readonly string[]): string {
  return select.replaceAll('select *', `select ${keys.join(', ')}`);
}
