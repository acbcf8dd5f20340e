import { sql, type Kysely } from 'kysely';

/**
 * Whom cycles passed over, and why: told in the log once, and standing until it is over or another reason takes its place.
 * Names are kept twice: as they are in the body, and folded for finding them, because text refuses a NUL character.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`
    create table headgate.skip (
      cycle bigint not null references headgate.cycle (number) on delete cascade,
      sequence integer not null,
      connection text not null,
      resource text not null,
      anchor text not null,
      folded_name text not null,
      at bigint not null,
      standing boolean not null default true,
      body json not null,
      primary key (cycle, sequence)
    )`.execute(database);
  await sql`
    create unique index skip_standing on headgate.skip (connection, resource, anchor) where standing`.execute(database);
  await sql`create index skip_by_time on headgate.skip (at, cycle, sequence)`.execute(database);
}
