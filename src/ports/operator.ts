import type { CycleKind, OperationCounts } from '../core/cycle.ts';
import type { WaitingRemoval } from '../core/departure.ts';
import type { ScopePath, OperationState } from '../core/operation.ts';
import type { Plan } from '../core/plan.ts';
import type { Json } from '../core/scim.ts';
import type { Verdict } from '../core/verdict.ts';
import type { CredentialDesk } from './credential-desk.ts';
import type { CheckResult, ReadProgress } from './directory-source.ts';
import type { QueueCounts, ScheduledCycle } from './job-queue.ts';
import type { LogFilter, LogPage } from './provisioning-log.ts';
import type { ConnectionState, CycleRecord, OperationRecord } from './stores.ts';

/** A cycle with what a progress display needs. */
export interface CycleView extends CycleRecord {
  readonly counts: OperationCounts;
  /** Operations settled so far and in all; held ones count as settled. */
  readonly settled: number;
  readonly total: number;
}

export interface ConnectionStatus {
  readonly connection: string;
  readonly application: string;
  readonly profile: string;
  readonly state: ConnectionState;
  readonly links: Readonly<Record<string, number>>;
  readonly openCycle?: CycleView;
  readonly lastCycle?: CycleRecord;
  /** The newest closed cycle that stored a plan: `held` and `escrowed` are counted from it. */
  readonly lastPlanned?: CycleRecord;
  readonly lastSuccess?: CycleRecord;
  readonly held: number;
  readonly escrowed: number;
  /** Removals still to come: how many, and the next ones. Absent when there are none. */
  readonly leaving?: { readonly total: number; readonly next: readonly PendingRemoval[] };
}

/** A removal that is announced and not done yet. */
export interface PendingRemoval extends Pick<WaitingRemoval, 'resource' | 'label' | 'action' | 'dueAt' | 'reason'> {}

export interface Status {
  readonly version: string;
  readonly startedAt: number;
  readonly connections: readonly ConnectionStatus[];
  readonly schedules: readonly ScheduledCycle[];
  readonly queues: readonly QueueCounts[];
}

/** Why somebody has or lacks access through one connection. */
export interface Explanation {
  readonly connection: string;
  readonly found: boolean;
  readonly user?: { readonly id: string; readonly name: string; readonly enabled: boolean };
  readonly paths: readonly ScopePath[];
  /** One sentence: entitled through …, or not entitled because …. */
  readonly conclusion: string;
  /** What the mapping gives: SCIM path to value. */
  readonly mapped: Readonly<Record<string, Json>>;
  readonly link?: { readonly resourceId: string; readonly state: string; readonly origin: string };
  /** What will be done to the account, when, and why. */
  readonly leaving?: PendingRemoval;
  readonly operations: readonly OperationRecord[];
}

/** A plan with what the guards say of it. */
export interface MadePlan {
  readonly plan: Plan;
  readonly verdict: Verdict;
  /** Removals that are not due yet, the next one first; absent when there are none. */
  readonly waiting?: readonly WaitingRemoval[];
}

/** What people and scripts can ask of Headgate: the HTTP API serves exactly this, and the CLI is a client of that API. */
export interface Operator {
  readonly credentials: CredentialDesk;
  status(): Promise<Status>;
  connections(): readonly string[];
  /** Gathers and plans without writing anything anywhere. */
  plan(connection: string, progress: ReadProgress, signal: AbortSignal): Promise<MadePlan>;
  /** RefusedError when a cycle is open or the connection is paused. */
  startCycle(request: {
    readonly connection: string;
    readonly kind: CycleKind;
    readonly requestedBy: string;
    readonly expectedDigest?: string;
  }): Promise<CycleView>;
  getCycle(id: string): Promise<CycleView | undefined>;
  listCycles(filter: { readonly connection?: string; readonly limit: number }): Promise<readonly CycleRecord[]>;
  operations(
    id: string,
    filter: { readonly states?: readonly OperationState[]; readonly after?: number; readonly limit: number },
  ): Promise<readonly OperationRecord[]>;
  /** The provisioning log: settled operations, whatever their cycle. */
  log(filter: LogFilter): Promise<LogPage>;
  /** False when it was closed already. */
  cancelCycle(id: string): Promise<boolean>;
  explain(connection: string, idOrName: string, signal: AbortSignal): Promise<Explanation>;
  schedules(): Promise<readonly (ScheduledCycle & { readonly paused: boolean })[]>;
  setSchedulesPaused(connection: string, paused: boolean): Promise<void>;
  /** Lifts a pause after its cause was mended. */
  resumeConnection(connection: string): Promise<boolean>;
  doctor(signal: AbortSignal): Promise<readonly (CheckResult & { readonly area: string })[]>;
}
