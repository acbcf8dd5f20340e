import type { Anchor } from '../core/directory.ts';
import type { LogEntry, LogOutcome } from '../core/log-entry.ts';
import type { OperationKind } from '../core/operation.ts';

/** A place in the log, opaque to everybody but the store that gave it. */
export type LogCursor = string;

/** Which entries of the log are wanted. Absent means any. */
export interface LogFilter {
  readonly connection?: string | undefined;
  readonly cycle?: string | undefined;
  /** A user by userPrincipalName (any case) or object id: their account, and memberships they gained or lost. */
  readonly user?: string | undefined;
  /** A group by name (any case) or object id. */
  readonly group?: string | undefined;
  /** Kinds of operations: who was skipped is then left out. */
  readonly kinds?: readonly OperationKind[] | undefined;
  readonly outcomes?: readonly LogOutcome[] | undefined;
  /** Settled at or after, in ms since the epoch. */
  readonly since?: number | undefined;
  /** Settled before. */
  readonly until?: number | undefined;
  readonly limit: number;
  /** Entries older than this place, newest first. */
  readonly before?: LogCursor | undefined;
  /** Entries after this place, oldest first: to follow the log. */
  readonly after?: LogCursor | undefined;
}

export interface LogPage {
  /** Newest first; with `after` oldest first. */
  readonly entries: readonly LogEntry[];
  /** Where older entries go on; absent when there are none. */
  readonly older?: LogCursor;
  /**
   * Where following goes on. What was settled in the last moments may still be on its way into the store, so following
   * stays a little behind and then misses nothing and repeats nothing; a page without `after` shows it at once, and the
   * first page after it may repeat it.
   */
  readonly newer: LogCursor;
}

/** What may be forgotten, in ms since the epoch. */
export interface Retention {
  /** Cycles closed before this, with their operations. */
  readonly logBefore: number;
  /** Cycles without any operation or skip closed before this. */
  readonly unchangedBefore: number;
}

/**
 * The provisioning log: what the store keeps of settled operations and of those whom cycles passed over, read as a log,
 * and its end. Derived from the operations themselves, so that nothing has to be written twice.
 */
export interface ProvisioningLog {
  read(filter: LogFilter): Promise<LogPage>;
  /**
   * Forgets at most `most` operations and skips of the oldest cycle that may be forgotten, and the cycle once it has none. Never an
   * open cycle, the one incremental cycles build on, the newest of its kind, the newest planned, nor the last successful.
   * Returns how many rows went; 0 when nothing may.
   */
  prune(retention: Retention, most: number): Promise<number>;
  /**
   * When the directory was last read without showing that these users lose their accounts (ms since the epoch): the start
   * of the last committed cycle before the first that knew of it. Users without such a cycle are missing.
   */
  lastSeenEntitled(cycle: string, anchors: readonly Anchor[]): Promise<ReadonlyMap<Anchor, number>>;
}
