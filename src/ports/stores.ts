import type { Anchor } from '../core/directory.ts';
import type { Baseline } from '../core/baseline.ts';
import type { CycleKind, CyclePhase, CycleResult, CycleSubject, OperationCounts } from '../core/cycle.ts';
import type { Link, LinkMemory } from '../core/link.ts';
import type { CycleMigration } from '../core/migration/migration.ts';
import type { Exported, Operation, OperationState, SentWrite, Wave } from '../core/operation.ts';
import type { OperationFailure } from '../core/operation-failure.ts';
import type { Notice, Plan, PlanCounts } from '../core/plan.ts';
import type { Health, Quarantined } from '../core/quarantine.ts';
import type { ResourceId } from '../core/scim.ts';
import type { Skips } from '../core/skip.ts';
import type { GuardName, Verdict } from '../core/verdict.ts';
import type { CredentialStore } from './credentials.ts';
import type { DriftStore } from './drift-store.ts';
import type { NotificationStore } from './notifications.ts';
import type { ProvisioningLog } from './provisioning-log.ts';
import type { HoldStore } from './hold-store.ts';
import type { EscrowStore, RecoveryAct, SeenPace } from './recovery.ts';
import type { MigrationStore } from './migration-store.ts';
import type { OperationResult, LeftInDoubt, LeftResult, PassedOver, SliceStart } from './slices.ts';

/** A cycle as stored. Times are ms since the epoch. */
export interface CycleRecord {
  readonly id: string;
  readonly connection: string;
  readonly kind: CycleKind;
  /** Whom an on-demand cycle is about. */
  readonly subject?: CycleSubject;
  readonly phase: CyclePhase;
  readonly requestedBy: string;
  readonly createdAt: number;
  readonly plannedAt?: number;
  readonly closedAt?: number;
  /** When set, the cycle may export only a plan with this digest. */
  readonly expectedDigest?: string;
  readonly planDigest?: string;
  /** Digest of the configuration its plan was made under; absent before there is one, and of plans of older versions. */
  readonly plannedUnder?: string;
  /** Why a cycle that was asked to be incremental looked at everything after all; absent where it did not. */
  readonly everything?: string;
  readonly planCounts?: PlanCounts;
  readonly notices: readonly Notice[];
  readonly verdict?: Verdict;
  readonly cancelRequested: boolean;
  /** Why, when it was not an operator who asked for it. */
  readonly cancelReason?: string;
  readonly result?: CycleResult;
  /** Why it failed or was refused, with what to do. */
  readonly failure?: { readonly message: string; readonly remedy?: string };
  /** What the gathering has reached, for progress displays only. */
  readonly progress?: { readonly what: string; readonly done: number; readonly total?: number };
  /** Set when a migration started it. */
  readonly migration?: CycleMigration;
  /** How often the cycle was taken up (1 unless a process died). */
  readonly attempts: number;
  /** Operations of the plan that were not sent because their escrow was not due; absent where there are none. */
  readonly putAside?: number;
}

/** An operation as stored, with where it stands. */
export interface OperationRecord {
  readonly cycle: string;
  readonly sequence: number;
  readonly operation: Operation;
  readonly state: OperationState;
  readonly attempts: number;
  /** The first guard that holds it, or that holds what it waits for. */
  readonly heldBy?: string;
  /** Every guard that holds it; where somebody is shown it. */
  readonly guards?: readonly GuardName[];
  /** Holds whose approvals let it through. */
  readonly approvals?: readonly string[];
  readonly exported?: Exported;
  readonly failure?: OperationFailure;
  /** Every write of its attempts, in order, where the cycle is a migration's, whose journal tells them. */
  readonly sent?: readonly SentWrite[];
  readonly settledAt?: number;
}

