import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createJobQueue } from '../../../src/adapters/bullmq/job-queue.ts';
import { createWorkers } from '../../../src/adapters/bullmq/workers.ts';
import { openDatabase, type Database } from '../../../src/adapters/postgres/database.ts';
import { startChild } from '../../child-process.ts';
import { createDatabase, postgresAvailable, redisAvailable, startPostgres, startRedis } from '../../services.ts';
import { silentLog } from '../../silent-log.ts';
import { spyWorkerMetrics } from '../../spy-worker-metrics.ts';
import { LOCK_MS, NO_DATABASE, NOTE, queueOptions } from './hanging-job.ts';

const WORKER = new URL('hanging-worker.ts', import.meta.url);
const cleanups: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
});

const STALLED = 'stalled headgate-control';

/**
 * Kills a process in the middle of a job and lets another one take over. Returns the states in between. Where the job is
 * found by its silence (`stalls`), that it was counted is waited for, too.
 */
async function killAndTakeOver(
  databaseUrl: string,
  redisUrl: string,
  stalls: boolean,
): Promise<Readonly<Record<string, number>>> {
  const child = startChild(WORKER, [databaseUrl, redisUrl]);
  await child.wrote(1);
  await child.kill();
  const database = await open(databaseUrl);
  const queue = await createJobQueue(queueOptions(database, redisUrl));
  cleanups.push(() => queue.close());
  const between = (await queue.counts())[0]?.states ?? {};
  const spy = spyWorkerMetrics();
  await new Promise<void>((resolve, reject) => {
    let runs = 0;
    const ports = {
      run: () => {
        runs += 1;
        if (runs === 2) resolve();
        return Promise.resolve();
      },
    };
    const { metrics } = spy;
    createWorkers({
      queue,
      definitions: [NOTE],
      ports,
      connections: [],
      log: silentLog,
      metrics,
      lockMs: LOCK_MS,
    }).then((workers) => cleanups.push(() => workers.close(10_000)), reject);
  });
  if (stalls) await spy.told(STALLED);
  expect(spy.lines.filter((line) => line === STALLED)).toHaveLength(stalls ? 1 : 0);
  return between;
}

async function open(url: string): Promise<Database | typeof NO_DATABASE> {
  if (url === '-') return NO_DATABASE;
  const database = await openDatabase({ url, log: silentLog });
  cleanups.push(() => database.close());
  return database;
}

test('embedded: the job of a killed process is back at once, and runs again with the nudge it had kept', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'headgate-embedded-'));
  cleanups.push(() => rm(directory, { recursive: true }));
  expect(await killAndTakeOver(`file:${directory}`, '-', false)).toMatchObject({ active: 0, waiting: 1 });
});

function testPostgres(): void {
  test('PostgreSQL: the job of a killed process runs again with the nudge it had kept', async () => {
    const server = await startPostgres();
    cleanups.push(() => server.stop());
    expect(await killAndTakeOver(await createDatabase(server), '-', true)).toMatchObject({ active: 1 });
  });
}

function testRedis(): void {
  test('Redis: the job of a killed process runs again with the nudge it had kept', async () => {
    const server = await startRedis();
    cleanups.push(() => server.stop());
    expect(await killAndTakeOver('-', server.url, true)).toMatchObject({ active: 1 });
  });
}

if (postgresAvailable()) testPostgres();
if (redisAvailable()) testRedis();
