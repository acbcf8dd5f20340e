import type { Anchor } from '../directory.ts';
import type { ResourceId } from '../scim.ts';
import type { MigrationKind, MigrationResult, MigrationStep } from './migration.ts';
import type { ReportedRequest } from './report.ts';
import type { SurveyFinding } from './survey.ts';

/**
 * What a provider may do beyond what its profile says, for a rehearsal of the worst case.
 * - `deleted-group-takes-members`: deleting a group that has members in it removes their accounts.
 * - `last-group-takes-account`: taking an account out of its last group removes the account.
 * - `members-hidden`: groups never show who is in them.
 */
export const ASSUMPTIONS = ['deleted-group-takes-members', 'last-group-takes-account', 'members-hidden'] as const;
export type Assumption = (typeof ASSUMPTIONS)[number];

/** One account as it stood in the copy, before or after. */
export interface RehearsedAccount {
  readonly id: ResourceId;
  readonly userName: string;
  readonly active: boolean;
  /** Names of the SCIM groups it is in, sorted. */
  readonly groups: readonly string[];
}

/** What a migration would do to one person. */
export interface RehearsedPerson {
  /** Absent for an account nobody of ours is linked to. */
  readonly anchor?: Anchor;
  readonly label: string;
  readonly account: ResourceId;
  /** `keeps`: the same account, as active as before. `loses`: it is gone or not active any more. `changes`: anything else. */
  readonly outcome: 'keeps' | 'changes' | 'loses';
  readonly activeBefore: boolean;
  /** Absent when the account is gone. */
  readonly activeAfter?: boolean;
  readonly groupsBefore: readonly string[];
  readonly groupsAfter: readonly string[];
  /** What took it away, or what stands in the way because of this person. */
  readonly why?: string;
}

/** How a rehearsed migration ended. `not-started`: something stands in its way. `stopped`: it waits for a person. */
export interface RehearsalEnd {
  readonly result: MigrationResult | 'not-started' | 'stopped';
  /** Where it was. */
  readonly step?: MigrationStep;
  readonly text: string;
}

/** Why a real migration would not begin or go on as things are. */
export interface Hindrance {
  readonly code: SurveyFinding['code'] | 'no-identity' | 'identity' | 'paused' | 'switched-off' | 'migration-open';
  readonly text: string;
}

/** What a migration would do, carried out on a copy. Names people: it is shown and never logged. */
export interface Rehearsal {
  readonly connection: string;
  readonly kind: MigrationKind;
  readonly groups: readonly { readonly anchor: Anchor; readonly name: string }[];
  /** What the copy held. */
  readonly copied: Readonly<
    Record<'users' | 'directoryGroups' | 'assignments' | 'accounts' | 'scimGroups' | 'links', number>
  >;
  readonly assumed: readonly Assumption[];
  readonly hindrances: readonly Hindrance[];
  readonly findings: readonly SurveyFinding[];
  readonly end: RehearsalEnd;
  /** Every account the provider holds: those who lose it first, of each outcome those with a reason, then those whose groups change, then by name. */
  readonly people: readonly RehearsedPerson[];
  readonly counts: Readonly<Record<RehearsedPerson['outcome'], number>>;
  /** SCIM groups of the migration that were left. */
  readonly groupsLeft: readonly string[];
  /** Every write that was sent, in order. */
  readonly requests: readonly ReportedRequest[];
  /** Whether the journal of the rehearsal was unbroken and its report passed; absent when it did not begin. */
  readonly reportPassed?: boolean;
  /** What only the real migration can show. */
  readonly unknown: readonly string[];
  /** Nothing stands in the way, it came to its end, and everybody keeps their account as it was. */
  readonly safe: boolean;
}

/** What is needed to say of each account what became of it. */
export interface PeopleFacts {
  readonly before: readonly RehearsedAccount[];
  readonly after: readonly RehearsedAccount[];
  readonly owners: ReadonlyMap<ResourceId, { readonly anchor: Anchor; readonly label: string }>;
  /** The write that took an account away, by account. */
  readonly causes: ReadonlyMap<ResourceId, string>;
  readonly findings: readonly SurveyFinding[];
}

/** The names of findings that keep a migration from beginning, by the person they are about. */
function findingOf(findings: readonly SurveyFinding[]): ReadonlyMap<Anchor, string> {
  const reasons = new Map<Anchor, string>();
  for (const { code, severity, anchors } of findings)
    if (severity !== 'note') for (const anchor of anchors) reasons.set(anchor, reasons.get(anchor) ?? code);
  return reasons;
}

const ORDER: Readonly<Record<RehearsedPerson['outcome'], number>> = { loses: 0, changes: 1, keeps: 2 };

/** Pure: what became of each account that was there before. Accounts that came new are no person who could lose one. */
export function peopleOf({ before, after, owners, causes, findings }: PeopleFacts): readonly RehearsedPerson[] {
  const now = new Map(after.map((account) => [account.id, account]));
  const reasons = findingOf(findings);
  const people = before.map((was): RehearsedPerson => {
    const is = now.get(was.id);
    const owner = owners.get(was.id);
    const outcome = outcomeOf(was, is);
    const found = owner === undefined ? undefined : reasons.get(owner.anchor);
    const why = causes.get(was.id) ?? found;
    return {
      ...(owner === undefined ? {} : { anchor: owner.anchor }),
      label: owner?.label ?? was.userName,
      account: was.id,
      outcome,
      activeBefore: was.active,
      ...(is === undefined ? {} : { activeAfter: is.active }),
      groupsBefore: was.groups,
      groupsAfter: is?.groups ?? [],
      ...(why === undefined ? {} : { why }),
    };
  });
  return people.toSorted((a, b) => placeOf(a) - placeOf(b) || (a.label < b.label ? -1 : 1));
}

/** Who keeps everything stands last, those first because of whom the migration does not begin or go on. */
function placeOf({ outcome, why, groupsBefore, groupsAfter }: RehearsedPerson): number {
  const moved = groupsBefore.length !== groupsAfter.length || groupsBefore.some((name, at) => name !== groupsAfter[at]);
  return ORDER[outcome] * 3 + (why !== undefined ? 0 : moved ? 1 : 2);
}

function outcomeOf(was: RehearsedAccount, is: RehearsedAccount | undefined): RehearsedPerson['outcome'] {
  if (is === undefined || (was.active && !is.active)) return 'loses';
  return was.active === is.active && was.userName === is.userName ? 'keeps' : 'changes';
}

/** How many people come out how. */
export function countOutcomes(people: readonly RehearsedPerson[]): Rehearsal['counts'] {
  const counts = { keeps: 0, changes: 0, loses: 0 };
  for (const { outcome } of people) counts[outcome] += 1;
  return counts;
}
