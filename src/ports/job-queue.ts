import type { Log } from './log.ts';

/** Control jobs move cycles on; export jobs talk to one service provider and have a queue per connection. */
export type QueueKind = 'control' | 'exports';

/**
 * One kind of job, one file in `jobs/`. A payload carries ids only, may arrive twice, late or never:
 * `run` reads the store, takes one step, persists and leaves.
 */
export interface JobDefinition<Payload extends object, Ports> {
  readonly name: string;
  readonly queue: QueueKind;
  /** Reads a payload from outside. Throws a plain Error naming what is wrong. */
  parse(data: unknown): Payload;
  /** The connection whose export queue the job belongs to; undefined for control jobs. */
  connection?(payload: Payload): string;
  /** Two waiting jobs with the same key are one. Letters, digits and dashes. */
  dedupe(payload: Payload): string;
  run(payload: Payload, ports: Ports, log: Log, signal: AbortSignal): Promise<void>;
}

export interface ScheduledCycle {
  readonly connection: string;
  readonly kind: 'initial' | 'incremental';
  /** Cron pattern, five fields, evaluated in `timezone`. */
  readonly pattern: string;
  readonly timezone: string;
  /** Ms since epoch; absent when paused. */
  readonly nextRun?: number;
}

export interface QueueCounts {
  readonly queue: string;
  readonly states: Readonly<Record<string, number>>;
  readonly paused: boolean;
  readonly workers: number;
  /** Age of the oldest waiting job in ms, 0 when none waits. */
  readonly oldestWaitingMs: number;
  readonly completedTotal: number;
  readonly failedTotal: number;
}

/** A nudge service. Losing every job in it loses nothing: the sweeper nudges again from the store. */
export interface JobQueue {
  /** Enqueues a job, now or after a delay in ms. A waiting job with the same dedupe key absorbs it. */
  enqueue(name: string, payload: object, options?: { readonly delayMs?: number }): Promise<void>;
  /** Makes the schedules exactly these; others are removed. Survives restarts. */
  setSchedules(schedules: readonly Omit<ScheduledCycle, 'nextRun'>[]): Promise<void>;
  listSchedules(): Promise<readonly ScheduledCycle[]>;
  counts(): Promise<readonly QueueCounts[]>;
  /** Resolves when the backend answers; used by readiness. */
  ping(): Promise<void>;
}
