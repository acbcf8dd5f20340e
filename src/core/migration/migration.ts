import { firstReason, pausedBefore } from '../pause-reason.ts';
import type { Anchor } from '../directory.ts';

/** `remove-groups` takes some groups out of the connection; `disable-scim` takes all and then switches it off. */
export const MIGRATION_KINDS = ['remove-groups', 'disable-scim'] as const;
export type MigrationKind = (typeof MIGRATION_KINDS)[number];

/** Who provisions while a migration goes on: Headgate itself, or Entra's own provisioning service, which Headgate accompanies. */
export type MigrationEngine = 'headgate' | 'entra';

/** What a migration does, in order. Nothing is ever skipped. */
export const FORWARD_STEPS = [
  'survey',
  'assign-directly',
  'empty-groups',
  'unassign-groups',
  'canary',
  'full-cycle',
  'verify',
  'disable-connection',
  'revoke-token',
  'report',
] as const;
/**
 * What undoes it, in order: the groups are back and seen to be back before any direct assignment is withdrawn. Whom no cycle
 * puts back, Headgate puts back after it. With Entra's engine the next whole cycle makes the groups anew that it has deleted,
 * and not before it is anybody put into the others: one under way could still delete a group, members and all.
 */
export const ROLLBACK_STEPS = [
  'reassign-groups',
  'restore-cycle',
  'refill-groups',
  'withdraw-assignments',
  'report',
] as const;

/**
 * With Entra's engine nothing is taken away before one of its cycles has seen the direct assignments, and the canary is a
 * group that is unassigned before the others, because that engine deletes whatever it finds unassigned.
 */
export const FORWARD_STEPS_OF_ENTRA = [
  'survey',
  'assign-directly',
  'assignments-cycle',
  'empty-groups',
  'canary',
  'unassign-groups',
  'full-cycle',
  'verify',
  'disable-connection',
  'revoke-token',
  'report',
] as const;
export type MigrationStep =
  (typeof FORWARD_STEPS)[number] | (typeof FORWARD_STEPS_OF_ENTRA)[number] | (typeof ROLLBACK_STEPS)[number];

/** Where a person must say yes. Each stands before one step; silence means no. */
export const MIGRATION_GATES = ['coverage', 'disable', 'revocation'] as const;
export type MigrationGate = (typeof MIGRATION_GATES)[number];

/** The gate before a step. */
export const GATE_BEFORE: Readonly<Partial<Record<MigrationStep, MigrationGate>>> = {
  'empty-groups': 'coverage',
  'disable-connection': 'disable',
  'revoke-token': 'revocation',
};

/** Findings of the survey that stop a migration unless the one who starts it accepts them by name. */
export const CONSENTS = [
  'user-without-account',
  'user-disabled',
  'members-unreadable',
  'foreign-members',
  'access-by-groups',
  'assignment-limit',
  'delete-threshold',
  'unclaimed-accounts',
  'shared-group',
  'group-elsewhere',
  'shared-token',
  'other-configuration',
] as const;
export type Consent = (typeof CONSENTS)[number];

/** Who asked, where a request does not say. */
export const UNNAMED = 'api';

export interface MigrationOptions {
  /** Whoever started it may not approve it, by the names callers give: one API token serves them all. */
  readonly twoPeople: boolean;
  /** How long an approval is good for, in ms. */
  readonly approvalMs: number;
  /** Findings accepted by name. */
  readonly accept: readonly Consent[];
}

/** What somebody asks for. */
export interface MigrationRequest {
  readonly connection: string;
  readonly kind: MigrationKind;
  /** Directory groups by object id. All assigned ones for `disable-scim`. */
  readonly groups: readonly Anchor[];
}

/** What a cycle that a migration starts must keep to. */
export interface CycleMigration {
  readonly id: string;
  /** `forward`: it sends deletes of these groups and nothing else. `rollback`: anything but a removal of a user, also of one from another group. */
  readonly mode: MigrationMode;
  readonly groups: readonly Anchor[];
}

/** How a migration ended. */
export type MigrationResult = 'succeeded' | 'aborted' | 'rolled-back';

const FREEZING = { aborted: 'was aborted', 'rolled-back': 'was rolled back' } as const;

/** How a migration may end that freezes its connection. */
export type FreezingResult = keyof typeof FREEZING;

function beginningOf(migration: string, result: FreezingResult): string {
  return `migration ${migration} ${FREEZING[result]}: `;
}

/**
 * Why a connection is paused that a migration freezes as it ends. What it was paused for already stands behind: where that
 * ends by itself, as with a new token, the freeze must not end with it.
 */
export function freezeReason(
  migration: string,
  result: FreezingResult,
  why: string,
  pausedReason: string | undefined,
): string {
  return pausedBefore(`${beginningOf(migration, result)}${why}`, thawedReason(migration, pausedReason));
}

/** Why a migration has frozen a connection paused for this reason; undefined where it was not this one. */
export function frozenBecause(migration: string, pausedReason: string | undefined): string | undefined {
  return readFreeze(migration, pausedReason)?.why;
}

/** What a connection stays paused for once this migration's freeze is lifted; undefined where nothing is left. */
export function thawedReason(migration: string, pausedReason: string | undefined): string | undefined {
  const freeze = readFreeze(migration, pausedReason);
  return freeze === undefined ? pausedReason : freeze.before;
}

function readFreeze(
  migration: string,
  pausedReason: string | undefined,
): { readonly why: string; readonly before?: string } | undefined {
  const beginnings = [beginningOf(migration, 'aborted'), beginningOf(migration, 'rolled-back')];
  const beginning = beginnings.find((one) => pausedReason?.startsWith(one) === true);
  if (beginning === undefined || pausedReason === undefined) return undefined;
  return firstReason(pausedReason.slice(beginning.length));
}

export type MigrationMode = 'forward' | 'rollback';

const ONLY_WHEN_DISABLING: ReadonlySet<MigrationStep> = new Set(['disable-connection', 'revoke-token']);

/** The steps of a migration, in order. */
export function stepsOf(kind: MigrationKind, mode: MigrationMode, engine: MigrationEngine): readonly MigrationStep[] {
  if (mode === 'rollback') return ROLLBACK_STEPS;
  const forward: readonly MigrationStep[] = engine === 'entra' ? FORWARD_STEPS_OF_ENTRA : FORWARD_STEPS;
  return forward.filter((step) => kind === 'disable-scim' || !ONLY_WHEN_DISABLING.has(step));
}
