import { MetricsTime } from 'bullmq';
import type { JobDefinition } from '../../ports/job-queue.ts';
import type { Log } from '../../ports/log.ts';
import type { WorkerMetrics } from '../../ports/metrics.ts';
import { openWorker, type BullWorker } from './backend.ts';
import type { OpenJobQueue } from './job-queue.ts';
import { measureJobs } from './measure-jobs.ts';
import { createProcessor } from './process-job.ts';
import { connectionQueue, CONTROL_QUEUE, NOTIFICATION_QUEUE } from './routes.ts';

export interface WorkersOptions<Ports> {
  readonly queue: OpenJobQueue;
  readonly definitions: readonly JobDefinition<object, Ports>[];
  /** Handed to every job as it is. */
  readonly ports: Ports;
  /** Connections whose jobs this process takes. */
  readonly connections: readonly string[];
  readonly log: Log;
  readonly metrics: WorkerMetrics;
  /** Jobs of the control queue at a time; default 4. */
  readonly controlConcurrency?: number;
  /** Jobs of one connection at a time; default 2. */
  readonly connectionConcurrency?: number;
  /** How long the job of a process that died stays with it, in ms; default 30,000. */
  readonly lockMs?: number;
}

export interface Workers {
  /** Begins to take the jobs of a connection that was added. */
  addConnection(name: string): Promise<void>;
  /** Takes no more jobs of a connection and lets those that run end, as `close` does. */
  removeConnection(name: string, graceMs: number): Promise<void>;
  /**
   * Stops taking jobs and waits for those that run. After `graceMs` their signal is aborted; after `graceMs` more they
   * are left behind, and the store's leases put them right.
   */
  close(graceMs: number): Promise<void>;
}

/** One queue's worker and what asks its jobs to stop. */
interface QueueWorker {
  readonly worker: BullWorker;
  readonly stopping: AbortController;
}

const CONTROL_CONCURRENCY = 4;
const CONNECTION_CONCURRENCY = 2;
const NOTIFICATION_CONCURRENCY = 2;
const LOCK_MS = 30_000;
/** A job whose process dies is run again, however often: giving up is decided from the store, not by the queue. */
const STALLS = 1_000;

/** Starts taking jobs from the control queue and from the queue of each connection. */
export async function createWorkers<Ports>(options: WorkersOptions<Ports>): Promise<Workers> {
  const { queue, log, metrics } = options;
  const running = new Map<string, QueueWorker>();
  const inConnection = options.connectionConcurrency ?? CONNECTION_CONCURRENCY;
  const begin = async (name: string, concurrency: number) => {
    const started = startWorker(options, name, concurrency);
    running.set(name, started);
    await started.worker.waitUntilReady();
    metrics.slots(name, concurrency);
    queue.localWorkers.set(name, (queue.localWorkers.get(name) ?? 0) + 1);
    started.worker.run().catch((error: unknown) => log.error({ err: error, queue: name }, 'a worker ended'));
  };
  const end = async (workers: readonly QueueWorker[], graceMs: number) => {
    for (const { worker } of workers) {
      running.delete(worker.name);
      queue.localWorkers.set(worker.name, (queue.localWorkers.get(worker.name) ?? 1) - 1);
      metrics.slots(worker.name, 0);
    }
    await drain(workers, graceMs, log);
  };
  const names = options.connections.map(connectionQueue);
  await Promise.all([
    begin(CONTROL_QUEUE, options.controlConcurrency ?? CONTROL_CONCURRENCY),
    ...(queue.queues.has(NOTIFICATION_QUEUE) ? [begin(NOTIFICATION_QUEUE, NOTIFICATION_CONCURRENCY)] : []),
    ...names.map((name) => begin(name, inConnection)),
  ]);
  return {
    async addConnection(name) {
      if (!running.has(connectionQueue(name))) await begin(connectionQueue(name), inConnection);
    },
    async removeConnection(name, graceMs) {
      const found = running.get(connectionQueue(name));
      if (found !== undefined) await end([found], graceMs);
    },
    close: (graceMs) => end([...running.values()], graceMs),
  };
}

function startWorker<Ports>(options: WorkersOptions<Ports>, name: string, concurrency: number): QueueWorker {
  const { queue, definitions, ports, log, metrics, lockMs = LOCK_MS } = options;
  const stopping = new AbortController();
  const process = measureJobs(createProcessor({ queue, definitions, ports, log, signal: stopping.signal }), metrics);
  const worker = openWorker(queue.backend, name, process, {
    concurrency,
    lockDuration: lockMs,
    stalledInterval: Math.ceil(lockMs / 2),
    maxStalledCount: STALLS,
    metrics: { maxDataPoints: MetricsTime.ONE_WEEK },
  });
  watch(worker, log, metrics);
  return { worker, stopping };
}

function watch(worker: BullWorker, log: Log, metrics: WorkerMetrics): void {
  worker.on('error', (error) => log.warn({ queue: worker.name, error: error.message }, 'a worker reported an error'));
  worker.on('stalled', (job) => {
    metrics.jobStalled(worker.name);
    log.warn({ queue: worker.name, job }, 'a job lost its process and runs again');
  });
}

async function drain(workers: readonly QueueWorker[], graceMs: number, log: Log): Promise<void> {
  const closed = Promise.allSettled(workers.map(({ worker }) => worker.close()));
  if (await settledWithin(closed, graceMs)) return;
  log.warn({ graceMs }, 'jobs are still running; they are asked to stop');
  for (const { stopping } of workers) stopping.abort(new Error('the process is stopping'));
  if (await settledWithin(closed, graceMs)) return;
  log.error({ graceMs }, 'jobs did not stop in time and are left behind; they are taken up again from the store');
  await Promise.allSettled(workers.map(({ worker }) => worker.disconnect()));
}

/** Whether the work ended within that time. */
async function settledWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
