import { randomUUID } from 'node:crypto';
import type { Telemetry } from 'bullmq';
import type { Clock } from '../../ports/clock.ts';
import type { JobQueue, QueueDurability } from '../../ports/job-queue.ts';
import type { Log } from '../../ports/log.ts';
import { openQueue, type Backend, type BullQueue } from './backend.ts';
import { countQueue } from './counts.ts';
import { queueFailure } from './failures.ts';
import { openBackend } from './open-backend.ts';
import type { QueueDatabase } from './postgres-backend.ts';
import {
  alarmName,
  connectionQueue,
  CONTROL_QUEUE,
  NOTIFICATION_QUEUE,
  deduplication,
  JOB_OPTIONS,
  queueOf,
  type Route,
} from './routes.ts';
import { listSchedules, setSchedules, type ScheduledJob } from './schedules.ts';

export interface JobQueueOptions {
  readonly definitions: readonly Route[];
  /** Names of all configured connections; each has a queue. */
  readonly connections: readonly string[];
  /** Whether people are told of anything: then there is a queue for that. */
  readonly notifications?: boolean;
  /** `redis://` or `rediss://`; absent: the queue is kept in `database`. */
  readonly redisUrl?: string;
  readonly database: QueueDatabase;
  readonly scheduled: ScheduledJob;
  readonly clock: Clock;
  readonly log: Log;
  /** Makes spans of jobs; absent: none. */
  readonly telemetry?: Telemetry;
}

/** The queue with what its owner needs beside the port. */
export interface OpenJobQueue extends JobQueue {
  readonly backend: Backend;
  /** Whether the backend may lose jobs, as it is set up now. */
  durability(): Promise<QueueDurability>;
  /** BullMQ's own queues of what is configured now, for bull-board. */
  readonly queues: ReadonlyMap<string, BullQueue>;
  /** Opens the queue of a connection that was added. */
  addConnection(name: string): Promise<void>;
  /** Lets go of the queue of a connection that was removed; its jobs stay for whoever else has the connection. */
  removeConnection(name: string): Promise<void>;
  /** Workers of this process by queue. */
  readonly localWorkers: Map<string, number>;
  close(): Promise<void>;
}

/**
 * Opens the queue on Redis, or on the database when no Redis is configured. Throws StartupError when Redis cannot be
 * reached or may lose jobs.
 */
export async function createJobQueue(options: JobQueueOptions): Promise<OpenJobQueue> {
  const { definitions, connections, redisUrl, database, scheduled, clock, log } = options;
  const others = options.notifications === true ? [NOTIFICATION_QUEUE] : [];
  const opened = await openBackend({
    database,
    queues: connections.length + 1 + others.length,
    log,
    ...(redisUrl === undefined ? {} : { redisUrl }),
  });
  const backend = options.telemetry === undefined ? opened : { ...opened, telemetry: options.telemetry };
  const routes = new Map(definitions.map((definition) => [definition.name, definition]));
  const localWorkers = new Map<string, number>();
  const open = (name: string) => watched(openQueue(backend, name), log);
  const control = open(CONTROL_QUEUE);
  const queues = new Map(
    [control, ...[...others, ...connections.map(connectionQueue)].map(open)].map((q) => [q.name, q]),
  );
  // Control jobs go to whoever is free, who may have to nudge a connection that only another process has.
  const elsewhere = new Map<string, BullQueue>();
  const queueNamed = (name: string): BullQueue => {
    const found = queues.get(name) ?? elsewhere.get(name) ?? open(name);
    if (!queues.has(name)) elsewhere.set(name, found);
    return found;
  };

  return {
    backend,
    queues,
    localWorkers,
    async enqueue(name, payload, { delayMs = 0 } = {}) {
      const route = routes.get(name);
      if (route === undefined) throw new Error(`no job is called ${name}`);
      const parsed = route.parse(payload);
      const queue = queueNamed(queueOf(route, parsed));
      await translating(() =>
        delayMs > 0 ? setAlarm(queue, route, parsed, delayMs, clock) : nudge(queue, route, parsed),
      );
    },
    async addConnection(name) {
      await translating(() => backend.makeRoom(queues.size + 1));
      const queue = queueNamed(connectionQueue(name));
      elsewhere.delete(queue.name);
      queues.set(queue.name, queue);
    },
    async removeConnection(name) {
      const queue = queues.get(connectionQueue(name));
      queues.delete(connectionQueue(name));
      await queue?.close();
    },
    setSchedules: (names, schedules) =>
      translating(() => setSchedules(control, names, schedules, scheduled, clock.now())),
    listSchedules: () => translating(() => listSchedules(control)),
    counts: () =>
      translating(() =>
        Promise.all(
          [...queues.values()].map((queue) => countQueue(queue, localCount(backend, localWorkers, queue), clock.now())),
        ),
      ),
    ping: () => translating(() => backend.ping()),
    durability: () => translating(() => backend.durability()),
    async close() {
      for (const queue of [...queues.values(), ...elsewhere.values()]) await queue.close();
      await backend.close();
    },
  };
}

/** Queues report a lost connection by this event, which would end the process if nobody listened. */
function watched(queue: BullQueue, log: Log): BullQueue {
  queue.on('error', (error) => log.debug({ queue: queue.name, error: error.message }, 'the queue reported an error'));
  return queue;
}

/** All clients of an embedded database look like one; only there are the workers of this process all there are. */
function localCount(
  backend: Backend,
  local: ReadonlyMap<string, number>,
  queue: BullQueue,
): (() => number) | undefined {
  return backend.kind === 'embedded' ? () => local.get(queue.name) ?? 0 : undefined;
}

async function translating<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw queueFailure(error);
  }
}

async function nudge(queue: BullQueue, route: Route, payload: object): Promise<void> {
  await queue.add(route.name, payload, { ...JOB_OPTIONS, deduplication: deduplication(route.dedupe(payload)) });
}

/** Sets an alarm for a nudge later. Of two alarms with the same key the earlier one stays. */
async function setAlarm(queue: BullQueue, route: Route, payload: object, delayMs: number, clock: Clock): Promise<void> {
  const jobId = randomUUID();
  const added = await queue.add(alarmName(route.name), payload, {
    ...JOB_OPTIONS,
    jobId,
    delay: Math.ceil(delayMs),
    deduplication: deduplication(`later-${route.dedupe(payload)}`),
  });
  if (added.id === jobId || added.id === undefined) return;
  const present = await queue.getJob(added.id);
  if (present === undefined || (await present.getState()) !== 'delayed') return;
  const dueAt = present.timestamp + (present.delay ?? 0);
  if (dueAt <= clock.now() + delayMs) return;
  try {
    await present.changeDelay(Math.ceil(delayMs));
  } catch (error) {
    // It may have come due meanwhile: then it nudges now, which is earlier still.
    if ((await present.getState()) === 'delayed') throw error;
  }
}
