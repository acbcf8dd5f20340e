import type { Baseline } from '../core/baseline.ts';
import type { Anchor, Assignment, DirectoryChanges } from '../core/directory.ts';
import type { Link } from '../core/link.ts';
import type { Operation } from '../core/operation.ts';
import type { UnsureMembers } from '../core/planning/plan-input.ts';
import { assignedGroups } from './gather-directory.ts';
import type { FocusedPart, FocusRequest } from './read-focus.ts';

export interface ChangesRequest extends FocusRequest {
  readonly since: Baseline;
  /** Operations the last committed cycle left unsettled, and those sent since: whom they concern is looked at again. */
  readonly unsettled: readonly Operation[];
  /** In ms since the epoch: whose removal is due by then is looked at, whether or not anything changed. */
  readonly now: number;
  /** Groups whose SCIM group was seen to be gone: all of their members are to be put into another one. */
  readonly remade?: readonly Anchor[];
}

/** Whom an incremental cycle has to look at. Of the groups, those whose SCIM group is to be made are read whole. */
export interface Concerned extends FocusedPart {
  readonly changes: DirectoryChanges;
  /** Users the directory told of this time, who are looked at once more by the next cycle. */
  readonly told: readonly Anchor[];
  readonly unsure: ReadonlyMap<Anchor, UnsureMembers>;
}

interface Names {
  readonly users: Set<Anchor>;
  readonly groups: Set<Anchor>;
}

/** Whom operations concern that were held, escrowed, lost, or sent since the baseline. */
function carryOver(operations: readonly Operation[], concerned: Names): void {
  for (const operation of operations) {
    if (operation.resource === 'account') concerned.users.add(operation.anchor);
    else concerned.groups.add(operation.anchor);
    if (operation.kind !== 'members') continue;
    for (const user of operation.add) concerned.users.add(user);
    for (const { anchor } of operation.remove) concerned.users.add(anchor);
  }
}

/**
 * Whom memory may have wrong: it has those that Headgate put into a group as a whole request was done. Whoever left may have
 * been in it before, and of what the provider refused a part, the rest was done.
 */
export function unsureMembers(
  operations: readonly Operation[],
  groups: DirectoryChanges['groups'] = new Map(),
): ReadonlyMap<Anchor, UnsureMembers> {
  const unsure = new Map<Anchor, { readonly inside: Set<Anchor>; readonly outside: Set<Anchor> }>();
  const of = (group: Anchor) => {
    const known = unsure.get(group) ?? { inside: new Set(), outside: new Set() };
    unsure.set(group, known);
    return known;
  };
  for (const [group, { removed }] of groups) for (const user of removed) of(group).inside.add(user);
  for (const operation of operations) {
    if (operation.kind !== 'members') continue;
    for (const user of operation.add) of(operation.anchor).inside.add(user);
    for (const { anchor } of operation.remove) of(operation.anchor).outside.add(anchor);
  }
  return unsure;
}

/** Assigned groups whose SCIM group a cycle was about to delete: their members may hang on nothing else, and are read whole. */
function emptied(operations: readonly Operation[], assigned: ReadonlySet<Anchor>): readonly Anchor[] {
  const deleted = operations.filter(({ resource, kind }) => resource === 'group' && kind === 'delete');
  return deleted.map(({ anchor }) => anchor).filter((group) => assigned.has(group));
}

function keyOf({ principal, principalKind, roleId }: Assignment): string {
  return `${principalKind} ${principal} ${roleId}`;
}

/** Assigned groups without a SCIM group, as far as they are there: one is made, or matched, with all of their members. */
async function unlinked(
  { connection: { directory, rules, provider }, signal }: FocusRequest,
  assigned: ReadonlySet<Anchor>,
  links: readonly Link[],
): Promise<readonly Anchor[]> {
  if (!rules.scope.groups || !provider.profile.groups.supported) return [];
  const living = new Set(links.filter(({ state }) => state !== 'deleted').map(({ anchor }) => anchor));
  const found = await directory.readGroups(
    [...assigned].filter((group) => !living.has(group)),
    ['displayName'],
    signal,
  );
  return [...found.keys()];
}

