import type { ScheduledKind } from '../core/cycle.ts';
import type { Log } from './log.ts';

/**
 * Control jobs are short and for everybody. Jobs of a connection take long or talk to its service provider: each
 * connection has a queue of its own, so that none waits for another, and only who has the connection takes its jobs.
 * Notifications have one too: a mail server that is slow must not hold up cycles.
 */
export type QueueKind = 'control' | 'connection' | 'notifications';

/**
 * One kind of job, one file in `jobs/`. A payload carries ids only, may arrive twice, late or never:
 * `run` reads the store, takes one step, persists and leaves.
 */
export interface JobDefinition<Payload extends object, Ports> {
  readonly name: string;
  readonly queue: QueueKind;
  /** Reads a payload from outside. Throws a plain Error naming what is wrong. */
  parse(data: unknown): Payload;
  /** The connection whose queue the job belongs to; undefined for control jobs. */
  connection?(payload: Payload): string;
  /** Two waiting jobs with the same key are one. Letters, digits and dashes. */
  dedupe(payload: Payload): string;
  run(payload: Payload, ports: Ports, log: Log, signal: AbortSignal): Promise<void>;
}

export interface ScheduledCycle {
  readonly connection: string;
  readonly kind: ScheduledKind;
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

/** Whether the queue may lose what it was given: true of a Redis that evicts keys, or keeps them in memory only. */
export interface QueueDurability {
  readonly evicts: boolean;
  readonly persists: boolean;
}

/** A nudge service. Losing every job in it loses nothing: the sweeper nudges again from the store. */
export interface JobQueue {
  /** Enqueues a job, now or after a delay in ms. A waiting job with the same dedupe key absorbs it. */
  enqueue(name: string, payload: object, options?: { readonly delayMs?: number }): Promise<void>;
  /**
   * Makes the schedules of these connections exactly these. Those of other connections are somebody else's and stay as
   * they are. Survives restarts.
   */
  setSchedules(connections: readonly string[], schedules: readonly Omit<ScheduledCycle, 'nextRun'>[]): Promise<void>;
  listSchedules(): Promise<readonly ScheduledCycle[]>;
  counts(): Promise<readonly QueueCounts[]>;
  /** Resolves when the backend answers; used by readiness. */
  ping(): Promise<void>;
}
