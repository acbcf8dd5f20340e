import type {
  Anchor,
  Assignment,
  DirectorySnapshot,
  GroupMembership,
  ReadGap,
  Whereabouts,
} from '../core/directory.ts';
import type { Link } from '../core/link.ts';
import { sourceAttributes } from '../core/mapping/compile-mapping.ts';
import { scopeOf } from '../core/scope.ts';
import { compileFilters } from '../core/scoping-filter.ts';
import type { DirectorySource, ReadProgress } from '../ports/directory-source.ts';
import type { Connection } from '../ports/index.ts';
import { confirmDepartures } from './confirm-departures.ts';

/** Directory attributes Headgate itself needs, whatever the mapping says. */
const ALWAYS_READ: readonly string[] = ['userPrincipalName'];

/** The directory attributes a connection reads of its users. Whoever is protected may be named by mail as well. */
export function attributesOf({ mapping, rules }: Pick<Connection, 'mapping' | 'rules'>): readonly string[] {
  const protects = rules.guards.protectedAccounts.length > 0 ? ['mail'] : [];
  const filtered = compileFilters(rules.scope.filters).selects;
  return [...new Set([...ALWAYS_READ, ...protects, ...filtered, ...sourceAttributes(mapping)])];
}

interface Memberships {
  readonly value: Map<Anchor, GroupMembership>;
  readonly gaps: ReadGap[];
}

/** Reads members level by level, so that a group nested in itself is read once. */
export async function readAllMemberships(
  directory: DirectorySource,
  assigned: readonly Anchor[],
  expand: boolean,
  signal: AbortSignal,
  progress?: ReadProgress,
): Promise<Memberships> {
  const value = new Map<Anchor, GroupMembership>();
  const gaps: ReadGap[] = [];
  let level = assigned;
  while (level.length > 0) {
    const read = await directory.readMemberships(level, signal, progress);
    gaps.push(...read.gaps);
    for (const [group, membership] of read.value) value.set(group, membership);
    const missing = level.filter((group) => !read.value.has(group));
    for (const group of missing) gaps.push({ what: `members of group ${group}` });
    const inside = expand ? [...read.value.values()].flatMap(({ nestedGroups }) => nestedGroups) : [];
    level = [...new Set(inside)].filter((group) => !value.has(group)).sort();
  }
  return { value, gaps };
}

/** Every assigned group once, in the order of their ids. */
export function assignedGroups(assignments: readonly Assignment[]): readonly Anchor[] {
  const groups = assignments.filter(({ principalKind }) => principalKind === 'group').map(({ principal }) => principal);
  return [...new Set(groups)].sort();
}

/** The gap of an assigned group that is not read. What is right there nobody can tell from here: it may be deleted, or hidden from us. */
export function lostGroup(group: Anchor) {
  return {
    what: `assigned group ${group}, which the directory does not return (if it was deleted, remove its assignment from the application)`,
  };
}

/** Linked users in the directory whom no assignment reaches any more, and whose accounts may be removed for that. */
export function departures(
  elsewhere: readonly Link[],
  whereabouts: ReadonlyMap<Anchor, Whereabouts>,
  { deprovision }: Connection['rules'],
): readonly Anchor[] {
  if (deprovision.unassigned.action === 'keep') return [];
  return elsewhere
    .filter(({ anchor, state }) => {
      const where = whereabouts.get(anchor);
      const here = where === 'present' || where === 'disabled';
      return here && (state === 'active' || deprovision.unassigned.action === 'delete');
    })
    .map(({ anchor }) => anchor)
    .sort();
}

/**
 * Reads everything a plan needs from the directory, with the gaps in the proof that it was all (design 4.2).
 * Throws when any read fails; a snapshot is never made from half an answer.
 */
export async function gatherDirectory(
  connection: Connection,
  links: readonly Link[],
  signal: AbortSignal,
  progress?: ReadProgress,
): Promise<DirectorySnapshot> {
  const { directory, rules } = connection;
  const application = await directory.readApplication(rules.application, signal);
  const assignments = await directory.readAssignments(application.id, signal);
  progress?.('assignments', assignments.value.length, assignments.value.length);
  const assigned = assignedGroups(assignments.value);
  const groups = await directory.readGroups(assigned, ['displayName'], signal);
  const present = assigned.filter((group) => groups.has(group));
  const lost = assigned.filter((group) => !groups.has(group)).map(lostGroup);
  const memberships = await readAllMemberships(
    directory,
    present,
    rules.scope.nestedGroups === 'expand',
    signal,
    progress,
  );
  const draft = { application, assignments: assignments.value, groups, memberships: memberships.value };
  const reached = [
    ...scopeOf({ ...draft, users: new Map(), whereabouts: new Map(), gaps: [] }, rules).reach.keys(),
  ].sort();
  const users = await directory.readUsers(reached, attributesOf(connection), signal, progress);
  const inScope = new Set(reached);
  const elsewhere = links.filter(
    (link) => link.resource === 'account' && link.state !== 'deleted' && !inScope.has(link.anchor),
  );
  const missing = reached.filter((user) => !users.has(user));
  const whereabouts = await directory.locateUsers(
    [...new Set([...elsewhere.map(({ anchor }) => anchor), ...missing])].sort(),
    signal,
  );
  const contradictions = missing.filter(
    (user) => whereabouts.get(user) === 'present' || whereabouts.get(user) === 'disabled',
  );
  const departed = departures(elsewhere, whereabouts, rules);
  // Whoever is protected is known by the names of today, and a link may remember others.
  const named = rules.guards.protectedAccounts.length > 0 ? departed : [];
  const leavers = await directory.readUsers(named, attributesOf(connection), signal);
  const gaps = [
    ...assignments.gaps,
    ...lost,
    ...memberships.gaps,
    ...(await confirmDepartures(connection, draft, departed, signal, progress)),
    ...contradictions.map((user) => ({ what: `user ${user}, who was missing from one read and present in the next` })),
  ];
  return { ...draft, users: new Map([...users, ...leavers]), whereabouts, gaps };
}
