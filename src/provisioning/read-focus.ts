import pMap from 'p-map';
import type {
  Anchor,
  Assignment,
  DirectoryGroup,
  DirectorySnapshot,
  DirectoryUser,
  EnterpriseApplication,
  GroupMembership,
} from '../core/directory.ts';
import type { Link } from '../core/link.ts';
import type { Focus } from '../core/planning/plan-input.ts';
import { scopeOf } from '../core/scope.ts';
import type { ProvenRead, ReadProgress } from '../ports/directory-source.ts';
import type { Connection } from '../ports/index.ts';
import type { LinkStore } from '../ports/stores.ts';
import { confirmDepartures, groupsOf } from './confirm-departures.ts';
import { departures, lostGroup, readAllMemberships } from './gather-directory.ts';

/** Reads of single users under way at once. */
const CONCURRENCY = 8;

export interface FocusRequest {
  readonly connection: Connection;
  readonly links: LinkStore;
  /** Directory attributes to read of users. */
  readonly attributes: readonly string[];
  readonly signal: AbortSignal;
  readonly progress?: ReadProgress;
}

/** Whom a cycle looks at, and what was read to find that out. */
export interface FocusedPart {
  readonly application: EnterpriseApplication;
  readonly assignments: ProvenRead<readonly Assignment[]>;
  /** Groups assigned now. */
  readonly assigned: ReadonlySet<Anchor>;
  /** Groups whose members were read whole. */
  readonly memberships: ProvenRead<ReadonlyMap<Anchor, GroupMembership>>;
  /** Set when the members of every assigned group were read: then only who is in none of them is asked. */
  readonly everyGroup?: boolean;
  readonly groupLinks: readonly Link[];
  readonly users: ReadonlySet<Anchor>;
  readonly groups: ReadonlySet<Anchor>;
}

/** The focus for planning, with how much is linked in all. */
export async function focusOf({ connection, links }: FocusRequest, { users, groups }: FocusedPart): Promise<Focus> {
  const counts = await links.counts(connection.rules.name);
  const linked = {
    accounts: counts['account.active'] ?? 0,
    groups: counts['group.active'] ?? 0,
    members: await links.membershipCount(connection.rules.name),
  };
  return { users, groups, linked };
}

/**
 * Reads the users of a focus anew, and the links of the focus, of the users they refer to, and of all groups. Nothing is
 * pieced together from changes.
 */
export async function readFocus(
  request: FocusRequest,
  part: FocusedPart,
): Promise<{ readonly directory: DirectorySnapshot; readonly links: readonly Link[] }> {
  const { connection, links } = request;
  const focused = [...part.users].sort();
  const own = await links.find(connection.rules.name, 'account', focused);
  const directory = await readDirectory(request, part, focused, own);
  const referents = [...directory.users.values()].flatMap(({ manager }) => manager ?? []);
  const others = [...new Set(referents)].filter((user) => !own.has(user));
  const referred = await links.find(connection.rules.name, 'account', others);
  return { directory, links: [...own.values(), ...referred.values(), ...part.groupLinks] };
}

async function readDirectory(
  request: FocusRequest,
  part: FocusedPart,
  focused: readonly Anchor[],
  own: ReadonlyMap<Anchor, Link>,
): Promise<DirectorySnapshot> {
  const { connection, attributes, signal, progress } = request;
  const { directory } = connection;
  const { application, assignments, assigned, memberships } = part;
  const users = await directory.readUsers(focused, attributes, signal, progress);
  const groups = await readFocusedGroups(request, part);
  const located = focused.filter((user) => own.has(user) || !users.has(user));
  const lost = [...part.groups].filter((group) => assigned.has(group) && !groups.has(group));
  const joined = await joinMemberships(request, part, users);
  const whereabouts = await directory.locateUsers(located, signal);
  const living = [...own.values()].filter(({ state }) => state !== 'deleted');
  const absent = living.filter(({ anchor }) => whereabouts.get(anchor) === 'absent');
  const listed = await listAbsent(request, part, absent);
  const draft = {
    application,
    assignments: assignments.value,
    groups,
    memberships: withMembers(joined, listed.value),
    users,
    whereabouts,
  };
  const gaps = [...assignments.gaps, ...memberships.gaps, ...listed.gaps, ...lost.map(lostGroup)];
  const { reach } = scopeOf({ ...draft, gaps }, connection.rules);
  const elsewhere = living.filter(({ anchor }) => !reach.has(anchor));
  const departed = departures(elsewhere, whereabouts, connection.rules);
  return { ...draft, gaps: [...gaps, ...(await confirmDepartures(connection, draft, departed, signal, progress))] };
}

