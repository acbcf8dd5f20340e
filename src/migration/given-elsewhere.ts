import type { Assignment } from '../core/directory.ts';
import { givenByGroups, userAndRole, type GivenRoles } from '../core/migration/own-assignments.ts';
import type { Connection } from '../ports/index.ts';
import { lessReaching, type NeighbourPorts } from './neighbours.ts';
import { membersInScope } from './survey.ts';

/**
 * Of the roles that groups give by the scope of this connection (as `userAndRole`) those that nobody would miss at another
 * one of the application were they not assigned directly: a group gives them there, too, or there is no account there. Whether
 * such an account was let in by the migration alone, or by a group that has gone since, nobody can tell. Undefined when the
 * members of the groups could not be read to their end.
 */
export async function alsoGivenElsewhere(
  connection: Connection,
  ports: NeighbourPorts,
  assignments: readonly Assignment[],
  given: GivenRoles,
  signal: AbortSignal,
): Promise<GivenRoles | undefined> {
  const groups = assignments.flatMap(({ principal, principalKind }) => (principalKind === 'group' ? [principal] : []));
  let everywhere = given;
  for (const other of given.size === 0 ? [] : await lessReaching(connection, ports)) {
    const { members, gaps } = await membersInScope(other, [...new Set(groups)], signal);
    if (gaps.length > 0) return undefined;
    const there = givenByGroups(assignments, members);
    const resting = await mayRest(other, ports, assignments);
    everywhere = new Map([...everywhere].filter(([key]) => there.has(key) || !resting(key)));
  }
  return everywhere;
}

/** Whether somebody has an account at a connection that a role may let in. Of Entra's own engine nobody knows the accounts. */
async function mayRest(
  { rules }: Connection,
  { stores }: NeighbourPorts,
  assignments: readonly Assignment[],
): Promise<(key: string) => boolean> {
  if (rules.engine === 'entra') return () => true;
  const roles = [...new Set(assignments.map(({ roleId }) => roleId))];
  const links = await stores.links.load(rules.name);
  const keys = new Set(
    links.flatMap(({ resource, state, anchor }) =>
      resource === 'account' && state === 'active' ? roles.map((role) => userAndRole(anchor, role)) : [],
    ),
  );
  return (key) => keys.has(key);
}
