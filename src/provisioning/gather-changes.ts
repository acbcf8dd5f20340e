import pMap from 'p-map';
import type { Baseline } from '../core/baseline.ts';
import type { Anchor, Assignment, DirectoryGroup, DirectorySnapshot, GroupMembership } from '../core/directory.ts';
import type { Link } from '../core/link.ts';
import { sourceAttributes } from '../core/mapping/compile-mapping.ts';
import type { Operation } from '../core/operation.ts';
import type { Focus } from '../core/planning/plan-input.ts';
import type { ReadProgress } from '../ports/directory-source.ts';
import type { Connection } from '../ports/index.ts';
import type { LinkStore } from '../ports/stores.ts';
import { ALWAYS_READ, assignedGroups } from './gather-directory.ts';

/** Reads of single users under way at once. */
const CONCURRENCY = 8;
/** With more users to look at than this, and more than this share of the linked ones, reading everything is cheaper. */
const MOST_USERS = 2000;
const MOST_SHARE = 0.2;

/** What an incremental cycle gathered: the part of the directory that may have changed, and whom that concerns. */
export interface GatheredChanges {
  readonly directory: DirectorySnapshot;
  /** Links of the focus, of the users they refer to, and of all groups. */
  readonly links: readonly Link[];
  readonly focus: Focus;
  readonly baseline: Baseline;
}

export interface ChangesRequest {
  readonly connection: Connection;
  readonly links: LinkStore;
  readonly since: Baseline;
  /** Operations the last cycle left unsettled: whom they concern is looked at again. */
  readonly unsettled: readonly Operation[];
  readonly signal: AbortSignal;
  readonly progress?: ReadProgress;
}

/** Why everything has to be read instead. */
export interface TooMuch {
  readonly everything: string;
}

interface Concerned {
  readonly users: Set<Anchor>;
  readonly groups: Set<Anchor>;
}

/** Whom operations that were held, escrowed or lost concern. */
function carryOver(operations: readonly Operation[], concerned: Concerned): void {
  for (const operation of operations) {
    if (operation.resource === 'account') concerned.users.add(operation.anchor);
    else concerned.groups.add(operation.anchor);
    if (operation.kind !== 'members') continue;
    for (const user of operation.add) concerned.users.add(user);
    for (const { anchor } of operation.remove) concerned.users.add(anchor);
  }
}

function keyOf({ principal, principalKind, roleId }: Assignment): string {
  return `${principalKind} ${principal} ${roleId}`;
}

/** Assignments that are in one list and not in the other. */
function changedAssignments(before: readonly Assignment[], now: readonly Assignment[]): readonly Assignment[] {
  const then = new Set(before.map(keyOf));
  const today = new Set(now.map(keyOf));
  return [...now.filter((one) => !then.has(keyOf(one))), ...before.filter((one) => !today.has(keyOf(one)))];
}

/**
 * Reads what changed since a baseline and whom that concerns, in proportion to the change: assignments are polled, users
 * and groups come from the directory's delta, and every user concerned is read anew rather than pieced together.
 */