/** Cycles, their operations and slices. The database, not the caller, keeps "one open cycle per connection". */
export interface CycleStore {
  /**
   * Opens a cycle. RefusedError: 'cycle-open' when the connection has one, 'migration-open' while a migration other than
   * the one that starts this cycle is open, 'connection-off' once the connection was switched off.
   */
  open(cycle: {
    readonly connection: string;
    readonly kind: CycleKind;
    readonly requestedBy: string;
    readonly expectedDigest?: string;
    readonly migration?: CycleMigration;
    readonly subject?: CycleSubject;
  }): Promise<CycleRecord>;
  get(id: string): Promise<CycleRecord | undefined>;
  /** Ids of cycles that begin like this, newest first. */
  idsBeginningWith(beginning: string, limit: number): Promise<readonly string[]>;
  openCycle(connection: string): Promise<CycleRecord | undefined>;
  /** Newest first; `planned`: only those whose plan was stored. */
  list(filter: {
    readonly connection?: string;
    readonly kind?: CycleKind;
    readonly result?: CycleResult;
    readonly planned?: true;
    readonly limit: number;
  }): Promise<readonly CycleRecord[]>;
  /** All cycles that are not closed, for the sweeper. */
  listOpen(): Promise<readonly CycleRecord[]>;
  /**
   * Takes or renews the right to gather and plan this cycle for `leaseMs`. False when another live worker has it, or the
   * cycle is past planning.
   */
  leaseGathering(id: string, worker: string, leaseMs: number): Promise<boolean>;
  setProgress(id: string, progress: NonNullable<CycleRecord['progress']>): Promise<void>;
  /**
   * Saves plan, verdict and operations in one transaction and moves the cycle to exporting. Held operations are stored
   * as held, those `aside` (by key) as escrowed, with why, and the connection's holds open, change and lift with it.
   * `staged` becomes the connection's baseline when the cycle closes well; links remember `memories` in the same
   * transaction, so that no delay is forgotten whose user the baseline has passed. `under` is the digest of the
   * configuration the plan was made under, `everything` why an incremental cycle looked at all,
   * `skips` whom it passed over. Nothing happens when the cycle is past planning or `worker` lost its lease.
   */
  savePlan(
    id: string,
    worker: string,
    plan: Plan,
    verdict: Verdict,
    staged?: Baseline,
    kept?: {
      readonly memories?: readonly LinkMemory[];
      readonly aside?: ReadonlyMap<string, OperationFailure>;
      readonly under?: string;
      readonly everything?: string;
      readonly skips?: Skips;
    },
  ): Promise<boolean>;
  /** The baseline of the last committed cycle, if any, with what it left unsettled and what later cycles may have sent. */
  baseline(
    connection: string,
  ): Promise<{ readonly baseline: Baseline; readonly unsettled: readonly Operation[] } | undefined>;
  /** Asks for an open cycle to be stopped; a reason is shown with how it ended. False when it is closed. */
  requestCancel(id: string, reason?: string): Promise<boolean>;
  /** Moves on only from `from`; false when the cycle is no longer there. */
  setPhase(id: string, from: CyclePhase, to: CyclePhase): Promise<boolean>;
  /** Closes an open cycle once; waiting operations become cancelled. False when it was closed already. */
  close(
    id: string,
    result: CycleResult,
    failure?: CycleRecord['failure'],
    details?: { readonly plan?: Plan; readonly verdict?: Verdict; readonly everything?: string },
  ): Promise<boolean>;
  counts(id: string): Promise<OperationCounts>;
  openSlices(id: string): Promise<readonly string[]>;
  /** Earliest time a waiting operation of the wave may be sent; undefined when one may go at `now` or none waits. */
  waitingUntil(id: string, wave: Wave, now: number): Promise<number | undefined>;
  /**
   * Leaves to the next cycle what of the wave waits for its own resource, and is not out with a slice, until later than
   * `after` (ms since the epoch), with everything later that is planned for the same resources. Returns how many operations.
   */
  putOff(id: string, wave: Wave, after: number): Promise<number>;
  /** Cuts up to `slices` new slices of at most `size` sendable operations from the wave. Returns their ids. */
  cutSlices(
    id: string,
    wave: Wave,
    slices: number,
    size: number,
    now: number,
    passOver?: PassedOver,
  ): Promise<readonly string[]>;
  /** Marks a slice in flight under a lease, before its first request. After a dead worker every operation is in doubt. */
  startSlice(slice: string, worker: string, leaseMs: number): Promise<SliceStart>;
  renewSlice(slice: string, worker: string, leaseMs: number): Promise<boolean>;
  /** Records all outcomes, and the links that follow, in one transaction. False when the lease was lost. */
  recordSlice(slice: string, worker: string, results: readonly OperationResult[]): Promise<boolean>;
  /** What closed cycles of a connection left in doubt, oldest first, unless something was exported for the same since. */
  leftInDoubt(connection: string): Promise<readonly LeftInDoubt[]>;
  /** Records what became of operations a closed cycle left in doubt, with their links; once, whoever else settled them. */
  recordLeft(cycle: string, results: readonly LeftResult[]): Promise<void>;
  /** As they may be shown, without secrets. */
  operations(
    id: string,
    filter: { readonly states?: readonly OperationState[]; readonly after?: number; readonly limit: number },
  ): Promise<readonly OperationRecord[]>;
  /** Newest first, over all cycles of the connection, as they may be shown. */
  operationsOf(connection: string, anchor: Anchor, limit: number): Promise<readonly OperationRecord[]>;
  /** Gives up the leases of workers that are known to be dead (embedded store: every other worker). */
  releaseLeases(exceptWorker: string): Promise<number>;
}

