import type { Anchor } from '../core/directory.ts';
import type { PastRemoval } from '../core/guards/facts.ts';
import type { DecidedHold, Decision, HoldEvent, HoldState } from '../core/holds.ts';
import type { StandingHold } from '../core/standing-holds.ts';
import type { Finding, GuardName } from '../core/verdict.ts';

/** A hold as stored: what one guard of one connection keeps back until a person decides or the cause goes. */
export interface HoldRecord {
  readonly id: string;
  readonly connection: string;
  readonly guard: GuardName;
  readonly state: HoldState;
  readonly digest: string;
  /** Operations the newest plan holds by this guard. */
  readonly operations: number;
  /** What the guard said of the newest plan. */
  readonly findings: readonly Omit<Finding, 'operations'>[];
  /** The newest cycle whose plan it held. */
  readonly cycle: string;
  /** Times are ms since the epoch. */
  readonly openedAt: number;
  readonly changedAt: number;
  readonly endedAt?: number;
  readonly decision?: Omit<Decision, 'pieces'>;
}

/** One line of a hold's history: who did what, when and why. */
export interface HoldHistory {
  readonly at: number;
  readonly event: HoldEvent;
  readonly digest: string;
  readonly operations: number;
  /** Absent where nobody did it. */
  readonly by?: string;
  readonly reason?: string;
  readonly until?: number;
}

/** What a person decides about a hold. */
export interface DecideHold {
  readonly kind: Decision['kind'];
  readonly by: string;
  readonly reason: string;
  /** The digest they saw, or its beginning: a hold that changed since is not decided about. */
  readonly digest: string;
  readonly until?: number;
}

export type DecideOutcome =
  /** `stopped` is the open cycle that was to carry out what is rejected now. */
  | { readonly outcome: 'decided'; readonly hold: HoldRecord; readonly stopped?: string }
  /** It holds something else by now. */
  | { readonly outcome: 'changed'; readonly hold: HoldRecord }
  /** It ended: lifted, or carried out. */
  | { readonly outcome: 'ended'; readonly hold: HoldRecord }
  | { readonly outcome: 'unknown' };

/**
 * Holds, who decided what about them and why, and what guards must know of earlier removals. Holds open, change and lift
 * in the transaction that stores a plan, and end as carried out in the one that closes its cycle (CycleStore).
 */
export interface HoldStore {
  /** Newest first; without ended ones unless asked for. */
  list(filter: {
    readonly connection?: string;
    readonly ended: boolean;
    readonly limit: number;
  }): Promise<readonly HoldRecord[]>;
  get(id: string): Promise<{ readonly hold: HoldRecord; readonly history: readonly HoldHistory[] } | undefined>;
  /** A rejection also has the open cycle stopped whose plan an approval of the hold let through, as far as it is not sent. */
  decide(id: string, decision: DecideHold): Promise<DecideOutcome>;
  /** The decisions that stand about open holds of a connection. */
  decided(connection: string): Promise<readonly DecidedHold[]>;
  /** What the open holds of some guards of a connection keep back. */
  standing(connection: string, guards: readonly GuardName[]): Promise<readonly StandingHold[]>;
  /** Removals carried out since then, or perhaps, that nobody approved for their number. */
  pastRemovals(connection: string, since: number): Promise<readonly PastRemoval[]>;
  /** Living accounts whose only remembered path is the group, for each of these groups. */
  soleReach(connection: string, groups: readonly Anchor[]): Promise<ReadonlyMap<Anchor, number>>;
}
