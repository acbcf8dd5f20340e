import { Counter, Gauge, type Registry } from 'prom-client';
import type { JobQueue, QueueCounts, QueueDurability, ScheduledCycle } from '../../ports/job-queue.ts';
import { longestInterval } from './cron-interval.ts';
import { SCHEDULED_TYPES } from './labels.ts';

/** What a scrape may ask of the queue. */
export interface ReadableQueue extends Pick<JobQueue, 'counts' | 'listSchedules' | 'ping'> {
  /** Asked at each scrape, because settings of a running Redis can be changed. */
  durability(): Promise<QueueDurability>;
}

/** What the queue says at the time of a scrape. */
export interface QueueReading {
  readonly counts: readonly QueueCounts[];
  readonly schedules: readonly ScheduledCycle[];
  readonly durability: QueueDurability;
}

/** Reads counts, schedules and durability together. */
export async function readQueue(queue: ReadableQueue): Promise<QueueReading> {
  const [counts, schedules, durability] = await Promise.all([
    queue.counts(),
    queue.listSchedules(),
    queue.durability(),
  ]);
  return { counts, schedules, durability };
}

/**
 * Registers the families of the queue, under BullMQ's own names where it has one (its `exportPrometheusMetrics` writes
 * HELP and TYPE once per queue, which the format does not allow). Returns how to show a reading.
 */
export function createQueueFamilies(
  registry: Registry,
  connections: () => readonly string[],
  now: () => number,
): (reading: QueueReading) => void {
  const showCounts = createCountFamilies([registry]);
  const showSchedules = createScheduleFamilies([registry], connections, now);
  const showDurability = createDurabilityFamilies([registry]);
  return ({ counts, schedules, durability }) => {
    showCounts(counts);
    showSchedules(schedules);
    showDurability(durability);
  };
}

function createDurabilityFamilies(registers: Registry[]): (durability: QueueDurability) => void {
  const policy = new Gauge({
    name: 'headgate_redis_eviction_policy_ok',
    help: '1 when Redis keeps all keys (maxmemory-policy noeviction), or the queue is in the database.',
    registers,
  });
  const appendOnly = new Gauge({
    name: 'headgate_redis_append_only_ok',
    help: '1 when Redis writes what it is told to disk (appendonly yes), or the queue is in the database.',
    registers,
  });
  return ({ evicts, persists }) => {
    policy.set(evicts ? 0 : 1);
    appendOnly.set(persists ? 1 : 0);
  };
}

function createCountFamilies(registers: Registry[]): (counts: readonly QueueCounts[]) => void {
  const byQueue = { labelNames: ['queue'] as const, registers };
  const jobs = new Gauge({
    name: 'bullmq_job_count',
    help: 'Jobs in the queue by state. Completed and failed ones are removed in time: count those with the totals.',
    labelNames: ['queue', 'state'],
    registers,
  });
  const completed = new Counter({ name: 'bullmq_job_completed_total', help: 'Jobs completed.', ...byQueue });
  const failed = new Counter({ name: 'bullmq_job_failed_total', help: 'Jobs failed.', ...byQueue });
  const paused = new Gauge({ name: 'bullmq_queue_paused', help: '1 while the queue is paused.', ...byQueue });
  const workers = new Gauge({ name: 'bullmq_queue_workers', help: 'Workers that take jobs from it.', ...byQueue });
  const oldest = new Gauge({
    name: 'bullmq_queue_oldest_waiting_age_seconds',
    help: 'How long the oldest waiting job has waited; 0 when none waits.',
    ...byQueue,
  });
  return (counts) => {
    // The queue keeps these totals itself, over restarts; they are shown as they are, not counted again.
    for (const family of [jobs, completed, failed, paused, workers, oldest]) family.reset();
    for (const { queue, states, ...facts } of counts) {
      for (const [state, count] of Object.entries(states)) jobs.set({ queue, state }, count);
      completed.inc({ queue }, facts.completedTotal);
      failed.inc({ queue }, facts.failedTotal);
      paused.set({ queue }, facts.paused ? 1 : 0);
      workers.set({ queue }, facts.workers);
      oldest.set({ queue }, facts.oldestWaitingMs / 1000);
    }
  };
}

function createScheduleFamilies(
  registers: Registry[],
  connections: () => readonly string[],
  now: () => number,
): (schedules: readonly ScheduledCycle[]) => void {
  const labelNames = ['connection', 'cycle_type'] as const;
  const nextRun = new Gauge({
    name: 'headgate_cycle_next_run_timestamp_seconds',
    help: 'When the next cycle is due; 0 when none is scheduled or its schedule is paused.',
    labelNames,
    registers,
  });
  const interval = new Gauge({
    name: 'headgate_cycle_interval_seconds',
    help: 'Longest time between two runs of the schedule; 0 when there is none.',
    labelNames,
    registers,
  });
  const intervalOf = rememberIntervals(now);
  const clear = (): void => {
    for (const connection of connections()) {
      for (const cycle_type of SCHEDULED_TYPES) {
        nextRun.set({ connection, cycle_type }, 0);
        interval.set({ connection, cycle_type }, 0);
      }
    }
  };
  clear();
  return (schedules) => {
    clear();
    for (const { connection, kind, pattern, timezone, nextRun: at } of schedules) {
      if (!connections().includes(connection)) continue;
      nextRun.set({ connection, cycle_type: kind }, (at ?? 0) / 1000);
      interval.set({ connection, cycle_type: kind }, intervalOf(pattern, timezone));
    }
  };
}

/** A pattern's interval is worked out once; the walk over its runs is too long to repeat at every scrape. */
function rememberIntervals(now: () => number): (pattern: string, timezone: string) => number {
  const known = new Map<string, number>();
  return (pattern, timezone) => {
    const key = `${timezone} ${pattern}`;
    const seconds = known.get(key) ?? longestInterval(pattern, timezone, now());
    known.set(key, seconds);
    return seconds;
  };
}
