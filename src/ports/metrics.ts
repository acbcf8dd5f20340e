import type { CycleKind, CycleResult } from '../core/cycle.ts';

/** What happened, told once at the place it happened. Labels are never ids of users, groups or jobs. */
export interface Metrics {
  cycleStarted(connection: string, kind: CycleKind, at: number): void;
  cycleClosed(connection: string, kind: CycleKind, result: CycleResult, seconds: number, at: number): void;
  cyclePhase(connection: string, kind: CycleKind, phase: 'import' | 'plan' | 'export', seconds: number): void;
  cycleSkipped(connection: string, reason: 'overlap' | 'paused' | 'quarantine' | 'throttled'): void;
  planned(connection: string, operations: Readonly<Record<string, number>>): void;
  /** One attempt at an operation; `failure`: it is tried again. */
  operation(
    connection: string,
    resource: 'user' | 'group' | 'membership',
    action: string,
    outcome: 'success' | 'failure' | 'escrowed',
    seconds: number,
  ): void;
  /** Members that were put into SCIM groups, or taken out, and are known to be so. */
  memberships(connection: string, change: 'added' | 'removed', count: number): void;
  /**
   * An account was disabled or deleted: the most that can have passed since its user left, from the last read of the
   * directory that did not show it.
   */
  leaver(connection: string, seconds: number): void;
  /** One HTTP exchange with Graph or a SCIM provider. `connection` is empty for the directory. */
  request(api: 'graph' | 'scim', connection: string, method: string, code: number | 'error', seconds: number): void;
  retry(api: 'graph' | 'scim', connection: string, reason: 'throttled' | 'network' | 'server'): void;
  throttled(api: 'graph' | 'scim', connection: string, waitSeconds: number): void;
  tokenRequest(api: 'graph' | 'scim', outcome: 'success' | 'failure'): void;
}

/** What the workers of this process do with jobs. Told by the queue's adapter; `queue` is the queue's own name. */
export interface WorkerMetrics {
  /** How many jobs this process takes from the queue at a time; 0 once it takes none any more. */
  slots(queue: string, total: number): void;
  /** `waitSeconds` from when the job was due to when it was taken; absent when it was taken before. */
  jobStarted(queue: string, waitSeconds?: number): void;
  jobEnded(queue: string, seconds: number): void;
  /** A job whose process fell silent was put back, to be run again. */
  jobStalled(queue: string): void;
}
