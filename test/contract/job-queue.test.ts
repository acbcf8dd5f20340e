import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterAll, beforeAll } from 'vitest';
import { openDatabase, type Database } from '../../src/adapters/postgres/database.ts';
import {
  createDatabase,
  postgresAvailable,
  redisAvailable,
  usePostgres,
  useRedis,
  type TestServer,
} from '../services.ts';
import { silentLog } from '../silent-log.ts';
import { describeJobQueue } from './job-queue.contract.ts';

const noDatabase = {
  kind: 'server' as const,
  poolFor: () => Promise.reject(new Error('a queue on Redis needs no database')),
};

let directory: string;
let embedded: Database;
let redis: TestServer | undefined;
let postgres: TestServer | undefined;

const withRedis = redisAvailable();
const withPostgres = postgresAvailable();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headgate-embedded-'));
  embedded = await openDatabase({ url: `file:${directory}`, log: silentLog });
  if (withRedis) redis = await useRedis();
  if (withPostgres) postgres = await usePostgres();
});

afterAll(async () => {
  await embedded.close();
  await rm(directory, { recursive: true });
  await redis?.stop();
  await postgres?.stop();
});

async function emptied(database: Database): Promise<Database> {
  const pool = await database.poolFor('bullmq', 1);
  await pool.query('drop schema if exists bullmq cascade');
  return database;
}

describeJobQueue('PGlite', async () => ({ database: await emptied(embedded), close: () => Promise.resolve() }));

if (withPostgres) {
  describeJobQueue('PostgreSQL', async () => {
    if (postgres === undefined) throw new Error('PostgreSQL was not started');
    const database = await openDatabase({ url: await createDatabase(postgres), log: silentLog });
    return { database, close: () => database.close() };
  });
}

if (withRedis) {
  describeJobQueue('Redis', async () => {
    if (redis === undefined) throw new Error('Redis was not started');
    const client = new Redis(redis.url);
    const keys = await client.keys('headgate:*');
    if (keys.length > 0) await client.del(...keys);
    await client.quit();
    return { redisUrl: redis.url, database: noDatabase, close: () => Promise.resolve() };
  });
}
