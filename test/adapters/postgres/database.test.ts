import { sql } from 'kysely';
import { DatabaseError } from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openDatabase } from '../../../src/adapters/postgres/database.ts';
import { translateFailure } from '../../../src/adapters/postgres/failures.ts';
import { refuseOldServer, shownUrl } from '../../../src/adapters/postgres/open-server.ts';
import { createStores } from '../../../src/adapters/postgres/stores.ts';
import { StartupError, TransientError } from '../../../src/core/errors.ts';
import { createDatabase, postgresAvailable, usePostgres, type TestServer } from '../../services.ts';
import { silentLog } from '../../silent-log.ts';

async function refusalOf(work: Promise<unknown>): Promise<StartupError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof StartupError)) throw new Error(`expected a StartupError, found ${String(error)}`);
  return error;
}

test('a server that is not there is refused without its password', async () => {
  const refusal = await refusalOf(openDatabase({ url: 'postgres://ada:hunter2@127.0.0.1:1/x', log: silentLog }));
  expect(refusal.message).toBe('the database at 127.0.0.1:1/x cannot be used (ECONNREFUSED)');
  expect(refusal.facts.remedy).toContain('PostgreSQL runs');
  expect(JSON.stringify(refusal.facts)).not.toContain('hunter2');
});

test('a URL is shown without user, password and parameters, and not at all when it cannot be read', () => {
  expect(shownUrl('postgres://ada:hunter2@db.example:5433/x?sslmode=require')).toBe('db.example:5433/x');
  expect(shownUrl('postgres://ada:hunter2@[broken')).toBe('the configured URL');
});

test('servers older than PostgreSQL 14 are refused', () => {
  expect(() => refuseOldServer(130_014)).toThrow('runs PostgreSQL 13; Headgate needs 14');
  expect(() => refuseOldServer(140_000)).not.toThrow();
});

function describeServer(): void {
  describe('a PostgreSQL server', () => {
    let server: TestServer;

    beforeAll(async () => {
      server = await usePostgres();
    });
    afterAll(() => server.stop());

    test('without the database named in the URL is refused', async () => {
      const url = new URL(server.url);
      url.pathname = '/no_such_database';
      const refusal = await refusalOf(openDatabase({ url: url.href, log: silentLog }));
      expect(refusal.message).toContain('3D000');
      expect(refusal.facts.remedy).toContain('Create the database');
    });

    test('with the database of a newer program is refused, and its data is left alone', async () => {
      const url = await createDatabase(server);
      const first = await openDatabase({ url, log: silentLog });
      await sql`insert into headgate.migration (name, timestamp) values ('9999-from-the-future', 'then')`.execute(
        first.sql,
      );
      await first.close();
      const refusal = await refusalOf(openDatabase({ url, log: silentLog }));
      expect(refusal.message).toContain('newer than this program: it has 9999-from-the-future');
    });

    test('is migrated once when several processes start at the same time', async () => {
      const url = await createDatabase(server);
      const opened = await Promise.all([1, 2, 3].map(() => openDatabase({ url, log: silentLog })));
      const stores = opened.map((database) => createStores({ database, clock: { now: () => 1 } }));
      const asked = await Promise.all(stores.map((store) => store.cycles.listOpen()));
      expect(asked).toEqual([[], [], []]);
      await Promise.all(opened.map((database) => database.close()));
    });

    test('that goes away while in use gives a passing error, without any data', async () => {
      const database = await openDatabase({ url: await createDatabase(server), log: silentLog });
      const stores = createStores({ database, clock: { now: () => 1 } });
      const failing = sql`select pg_terminate_backend(pg_backend_pid())`.execute(database.sql);
      const failure = await failing.then(
        () => undefined,
        (error: unknown) => translateFailure(error),
      );
      expect(failure).toBeInstanceOf(TransientError);
      // The pool may hand out the broken connection once more before it hears that it is gone.
      const again = await stores
        .ping()
        .catch((error: unknown) => (error instanceof TransientError ? stores.ping() : error));
      expect(again).toBeUndefined();
      await database.close();
    });

    test('that refuses a row does not have the row quoted in the error', async () => {
      const database = await openDatabase({ url: await createDatabase(server), log: silentLog });
      const failing = sql`
      insert into headgate.link (connection, resource, anchor, state, body)
      values ('acme', 'ada@contoso.com', 'x', 'active', '{}')`.execute(database.sql);
      const failure = await failing.then(
        () => undefined,
        (error: unknown) => translateFailure(error),
      );
      expect(failure).toEqual(
        new Error('the database refused a statement: SQLSTATE 23514 (link, link_resource_check)'),
      );
      await database.close();
    });
  });
}

if (postgresAvailable()) describeServer();

test('a full disk is told as what it is, and passes once there is room', () => {
  const full = new DatabaseError('could not extend file "base/5/1"', 1, 'error');
  full.code = '53100';
  expect(translateFailure(full)).toMatchObject({
    name: 'TransientError',
    message: 'the disk of the database is full',
    facts: { remedy: expect.stringContaining('Free some space') },
  });
});
