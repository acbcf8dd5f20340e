import { text, type AppRoleAssignment, type TenantUser } from '../../organisation/model.ts';
import type { Organisation } from '../../organisation/organisation.ts';

/** A group as the job would provision it: direct members only, who are users. */
export interface ScopedGroup {
  readonly id: string;
  readonly name: string;
  readonly members: readonly string[];
}

/** Who and what is in scope of the job: assigned users, assigned groups, and the direct members of these. */
export interface JobScope {
  /** Version of the directory it was read from. */
  readonly at: number;
  readonly users: ReadonlyMap<string, TenantUser>;
  /** The assignments each user is in scope by, their own or a group's. One that was made anew is another, whatever its id. */
  readonly ways: ReadonlyMap<string, ReadonlySet<AppRoleAssignment>>;
  readonly groups: ReadonlyMap<string, ScopedGroup>;
}

/** "Sync only assigned users and groups", as one version of the directory has it (learn.microsoft.com, how-provisioning-works). */
export function jobScope(organisation: Organisation, servicePrincipal: string, at: number): JobScope {
  const users = new Map<string, TenantUser>();
  const groups = new Map<string, ScopedGroup>();
  const ways = new Map<string, Set<AppRoleAssignment>>();
  const enter = (id: string, by: AppRoleAssignment) => {
    const user = organisation.users.get(id, at);
    // Whoever may not sign in counts as out of scope: IsSoftDeleted is true for them.
    if (user === undefined || user.properties['accountEnabled'] !== true) return;
    users.set(id, user);
    ways.set(id, (ways.get(id) ?? new Set()).add(by));
  };
  for (const assignment of organisation.assignments(servicePrincipal).values(at)) {
    const { principalId, principalType } = assignment;
    if (principalType === 'User') enter(principalId, assignment);
    const group = principalType === 'Group' ? organisation.groups.get(principalId, at) : undefined;
    if (group === undefined || group.properties['securityEnabled'] !== true) continue;
    const members = [...organisation.members(group.id).values(at)].map(({ id }) => id);
    for (const member of members) enter(member, assignment);
    groups.set(group.id, { id: group.id, name: text(group.properties, 'displayName'), members });
  }
  return { at, users, ways, groups };
}

/** Whether a user was in scope at two looks by the same way: one that came or went in between may have been missed by both. */
export function stayed(user: string, first: JobScope, second: JobScope): boolean {
  const before = first.ways.get(user);
  const now = second.ways.get(user);
  return before !== undefined && now !== undefined && [...before].some((way) => now.has(way));
}