export async function gatherChanges(request: ChangesRequest): Promise<GatheredChanges | TooMuch> {
  const { connection, links, since, signal, progress } = request;
  const { directory, rules, mapping } = connection;
  const attributes = [...new Set([...ALWAYS_READ, ...sourceAttributes(mapping)])];
  const application = await directory.readApplication(rules.application, signal);
  const changes = await directory.readChanges(since.watermark, attributes, signal, progress);
  if (changes === 'expired') return { everything: 'the watermark has expired' };
  const assignments = await directory.readAssignments(application.id, signal);
  const assigned = new Set(assignedGroups(assignments.value));
  const groupLinks = await links.groups(rules.name);

  const concerned: Concerned = { users: new Set(changes.users), groups: new Set() };
  carryOver(request.unsettled, concerned);
  const changed = changedAssignments(since.assignments, assignments.value);
  for (const { principal, principalKind } of changed) {
    if (principalKind === 'user') concerned.users.add(principal);
    if (principalKind === 'group') concerned.groups.add(principal);
  }
  for (const [group, change] of changes.groups) {
    if (!assigned.has(group)) continue;
    if (change.changed || change.gone) concerned.groups.add(group);
    for (const user of [...change.added, ...change.removed]) concerned.users.add(user);
  }
  const fresh = changed.filter(({ principalKind, principal }) => principalKind === 'group' && assigned.has(principal));
  const newGroups = [...new Set(fresh.map(({ principal }) => principal))].sort();
  const lostGroups = [...concerned.groups].filter((group) => !assigned.has(group));
  for (const user of await links.reachedThrough(rules.name, [...lostGroups, ...newGroups])) concerned.users.add(user);
  const memberships = await directory.readMemberships(newGroups, signal, progress);
  for (const { users } of memberships.value.values()) for (const user of users) concerned.users.add(user);
  for (const user of await links.awaiting(rules.name, [...concerned.users])) concerned.users.add(user);

  const counts = await links.counts(rules.name);
  const linkedAccounts = counts['account.active'] ?? 0;
  if (concerned.users.size > MOST_USERS && concerned.users.size > linkedAccounts * MOST_SHARE) {
    return { everything: `${concerned.users.size} users are concerned` };
  }
  const focused = [...concerned.users].sort();
  const ownLinks = await links.find(rules.name, 'account', focused);
  const users = await directory.readUsers(focused, attributes, signal, progress);
  const joined = await joinMemberships(request, assigned, new Set(newGroups), memberships.value, focused);
  const groups = await focusedGroups(request, assigned, concerned.groups, groupLinks);
  const elsewhere = focused.filter((user) => ownLinks.has(user) || !users.has(user));
  const whereabouts = await directory.locateUsers(elsewhere, signal);
  const referents = [...new Set([...users.values()].flatMap(({ manager }) => manager ?? []))];
  const referred = await links.find(
    rules.name,
    'account',
    referents.filter((user) => !ownLinks.has(user)),
  );
  const lost = [...concerned.groups].filter((group) => assigned.has(group) && !groups.has(group));
  return {
    directory: {
      application,
      assignments: assignments.value,
      groups,
      memberships: joined,
      users,
      whereabouts,
      gaps: [
        ...assignments.gaps,
        ...memberships.gaps,
        ...lost.map((group) => ({ what: `assigned group ${group}, which the directory does not return` })),
      ],
    },
    links: [...ownLinks.values(), ...referred.values(), ...groupLinks],
    focus: {
      users: new Set(focused),
      groups: concerned.groups,
      linked: {
        accounts: linkedAccounts,
        groups: counts['group.active'] ?? 0,
        members: await links.membershipCount(rules.name),
      },
    },
    baseline: { ...since, watermark: changes.watermark, assignments: assignments.value },
  };
}

/**
 * Memberships as far as the focus goes: newly assigned groups whole, the others by asking each user for their groups. A
 * delta does not say whether a member left or was deleted, the user's own list does.
 */
async function joinMemberships(
  { connection: { directory }, signal }: ChangesRequest,
  assigned: ReadonlySet<Anchor>,
  whole: ReadonlySet<Anchor>,
  read: ReadonlyMap<Anchor, GroupMembership>,
  focused: readonly Anchor[],
): Promise<ReadonlyMap<Anchor, GroupMembership>> {
  const memberships = new Map(read);
  const found = await pMap(
    focused,
    async (user) => ({ user, groups: await directory.readGroupsOfUser(user, signal) }),
    { concurrency: CONCURRENCY },
  );
  for (const { user, groups } of found) {
    for (const group of groups) {
      if (!assigned.has(group) || whole.has(group)) continue;
      const known = memberships.get(group);
      const users = known === undefined ? [user] : [...known.users, user];
      memberships.set(group, { group, users, nestedGroups: [], others: 0 });
    }
  }
  return memberships;
}

/** Groups concerned or never provisioned are read; the others are taken as last seen. */
async function focusedGroups(
  { connection: { directory }, signal }: ChangesRequest,
  assigned: ReadonlySet<Anchor>,
  concerned: ReadonlySet<Anchor>,
  groupLinks: readonly Link[],
): Promise<ReadonlyMap<Anchor, DirectoryGroup>> {
  const remembered = new Map(
    groupLinks.filter(({ anchor }) => assigned.has(anchor)).map((link) => [link.anchor, link]),
  );
  const ask = [...assigned].filter((group) => concerned.has(group) || !remembered.has(group)).sort();
  const groups = new Map(await directory.readGroups(ask, ['displayName'], signal));
  for (const [anchor, { label }] of remembered) {
    if (concerned.has(anchor)) continue;
    const flags = {
      dynamic: false,
      onPremises: false,
      mailEnabled: false,
      securityEnabled: true,
      roleAssignable: false,
    };
    groups.set(anchor, { id: anchor, attributes: { displayName: label }, ...flags });
  }
  return groups;
}
