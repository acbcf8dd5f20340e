import type { ConnectionRules } from './connection.ts';
import type { Anchor, Assignment, DirectorySnapshot, DirectoryUser } from './directory.ts';
import type { RememberedPath } from './link.ts';
import type { ScopePath } from './operation.ts';
import { compileFilters, type CompiledFilters } from './scoping-filter.ts';

/** One way into scope: an assignment, and for a group assignment the group whose members it reaches. */
interface Route {
  readonly assignment: Assignment;
  readonly group?: Anchor;
  /** The group the user is a member of, when it is nested in the assigned one. */
  readonly nestedIn?: Anchor;
}

/** Who is reached by the assignments, and how. Being reached is not yet being entitled: see `isEntitled`. */
export interface Scope {
  readonly routes: readonly Route[];
  /** User to indexes into `routes`: small numbers instead of objects, for a million users with five paths each. */
  readonly reach: ReadonlyMap<Anchor, readonly number[]>;
  /** Assigned groups, each once, in the order of their ids. */
  readonly groups: readonly Anchor[];
  /** Members of each assigned group as far as `nestedGroups` lets them count. */
  readonly membersOf: (group: Anchor) => readonly Anchor[];
  /** Assigned groups that contain groups, with the nested ones. */
  readonly nested: ReadonlyMap<Anchor, readonly Anchor[]>;
  readonly filters: CompiledFilters;
}

/** Groups inside a group, itself first, each once: membership may be circular. */
function closure(snapshot: DirectorySnapshot, group: Anchor, expand: boolean): readonly Anchor[] {
  const seen = new Set([group]);
  if (expand)
    for (const inner of seen)
      for (const nested of snapshot.memberships.get(inner)?.nestedGroups ?? []) seen.add(nested);
  return [...seen];
}

function reachBy(reach: Map<Anchor, number[]>, user: Anchor, route: number): void {
  const known = reach.get(user);
  if (known === undefined) reach.set(user, [route]);
  else known.push(route);
}

/** Direct assignments first, then by group: paths must not depend on the order in which the directory answered. */
function inOrder(assignments: readonly Assignment[]): readonly Assignment[] {
  const rank = ({ principalKind, principal, id }: Assignment) =>
    `${principalKind === 'user' ? 0 : 1}:${principal}:${id}`;
  return assignments.toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/**
 * Works out who the assignments reach. Groups count their immediate members only, as Entra does (Learn: how-provisioning-works,
 * "assignment-based scoping"), unless nested groups are expanded. Service principals are never provisioned.
 */
export function scopeOf(snapshot: DirectorySnapshot, rules: Pick<ConnectionRules, 'scope'>): Scope {
  const expand = rules.scope.nestedGroups === 'expand';
  const routes: Route[] = [];
  const reach = new Map<Anchor, number[]>();
  const groups = new Set<Anchor>();
  const nested = new Map<Anchor, readonly Anchor[]>();
  for (const assignment of inOrder(snapshot.assignments)) {
    if (assignment.principalKind === 'user') reachBy(reach, assignment.principal, routes.push({ assignment }) - 1);
    if (assignment.principalKind !== 'group') continue;
    const group = assignment.principal;
    groups.add(group);
    const inside = snapshot.memberships.get(group)?.nestedGroups ?? [];
    if (inside.length > 0) nested.set(group, inside);
    for (const inner of closure(snapshot, group, expand)) {
      const route = routes.push(inner === group ? { assignment, group } : { assignment, group, nestedIn: inner }) - 1;
      for (const user of snapshot.memberships.get(inner)?.users ?? []) reachBy(reach, user, route);
    }
  }
  const membersOf = (group: Anchor): readonly Anchor[] => {
    const inside = closure(snapshot, group, expand);
    if (inside.length === 1) return snapshot.memberships.get(group)?.users ?? [];
    return [...new Set(inside.flatMap((inner) => snapshot.memberships.get(inner)?.users ?? []))];
  };
  const filters = compileFilters(rules.scope.filters);
  return { routes, reach, groups: [...groups].sort(), membersOf, nested, filters };
}

/**
 * Whether assignments may reach somebody by these rules whom they do not reach by others. All else a scope says, filters and
 * whether groups are provisioned, reaches nobody more.
 */
export function reachesFurther(
  { scope }: Pick<ConnectionRules, 'scope'>,
  than: Pick<ConnectionRules, 'scope'>,
): boolean {
  return scope.nestedGroups === 'expand' && than.scope.nestedGroups !== 'expand';
}

/** Whether somebody whom an assignment reaches may have an account: found in the directory, allowed to sign in, and let in by a scoping filter. */
export function isEntitled({ filters }: Scope, user: DirectoryUser | undefined): boolean {
  return user?.enabled === true && filters.admits(user) === true;
}

/** A directory group's name, or its id when it has none. */
export function groupName(snapshot: DirectorySnapshot, group: Anchor): string {
  const name = snapshot.groups.get(group)?.attributes['displayName'];
  return typeof name === 'string' && name !== '' ? name : group;
}

/** The paths of one user, spelt out. Empty when the user is not reached. */
export function pathsOf(scope: Scope, snapshot: DirectorySnapshot, user: Anchor): readonly ScopePath[] {
  return (scope.reach.get(user) ?? []).flatMap((index): readonly ScopePath[] => {
    const route = scope.routes[index];
    if (route === undefined) return [];
    const { id, roleId } = route.assignment;
    if (route.group === undefined) return [{ kind: 'direct', assignment: id, roleId }];
    const path: ScopePath = {
      kind: 'group',
      assignment: id,
      roleId,
      group: route.group,
      groupName: groupName(snapshot, route.group),
    };
    return [route.nestedIn === undefined ? path : { ...path, nested: true }];
  });
}

/** Paths as a link remembers them: each group once, without ids that change when an assignment is made anew. */
export function rememberedPaths(paths: readonly ScopePath[]): readonly RememberedPath[] {
  const byGroup = new Map<string, RememberedPath>();
  for (const { group, groupName: name } of paths) {
    if (group === undefined) byGroup.set('', {});
    else byGroup.set(group, name === undefined ? { group } : { group, name });
  }
  return [...byGroup.values()];
}

/**
 * Whether a link remembers the paths a user has now. Decided without spelling the paths out, because it is asked for
 * everybody and the answer is nearly always yes.
 */
export function pathsUnchanged(
  scope: Scope,
  snapshot: DirectorySnapshot,
  user: Anchor,
  remembered: readonly RememberedPath[],
): boolean {
  let position = 0;
  let last: Anchor | undefined | null = null;
  for (const index of scope.reach.get(user) ?? []) {
    const group = scope.routes[index]?.group;
    if (group === last) continue;
    last = group;
    const known = remembered[position++];
    if (known === undefined || known.group !== group) return false;
    if (group !== undefined && known.name !== groupName(snapshot, group)) return false;
  }
  return position === remembered.length;
}
