import type { CycleKind, CycleSubject, OperationCounts } from '../core/cycle.ts';
import type { WaitingRemoval } from '../core/departure.ts';
import type { DriftFinding, DriftReport } from '../core/drift.ts';
import type { ConfigProblem } from '../core/errors.ts';
import type { ScopePath, OperationState } from '../core/operation.ts';
import type { Escrow } from '../core/escrow.ts';
import type { BrokenJournal } from '../core/migration/broken-journal.ts';
import type { MigrationGate, MigrationKind } from '../core/migration/migration.ts';
import type { MigrationTrace } from '../core/migration/trace.ts';
import type { MigrationView } from '../core/migration/view.ts';
import type { Plan } from '../core/plan.ts';
import type { Json } from '../core/scim.ts';
import type { GuardSetting } from '../core/guards/settings.ts';
import type { Verdict } from '../core/verdict.ts';
import type { NotificationDesk } from './notifications.ts';
import type { CredentialDesk } from './credential-desk.ts';
import type { CheckResult, ReadProgress } from './directory-source.ts';
import type { EscrowRequest, EscrowTotals, RecoveryAct } from './recovery.ts';
import type { ExperimentDesk } from './experiment-desk.ts';
import type { HoldDesk, HoldView } from './hold-desk.ts';
import type { LinkDesk } from './link-desk.ts';
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
  /** The newest closed cycle that stored a plan: `held` is counted from it. */
  readonly lastPlanned?: CycleRecord;
  /** The newest cycle that succeeded, with nothing escrowed; never one on demand, or an audit. */
  readonly lastSuccess?: CycleRecord;
  readonly held: number;
  /** What guards hold, newest first. */
  readonly holds: readonly HoldView[];
  /** Every guard with its limits, and whether it is switched on. */
  readonly guards: readonly GuardSetting[];
  /** Needs that failed and are tried again. */
  readonly escrowed: number;
  /** Removals still to come: how many, and the next ones. Absent when there are none. */
  readonly leaving?: { readonly total: number; readonly next: readonly PendingRemoval[] };
  /** Users whom the newest full cycle could not map: they get no account, or theirs is not kept up to date. Absent where none is. */
  readonly unmapped?: { readonly cycle: string; readonly plannedAt: number; readonly text: string };
  /** The same by kind, and how many wait for their time; absent where none is. */
  readonly escrows?: EscrowTotals;
  /** Tokens in use, or to be, that have expired or soon will; absent where none has. */
  readonly expiring?: readonly ExpiringToken[];
  /** The open migration, while which no cycle of the connection runs but its own. */
  readonly migration?: OpenMigration;
  /** The newest migration, where it was aborted and may still be rolled back: what it did stands. */
  readonly abortedMigration?: AbortedMigration;
  /** Set where the journal of the newest migration is broken: nothing is told or done by it. */
  readonly brokenJournal?: BrokenJournal;
}

/** A token whose last day, as a person told it, is over or near. */
export interface ExpiringToken {
  readonly fingerprint: string;
  /** Ms since the epoch. */
  readonly expiresAt: number;
  readonly expired: boolean;
}

/** What a migration that has not ended is and waits for. */
export interface OpenMigration extends Pick<MigrationView, 'kind' | 'mode' | 'status'> {
  readonly gate?: MigrationGate;
}

/** A migration that was aborted. */
export interface AbortedMigration {
  readonly id: string;
  readonly kind: MigrationKind;
  /** When it ended, ms since the epoch. */
  readonly at: number;
}

/** A removal that is announced and not done yet. */
export interface PendingRemoval extends Pick<WaitingRemoval, 'resource' | 'label' | 'action' | 'dueAt' | 'reason'> {
  /** The guard that holds it since it is due; absent while it is not due, or is to be done by the next cycle. */
  readonly heldBy?: string;
}

export interface Status {
  readonly version: string;
  readonly startedAt: number;
  /** When this was read, ms since the epoch; absent from older daemons. */
  readonly asOf?: number;
  readonly connections: readonly ConnectionStatus[];
  readonly schedules: readonly ScheduledCycle[];
  readonly queues: readonly QueueCounts[];
  /** What is wrong below the connections, so that nothing goes on; absent from older daemons. */
  readonly troubles?: readonly CheckResult[];
}

/** Why somebody has or lacks access through one connection. */
export interface Explanation {
  readonly connection: string;
  readonly found: boolean;
  readonly user?: { readonly id: string; readonly name: string; readonly enabled: boolean };
  readonly paths: readonly ScopePath[];
  /** One sentence: entitled through …, or not entitled because …. */
  readonly conclusion: string;
  /** What the mapping gives an entitled user: SCIM path to value. */
  readonly mapped: Readonly<Record<string, Json>>;
  readonly link?: { readonly resourceId: string; readonly state: string; readonly origin: string };
  /** What will be done to the account, when, and why. */
  readonly leaving?: PendingRemoval;
  readonly operations: readonly OperationRecord[];
  /** What the newest audit found changed by hand, in its words; absent when nothing. */
  readonly drift?: { readonly at: number; readonly findings: readonly Pick<DriftFinding, 'text' | 'next'>[] };
  /** Migrations that wrote to this user's assignments or memberships, newest first; absent when none did. */
  readonly migrations?: readonly MigrationTrace[];
  /** Migrations whose journals are broken: what they did cannot be told. Absent when none is. */
  readonly brokenJournals?: readonly BrokenJournal[];
}

