import type { Anchor, DirectorySnapshot, DirectoryUser } from '../core/directory.ts';
import type { Link } from '../core/link.ts';
import { desiredAccount } from '../core/mapping/compile-mapping.ts';
import type { ScopePath } from '../core/operation.ts';
import { userLabel } from '../core/planning/plan-accounts.ts';
import { describePaths } from '../core/reasons.ts';
import { pathsOf, scopeOf } from '../core/scope.ts';
import type { Json } from '../core/scim.ts';
import type { Connection } from '../ports/index.ts';
import type { Explanation } from '../ports/operator.ts';
import { pendingRemoval } from './connection-status.ts';

/** What was gathered about a subject, or more. */
export interface KnownFacts {
  readonly directory: DirectorySnapshot;
  readonly links: readonly Link[];
}

/** Why a user is entitled or not, in one sentence. */
export function concludeScope(
  user: DirectoryUser | undefined,
  paths: readonly ScopePath[],
  where: string | undefined,
): string {
  if (user === undefined) {
    if (where === 'absent' && paths.length > 0)
      return `not decided: still in scope ${describePaths(paths)}, but found neither among the users of the directory nor among the deleted ones; nothing is taken away until the directory agrees with itself`;
    return `not entitled: ${GONE[where ?? ''] ?? 'the directory could not say where the user is'}`;
  }
  if (paths.length === 0) return 'not entitled: neither assigned directly nor a direct member of an assigned group';
  if (!user.enabled) return `not entitled: in scope ${describePaths(paths)}, but sign-in is blocked in the directory`;
  return `entitled ${describePaths(paths)}`;
}

const GONE: Readonly<Record<string, string>> = {
  'soft-deleted': 'deleted in the directory, restorable for 30 days',
  absent: 'permanently deleted in the directory',
};

function accountWords(link: Link | undefined): string {
  if (link === undefined || link.state === 'deleted')
    return link === undefined ? 'has no account yet' : 'has no account any more';
  return link.state === 'active' ? 'has an account' : `has an account that is ${link.state}`;
}

/** Why one user has or lacks access: every path, what the mapping gives, the account, and what will be done to it. */
export function explainUser(
  { rules, mapping }: Pick<Connection, 'rules' | 'mapping'>,
  { directory, links }: KnownFacts,
  anchor: Anchor,
): Omit<Explanation, 'connection' | 'operations'> {
  const user = directory.users.get(anchor);
  const link = links.find((known) => known.resource === 'account' && known.anchor === anchor);
  const paths = pathsOf(scopeOf(directory, rules), directory, anchor);
  const scope = concludeScope(user, paths, directory.whereabouts.get(anchor));
  const leaving = link === undefined || scope.startsWith('entitled') ? undefined : pendingRemoval(link);
  return {
    found: user !== undefined || link !== undefined,
    ...(user === undefined ? {} : { user: { id: user.id, name: userLabel(user), enabled: user.enabled } }),
    paths,
    conclusion: `${scope}; ${accountWords(link)}`,
    mapped: user === undefined ? {} : mappedValues(mapping, directory, user, paths, link),
    ...(leaving === undefined ? {} : { leaving }),
    ...(link === undefined ? {} : { link: { resourceId: link.resourceId, state: link.state, origin: link.origin } }),
  };
}

function mappedValues(
  mapping: Connection['mapping'],
  directory: DirectorySnapshot,
  user: DirectoryUser,
  paths: readonly ScopePath[],
  link: Link | undefined,
): Readonly<Record<string, Json>> {
  const roleIds = new Set(paths.map(({ roleId }) => roleId));
  const roles = directory.application.roles.filter(({ id }) => roleIds.has(id));
  const linked = link !== undefined && link.state !== 'deleted';
  const result = desiredAccount(mapping, { user, roles }, linked ? 'update' : 'create');
  return 'failure' in result ? { error: result.failure } : Object.fromEntries(result.account.attributes);
}
