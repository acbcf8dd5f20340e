import type { Log } from '../../ports/log.ts';
import type { Backend } from './backend.ts';
import { openPostgresBackend, type QueueDatabase } from './postgres-backend.ts';
import { openRedisBackend } from './redis-backend.ts';

export interface BackendOptions {
  /** `redis://` or `rediss://`; absent for BullMQ's PostgreSQL backend on `database`. */
  readonly redisUrl?: string;
  readonly database: QueueDatabase;
  /** Queues and workers there will be: each worker keeps a database connection to listen on. */
  readonly queues: number;
  readonly log: Log;
}

/** Opens the backend the configuration asks for. StartupError when it is not fit to keep jobs. */
export function openBackend({ redisUrl, database, queues, log }: BackendOptions): Promise<Backend> {
  return redisUrl === undefined ? openPostgresBackend(database, queues, log) : openRedisBackend(redisUrl, log);
}