/** A plan with what the guards say of it. */
export interface MadePlan {
  readonly plan: Plan;
  readonly verdict: Verdict;
  /** Removals that are not due yet, the next one first; absent when there are none. */
  readonly waiting?: readonly WaitingRemoval[];
}

/** What a new reading of the configuration changed in the process that was asked. */
export interface ReloadReport {
  readonly file: string;
  readonly added: readonly string[];
  /** `fullCycle`: what decides the plan changed, so the next cycle looks at everything. */
  readonly changed: readonly { readonly connection: string; readonly fullCycle: boolean }[];
  readonly removed: readonly string[];
  /** Open cycles that were stopped because their connection was removed, or planned otherwise. */
  readonly stopped: readonly { readonly connection: string; readonly cycle: string }[];
  readonly warnings: readonly ConfigProblem[];
}

/** One step of what provisioning a subject means, from the directory's word to the guards'. */
export interface ProvisionStep {
  readonly step: 'import' | 'scope' | 'match' | 'mapping' | 'action' | 'guards';
  readonly text: string;
  /** What the step consists of, line by line. */
  readonly details?: readonly string[];
}

/** What provisioning one user, or one group with its members, would do now, explained step by step. */
export interface OnDemandPlan extends MadePlan {
  readonly connection: string;
  readonly subject: CycleSubject;
  readonly steps: readonly ProvisionStep[];
}

/** What people and scripts can ask of Headgate: the HTTP API serves exactly this, and the CLI is a client of that API. */
/** A connection that is paused, since when and why: another reason than was given where it was paused `already`. */
export interface PausedConnection {
  readonly already: boolean;
  readonly since: number;
  readonly reason: string;
}

export interface Operator {
  readonly credentials: CredentialDesk;
  readonly holds: HoldDesk;
  readonly notifications: NotificationDesk;
  readonly experiments: ExperimentDesk;
  readonly links: LinkDesk;
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
    /** Whom an on-demand cycle is about. */
    readonly subject?: CycleSubject;
  }): Promise<CycleView>;
  /** Works out, for one user or group, what would be done now. Writes nothing. RefusedError when it is not one. */
  planSubject(connection: string, idOrName: string, signal: AbortSignal): Promise<OnDemandPlan>;
  /** Opens an on-demand cycle for one user or group. RefusedError as for startCycle and planSubject. */
  provision(request: {
    readonly connection: string;
    readonly idOrName: string;
    readonly requestedBy: string;
    readonly signal: AbortSignal;
  }): Promise<CycleView>;
  /** By id or its beginning. RefusedError when several begin so. */
  getCycle(id: string): Promise<CycleView | undefined>;
  listCycles(filter: { readonly connection?: string; readonly limit: number }): Promise<readonly CycleRecord[]>;
  operations(
    id: string,
    filter: { readonly states?: readonly OperationState[]; readonly after?: number; readonly limit: number },
  ): Promise<readonly OperationRecord[]>;
  /** What the newest audit found changed by hand at the provider; undefined before the first. */
  drift(connection: string): Promise<DriftReport | undefined>;
  /** The provisioning log: settled operations, whatever their cycle. */
  log(filter: LogFilter): Promise<LogPage>;
  /** False when it was closed already. */
  cancelCycle(id: string): Promise<boolean>;
  explain(connection: string, idOrName: string, signal: AbortSignal): Promise<Explanation>;
  /** All schedules that are set, also of connections that only another process has, or nobody any more. */
  schedules(): Promise<readonly (ScheduledCycle & { readonly paused: boolean; readonly configured: boolean })[]>;
  /** Removes the schedules of a connection that is not configured. RefusedError when it is, or when it has none. */
  removeSchedules(connection: string): Promise<void>;
  setSchedulesPaused(connection: string, paused: boolean): Promise<void>;
  /** Needs in escrow, oldest first; of one resource where `who` (anchor or name) is given. */
  escrows(connection: string, filter: { readonly who?: string; readonly limit: number }): Promise<readonly Escrow[]>;
  /** Makes needs in escrow due at once, of one resource or all; the next cycle sends them. Returns how many. */
  retryEscrows(asked: Omit<EscrowRequest, 'at'>): Promise<number>;
  /** Forgets needs in escrow with their delays; what is still needed is planned anew. Returns how many. */
  dropEscrows(asked: Omit<EscrowRequest, 'at'>): Promise<number>;
  /** What people did about escrows and quarantines, newest first. */
  recoveryActs(connection: string, limit: number): Promise<readonly RecoveryAct[]>;
  /** Ends a quarantine without a probe. False when there was none. */
  releaseQuarantine(asked: {
    readonly connection: string;
    readonly by: string;
    readonly reason?: string;
  }): Promise<boolean>;
  /** Sends nothing until somebody resumes; an open cycle is given up. Where it is paused already the first reason stays. */
  pauseConnection(connection: string, reason: string): Promise<PausedConnection>;
  /** Lifts a pause, a quarantine and what a Retry-After still asks to wait. False when there was none. */
  resumeConnection(connection: string): Promise<boolean>;
  /**
   * Reads the configuration anew and puts it into force. ConfigError with every problem when it cannot be, and then
   * nothing has changed.
   */
  reloadConfig(): Promise<ReloadReport>;
  doctor(signal: AbortSignal): Promise<readonly (CheckResult & { readonly area: string })[]>;
}
