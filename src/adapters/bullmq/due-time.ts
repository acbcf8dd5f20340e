import type { Job } from 'bullmq';

/**
 * When a job was to run, in ms since the epoch. A delayed job's `delay` becomes 0 on Redis once its time has come; what
 * it was asked for stays in its options.
 */
export function dueAt({ timestamp, delay, opts }: Pick<Job<object>, 'timestamp' | 'delay' | 'opts'>): number {
  return timestamp + (delay > 0 ? delay : (opts.delay ?? 0));
}
