import type { Redis } from 'ioredis';
import { StartupError } from '../../core/errors.ts';
import type { QueueDurability } from '../../ports/job-queue.ts';
import type { Log } from '../../ports/log.ts';

/** The two settings that decide whether Redis may lose a job. */
interface Durability {
  readonly policy: string | undefined;
  readonly appendOnly: boolean | undefined;
}

async function fromConfig(redis: Redis): Promise<Durability> {
  const policy = await redis.config('GET', 'maxmemory-policy');
  const appendOnly = await redis.config('GET', 'appendonly');
  return { policy: valueOf(policy), appendOnly: valueOf(appendOnly) === 'yes' };
}

function valueOf(reply: unknown): string | undefined {
  const value: unknown = Array.isArray(reply) ? reply[1] : undefined;
  return typeof value === 'string' ? value : undefined;
}

function field(text: string, name: string): string | undefined {
  return new RegExp(`^${name}:(.*?)\\r?$`, 'm').exec(text)?.[1];
}

async function fromInfo(redis: Redis): Promise<Durability> {
  const memory = await redis.info('memory');
  const persistence = await redis.info('persistence');
  const appendOnly = field(persistence, 'aof_enabled');
  return {
    policy: field(memory, 'maxmemory_policy'),
    appendOnly: appendOnly === undefined ? undefined : appendOnly === '1',
  };
}

async function readDurability(redis: Redis, log?: Log): Promise<Durability> {
  try {
    return await fromConfig(redis);
  } catch {
    // Hosted Redis and restricted users often have no CONFIG; INFO tells the same two facts.
    log?.info({}, 'CONFIG is forbidden on this Redis; its settings are read from INFO');
    return fromInfo(redis);
  }
}

/** The same two settings as they are now: those of a running Redis can be changed. What it does not tell is not safe. */
export async function redisDurability(redis: Redis): Promise<QueueDurability> {
  const { policy, appendOnly } = await readDurability(redis);
  return { evicts: policy !== 'noeviction', persists: appendOnly === true };
}

/**
 * Refuses a Redis that may drop jobs: one that evicts keys when memory is short, or that keeps them in memory only.
 * Throws StartupError with the lines for redis.conf.
 */
export async function checkRedis(redis: Redis, shown: string, log: Log): Promise<void> {
  const { policy, appendOnly } = await readDurability(redis, log);
  if (policy === undefined || appendOnly === undefined) {
    throw new StartupError(`Redis at ${shown} does not tell its eviction policy and persistence`, {
      remedy: 'Allow the user in queue.url the command INFO.',
    });
  }
  const wrong = [
    ...(policy === 'noeviction' ? [] : [{ found: `maxmemory-policy ${policy}`, line: 'maxmemory-policy noeviction' }]),
    ...(appendOnly ? [] : [{ found: 'appendonly no', line: 'appendonly yes' }]),
  ];
  if (wrong.length === 0) return;
  throw new StartupError(`Redis at ${shown} may lose jobs: it has ${wrong.map(({ found }) => found).join(' and ')}`, {
    remedy: `Put into redis.conf and restart Redis: ${wrong.map(({ line }) => line).join('; ')}`,
  });
}