/**
 * Memberships as far as the focus goes: what was read whole, and what each user says of their own groups. A delta does not
 * say whether a member left or was deleted; the user's own list does. Where the two sides disagree the user is a member:
 * nobody loses access by one stale answer.
 */
async function joinMemberships(
  { connection: { directory }, signal }: FocusRequest,
  { assigned, memberships, everyGroup = false }: FocusedPart,
  users: ReadonlyMap<Anchor, DirectoryUser>,
): Promise<ReadonlyMap<Anchor, GroupMembership>> {
  const inGroups = new Set(everyGroup ? [...memberships.value.values()].flatMap((each) => each.users) : []);
  const counts = (group: Anchor) => assigned.has(group) || memberships.value.has(group);
  const ask = async (user: Anchor) => {
    const groups = (await groupsOf(directory, user, signal)) ?? [];
    return { user, groups: groups.filter(counts) };
  };
  const asked = [...users.keys()].filter((user) => !inGroups.has(user));
  const more = new Map<Anchor, Set<Anchor>>();
  for (const { user, groups } of await pMap(asked, ask, { concurrency: CONCURRENCY })) {
    for (const group of groups) more.set(group, (more.get(group) ?? new Set()).add(user));
  }
  return withMembers(memberships.value, more);
}

/**
 * Groups that list a user the directory finds nowhere. The user's own side cannot be asked, so the groups are that let the
 * user in last: a replica that is behind may know one of the two and not the other.
 */
async function listAbsent(
  { connection: { directory }, signal }: FocusRequest,
  { assigned, memberships }: FocusedPart,
  absent: readonly Link[],
): Promise<ProvenRead<ReadonlyMap<Anchor, ReadonlySet<Anchor>>>> {
  const ways = absent.flatMap(({ paths = [] }) => paths.flatMap(({ group }) => group ?? []));
  const ask = [...new Set(ways)].filter((group) => assigned.has(group) && !memberships.value.has(group)).sort();
  const read = await readAllMemberships(directory, ask, false, signal);
  const users = new Set(absent.map(({ anchor }) => anchor));
  const value = [...read.value].map(([group, members]): [Anchor, ReadonlySet<Anchor>] => [
    group,
    new Set(members.users.filter((user) => users.has(user))),
  ]);
  return { value: new Map(value), gaps: read.gaps };
}

/** Memberships with more members, of groups read whole or not. */
function withMembers(
  memberships: ReadonlyMap<Anchor, GroupMembership>,
  more: ReadonlyMap<Anchor, ReadonlySet<Anchor>>,
): ReadonlyMap<Anchor, GroupMembership> {
  const joined = new Map(memberships);
  for (const [group, members] of more) {
    const known = joined.get(group) ?? { group, users: [], nestedGroups: [], others: 0 };
    joined.set(group, { ...known, users: [...new Set([...known.users, ...members])] });
  }
  return joined;
}

/** Groups concerned or never provisioned are read; the others are taken as last seen. */
async function readFocusedGroups(
  { connection: { directory }, signal }: FocusRequest,
  { assigned, groups: concerned, groupLinks }: FocusedPart,
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