/** The links of each connection. Loaded whole, in aggregated chunks. */
export interface LinkStore {
  load(connection: string): Promise<readonly Link[]>;
  find(connection: string, resource: Link['resource'], anchors: readonly Anchor[]): Promise<ReadonlyMap<Anchor, Link>>;
  /** Links by `<resource>.<state>`. */
  counts(connection: string): Promise<Readonly<Record<string, number>>>;
  /** Users whose next removal step is due by `now`, whether or not it was tried already. */
  due(connection: string, now: number): Promise<readonly Anchor[]>;
  /** Living links with a removal still to come, the next one first, and how many there are. */
  leaving(connection: string, limit: number): Promise<{ readonly total: number; readonly links: readonly Link[] }>;
  /** Users with a living account who wait for a reference to one of these. */
  awaiting(connection: string, anchors: readonly Anchor[]): Promise<readonly Anchor[]>;
  /** Living links of groups, and of accounts whose remembered paths lead through one of these groups. */
  groups(connection: string): Promise<readonly Link[]>;
  reachedThrough(connection: string, groups: readonly Anchor[]): Promise<readonly Anchor[]>;
  /** Every living link that leads to one of these resources, whoever's it is. */
  ownersOf(connection: string, resource: Link['resource'], ids: readonly ResourceId[]): Promise<readonly Link[]>;
  /** Living links by anchor, or by the name they were last known under, without case. Reads every link. */
  named(connection: string, name: string): Promise<readonly Link[]>;
  /** Memberships over all living group links. */
  membershipCount(connection: string): Promise<number>;
  /** Living links by kind (accounts first) and anchor, after that place. */
  list(
    connection: string,
    page: { readonly after?: Pick<Link, 'resource' | 'anchor'>; readonly limit: number },
  ): Promise<readonly Link[]>;
  /**
   * Forgets exactly these links, memberships of their users with them, and the baseline, so that the next cycle looks at
   * everything; cancels what was left in doubt for them, apart from creations; keeps who did so and why. RefusedError, and nothing has changed: 'cycle-open', 'migration-open',
   * 'connection-off' as for opening a cycle, 'plan-stale' when a link is not there any more or leads elsewhere.
   */
  forget(
    connection: string,
    links: readonly Pick<Link, 'resource' | 'anchor' | 'resourceId'>[],
    act: Omit<RecoveryAct, 'act'>,
  ): Promise<void>;
  /** Fills the links of a connection that has none yet with those of another store, all or nothing. */
  restore(connection: string, links: readonly Link[]): Promise<void>;
}

/** What the daemon remembers about a connection between cycles. */
export interface ConnectionState {
  readonly connection: string;
  /** Set while a person wants nothing to be sent. It never ends by itself. */
  readonly pausedReason?: string;
  readonly pausedAt?: number;
  /** No request before this time (Retry-After). */
  readonly throttledUntil?: number;
  readonly schedulesPaused: boolean;
  /** Absent while the connection is healthy. */
  readonly quarantine?: Quarantined;
  /** The pace of the newest slices; absent before the first. */
  readonly pace?: SeenPace;
  /** Set once SCIM was switched off for good: no request goes to this provider any more. */
  readonly switchedOffAt?: number;
}

/** What a connection works on, for processes that do not have it in their configuration. */
export interface WorksOn {
  readonly connection: string;
  readonly application: string;
  readonly tenant: string;
  /** Digest of where the service provider is. */
  readonly provider: string;
}

export interface ConnectionStore {
  get(connection: string): Promise<ConnectionState>;
  /** False when it was paused already: the first reason stays. */
  pause(connection: string, reason: string): Promise<boolean>;
  /**
   * Changes why it is paused by a pure function, one change after the other whoever asks: undefined for not at all. It counts as
   * paused since it first was. Nothing is written when the function returns what it was given.
   */
  changePause(connection: string, change: (reason: string | undefined) => string | undefined): Promise<void>;
  /** Clears a person's pause, and what a provider's Retry-After still asks to wait. False when there was neither. */
  resume(connection: string): Promise<boolean>;
  throttle(connection: string, until: number): Promise<void>;
  setSchedulesPaused(connection: string, paused: boolean): Promise<void>;
  /**
   * Changes how a connection is by a pure function, one change after the other whoever asks. Returns what it was and is;
   * nothing is written when the function returns what it was given.
   */
  changeHealth(
    connection: string,
    change: (health: Health) => Health,
  ): Promise<{ readonly before: Health; readonly after: Health }>;
  setPace(connection: string, pace: SeenPace): Promise<void>;
  /** Keeps what connections work on. Written only where it is new, or older than an hour. */
  tell(connections: readonly WorksOn[]): Promise<void>;
  /** What was told since then, ms since the epoch, by name; not of connections that were switched off. */
  told(since: number): Promise<readonly WorksOn[]>;
  /** Switches the connection off for good. There is no way back by design. */
  switchOff(connection: string): Promise<void>;
}

/** Everything durable. */
export interface Stores {
  readonly cycles: CycleStore;
  readonly links: LinkStore;
  readonly connections: ConnectionStore;
  readonly credentials: CredentialStore;
  readonly notifications: NotificationStore;
  readonly log: ProvisioningLog;
  readonly holds: HoldStore;
  readonly escrows: EscrowStore;
  readonly migrations: MigrationStore;
  readonly drift: DriftStore;
  ping(): Promise<void>;
  /** How far the clock here is ahead of the database's, in ms. */
  clockAheadMs(): Promise<number>;
}
