import { RefusedError } from '../core/errors.ts';
import { type Anchor, GUID } from '../core/directory.ts';
import type { MigrationKind } from '../core/migration/migration.ts';
import { foldName } from '../core/reasons.ts';
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
    const found = [...known.values()].filter(
      ({ attributes }) => foldName(String(attributes['displayName'])) === foldName(group),
    );
    const [only] = found;
    if (only !== undefined && found.length === 1) return only.id;
    throw new RefusedError(
      'not-found',
      `${found.length === 0 ? 'no' : found.length} assigned groups are named "${group}"`,
      {
        remedy: 'give the object id of the group instead of its name.',
      },
    );
  });
  return [...new Set(ids)].sort();
}
