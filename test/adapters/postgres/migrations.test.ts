import { Kysely, PostgresDialect, sql } from 'kysely';
import { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { migrate } from '../../../src/adapters/postgres/migrate.ts';
import { MIGRATIONS } from '../../../src/adapters/postgres/migrations/index.ts';
import { createMigrationStore } from '../../../src/adapters/postgres/migration-store.ts';
import type { Tables } from '../../../src/adapters/postgres/tables.ts';
import { brokenAt, nextLine } from '../../../src/core/migration/journal.ts';
import { started } from '../../core/migration/builders.ts';
import { createDatabase, postgresAvailable, usePostgres, type TestServer } from '../../services.ts';

/** A database as the program left it whose newest migration was `last`. */
async function databaseAsOf(url: string, last: string): Promise<Kysely<Tables>> {
  const pool = new Pool({ connectionString: url });
  // The server may cut connections that are being closed.
  pool.on('error', () => undefined);
  const database = new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  await sql`create schema headgate`.execute(database);
  await sql`create table headgate.migration (name varchar(255) primary key, timestamp varchar(255) not null)`.execute(
    database,
  );
  for (const [name, migration] of Object.entries(MIGRATIONS)) {
    if (name > last) break;
    await migration.up(database);
    await sql`insert into headgate.migration values (${name}, 'then')`.execute(database);
  }
  return database;
}

function describeServer(): void {
  let server: TestServer;
  beforeAll(async () => {
    server = await usePostgres();
  });
  afterAll(() => server.stop());

  test('slices that were open when the program was renewed keep their operations, those on their way included', async () => {
    const database = await databaseAsOf(await createDatabase(server), '0002-baselines');
    await sql`
      insert into headgate.cycle (id, connection, kind, phase, requested_by, created_at)
      values ('c', 'acme', 'initial', 'exporting', 'test', 1)`.execute(database);
    await sql`insert into headgate.slice (id, cycle, wave, worker, lease_until, starts)
      values ('cut', 1, 1, null, null, 0), ('started', 1, 1, 'w', 5, 1)`.execute(database);
    await sql`
      insert into headgate.operation (cycle, sequence, wave, resource, anchor, state, slice, body)
      values (1, 0, 1, 'account', 'a', 'in-flight', 'started', '{}'), (1, 1, 1, 'account', 'b', 'in-doubt', 'started', '{}'),
             (1, 2, 1, 'account', 'c', 'pending', 'cut', '{}'), (1, 3, 1, 'account', 'd', 'pending', null, '{}')`.execute(
      database,
    );
    await migrate(database);
    const slices = await database
      .selectFrom('headgate.slice')
      .select(['id', 'sequences', 'fresh'])
      .orderBy('id')
      .execute();
    expect(slices).toEqual([
      { id: 'cut', sequences: [2], fresh: 1 },
      { id: 'started', sequences: [0, 1], fresh: 1 },
    ]);
    const seen = await database.selectFrom('headgate.operation_seen').select('state').orderBy('sequence').execute();
    expect(seen.map(({ state }) => state)).toEqual(['in-flight', 'in-doubt', 'pending', 'pending']);
    await database.destroy();
  });

  test('how a journal ends is known from its next line on, and a line cut off stays known whatever follows', async () => {
    const database = await databaseAsOf(await createDatabase(server), '0014-skips');
    const migrations = createMigrationStore(database, { now: () => 1 }, async () => undefined);
    const first = nextLine('m1', undefined, started(), 1);
    await sql`insert into headgate.scope_migration (id, connection, created_at) values ('m1', 'acme', 1)`.execute(
      database,
    );
    await sql`insert into headgate.scope_migration_journal
      values (1, 1, 1, ${JSON.stringify(first.entry)}, ${first.previous}, ${first.hash})`.execute(database);
    await migrate(database);
    const broken = async () => {
      const end = await migrations.journalEnd('m1');
      return brokenAt('m1', await migrations.lines('m1'), end);
    };
    expect(await migrations.journalEnd('m1')).toBeUndefined();
    expect(await broken()).toBeUndefined();
    const said = { kind: 'resumed', by: 'ada' } as const;
    await migrations.append('m1', [said, said]);
    expect(await migrations.journalEnd('m1')).toMatchObject({ lines: 3 });
    expect(await broken()).toBeUndefined();
    await sql`alter table headgate.scope_migration_journal disable trigger journal_stays`.execute(database);
    await sql`delete from headgate.scope_migration_journal where sequence = 3`.execute(database);
    expect(await broken()).toBe(3);
    const other = { kind: 'resumed', by: 'bob' } as const;
    for (let line = 0; line < 2; line++) {
      await migrations.append('m1', [other]);
      expect(await broken()).toBe(3);
    }
    await database.destroy();
  });
}

if (postgresAvailable()) describeServer();
