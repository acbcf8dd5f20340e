import type { JobsOptions } from 'bullmq';
import type { JobDefinition } from '../../ports/job-queue.ts';

/** The part of a job definition that says where a job goes; the queue never runs one. */
export type Route = Pick<JobDefinition<object, never>, 'name' | 'queue' | 'parse' | 'connection' | 'dedupe'>;

export const CONTROL_QUEUE = 'headgate-control';
export const NOTIFICATION_QUEUE = 'headgate-notifications';

/** Each connection has a queue of its own, so that a service provider that is slow or away holds up nobody else. */
export function connectionQueue(connection: string): string {
  return `headgate-connection-${connection}`;
}

/** The queue a job goes to. */
export function queueOf(route: Route, payload: object): string {
  if (route.queue === 'control') return CONTROL_QUEUE;
  if (route.queue === 'notifications') return NOTIFICATION_QUEUE;
  const connection = route.connection?.(payload);
  if (connection === undefined) throw new Error(`job ${route.name} is for a connection and names none`);
  return connectionQueue(connection);
}

/**
 * An alarm is a delayed job that does nothing but enqueue the real one when its time has come. Were the real job delayed,
 * a nudge for now would be absorbed by one that waits for later; and of the nudges that arrive while a job runs only
 * the last is kept, which must not be the one for later.
 */
const ALARM = 'alarm-';

export function alarmName(name: string): string {
  return `${ALARM}${name}`;
}

/** The job an alarm is for; undefined when the name is no alarm's. */
export function alarmFor(name: string): string | undefined {
  return name.startsWith(ALARM) ? name.slice(ALARM.length) : undefined;
}

/**
 * Retries are few: the sweeper nudges again from the store anyway, and what keeps failing must become visible. Finished
 * jobs go at once (keeping some is slow on PostgreSQL); failed ones are kept for whoever looks.
 */
export const JOB_OPTIONS = {
  attempts: 4,
  backoff: { type: 'exponential', delay: 1_000, jitter: 0.5 },
  removeOnComplete: true,
  removeOnFail: { count: 200, age: 7 * 24 * 3600 },
  stackTraceLimit: 5,
} as const satisfies JobsOptions;

/**
 * A nudge whose like is waiting is absorbed; one whose like is running is kept and runs after it, because the running
 * one may have read the store before what the nudge is about was written.
 */
export function deduplication(id: string): NonNullable<JobsOptions['deduplication']> {
  return { id, keepLastIfActive: true };
}
