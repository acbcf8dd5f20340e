import type { CycleSubject } from '../core/cycle.ts';
import type { Anchor, DirectorySnapshot } from '../core/directory.ts';
import type { Link } from '../core/link.ts';
import type { Focus } from '../core/planning/plan-input.ts';
import { scopeOf } from '../core/scope.ts';
import { assignedGroups, readAllMemberships } from './gather-directory.ts';
import { focusOf, readFocus, type FocusedPart, type FocusRequest } from './read-focus.ts';

/** From so many users on, reading every group is cheaper than asking each user for theirs. */
const MANY_USERS = 200;

export interface GatheredSubject {
  readonly directory: DirectorySnapshot;
  readonly links: readonly Link[];
  readonly focus: Focus;
}

/**
 * Reads one subject for an on-demand cycle: a user, or a group with whoever is, or was, in scope through it, however many.
 * Nobody else is looked at.
 */
export async function gatherSubject(request: FocusRequest, subject: CycleSubject): Promise<GatheredSubject> {
  const { connection, links, signal } = request;
  const { directory, rules } = connection;
  const application = await directory.readApplication(rules.application, signal);
  const assignments = await directory.readAssignments(application.id, signal);
  const assigned = new Set(assignedGroups(assignments.value));
  const groupLinks = await links.groups(rules.name);
  const base = { application, assignments, assigned, groupLinks };
  const part =
    subject.resource === 'user'
      ? await everyPath(request, base, { users: new Set([subject.anchor]), groups: new Set() })
      : await groupPart(request, base, subject.anchor);
  return { ...(await readFocus(request, part)), focus: { ...(await focusOf(request, part)), only: true } };
}

type Base = Pick<FocusedPart, 'application' | 'assignments' | 'assigned' | 'groupLinks'>;
type Names = Pick<FocusedPart, 'users' | 'groups'>;

/** The members a group has, those its SCIM group has, and those whose account is due to it. */
async function groupPart(request: FocusRequest, base: Base, group: Anchor): Promise<FocusedPart> {
  const { connection, links, signal, progress } = request;
  const { directory, rules } = connection;
  const link = base.groupLinks.find(({ anchor }) => anchor === group);
  const remembered = [...(link?.members ?? []), ...(await links.reachedThrough(rules.name, [group]))];
  const groups = new Set([group]);
  if (!base.assigned.has(group)) return everyPath(request, base, { users: new Set(remembered), groups });
  const own = await readAllMemberships(directory, [group], rules.scope.nestedGroups === 'expand', signal, progress);
  const scope = scopeOf({ ...EMPTY, ...base, assignments: base.assignments.value, memberships: own.value }, rules);
  const users = new Set([...scope.membersOf(group), ...remembered]);
  return everyPath(request, base, { users, groups }, own);
}

const EMPTY = { groups: new Map(), users: new Map(), whereabouts: new Map(), gaps: [] };

/** All ways into scope count, not only the group asked for: nested and many are read whole, a few are asked one by one. */
async function everyPath(
  { connection: { directory, rules }, signal, progress }: FocusRequest,
  base: Base,
  names: Names,
  read: FocusedPart['memberships'] = { value: new Map(), gaps: [] },
): Promise<FocusedPart> {
  const expand = rules.scope.nestedGroups === 'expand';
  if (!expand && names.users.size <= MANY_USERS) return { ...base, ...names, memberships: read };
  const known = await directory.readGroups([...base.assigned], ['displayName'], signal);
  const missing = [...base.assigned].filter((group) => known.has(group) && !read.value.has(group));
  const others = await readAllMemberships(directory, missing, expand, signal, progress);
  const value = new Map([...others.value, ...read.value]);
  return { ...base, ...names, memberships: { value, gaps: [...read.gaps, ...others.gaps] }, everyGroup: true };
}
