import { createRedisBackend, type BackendFactory, type IQueueBackend } from 'bullmq';
import { Redis } from 'ioredis';
import { StartupError } from '../../core/errors.ts';
import type { Log } from '../../ports/log.ts';
import { PREFIX, type Backend, type BoundConnection } from './backend.ts';
import { checkRedis, redisDurability } from './redis-check.ts';

const CONNECT_TIMEOUT_MS = 10_000;

/** Host, port and database number of a Redis URL: what may be shown. */
export function shownRedis(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname}:${port === '' ? '6379' : port}${pathname}`;
  } catch {
    // A URL that cannot be read may hold the password anywhere.
    return 'the configured URL';
  }
}

/** Losing and regaining Redis is told once each, not once per retry. */
function watch(redis: Redis, log: Log): void {
  let lost = false;
  redis.on('error', (error: Error) => {
    if (!lost) log.warn({ error: error.message }, 'the connection to Redis was lost; trying again');
    lost = true;
  });
  redis.on('ready', () => {
    if (lost) log.info({}, 'Redis answers again');
    lost = false;
  });
}

async function connect(redis: Redis, url: string): Promise<void> {
  // Left to itself the client would retry for ever: at the start the first failure is what an operator must see.
  let first: Error | undefined;
  redis.once('error', (error: Error) => {
    first = error;
  });
  try {
    await redis.connect();
    await redis.ping();
  } catch (error) {
    redis.disconnect();
    const cause = first ?? error;
    const code = cause instanceof Error && 'code' in cause && typeof cause.code === 'string' ? cause.code : 'no answer';
    throw new StartupError(`Redis at ${shownRedis(url)} cannot be used (${code})`, {
      remedy: 'Check that Redis runs there, and host, port, user and password in queue.url.',
    });
  }
}

/**
 * Opens Redis in two ways: adding a job must fail at once when Redis is away, so that the caller hears of it; a worker
 * must wait until it is back. Throws StartupError when Redis cannot be reached or may lose jobs.
 */
export async function openRedisBackend(url: string, log: Log): Promise<Backend> {
  const shared = { connectTimeout: CONNECT_TIMEOUT_MS, lazyConnect: true, connectionName: 'headgate' };
  const producer = new Redis(url, { ...shared, maxRetriesPerRequest: 1, enableOfflineQueue: false });
  const consumer = new Redis(url, { ...shared, maxRetriesPerRequest: null });
  watch(producer, log);
  watch(consumer, log);
  const close = async (): Promise<void> => {
    producer.disconnect();
    consumer.disconnect();
    await Promise.resolve();
  };
  try {
    await connect(producer, url);
    await checkRedis(producer, shownRedis(url), log);
    await connect(consumer, url);
  } catch (error) {
    await close();
    throw error;
  }
  return {
    kind: 'redis',
    producer: bind(producer),
    worker: bind(consumer),
    // A worker opens its own connection; Redis allows thousands.
    makeRoom: () => Promise.resolve(),
    async ping() {
      // A Redis that is full, a replica, or cannot save answers PING and takes no job.
      await producer.set(`${PREFIX}:ping`, '', 'PX', 1000);
    },
    durability: () => redisDurability(producer),
    close,
  };
}

function bind(connection: Redis): BackendFactory<IQueueBackend, BoundConnection> {
  return (name, options, more) => createRedisBackend(name, { ...options, connection }, more);
}
