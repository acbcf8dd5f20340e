import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Pool } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createClientStream } from '../../../../src/adapters/postgres/embedded/client-stream.ts';
import { openEmbedded, type EmbeddedDatabase } from '../../../../src/adapters/postgres/embedded/open-embedded.ts';
import { shareSession } from '../../../../src/adapters/postgres/embedded/session.ts';
import { silentLog } from '../../../silent-log.ts';

let directory: string;
let embedded: EmbeddedDatabase;
let pool: Pool;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headgate-embedded-'));
  embedded = await openEmbedded(directory, silentLog, () => undefined);
  pool = embedded.pool;
  await pool.query('create table note (id integer primary key, text text)');
});
afterAll(async () => {
  await embedded.close();
  await rm(directory, { recursive: true });
});

test('every client gets its own answers, however many ask at once', async () => {
  const asked = Array.from({ length: 500 }, (_, index) => index);
  const answers = await Promise.all(
    asked.map((index) => pool.query<{ found: number }>('select $1::integer as found', [index])),
  );
  expect(answers.map(({ rows }) => rows[0]?.found)).toEqual(asked);
});

test('nobody sees or breaks into a transaction of somebody else', async () => {
  const client = await pool.connect();
  await client.query('begin');
  await client.query(`insert into note values (1, 'inside')`);
  const outside = pool.query('select * from note');
  await client.query('rollback');
  client.release();
  expect((await outside).rows).toEqual([]);
});

test('a failed statement fails for its sender only, and a failed transaction can be rolled back', async () => {
  const client = await pool.connect();
  await client.query('begin');
  await expect(client.query('select * from nowhere')).rejects.toThrow('nowhere');
  const outside = pool.query('select 1 as one');
  await client.query('rollback');
  client.release();
  expect((await outside).rows).toEqual([{ one: 1 }]);
  await expect(pool.query('selec')).rejects.toThrow('syntax');
});

test('a client that goes away inside a transaction leaves nothing behind and holds up nobody', async () => {
  const client = await pool.connect();
  await client.query('begin');
  await client.query(`insert into note values (2, 'lost')`);
  client.release(true);
  expect((await pool.query('select * from note')).rows).toEqual([]);
});

test('a notification reaches every client that listens, and no other', async () => {
  const listeners = [await pool.connect(), await pool.connect()];
  const bystander = await pool.connect();
  const heard: string[] = [];
  bystander.on('notification', () => heard.push('bystander'));
  const all = listeners.map(async (client, index) => {
    await client.query('-- a comment first\n/* and another */ LISTEN bell');
    await new Promise<void>((resolve) => {
      client.on('notification', ({ channel, payload }) => {
        heard.push(`${index} ${channel} ${payload}`);
        resolve();
      });
    });
  });
  await pool.query('select 1');
  await pool.query(`select pg_notify('bell', 'ding')`);
  await Promise.all(all);
  expect(heard.toSorted()).toEqual(['0 bell ding', '1 bell ding']);
  for (const client of [...listeners, bystander]) client.release(true);
});

test('statements and answers of many megabytes come through whole', async () => {
  const text = 'ä☃'.repeat(1_000_000);
  await pool.query('insert into note values (3, $1)', [text]);
  const { rows } = await pool.query<{ text: string }>('select text from note where id = 3');
  expect(rows[0]?.text === text).toBe(true);
  await pool.query('delete from note');
});

test('timers run while the database is busy', async () => {
  const timer = new AbortController();
  setTimeout(() => timer.abort(), 1);
  // Far longer than the timer waits, and no pause of our own between the statements.
  for (let count = 0; count < 2_000 && !timer.signal.aborted; count++) await pool.query('select 1');
  expect(timer.signal.aborted).toBe(true);
});

test('maintenance frees the room of deleted rows', async () => {
  await pool.query(`insert into note select number, repeat('x', 500) from generate_series(1, 20000) as number`);
  await pool.query('delete from note');
  await embedded.maintain();
  const { rows } = await pool.query<{ size: string }>(`select pg_relation_size('note') as size`);
  expect(Number(rows[0]?.size)).toBeLessThan(100_000);
});

test('what is synced is in the files of the write-ahead log', async () => {
  await pool.query(`insert into note values (7, 'a phrase to look for in the log')`);
  await embedded.syncToDisk();
  const { rows } = await pool.query<{ name: string }>('select pg_walfile_name(pg_current_wal_lsn()) as name');
  const log = await readFile(join(directory, 'pglite', 'pg_wal', rows[0]?.name ?? ''));
  expect(log.includes('a phrase to look for in the log')).toBe(true);
});

test('an engine that breaks fails everything asked of it, now and later, and tells so once', async () => {
  const told: string[] = [];
  const engine = { execProtocolRawStream: () => Promise.reject(new Error('out of memory')) };
  const session = shareSession(engine, (error) => void told.push(error.message));
  const broken = new Pool({ max: 2, stream: () => createClientStream(session) });
  broken.on('error', () => undefined);
  const asked = await Promise.allSettled([broken.query('select 1'), broken.query('select 2')]);
  expect(asked.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await expect(broken.query('select 3')).rejects.toThrow('out of memory');
  await expect(session.exclusively(() => Promise.resolve())).rejects.toThrow('out of memory');
  expect(told).toEqual(['out of memory']);
  await broken.end();
});

test('a directory taken over by another process ends the session at once', async () => {
  const taken = await mkdtemp(join(tmpdir(), 'headgate-embedded-'));
  let tell = (_error: Error): void => undefined;
  const lost = new Promise<Error>((resolve) => {
    tell = resolve;
  });
  const other = await openEmbedded(taken, silentLog, (error) => tell(error));
  await writeFile(join(taken, 'locks', 'lock.99'), '{}');
  expect((await lost).message).toContain('taken over by another process');
  await expect(other.pool.query('select 1')).rejects.toThrow('taken over');
  await expect(other.close()).rejects.toThrow('taken over');
  await rm(taken, { recursive: true });
});
