import type { DriftPolicy } from './drift.ts';
import type { AttributeMapping } from './mapping/attribute-mapping.ts';
import type { ScopingFilter } from './scoping-filter.ts';
import type { DecidableGuard } from './verdict.ts';

/** What to do with an account whose user is no longer entitled. */
export type DeprovisionAction = RemovalAction | 'keep';
export type RemovalAction = 'disable' | 'delete';

/** The policy for one cause: what to do, and how long to wait with it. */
export interface DeprovisionRule {
  readonly action: DeprovisionAction;
  /** Grace delay in ms from when the cause was first noticed; 0: at once. */
  readonly afterMs: number;
}

/** Why a user is no longer entitled (design section 4). */
export const REMOVAL_CAUSES = ['unassigned', 'disabled', 'softDeleted', 'hardDeleted', 'filtered'] as const;
export type RemovalCause = (typeof REMOVAL_CAUSES)[number];

/** At most this many removals, by count and by share of what is linked; whichever is passed first holds them. */
export interface RemovalLimit {
  readonly count: number;
  /** Percent of the linked resources of that kind, 0 to 100. */
  readonly percent: number;
}

/** Removals are counted apart, so that many harmless ones of one kind cannot hide a few grave ones of another. */
export const REMOVAL_KINDS = ['accountsDisabled', 'accountsDeleted', 'groupsDeleted', 'membersRemoved'] as const;
export type RemovalKind = (typeof REMOVAL_KINDS)[number];

/** Limits of the guard `too-many-removals`: one for all kinds, or one of its own for a kind. */
export interface RemovalLimits extends RemovalLimit, Readonly<Partial<Record<RemovalKind, RemovalLimit | undefined>>> {
  /** Members taken out of a single group that stays. */
  readonly membersOfOneGroup: RemovalLimit;
  /** Removals carried out within so many hours count together with what is planned. */
  readonly windowHours: number;
}

/** The part of a connection's configuration that decides what the plan holds. Plain data, digestible. */
export interface ConnectionRules {
  readonly name: string;
  /** appId of the enterprise application. */
  readonly application: string;
  /** Set when Entra's own provisioning service provisions it: then Headgate sends no cycle, and only accompanies migrations. */
  readonly engine?: 'entra';
  readonly scope: {
    /** Whether directory groups are provisioned as SCIM groups. */
    readonly groups: boolean;
    readonly nestedGroups: 'direct' | 'expand';
    /** Of those the assignments reach, whoever passes one of these; absent: everybody. */
    readonly filters?: readonly ScopingFilter[];
  };
  readonly mapping: readonly AttributeMapping[];
  readonly deprovision: Readonly<Record<RemovalCause, DeprovisionRule>>;
  /** What a full cycle does about changes made by hand at the provider. */
  readonly drift: DriftPolicy;
  readonly guards: {
    readonly tooManyRemovals: RemovalLimits;
    /** People who lose their only path, one group. */
    readonly groupCliff: RemovalLimit;
    /** Users (object id or userPrincipalName) whose accounts are never disabled or deleted. */
    readonly protectedAccounts: readonly string[];
    /** What a token whose owner nobody knows means: a warning (also when absent), or that no account is taken away. */
    readonly tokenOwner?: 'warn' | 'strict';
    /** How long an approval lets held operations through, in hours. */
    readonly approvalHours: number;
    /** Guards that are switched off. */
    readonly off: readonly DecidableGuard[];
  };
}
