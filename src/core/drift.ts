import type { Anchor } from './directory.ts';
import type { AttributeChange, ResourceId } from './scim.ts';

/** What can be found at the provider that Headgate did not do. */
export const DRIFT_KINDS = [
  'account-deactivated',
  'account-reactivated',
  'account-changed',
  'account-deleted',
  'group-changed',
  'group-deleted',
  'member-added',
  'member-removed',
  'unknown-account',
  'unknown-group',
  'unknown-member',
] as const;
export type DriftKind = (typeof DRIFT_KINDS)[number];

/** What a full cycle does about changes made by hand: undo them, or leave them until the directory has something to say. */
export const DRIFT_POLICIES = ['enforce', 'report'] as const;
export type DriftPolicy = (typeof DRIFT_POLICIES)[number];

/**
 * Whom the directory, or an operation that was not settled, concerns since the last committed cycle. What differs at
 * anybody else was changed at the provider.
 */
export type DirectoryCauses =
  | {
      readonly known: true;
      readonly users: ReadonlySet<Anchor>;
      readonly groups: ReadonlySet<Anchor>;
      /** False where changes of nested groups are not followed. */
      readonly memberships: boolean;
    }
  | { readonly known: false; readonly why: string };

/** One thing that is not as Headgate left it, what that means, and what will happen. */
export interface DriftFinding {
  readonly kind: DriftKind;
  /** What an operator knows it by: userPrincipalName or userName, name of a group. */
  readonly name: string;
  readonly anchor?: Anchor;
  readonly resourceId?: ResourceId;
  /** The SCIM group, for memberships. */
  readonly group?: string;
  /** What differs: `before` is what the provider holds, `after` what it should. */
  readonly changes?: readonly AttributeChange[];
  /** How many, where one finding stands for several. */
  readonly count?: number;
  /** False when the directory may have changed it instead. */
  readonly certain: boolean;
  readonly text: string;
  /** What Headgate does about it. */
  readonly next: string;
}

/** What an audit, or a full cycle that leaves drift alone, has found. */
export interface DriftReport {
  readonly connection: string;
  readonly cycle: string;
  /** Ms since the epoch. */
  readonly at: number;
  readonly policy: DriftPolicy;
  /** All findings by kind; every kind is there. */
  readonly counts: Readonly<Record<DriftKind, number>>;
  /** At most `MOST_LISTED` of each kind. */
  readonly findings: readonly DriftFinding[];
  /** Operations the directory's own changes ask for; the next cycle carries them out. */
  readonly pending: number;
  /** Why it could not be told who changed what, or what may be missing from the report. */
  readonly doubts: readonly string[];
}

/** Findings of one kind that a report lists. */
export const MOST_LISTED = 1000;

/** Findings by kind, every kind present. */
export function countDrift(findings: readonly Pick<DriftFinding, 'kind'>[]): Readonly<Record<DriftKind, number>> {
  const none = { ...NONE };
  for (const { kind } of findings) none[kind] += 1;
  return none;
}

const NONE: Readonly<Record<DriftKind, number>> = {
  'account-deactivated': 0,
  'account-reactivated': 0,
  'account-changed': 0,
  'account-deleted': 0,
  'group-changed': 0,
  'group-deleted': 0,
  'member-added': 0,
  'member-removed': 0,
  'unknown-account': 0,
  'unknown-group': 0,
  'unknown-member': 0,
};

/** True for what somebody has to know about: what Headgate does not know is nobody's mistake. */
export function concernsOurs(kind: DriftKind): boolean {
  return !kind.startsWith('unknown-');
}

/** Findings as a report keeps them: in the order of their kinds, then of names, and not too many. */
export function listDrift(findings: readonly DriftFinding[]): readonly DriftFinding[] {
  return DRIFT_KINDS.flatMap((kind) =>
    findings
      .filter((finding) => finding.kind === kind)
      .sort((a, b) => (a.name < b.name ? -1 : Number(a.name > b.name)))
      .slice(0, MOST_LISTED),
  );
}
