import { RefusedError } from '../core/errors.ts';
import { didYouMean } from '../core/did-you-mean.ts';
import { type Anchor, type DirectoryGroup, GUID } from '../core/directory.ts';
import type { MigrationKind } from '../core/migration/migration.ts';
import { foldName, listed } from '../core/reasons.ts';
import type { Connection } from '../ports/index.ts';
import { assignedGroups } from '../provisioning/gather-directory.ts';

/**
 * Object ids of groups given by id or by the name of an assigned group. RefusedError for a name none or several have, and
 * where groups are named to a migration that concerns all of them.
 */
export async function resolveGroups(
  { directory, rules }: Connection,
  { groups, kind }: { readonly groups: readonly string[]; readonly kind?: MigrationKind },
  signal: AbortSignal,
): Promise<readonly Anchor[]> {
  if (kind === 'disable-scim' && groups.length > 0)
    throw new RefusedError('migration-refused', 'groups were named, but switching SCIM off concerns every group', {
      remedy: 'leave --groups out; to take only some groups out of the connection: --kind remove-groups --groups …',
    });
  const names = groups.filter((group) => !GUID.test(group));
  if (names.length === 0) return [...new Set(groups.map((group) => group.toLowerCase()))].sort();
  const application = await directory.readApplication(rules.application, signal);
  const assigned = assignedGroups((await directory.readAssignments(application.id, signal)).value);
  const known = await directory.readGroups(assigned, ['displayName'], signal);
  const ids = groups.map((group) => {
    if (GUID.test(group)) return group.toLowerCase();
    const found = [...known.values()].filter((candidate) => foldName(nameOf(candidate)) === foldName(group));
    const [only] = found;
    if (only === undefined) throw noSuchGroup(group, [...known.values()].map(nameOf));
    if (found.length === 1) return only.id;
    throw new RefusedError('not-found', `${found.length} assigned groups are named "${group}"`, {
      remedy: `give the object id of the group instead of its name: ${listed(found.map(({ id }) => id))}.`,
    });
  });
  return [...new Set(ids)].sort();
}

function nameOf({ attributes }: DirectoryGroup): string {
  return String(attributes['displayName']);
}

/** Names that are listed where none is near the one that was given. */
const SHOWN_NAMES = 8;

function noSuchGroup(group: string, assigned: readonly string[]): RefusedError {
  const meant = didYouMean(group, assigned);
  const those =
    assigned.length === 0 ? 'no group is assigned' : `assigned are: ${listed([...assigned].sort(), SHOWN_NAMES)}`;
  return new RefusedError('not-found', `no assigned group is named "${group}"${meant}`, {
    remedy: `${meant === '' ? `${those}. G` : 'g'}ive the name of an assigned group, or the object id of any.`,
  });
}
