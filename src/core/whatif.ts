import type { ConnectionRules } from './connection.ts';
import type { Anchor, DirectorySnapshot } from './directory.ts';
import type { ScopePath } from './operation.ts';
import { pathsOf, scopeOf } from './scope.ts';

/** One person reached through a group that is to be unassigned. */
export interface WhatIfUser {
  readonly anchor: Anchor;
  /** userPrincipalName, or the object id where the user could not be read. */
  readonly label: string;
  /** False when sign-in is blocked: then they have no access to lose. */
  readonly enabled: boolean;
  /** Set when no scoping filter lets them in: then, too, there is no access to lose. */
  readonly filtered?: true;
  /** The ways that would go. */
  readonly lost: readonly ScopePath[];
  /** The ways that would stay; empty for those who would lose access. */
  readonly kept: readonly ScopePath[];
}

/** What unassigning groups would do to the people reached through them. */
export interface WhatIf {
  readonly groups: readonly Anchor[];
  /** Of `groups`, those that are not assigned at all. */
  readonly unassigned: readonly Anchor[];
  readonly loses: readonly WhatIfUser[];
  readonly keeps: readonly WhatIfUser[];
  /** What could not be proved to be read completely, where there is any: then more people may lose access than are named. */
  readonly unread?: readonly string[];
  /** Other connections of the same application, by whose own scope the answer may be another; absent where there are none. */
  readonly others?: readonly string[];
}

function labelOf(directory: DirectorySnapshot, user: Anchor): string {
  const name = directory.users.get(user)?.attributes['userPrincipalName'];
  return typeof name === 'string' && name !== '' ? name : user;
}

/**
 * Who would lose access if these groups were unassigned, and who keeps it and through what. Decided by the same reading of
 * assignments as a cycle's plan, so that the answer is the plan's.
 */
export function whatIfUnassigned(
  directory: DirectorySnapshot,
  rules: Pick<ConnectionRules, 'scope'>,
  groups: readonly Anchor[],
): WhatIf {
  const going = new Set(groups);
  const before = scopeOf(directory, rules);
  const assignments = directory.assignments.filter(
    ({ principalKind, principal }) => principalKind !== 'group' || !going.has(principal),
  );
  const after = scopeOf({ ...directory, assignments }, rules);
  const touched = new Set(groups.filter((group) => before.groups.includes(group)).flatMap(before.membersOf));
  const users = [...touched].sort().map((anchor): WhatIfUser => {
    const paths = pathsOf(before, directory, anchor);
    const user = directory.users.get(anchor);
    return {
      anchor,
      label: labelOf(directory, anchor),
      enabled: user?.enabled === true,
      ...(user !== undefined && before.filters.admits(user) === false ? { filtered: true } : {}),
      lost: paths.filter(({ group }) => group !== undefined && going.has(group)),
      kept: pathsOf(after, directory, anchor),
    };
  });
  const unread = directory.gaps.map(({ what }) => what);
  return {
    groups: [...going].sort(),
    unassigned: [...going].filter((group) => !before.groups.includes(group)).sort(),
    loses: users.filter(({ kept }) => kept.length === 0),
    keeps: users.filter(({ kept }) => kept.length > 0),
    ...(unread.length > 0 && { unread }),
  };
}
