import type { ConnectionRules } from '../connection.ts';
import type { WaitingRemoval } from '../departure.ts';
import type { Anchor, DirectorySnapshot } from '../directory.ts';
import type { Link, RememberedPath } from '../link.ts';
import type { CycleMigration } from '../migration/migration.ts';
import type { Operation } from '../operation.ts';
import type { Plan } from '../plan.ts';
import type { Collision } from '../planning/plan-input.ts';
import type { Effect } from '../profile.ts';
import type { Finding } from '../verdict.ts';
import type { GuardedCredential } from './token-owner.ts';

/**
 * A removal that was carried out without an approval, or may have been, and still stands: nobody it concerns has the
 * account or the group again.
 */
export interface PastRemoval {
  readonly resource: Operation['resource'];
  readonly kind: 'disable' | 'delete' | 'members';
  readonly effect?: Effect;
  /** Why an account was removed. */
  readonly cause?: string;
  readonly anchor: Anchor;
  /** Users taken out of the group. */
  readonly members: readonly Anchor[];
  /** Members a deleted group still had. */
  readonly taken: number;
  /** The ways its user was last in scope. */
  readonly paths: readonly RememberedPath[];
}

/** Whether the directory's own provisioning engine works on the same application. */
export type NativeJobs =
  | { readonly known: true; readonly active: readonly string[] }
  | { readonly known: false; readonly why: string; readonly remedy: string };

/** The other connection that has an active link to a resource of the same service provider, by `sharedKey`. */
export type SharedResources = ReadonlyMap<string, string>;

/** What guards judge by beside the plan: gathered after planning, for what the plan concerns. */
export interface GuardContext {
  /** Removals of the last `guards.tooManyRemovals.windowHours`. */
  readonly past: readonly PastRemoval[];
  /** Living accounts each group alone gives access to, for the groups of `groupsLost`. */
  readonly soleReach: ReadonlyMap<Anchor, number>;
  readonly nativeJobs: NativeJobs;
  /** What other connections use of what the plan takes away; absent where none writes to the same service provider. */
  readonly shared?: SharedResources;
  /** Credentials of every connection, with who owns them. */
  readonly credentials: readonly GuardedCredential[];
}

/** What guards judge: the plan, and the facts it was made from. */
export interface GuardFacts extends GuardContext {
  readonly plan: Plan;
  readonly rules: ConnectionRules;
  readonly directory: DirectorySnapshot;
  readonly links: readonly Link[];
  readonly collisions: readonly Collision[];
  /** Removals that are not due yet. */
  readonly waiting?: readonly WaitingRemoval[];
  /** Set when a migration started the cycle. */
  readonly migration?: CycleMigration;
}

export type Guard = (facts: GuardFacts) => readonly Finding[];

/**
 * Below this many removals a percentage is not applied: one leaver in a company of five is no accident.
 * Count limits always apply.
 */
export const PERCENT_FLOOR = 5;

/** Which limit so many removals out of `base` pass, in words; undefined when none. */
export function limitPassed(
  removals: number,
  base: number,
  limit: { readonly count: number; readonly percent: number },
): string | undefined {
  if (removals > limit.count) return `more than ${limit.count}`;
  const share = base === 0 ? 0 : (removals * 100) / base;
  if (removals < PERCENT_FLOOR || share <= limit.percent) return undefined;
  return `${share.toFixed(1)} % of ${base}, more than ${limit.percent} %`;
}
