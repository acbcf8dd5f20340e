import type { Escrow, EscrowKey } from '../core/escrow.ts';

/** What a person did about an escrow, a quarantine or links. Kept for good. */
export interface RecoveryAct {
  readonly act: 'escrow-retry' | 'escrow-drop' | 'quarantine-release' | 'links-forgotten';
  /** Which need, the connection, or how many links and by which digest. */
  readonly subject: string;
  /** Ms since the epoch. */
  readonly at: number;
  readonly by: string;
  readonly reason?: string;
}

/** How many needs of a connection are in escrow. */
export interface EscrowTotals {
  readonly accounts: number;
  readonly groups: number;
  /** Those that are not sent again yet. */
  readonly waiting: number;
  /** Since when the oldest is there, ms since the epoch. */
  readonly oldest?: number;
}

/** What somebody asks of needs in escrow: of one resource, by anchor or by name, or of all. */
export interface EscrowRequest {
  readonly connection: string;
  readonly who?: string;
  readonly by: string;
  readonly reason?: string;
  /** Ms since the epoch. */
  readonly at: number;
}

/** Needs that could not be fulfilled, over cycles. */
export interface EscrowStore {
  /** All of a connection, for planning. */
  load(connection: string): Promise<readonly Escrow[]>;
  /** Oldest first; of one resource where `who` (anchor or name) is given. */
  list(connection: string, filter: { readonly who?: string; readonly limit: number }): Promise<readonly Escrow[]>;
  totals(connection: string, now: number): Promise<EscrowTotals>;
  find(connection: string, keys: readonly EscrowKey[]): Promise<readonly Escrow[]>;
  put(connection: string, escrows: readonly Escrow[]): Promise<void>;
  /** Forgets those of these needs that are in escrow, because they were fulfilled or are none any more. */
  lift(connection: string, keys: readonly EscrowKey[]): Promise<number>;
  /** Makes them due at once, and keeps who asked and why. Returns how many. */
  retry(request: EscrowRequest): Promise<number>;
  /** Forgets them, with their delays; what is still needed is planned anew. Returns how many. */
  drop(request: EscrowRequest): Promise<number>;
  recordAct(connection: string, act: RecoveryAct): Promise<void>;
  /** Newest first. */
  acts(connection: string, limit: number): Promise<readonly RecoveryAct[]>;
}

/** The pace at which operations were sent last, as the store remembers it for every process to show. */
export interface SeenPace {
  readonly operationsPerSecond: number;
  /** Requests in flight allowed at present. */
  readonly concurrency: number;
  /** Requests a second allowed at present; absent where only concurrency limits them. */
  readonly requestsPerSecond?: number;
  /** Ms since the epoch. */
  readonly at: number;
}
