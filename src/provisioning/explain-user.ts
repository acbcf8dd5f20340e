import type { Anchor, DirectorySnapshot, DirectoryUser } from '../core/directory.ts';
import type { Link } from '../core/link.ts';
import { desiredAccount } from '../core/mapping/compile-mapping.ts';
import type { ScopePath } from '../core/operation.ts';
import { createProblem } from '../core/planning/map-user.ts';
import { userLabel } from '../core/planning/plan-accounts.ts';
import { describePaths, leftOut } from '../core/reasons.ts';
import { pathsOf, scopeOf } from '../core/scope.ts';
import type { Json } from '../core/scim.ts';
import { shownValues } from '../core/without-secrets.ts';
import type { CompiledFilters } from '../core/scoping-filter.ts';
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
  filters: CompiledFilters,
): string {
  if (user === undefined) {
    if (where === 'absent' && paths.length > 0)
      return `not decided: still in scope ${describePaths(paths)}, but found neither among the users of the directory nor among the deleted ones; nothing is taken away until the directory agrees with itself`;
    return `not entitled: ${GONE[where ?? ''] ?? 'the directory could not say where the user is'}`;
  }
  if (paths.length === 0) return 'not entitled: neither assigned directly nor a direct member of an assigned group';
  if (!user.enabled) return `not entitled: in scope ${describePaths(paths)}, but sign-in is blocked in the directory`;
  const passes = filters.admits(user);
  if (passes === undefined)
    return `not decided: in scope ${describePaths(paths)}, but what the directory says of the user is not enough for the scoping filters; nothing is taken away`;
  if (!passes) return `not entitled: assigned ${describePaths(paths)}, but ${leftOut(user, { filters })}`;
  return `entitled ${describePaths(paths)}`;
}

const GONE: Readonly<Record<string, string>> = {
  'soft-deleted': 'deleted in the directory, restorable for 30 days',
  absent: 'permanently deleted in the directory',
};

/** How the account is, and where an entitled user cannot be mapped (`why`), what that keeps from happening. */
function accountWords(link: Link | undefined, why: string | undefined): string {
  if (link === undefined || link.state === 'deleted') {
    const none = link === undefined ? 'has no account yet' : 'has no account any more';
    return why === undefined ? none : `${none} and cannot get one: ${why}`;
  }
  const has = link.state === 'active' ? 'has an account' : `has an account that is ${link.state}`;
  return why === undefined ? has : `${has} and cannot be kept up to date: ${why}`;
}

/** Why one user has or lacks access: every path, what the mapping gives, the account, and what will be done to it. */
export function explainUser(
  connection: Pick<Connection, 'rules' | 'mapping' | 'provider'>,
  { directory, links }: KnownFacts,
  anchor: Anchor,
): Omit<Explanation, 'connection' | 'operations'> {
  const user = directory.users.get(anchor);
  const link = links.find((known) => known.resource === 'account' && known.anchor === anchor);
  const scope = scopeOf(directory, connection.rules);
  const paths = pathsOf(scope, directory, anchor);
  const conclusion = concludeScope(user, paths, directory.whereabouts.get(anchor), scope.filters);
  const mapped = user === undefined ? {} : mapOne(connection, directory, user, paths, link);
  const entitled = conclusion.startsWith('entitled');
  const why = entitled ? mapped.why : undefined;
  const leaving = link === undefined || entitled ? undefined : pendingRemoval(link);
  return {
    found: user !== undefined || link !== undefined,
    ...(user === undefined ? {} : { user: { id: user.id, name: userLabel(user), enabled: user.enabled } }),
    paths,
    conclusion: `${conclusion}; ${accountWords(link, why)}`,
    mapped: entitled ? (mapped.values ?? {}) : {},
    ...(leaving === undefined ? {} : { leaving }),
    ...(link === undefined ? {} : { link: { resourceId: link.resourceId, state: link.state, origin: link.origin } }),
  };
}

/** What the mapping gives, and why no account can be made of it. */
function mapOne(
  { mapping, provider }: Pick<Connection, 'mapping' | 'provider'>,
  directory: DirectorySnapshot,
  user: DirectoryUser,
  paths: readonly ScopePath[],
  link: Link | undefined,
): { readonly values?: Readonly<Record<string, Json>>; readonly why?: string } {
  const roleIds = new Set(paths.map(({ roleId }) => roleId));
  const roles = directory.application.roles.filter(({ id }) => roleIds.has(id));
  const linked = link !== undefined && link.state !== 'deleted';
  const result = desiredAccount(mapping, { user, roles }, linked ? 'update' : 'create');
  if ('failure' in result) return { values: { error: result.failure }, why: result.failure };
  const why = linked ? undefined : createProblem(result.account, provider.profile)?.why;
  return { values: shownValues(Object.fromEntries(result.account.attributes)), ...(why === undefined ? {} : { why }) };
}
