import type { Anchor } from './directory.ts';

/** Why a cycle passed somebody over. Names of Entra's provisioning logs where one fits (Learn: application-provisioning-log-analytics, "Error codes"). */
export type SkipCode =
  | 'NotEffectivelyEntitled'
  | 'EntrySynchronizationSkipped'
  | 'ImportSkipped'
  | 'MissingValues'
  | 'MandatoryFieldsMissing'
  | 'InvalidUserName'
  | 'GroupsNotSupported';

/** Somebody, or a directory group, that is assigned and was not provisioned by a cycle, and why. */
export interface Skip {
  readonly resource: 'account' | 'group';
  readonly anchor: Anchor;
  /** userPrincipalName or group name. Personal data: store and CLI only. */
  readonly name: string;
  readonly code: SkipCode;
  /** Names attributes and filters, never a value of the user's. */
  readonly text: string;
}

/** Whom a cycle passed over, of those it looked at. */
export interface Skips {
  readonly skipped: readonly Skip[];
  /** Whom the cycle looked at, by anchor; absent when that was everybody. */
  readonly among?: readonly Anchor[];
  /** Tells of all of them, also of those that were told of before: somebody asked for them by name. */
  readonly tellAll: boolean;
}

/** What of the skips is to be stored. */
export interface SkipChanges {
  /** To be logged: new ones, and those whose name or reason changed. */
  readonly told: readonly Skip[];
  /** Known ones that are over, or that what is told now replaces. */
  readonly over: readonly Skip[];
}

function keyOf({ resource, anchor }: Skip): string {
  return `${resource} ${anchor}`;
}

function isSame(one: Skip, other: Skip): boolean {
  return one.code === other.code && one.text === other.text && one.name === other.name;
}

/**
 * What a cycle adds to the log of those it passed over: `known` are the ones told of before and not over since, of
 * whom the cycle looked at. Who is passed over for the same reason again is not told of twice: with every cycle the
 * log would grow by everybody without an account.
 */
export function skipChanges(
  known: readonly Skip[],
  { skipped, tellAll }: Pick<Skips, 'skipped' | 'tellAll'>,
): SkipChanges {
  const before = new Map(known.map((skip) => [keyOf(skip), skip]));
  const told: Skip[] = [];
  for (const skip of skipped) {
    const key = keyOf(skip);
    const last = before.get(key);
    if (last !== undefined && !tellAll && isSame(last, skip)) before.delete(key);
    else told.push(skip);
  }
  return { told, over: [...before.values()] };
}
