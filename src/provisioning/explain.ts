import type { Anchor, DirectorySnapshot, DirectoryUser, GroupMembership } from '../core/directory.ts';
import type { Link } from '../core/link.ts';
import { desiredAccount, sourceAttributes } from '../core/mapping/compile-mapping.ts';
import type { ScopePath } from '../core/operation.ts';
import { userLabel } from '../core/planning/plan-accounts.ts';
import { describePaths } from '../core/reasons.ts';
import { pathsOf, scopeOf } from '../core/scope.ts';
import type { Json } from '../core/scim.ts';
import { pendingRemoval } from './connection-status.ts';
import type { Connection } from '../ports/index.ts';
import type { Explanation } from '../ports/operator.ts';
import type { Stores } from '../ports/stores.ts';

/** The last operations shown for one user. */
const RECENT = 10;

/** Memberships of one user only, in the shape scope works on: enough to find this user's paths, and cheap to read. */
async function readPaths(
  connection: Connection,
  user: Anchor,
  signal: AbortSignal,
): Promise<{ paths: readonly ScopePath[]; snapshot: DirectorySnapshot }> {
  const { directory, rules } = connection;
  const application = await directory.readApplication(rules.application, signal);
  const assignments = (await directory.readAssignments(application.id, signal)).value;
  const memberships = new Map<Anchor, GroupMembership>();
  const assigned = assignments
    .filter(({ principalKind }) => principalKind === 'group')
    .map(({ principal }) => principal);
  if (rules.scope.nestedGroups === 'expand') {
    let level: readonly Anchor[] = [...new Set(assigned)];
    while (level.length > 0) {
      const read = (await directory.readMemberships(level, signal)).value;
      for (const [group, membership] of read) memberships.set(group, membership);
      level = [...new Set([...read.values()].flatMap(({ nestedGroups }) => nestedGroups))].filter(
        (group) => !memberships.has(group),
      );
    }
  } else {
    for (const group of await directory.readGroupsOfUser(user, signal)) {
      memberships.set(group, { group, users: [user], nestedGroups: [], others: 0 });
    }
  }
  const groups = await directory.readGroups([...new Set(assigned)], ['displayName'], signal);
  const snapshot = {
    application,
    assignments,
    groups,
    memberships,
    users: new Map(),
    whereabouts: new Map(),
    gaps: [],
  };
  return { paths: pathsOf(scopeOf(snapshot, rules), snapshot, user), snapshot };
}

function conclude(user: DirectoryUser, paths: readonly ScopePath[], link: Link | undefined): string {
  const account =
    link === undefined
      ? 'has no account yet'
      : link.state === 'active'
        ? 'has an account'
        : `has an account that is ${link.state}`;
  if (paths.length === 0)
    return `not entitled: neither assigned directly nor a direct member of an assigned group; ${account}`;
  if (!user.enabled)
    return `not entitled: in scope ${describePaths(paths)}, but sign-in is blocked in the directory; ${account}`;
  return `entitled ${describePaths(paths)}; ${account}`;
}

/** Explains why one user has or lacks access through a connection: every path, what the mapping gives, the last operations. */
export async function explain(
  connection: Connection,
  stores: Stores,
  idOrName: string,
  signal: AbortSignal,
): Promise<Explanation> {
  const { rules, mapping, directory } = connection;
  const attributes = [...new Set(['userPrincipalName', ...sourceAttributes(mapping)])];
  const user = await directory.findUser(idOrName, attributes, signal);
  if (user === undefined) {
    const conclusion = `the directory has no user "${idOrName}" (looked up by object id and userPrincipalName)`;
    return { connection: rules.name, found: false, paths: [], conclusion, mapped: {}, operations: [] };
  }
  const { paths, snapshot } = await readPaths(connection, user.id, signal);
  const link = (await stores.links.find(rules.name, 'account', [user.id])).get(user.id);
  const leaving = link === undefined ? undefined : pendingRemoval(link);
  const roleIds = new Set(paths.map(({ roleId }) => roleId));
  const roles = snapshot.application.roles.filter(({ id }) => roleIds.has(id));
  const result = desiredAccount(mapping, { user, roles }, link === undefined ? 'create' : 'update');
  const mapped: Record<string, Json> =
    'failure' in result ? { error: result.failure } : Object.fromEntries(result.account.attributes);
  return {
    connection: rules.name,
    found: true,
    user: { id: user.id, name: userLabel(user), enabled: user.enabled },
    paths,
    conclusion: conclude(user, paths, link),
    mapped,
    ...(leaving === undefined || (paths.length > 0 && user.enabled) ? {} : { leaving }),
    ...(link === undefined ? {} : { link: { resourceId: link.resourceId, state: link.state, origin: link.origin } }),
    operations: await stores.cycles.operationsOf(rules.name, user.id, RECENT),
  };
}
