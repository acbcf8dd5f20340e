import type { JobQueueOptions } from '../../../src/adapters/bullmq/job-queue.ts';
import type { JobDefinition } from '../../../src/ports/job-queue.ts';
import { silentLog } from '../../silent-log.ts';

/** Short, so that a test need not wait half a minute for a dead process to count as dead. */
export const LOCK_MS = 400;

export interface NotePorts {
  run(): Promise<void>;
}

export const NOTE: JobDefinition<object, NotePorts> = {
  name: 'note',
  queue: 'control',
  parse: () => ({ id: 'a' }),
  dedupe: () => 'note-a',
  run: (_payload, ports) => ports.run(),
};

export const NO_DATABASE: JobQueueOptions['database'] = {
  kind: 'server',
  poolFor: () => Promise.reject(new Error('a queue on Redis needs no database')),
};

export function queueOptions(database: JobQueueOptions['database'], redisUrl: string): JobQueueOptions {
  return {
    definitions: [NOTE],
    connections: [],
    ...(redisUrl === '-' ? {} : { redisUrl }),
    database,
    scheduled: { name: NOTE.name, payload: () => ({ id: 'a' }) },
    clock: { now: () => Date.now() },
    log: silentLog,
  };
}
