import type { Anchor } from '../directory.ts';
import type { ResourceId } from '../scim.ts';
import type { Survey } from './survey.ts';

/** Who is taken out of a SCIM group before anybody else, by account. */
export interface CanaryMember {
  readonly group: Anchor;
  readonly member: ResourceId;
}

/** Who is in each SCIM group that is to go. */
export interface GroupMembers {
  readonly anchor: Anchor;
  readonly scimGroup?: { readonly members?: readonly ResourceId[] };
}

/** Groups each account is in beside those that are to go: as long as one is left, nothing is known of life without any. */
function othersOf({ groups, users }: Pick<Survey, 'groups' | 'users'>): ReadonlyMap<ResourceId, number> {
  const going = new Set(groups.map(({ anchor }) => anchor));
  return new Map(
    users.flatMap(({ account, paths }) => {
      const others = new Set(paths.flatMap(({ group }) => (group === undefined || going.has(group) ? [] : [group])));
      return account === undefined ? [] : [[account.id, others.size] as const];
    }),
  );
}

/**
 * The one account to be taken out of its group first, so that a provider which keeps no account without a group costs one
 * and not all: somebody who is in the fewest groups, and whose account was active, because only such a one would be missed.
 * `members` are those of now, where they are newer than the survey. Undefined where no member is known.
 */
export function canaryMember(
  survey: Pick<Survey, 'groups' | 'users' | 'accounts'>,
  members: readonly GroupMembers[] = survey.groups,
): CanaryMember | undefined {
  const missed = new Set(survey.accounts.map(({ id }) => id));
  const times = new Map(othersOf(survey));
  const all = members.flatMap(({ anchor, scimGroup }) =>
    (scimGroup?.members ?? []).map((member) => ({ group: anchor, member })),
  );
  for (const { member } of all) times.set(member, (times.get(member) ?? 0) + 1);
  const active = all.filter(({ member }) => missed.has(member));
  const known = active.length > 0 ? active : all;
  const fewest = known.reduce((least, { member }) => Math.min(least, times.get(member) ?? 0), Infinity);
  return known.find(({ member }) => times.get(member) === fewest);
}
