import { sql, type Kysely } from 'kysely';

/** What people are to be told, what they were told of each connection, and how far each channel is. */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`
    create table headgate.notification (
      number bigint generated always as identity primary key,
      id text not null unique,
      kind text not null,
      connection text not null,
      at bigint not null,
      facts json not null
    )`.execute(database);
  await sql`
    create table headgate.told (
      connection text primary key,
      version integer not null default 1,
      body json not null
    )`.execute(database);
  await sql`
    create table headgate.channel (
      name text primary key,
      delivered bigint not null,
      attempts integer not null default 0,
      not_before bigint not null default 0,
      failure text
    )`.execute(database);
}
