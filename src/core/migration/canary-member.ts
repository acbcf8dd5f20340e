import type { Anchor } from '../directory.ts';
import type { ResourceId } from '../scim.ts';
import type { SurveyedGroup } from './survey.ts';

/** Who is taken out of a SCIM group before anybody else, by account. */
export interface CanaryMember {
  readonly group: Anchor;
  readonly member: ResourceId;
}

/**
 * The one account to be taken out of its group first, so that a provider which keeps no account without a group costs one
 * and not all: somebody who is in the fewest of the groups. Undefined where no member is known.
 */
export function canaryMember(groups: readonly SurveyedGroup[]): CanaryMember | undefined {
  const times = new Map<ResourceId, number>();
  const known = groups.flatMap(({ anchor, scimGroup }) =>
    (scimGroup?.members ?? []).map((member) => ({ group: anchor, member })),
  );
  for (const { member } of known) times.set(member, (times.get(member) ?? 0) + 1);
  const fewest = known.reduce((least, { member }) => Math.min(least, times.get(member) ?? 0), Infinity);
  return known.find(({ member }) => times.get(member) === fewest);
}
