import { text, type TenantUser } from '../../organisation/model.ts';
import type { Organisation } from '../../organisation/organisation.ts';

/** A group as the job would provision it: direct members only, who are users. */
export interface ScopedGroup {
  readonly id: string;
  readonly name: string;
  readonly members: readonly string[];
}

/** Who and what is in scope of the job: assigned users, assigned groups, and the direct members of these. */
export interface JobScope {
  readonly users: ReadonlyMap<string, TenantUser>;
  readonly groups: ReadonlyMap<string, ScopedGroup>;
}

/** "Sync only assigned users and groups", as one version of the directory has it (learn.microsoft.com, how-provisioning-works). */
export function jobScope(organisation: Organisation, servicePrincipal: string, at: number): JobScope {
  const users = new Map<string, TenantUser>();
  const groups = new Map<string, ScopedGroup>();
  const enter = (id: string) => {
    const user = organisation.users.get(id, at);
    // Whoever may not sign in counts as out of scope: IsSoftDeleted is true for them.
    if (user !== undefined && user.properties['accountEnabled'] === true) users.set(id, user);
  };
  for (const { principalId, principalType } of organisation.assignments(servicePrincipal).values(at)) {
    if (principalType === 'User') enter(principalId);
    const group = principalType === 'Group' ? organisation.groups.get(principalId, at) : undefined;
    if (group === undefined || group.properties['securityEnabled'] !== true) continue;
    const members = [...organisation.members(group.id).values(at)].map(({ id }) => id);
    for (const member of members) enter(member);
    groups.set(group.id, { id: group.id, name: text(group.properties, 'displayName'), members });
  }
  return { users, groups };
}
