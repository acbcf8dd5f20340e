import {
  Queue,
  Worker,
  type BackendFactory,
  type IQueueBackend,
  type JobProgress,
  type Processor,
  type Telemetry,
  type WorkerOptions,
} from 'bullmq';
import type { QueueDurability } from '../../ports/job-queue.ts';

/** The factory knows its connection; what BullMQ passes along under that name is this placeholder. */
export interface BoundConnection {
  readonly bound: true;
}
const BOUND: BoundConnection = { bound: true };

type BoundFactory = BackendFactory<IQueueBackend, BoundConnection>;
/** A queue on any backend. */
export type BullQueue = Queue<object, void, string, object, void, string, IQueueBackend, BoundConnection>;
export type BullWorker = Worker<object, void, string, IQueueBackend, JobProgress, BoundConnection>;
export type BullProcessor = Processor<object, void>;

/** Where BullMQ keeps its jobs. */
export interface Backend {
  readonly kind: 'redis' | 'postgres' | 'embedded';
  /** For adding and reading: fails at once while the backend cannot be reached. */
  readonly producer: BoundFactory;
  /** For workers: waits for the backend to come back. */
  readonly worker: BoundFactory;
  /** Makes spans of jobs; absent: none. */
  readonly telemetry?: Telemetry;
  /** Makes room for the workers of so many queues: their number changes with the configuration. */
  makeRoom(queues: number): Promise<void>;
  ping(): Promise<void>;
  durability(): Promise<QueueDurability>;
  close(): Promise<void>;
}

/** Keys in Redis begin with this; BullMQ's PostgreSQL backend has a schema instead and ignores it. */
export const PREFIX = 'headgate';

function traced({ telemetry }: Backend): { readonly telemetry?: Telemetry } {
  return telemetry === undefined ? {} : { telemetry };
}

/** Opens one queue to add to and to read. */
export function openQueue(backend: Backend, name: string): BullQueue {
  return new Queue(name, { connection: BOUND, prefix: PREFIX, ...traced(backend) }, backend.producer);
}

/** Opens one worker; it starts taking jobs when `run` is called. */
export function openWorker(
  backend: Backend,
  name: string,
  processor: BullProcessor,
  options: Omit<WorkerOptions<BoundConnection>, 'connection' | 'prefix' | 'autorun'>,
): BullWorker {
  return new Worker(
    name,
    processor,
    { ...options, ...traced(backend), connection: BOUND, prefix: PREFIX, autorun: false },
    backend.worker,
  );
}
