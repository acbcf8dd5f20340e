import pMap from 'p-map';
import type { Baseline } from '../core/baseline.ts';
import type { Anchor, DirectoryGroup, DirectorySnapshot, DirectoryUser, GroupMembership } from '../core/directory.ts';
import type { Link } from '../core/link.ts';
import type { Focus } from '../core/planning/plan-input.ts';
import { groupsOf } from './confirm-departures.ts';
import { findConcerned, type ChangesRequest, type Concerned } from './concerned.ts';

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

/** Why everything has to be read instead. */
export interface TooMuch {
  readonly everything: string;
}

/**
 * Reads what changed since a baseline and whom that concerns, in proportion to the change: assignments are polled, users
 * and groups come from the directory's delta, and every user concerned is read anew rather than pieced together.
 */
export async function gatherChanges(request: ChangesRequest): Promise<GatheredChanges | TooMuch | 'expired'> {
  const { connection, links, since } = request;
  const concerned = await findConcerned(request);
  if (concerned === 'expired') return 'expired';
  const focus = await focusOf(request, concerned);
  const { size } = focus.users;
  if (size > MOST_USERS && size > focus.linked.accounts * MOST_SHARE)
    return { everything: `${size} users are concerned` };
  const focused = [...focus.users].sort();
  const own = await links.find(connection.rules.name, 'account', focused);
  const directory = await readFocus(request, concerned, focused, own);
  const referents = [...directory.users.values()].flatMap(({ manager }) => manager ?? []);
  const others = [...new Set(referents)].filter((user) => !own.has(user));
  const referred = await links.find(connection.rules.name, 'account', others);
  return {
    directory,
    links: [...own.values(), ...referred.values(), ...concerned.groupLinks],
    focus,
    baseline: {
      ...since,
      watermark: concerned.changes.watermark,
      assignments: concerned.assignments.value,
      again: concerned.told,
    },
  };
}

async function focusOf({ connection, links }: ChangesRequest, { users, groups }: Concerned): Promise<Focus> {
  const counts = await links.counts(connection.rules.name);
  const linked = {
    accounts: counts['account.active'] ?? 0,
    groups: counts['group.active'] ?? 0,
    members: await links.membershipCount(connection.rules.name),
  };
  return { users, groups, linked };
}

async function readFocus(
  request: ChangesRequest,
  concerned: Concerned,
  focused: readonly Anchor[],
  own: ReadonlyMap<Anchor, Link>,
): Promise<DirectorySnapshot> {
  const { connection, attributes, signal, progress } = request;
  const { directory } = connection;
  const { application, assignments, assigned, memberships } = concerned;
  const users = await directory.readUsers(focused, attributes, signal, progress);
  const groups = await readFocusedGroups(request, concerned);
  const elsewhere = focused.filter((user) => own.has(user) || !users.has(user));
  const lost = [...concerned.groups].filter((group) => assigned.has(group) && !groups.has(group));
  return {
    application,
    assignments: assignments.value,
    groups,
    memberships: await joinMemberships(request, concerned, users, own),
    users,
    whereabouts: await directory.locateUsers(elsewhere, signal),
    gaps: [
      ...assignments.gaps,
      ...memberships.gaps,
      ...lost.map((group) => ({ what: `assigned group ${group}, which the directory does not return` })),
    ],
  };
}

/**
 * Memberships as far as the focus goes: newly assigned groups whole, the others by asking each user for their groups. A
 * delta does not say whether a member left or was deleted; the user's own list does.
 */
async function joinMemberships(
  { connection: { directory }, signal }: ChangesRequest,
  { assigned, assignments, memberships }: Concerned,
  users: ReadonlyMap<Anchor, DirectoryUser>,
  own: ReadonlyMap<Anchor, Link>,
): Promise<ReadonlyMap<Anchor, GroupMembership>> {
  const direct = new Set(assignments.value.map(({ principal }) => principal));
  const ask = async (user: Anchor) => {
    const groups = (await groupsOf(directory, user, signal)).filter((group) => assigned.has(group));
    // Somebody about to lose access is asked for twice: one stale answer must not take it away.
    const loses = groups.length === 0 && !direct.has(user) && own.get(user)?.state === 'active';
    const again = loses ? await groupsOf(directory, user, signal) : [];
    return { user, groups: [...groups, ...again.filter((group) => assigned.has(group))] };
  };
  const joined = new Map(memberships.value);
  for (const { user, groups } of await pMap([...users.keys()], ask, { concurrency: CONCURRENCY })) {
    for (const group of groups) {
      if (memberships.value.has(group)) continue;
      const known = joined.get(group)?.users ?? [];
      joined.set(group, { group, users: [...known, user], nestedGroups: [], others: 0 });
    }
  }
  return joined;
}

/** Groups concerned or never provisioned are read; the others are taken as last seen. */
async function readFocusedGroups(
  { connection: { directory }, signal }: ChangesRequest,
  { assigned, groups: concerned, groupLinks }: Concerned,
): Promise<ReadonlyMap<Anchor, DirectoryGroup>> {
  const remembered = groupLinks.filter(({ anchor }) => assigned.has(anchor) && !concerned.has(anchor));
  const known = new Set(remembered.map(({ anchor }) => anchor));
  const ask = [...assigned].filter((group) => !known.has(group)).sort();
  const groups = new Map(await directory.readGroups(ask, ['displayName'], signal));
  for (const { anchor, label } of remembered) {
    groups.set(anchor, { id: anchor, attributes: { displayName: label }, ...PLAIN });
  }
  return groups;
}

/** What kind a group is matters to migrations, which read it for themselves. */
const PLAIN = { dynamic: false, onPremises: false, mailEnabled: false, securityEnabled: true, roleAssignable: false };
