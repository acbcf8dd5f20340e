import type { ConnectionRules } from '../connection.ts';
import type { CycleKind } from '../cycle.ts';
import type { Departure, WaitingRemoval } from '../departure.ts';
import type { DirectoryCauses } from '../drift.ts';
import type { Anchor, DirectorySnapshot } from '../directory.ts';
import type { Link } from '../link.ts';
import type { CompiledMapping } from '../mapping/compile-mapping.ts';
import type { Operation } from '../operation.ts';
import type { Notice } from '../plan.ts';
import type { ProviderProfile } from '../profile.ts';
import type { ProviderInventory, Vanished } from '../provider-inventory.ts';
import type { ResourceId } from '../scim.ts';

/**
 * What an incremental or on-demand cycle looks at. Everything else is left as the last cycle left it: a user outside the focus is
 * neither entitled nor not entitled here, and nothing may be concluded about them.
 */
export interface Focus {
  readonly users: ReadonlySet<Anchor>;
  /** Groups whose own attributes are compared. Their members are compared through the users. */
  readonly groups: ReadonlySet<Anchor>;
  /** What is linked in all, which the few links of the focus do not tell. */
  readonly linked: LinkedTotals;
  /** On demand nothing else may be touched, and the members of the groups of the focus are all in it. */
  readonly only?: boolean;
}

/** Users of whom Headgate may not remember that they are members, and of whom it may remember it although they are not. */
export interface UnsureMembers {
  readonly inside: ReadonlySet<Anchor>;
  readonly outside: ReadonlySet<Anchor>;
}

/** Living links of a connection: the base of the guards' percentages. */
export interface LinkedTotals {
  readonly accounts: number;
  readonly groups: number;
  readonly members: number;
}

/** Everything a plan is made from. Gathered first, judged afterwards: planning reads nothing else. */
export interface PlanInput {
  readonly kind: CycleKind;
  readonly rules: ConnectionRules;
  readonly mapping: CompiledMapping;
  readonly profile: ProviderProfile;
  readonly directory: DirectorySnapshot;
  readonly links: readonly Link[];
  /** What the provider holds. Where its listing is not trusted, the objects looked up one by one. */
  readonly inventory: ProviderInventory;
  /** Linked resources missing from the listing for which the provider answered "not found" when asked by id. */
  readonly vanished: Vanished;
  /** When the directory was read, in ms since the epoch: decides which delays are over, and nothing else. */
  readonly now: number;
  /** Whose the accounts of some linked users are by now, in words: what is planned by these links is held. */
  readonly givenAway?: ReadonlyMap<Anchor, string>;
  /** Groups a migration ends: deleted once they are out of scope, whatever the policy says about delays or keeping. */
  readonly ending?: ReadonlySet<Anchor>;
  /** Present in an incremental or on-demand cycle; absent when everything is looked at. */
  readonly focus?: Focus;
  /** By group, members whom memory may have wrong. */
  readonly unsure?: ReadonlyMap<Anchor, UnsureMembers>;
  /** Present when what was changed by hand is to be told from what the directory changed. */
  readonly causes?: DirectoryCauses;
}

/** Operations that must not be sent because two users, or two groups, claim the same thing at the provider. */
export interface Collision {
  readonly text: string;
  /** What to do about it, where that is not to mend the matching attribute. */
  readonly remedy?: string;
  /** Keys of the operations concerned. */
  readonly operations: readonly string[];
  /** Accounts an entitled user matches and could not be joined with. */
  readonly accounts?: readonly ResourceId[];
}

/** Why no account can be made of an entitled user, or theirs cannot be kept up to date. */
export interface MappingProblem {
  readonly code: 'MissingValues' | 'MandatoryFieldsMissing' | 'InvalidUserName';
  readonly why: string;
}

/** An entitled user who could not be mapped, and why. */
export interface Unmapped extends MappingProblem {
  readonly anchor: Anchor;
}

/** What the planning steps add to, one after the other. */
export interface PlanDraft {
  readonly operations: Operation[];
  readonly notices: Notice[];
  readonly collisions: Collision[];
  /** Removals that are not due yet. */
  readonly waiting: WaitingRemoval[];
  /** How users and groups left, for links that remember something else. */
  readonly departures: { readonly link: Link; readonly departure: Departure }[];
}

/** A notice carries at most this many anchors; its text has the full number. */
const MOST_ANCHORS = 100;

/** Adds a notice about some objects, unless there are none. */
export function notice(draft: PlanDraft, code: Notice['code'], text: string, anchors: readonly string[]): void {
  if (anchors.length > 0) draft.notices.push({ code, text, anchors: anchors.toSorted().slice(0, MOST_ANCHORS) });
}
