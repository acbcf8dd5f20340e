import type { Anchor } from '../directory.ts';
import { isAccountRemoval } from '../operation.ts';
import type { Planned } from '../planning/plan-cycle.ts';
import type { Link } from '../link.ts';
import type { ResourceId } from '../scim.ts';
import type { JournalEntry, JournalLine } from './journal.ts';
import type { MigrationState } from './state.ts';
import type { Survey, SurveyedGroup } from './survey.ts';

/** Whom a migration has taken out of one SCIM group, who is not in it now, and who should be. */
export interface StillOut {
  readonly group: SurveyedGroup;
  /** Accounts of members of the directory group, by their user. */
  readonly users: readonly (readonly [Anchor, ResourceId])[];
  /** Members nobody of ours is linked to: no cycle puts them back. */
  readonly strangers: readonly ResourceId[];
}

/**
 * Pure: who is still out of each group the migration took somebody out of. A user who has left the directory group since should be out. Where the provider does
 * not show members, everybody counts as out.
 */
export function stillOut(
  { takenOut }: Pick<MigrationState, 'takenOut'>,
  { groups, users }: Pick<Survey, 'groups' | 'users'>,
  links: readonly Link[],
): readonly StillOut[] {
  const ours = new Set(
    links.flatMap(({ resource, state, resourceId }) =>
      resource === 'account' && state !== 'deleted' ? [resourceId] : [],
    ),
  );
  return groups.flatMap((group): readonly StillOut[] => {
    const members = new Set(group.scimGroup?.members);
    const taken = takenOut.get(group.anchor);
    if (taken === undefined) return [];
    const out = new Set([...taken].filter((id) => !members.has(id)));
    const missing = users.flatMap(({ anchor, account, paths }): readonly (readonly [Anchor, ResourceId])[] => {
      const belongs = paths.some((path) => path.group === group.anchor);
      return account !== undefined && belongs && out.has(account.id) ? [[anchor, account.id]] : [];
    });
    return [{ group, users: missing, strangers: [...out].filter((id) => !ours.has(id)) }];
  });
}

/**
 * Pure: who of them has an account that no cycle fills in again, and that none takes away: blocked or filtered out, where the
 * policy is to keep what they have, or while their removal waits for its time.
 */
export function keptOut(
  out: readonly StillOut[],
  { users }: Pick<Survey, 'users'>,
  { plan }: Pick<Planned, 'plan'>,
): readonly StillOut[] {
  const removed = new Set(plan.operations.filter(isAccountRemoval).map(({ anchor }) => anchor));
  const kept = new Set(
    users
      .filter((user) => (!user.enabled || user.filtered === true) && user.account?.active === true)
      .filter(({ anchor }) => !removed.has(anchor))
      .map(({ anchor }) => anchor),
  );
  return out.map((one) => ({ ...one, users: one.users.filter(([user]) => kept.has(user)) }));
}

/** Who was not back in the SCIM groups when a rollback ended, by group. */
export function notBackIn(lines: readonly JournalLine[]): ReadonlyMap<Anchor, readonly ResourceId[]> {
  const isEnd = (entry: JournalEntry) => entry.kind === 'done' && entry.step === 'report';
  const end = lines.findLast(({ entry }) => isEnd(entry))?.entry;
  const groups = end?.kind === 'done' ? (end.notBack ?? []) : [];
  return new Map(groups.map(({ group, members }) => [group, members]));
}
