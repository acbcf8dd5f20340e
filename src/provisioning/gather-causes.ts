import { rolesChanged, type Baseline } from '../core/baseline.ts';
import type { DirectoryCauses } from '../core/drift.ts';
import type { Operation } from '../core/operation.ts';
import type { Connection } from '../ports/index.ts';
import type { LinkStore } from '../ports/stores.ts';
import { findConcerned } from './concerned.ts';
import { connectionDigest } from './connection-digest.ts';
import { attributesOf } from './gather-directory.ts';

/**
 * Whom the directory changed since the last committed cycle, so that everything else that differs is known to have been
 * changed at the provider. To be read after the directory itself: what changes between the two is then taken for the
 * directory's doing, not for somebody's.
 */
export async function gatherCauses(
  connection: Connection,
  links: LinkStore,
  last: { readonly baseline: Baseline; readonly unsettled: readonly Operation[] } | undefined,
  now: number,
  signal: AbortSignal,
): Promise<DirectoryCauses> {
  const { rules } = connection;
  if (last === undefined)
    return { known: false, why: 'no cycle has been committed yet, or none since links were forgotten' };
  if (last.baseline.rulesDigest !== connectionDigest(connection))
    return { known: false, why: 'the configuration changed since the last cycle' };
  const concerned = await findConcerned({
    connection,
    links,
    since: last.baseline,
    attributes: attributesOf(connection),
    unsettled: last.unsettled,
    now,
    signal,
  });
  if (concerned === 'expired')
    return { known: false, why: 'the directory no longer tells what changed since the last cycle' };
  if (rolesChanged(last.baseline, concerned.application))
    return { known: false, why: 'roles of the application changed since the last cycle' };
  const { users, groups } = concerned;
  return { known: true, users, groups, memberships: rules.scope.nestedGroups === 'direct' };
}
