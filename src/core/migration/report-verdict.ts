import type { Anchor } from '../directory.ts';
import type { ResourceId } from '../scim.ts';
import { sinceStandstill } from './standstill.ts';
import type { MigrationState } from './state.ts';
import type { SurveyedGroup } from './survey.ts';

/** One group of a migration as it was found at last. */
export interface ReportedGroup {
  readonly anchor: Anchor;
  readonly name: string;
  /** Whether it has every role it had before; absent where only the provider was asked. */
  readonly assigned?: boolean;
  readonly scimGroup: ResourceId | null;
  /** Absent where the provider does not show members, or was not asked for them. */
  readonly members?: number;
  /** Members the migration took out who are not in it again, where there are any. */
  readonly notBack?: readonly ResourceId[];
}

/**
 * What a migration came to. `passed`: it has succeeded, the same accounts by id are active before and after, and no group is
 * left, and Entra's own job has not run after the last look. `restored`: it was rolled back, the same accounts are active,
 * every group is assigned and there again with whom was taken out of it, no direct assignment of its own is left, and nobody
 * is without a way in. Both need an unbroken journal.
 * `failed` is any other end.
 */
export type ReportVerdict = 'passed' | 'restored' | 'open' | 'failed';

function hasRolesOf(now: SurveyedGroup | undefined, before: SurveyedGroup): boolean {
  const roles = new Set(now?.assignments.map(({ roleId }) => roleId));
  return before.assignments.every(({ roleId }) => roles.has(roleId));
}

/**
 * What became of each group that was there before: as it ended, or as it was verified. Undefined while neither was looked at.
 * `notBack`: who was not in them again when a rollback ended.
 */
export function groupsAfter(
  { before, found, verified }: Pick<MigrationState, 'before' | 'found' | 'verified'>,
  notBack: ReadonlyMap<Anchor, readonly ResourceId[]>,
): readonly ReportedGroup[] | undefined {
  const groups = before?.groups ?? [];
  if (found !== undefined) {
    const now = new Map(found.groups.map((group) => [group.anchor, group]));
    return groups.map((was) => {
      const { anchor, name } = was;
      const is = now.get(anchor);
      const members = is?.scimGroup?.members?.length;
      const assigned = hasRolesOf(is, was);
      const out = notBack.get(anchor);
      return {
        anchor,
        name,
        assigned,
        scimGroup: is?.scimGroup?.id ?? null,
        ...(members === undefined ? {} : { members }),
        ...(out === undefined ? {} : { notBack: out }),
      };
    });
  }
  if (verified === undefined) return undefined;
  const left = new Set(verified.groupsLeft);
  return groups.map(({ anchor, name, scimGroup }) => ({
    anchor,
    name,
    scimGroup: scimGroup !== undefined && left.has(scimGroup.id) ? scimGroup.id : null,
  }));
}

/** Judges a migration by what was found at last; `lost` counts the accounts that were active before and are not any more. */
export function verdictOf(
  { ended, before, leftBehind, nativeJobs }: Pick<MigrationState, 'ended' | 'before' | 'leftBehind' | 'nativeJobs'>,
  found: {
    readonly sound: boolean;
    readonly lost: number;
    /** Whether anybody looked. */
    readonly known: boolean;
    readonly groups: readonly ReportedGroup[] | undefined;
  },
): ReportVerdict {
  if (!found.sound) return 'failed';
  if (ended === undefined) return 'open';
  const groups = found.groups ?? [];
  if (ended.result === 'aborted' || found.lost > 0) return 'failed';
  if (ended.result === 'rolled-back') {
    if (ended.frozen) return 'failed';
    // Nothing can have been done before the first look.
    if (before === undefined) return 'restored';
    const had = new Set(before.groups.flatMap(({ anchor, scimGroup }) => (scimGroup === undefined ? [] : [anchor])));
    const isBack = ({ anchor, assigned, scimGroup, notBack }: ReportedGroup) =>
      assigned === true && notBack === undefined && (scimGroup !== null || !had.has(anchor));
    return found.known && groups.every(isBack) && leftBehind.length === 0 ? 'restored' : 'failed';
  }
  if (sinceStandstill(nativeJobs) !== undefined) return 'failed';
  return found.known && groups.every(({ scimGroup }) => scimGroup === null) ? 'passed' : 'failed';
}
