import { createHash } from 'node:crypto';
import type { CycleKind } from './cycle.ts';
import type { Operation } from './operation.ts';
import { shownOperation } from './without-secrets.ts';

/** Something an operator should know about the plan that is no operation: nested groups found, users left out. */
export interface Notice {
  readonly code:
    | 'nested-groups'
    | 'users-left-out'
    | 'group-names-collide'
    | 'unsupported-attributes'
    | 'ambiguous-match'
    | 'account-unverified'
    | 'group-not-owned'
    | 'account-active-again'
    | 'group-not-renamed'
    | 'groups-unsupported'
    | 'protected-unknown'
    | 'drift'
    | 'list-doubted'
    | 'mapping-failed';
  readonly text: string;
  /** Anchors concerned, at most a hundred; the text carries the full number. */
  readonly anchors: readonly string[];
}

/** An immutable, sorted, serialisable value. The same input gives the same bytes and the same digest. */
export interface Plan {
  readonly version: 1;
  readonly connection: string;
  readonly kind: CycleKind;
  /** Digest of the rules and profile the plan was made with: a changed configuration makes a plan stale. */
  readonly rulesDigest: string;
  readonly operations: readonly Operation[];
  readonly notices: readonly Notice[];
  readonly counts: PlanCounts;
  /** SHA-256 over everything above in canonical form. */
  readonly digest: string;
}

export interface PlanCounts {
  readonly entitledUsers: number;
  readonly entitledGroups: number;
  /** Entitled users of whom the mapping makes nothing; absent when there are none. */
  readonly unmappedUsers?: number;
  readonly linkedAccounts: number;
  readonly linkedGroups: number;
  /** Memberships Headgate has made, over all linked groups. */
  readonly linkedMembers: number;
  /** Operations by `<resource>.<kind>`. */
  readonly operations: Readonly<Record<string, number>>;
  readonly membersAdded: number;
  readonly membersRemoved: number;
}

/** JSON with object keys sorted, so that equal values have equal text. Maps and undefined are not plan values. */
export function canonicalJson(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** SHA-256 of a value's canonical JSON, as lower-case hex. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

/** Enough of a digest to tell two apart, and to decide by. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 12);
}

/** Operations in the order they are shown and sent: by wave, then by key. */
export function sortOperations(operations: Operation[]): readonly Operation[] {
  return operations.sort((a, b) => a.wave - b.wave || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0));
}

/**
 * Seals a plan: hashes operation by operation, so that a plan of a million operations needs no second copy in memory. They
 * are hashed as they are shown: a plan that somebody saved is without secrets, and has to fit its digest.
 */
export function sealPlan(plan: Omit<Plan, 'digest' | 'version'>): Plan {
  const hash = createHash('sha256');
  const { operations, ...head } = plan;
  hash.update(canonicalJson(head));
  for (const operation of operations) hash.update('\n').update(canonicalJson(shownOperation(operation)));
  return { version: 1, ...plan, digest: hash.digest('hex') };
}