/** Members of groups whose delete is due, where they are taken out first: whoever stays has long been seen without the group. */
function toEmpty({ connection: { provider }, now }: ChangesRequest, links: readonly Link[]): readonly Anchor[] {
  if (!provider.profile.groups.deleteCascades) return [];
  return links.flatMap(({ departure, members = [] }) => ((departure?.next?.dueAt ?? Infinity) <= now ? members : []));
}

/** Assigned groups that changed, and their members who came or went. */
function concernedMembers({ groups }: DirectoryChanges, assigned: ReadonlySet<Anchor>, concerned: Names): void {
  for (const [group, change] of groups) {
    if (!assigned.has(group)) continue;
    if (change.changed || change.gone) concerned.groups.add(group);
    for (const user of [...change.added, ...change.removed]) concerned.users.add(user);
  }
}

/** Assignments that are in one list and not in the other. */
function changedAssignments(before: readonly Assignment[], now: readonly Assignment[]): readonly Assignment[] {
  const then = new Set(before.map(keyOf));
  const today = new Set(now.map(keyOf));
  return [...now.filter((one) => !then.has(keyOf(one))), ...before.filter((one) => !today.has(keyOf(one)))];
}

/** Principals whose assignments differ from the baseline's. Returns the groups that are assigned now. */
function changedPrincipals(since: Baseline, now: readonly Assignment[], concerned: Names): readonly Anchor[] {
  const changed = changedAssignments(since.assignments, now);
  const assigned = new Set(assignedGroups(now));
  for (const { principal, principalKind } of changed) {
    if (principalKind === 'user') concerned.users.add(principal);
    if (principalKind === 'group') concerned.groups.add(principal);
  }
  const groups = changed.filter(({ principalKind, principal }) => principalKind === 'group' && assigned.has(principal));
  return groups.map(({ principal }) => principal);
}

/**
 * Finds out whom the changes since a baseline concern: users and groups the directory tells of, users and members of
 * groups whose assignment changed, those earlier cycles left unsettled or sent something for, and those who wait for one of them.
 */
export async function findConcerned(request: ChangesRequest): Promise<Concerned | 'expired'> {
  const { connection, links, since, attributes, signal, progress } = request;
  const { directory, rules } = connection;
  const application = await directory.readApplication(rules.application, signal);
  const changes = await directory.readChanges(since.watermark, attributes, signal, progress);
  if (changes === 'expired') return 'expired';
  const assignments = await directory.readAssignments(application.id, signal);
  const assigned = new Set(assignedGroups(assignments.value));
  const concerned: Names = { users: new Set(changes.users), groups: new Set() };
  concernedMembers(changes, assigned, concerned);
  const told = [...concerned.users].sort();
  for (const user of since.again) concerned.users.add(user);
  for (const group of request.remade ?? []) concerned.groups.add(group);
  carryOver(request.unsettled, concerned);
  const changed = changedPrincipals(since, assignments.value, concerned);
  const groupLinks = await links.groups(rules.name);
  const made = [...(await unlinked(request, assigned, groupLinks)), ...(request.remade ?? [])];
  const fresh = [...new Set([...changed, ...emptied(request.unsettled, assigned), ...made])].sort();
  const lost = [...concerned.groups].filter((group) => !assigned.has(group));
  for (const user of await links.reachedThrough(rules.name, [...lost, ...fresh])) concerned.users.add(user);
  const memberships = await directory.readMemberships(fresh, signal, progress);
  for (const { users } of memberships.value.values()) for (const user of users) concerned.users.add(user);
  for (const user of await links.due(rules.name, request.now)) concerned.users.add(user);
  for (const user of toEmpty(request, groupLinks)) concerned.users.add(user);
  for (const user of await links.awaiting(rules.name, [...concerned.users])) concerned.users.add(user);
  const unsure = unsureMembers(request.unsettled, changes.groups);
  return { application, changes, assignments, assigned, memberships, groupLinks, told, unsure, ...concerned };
}
