import { sql, type Kysely } from 'kysely';

/**
 * Credentials of connections and what became of them. The secret, where it is kept here at all, is encrypted under a key
 * that is not in the database, and erased when the credential has ended.
 */
export async function up(database: Kysely<unknown>): Promise<void> {
  await sql`
    create table headgate.credential (
      number bigint generated always as identity,
      id text primary key,
      connection text not null,
      fingerprint text not null,
      state text not null check (state in ('candidate', 'active', 'retiring', 'retired', 'dead')),
      version integer not null default 1,
      body json not null,
      sealed text,
      file text,
      unique (connection, fingerprint)
    )`.execute(database);
  // The database, not the program, keeps a connection from working with two credentials.
  await sql`
    create unique index credential_one_active on headgate.credential (connection) where state = 'active'`.execute(
    database,
  );
  await sql`
    create table headgate.credential_event (
      number bigint generated always as identity primary key,
      credential text not null references headgate.credential (id),
      at bigint not null,
      event text not null,
      actor text not null,
      detail text
    )`.execute(database);
  await sql`create index credential_event_by_credential on headgate.credential_event (credential, number)`.execute(
    database,
  );
}
