import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sql, type RawBuilder } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openDatabase, type Database } from '../../src/adapters/postgres/database.ts';
import { createStores } from '../../src/adapters/postgres/stores.ts';
import { createMigrationReader } from '../../src/adapters/prometheus/migration-reading.ts';
import type { JournalEntry } from '../../src/core/migration/journal.ts';
import type { Connection, Ports } from '../../src/ports/index.ts';
import { explain } from '../../src/provisioning/explain.ts';
import { migrationStatus } from '../../src/provisioning/migration-status.ts';
import { watchConnections } from '../../src/provisioning/notifications/watch-connections.ts';
import { assignUser, aUser, theRules } from '../builders.ts';
import { aHandClock } from '../contract/stores.contract.ts';
import { aSurvey, started } from '../core/migration/builders.ts';
import { silentLog } from '../silent-log.ts';
import { aConnection, fakeDirectory, fakeProvider } from './fakes.ts';

/*
 * Whoever changes the database can break a journal. Nothing is told or done by it then; of every other connection everything
 * is told and done as before.
 */
const ABORTED: JournalEntry = { kind: 'ended', result: 'aborted', by: 'ada', text: 'enough', frozen: false };
const PAUSED: JournalEntry = { kind: 'paused', by: 'ada', reason: 'lunch' };
const clock = aHandClock();
const directory = {
  ...fakeDirectory({ assignments: [assignUser('ada')], users: { ada: aUser('ada') } }),
  readGroupsOfUser: async () => [],
};
let folder: string;
let database: Database;
let stores: Ports['stores'];
let connections: ReadonlyMap<string, Connection>;
/** The connection whose journal is broken, and another one. */
let hurt: string;
let well: string;
let round = 0;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'headgate-broken-'));
  database = await openDatabase({ url: `file:${folder}`, log: silentLog });
  stores = createStores({ database, clock });
  // Whoever can change a journal can do this first.
  await sql`alter table headgate.scope_migration_journal disable trigger user`.execute(database.sql);
});
afterAll(async () => {
  await database.close();
  await rm(folder, { recursive: true });
});
beforeEach(() => {
  round += 1;
  [hurt, well] = [`hurt-${round}`, `well-${round}`];
  connections = new Map([hurt, well].map((name) => [name, connectionOf(name)]));
});

function connectionOf(name: string): Connection {
  return { ...aConnection(directory, fakeProvider({})), rules: theRules({ name }) };
}

/** A migration of each connection that has looked around and is paused, with what follows. */
async function openMigrations(...more: readonly JournalEntry[]): Promise<string> {
  const entries = [started(), { kind: 'surveyed', purpose: 'start', survey: aSurvey() } as const, PAUSED];
  const [first, second] = [await stores.migrations.open(hurt, entries), await stores.migrations.open(well, entries)];
  for (const { id } of [first, second]) if (more.length > 0) await stores.migrations.append(id, more);
  return first.id;
}

/** What people are told of each connection. */
async function told(): Promise<readonly string[]> {
  const before = (await stores.notifications.list(100)).length;
  await watchConnections({ stores, clock, connections }, []);
  const all = await stores.notifications.list(100);
  return all
    .slice(0, all.length - before)
    .map(({ connection: of, kind }) => `${of} ${kind}`)
    .toSorted();
}

/** Changes the journal of `hurt`. */
async function change(what: RawBuilder<unknown>, line: number): Promise<void> {
  const where = sql`sequence = ${line} and migration = (select number from headgate.scope_migration where connection = ${hurt})`;
  await sql`${what} where ${where}`.execute(database.sql);
}

const MISSING = sql`delete from headgate.scope_migration_journal`;
const unchained = sql`update headgate.scope_migration_journal set previous = 'x'`;
const unreadable = (entry: string) => sql`update headgate.scope_migration_journal set entry = ${entry}`;
const BREAKS = [
  ['its first line is missing', MISSING, 1],
  ['its last line is missing', MISSING, 3],
  ['a line is not chained to the one before', unchained, 2],
  ['a line cannot be read', unreadable('{}'), 2],
] as const;

describe.each(BREAKS)('where %s', (_how, what, line) => {
  test('status tells which line and what to do, and of the others how they are', async () => {
    const migration = await openMigrations();
    await change(what, line);
    expect(await migrationStatus(stores.migrations, hurt, clock.now())).toMatchObject({
      brokenJournal: {
        migration,
        message: expect.stringContaining(`broken at line ${line}`),
        remedy: expect.stringContaining('restore it from a backup'),
      },
    });
    expect(await migrationStatus(stores.migrations, well, clock.now())).toMatchObject({
      migration: { status: 'paused' },
    });
  });

  test('people are told once, and of the others what there is to tell', async () => {
    await openMigrations();
    await change(what, line);
    expect(await told()).toEqual([`${hurt} migration.broken`, `${well} migration.paused`]);
    expect(await told()).toEqual([]);
  });

  test('a scrape shows it as broken, and how the others stand', async () => {
    await openMigrations();
    await change(what, line);
    const read = createMigrationReader(stores.migrations);
    expect((await read(hurt, clock.now()))?.standing).toBe('broken');
    expect((await read(well, clock.now()))?.standing).toBe('paused');
  });

  test('an explanation leaves out what it did, and says so', async () => {
    const migration = await openMigrations();
    await change(what, line);
    const { conclusion, brokenJournals } = await explain(
      connectionOf(hurt),
      stores,
      'ada',
      new AbortController().signal,
    );
    expect(conclusion).toContain('entitled');
    expect(brokenJournals).toMatchObject([{ migration, message: expect.stringContaining(`line ${line}`) }]);
  });
});

describe('where the last line of a migration that was aborted cannot be read', () => {
  test('whether it may be rolled back is not told, and that it is broken is', async () => {
    const migration = await openMigrations(ABORTED);
    await change(unreadable('null'), 4);
    const status = await migrationStatus(stores.migrations, hurt, clock.now());
    expect(status).toEqual({ brokenJournal: expect.objectContaining({ migration }) });
    expect(await migrationStatus(stores.migrations, well, clock.now())).toMatchObject({ abortedMigration: {} });
    // Nothing was told of either before: their ends are news.
    expect(await told()).toEqual([`${hurt} migration.broken`, `${well} migration.ended`]);
  });
});

test('the journal of a migration whose end was told is not read again', async () => {
  await openMigrations(ABORTED);
  expect(await told()).toEqual([`${hurt} migration.ended`, `${well} migration.ended`]);
  const unread = {
    ...stores,
    migrations: { ...stores.migrations, lines: () => Promise.reject(new Error('was read')) },
  };
  await watchConnections({ stores: unread, clock, connections }, []);
});
