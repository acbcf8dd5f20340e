import type { ExactRequest } from '../../core/migration/journal.ts';
import { type JsonObject, type ResourceId, URN } from '../../core/scim.ts';
import type { FailureContext } from './failure.ts';
import { chunksOf, memberOperations } from './members.ts';
import { segmentOf } from './wire.ts';

/** The requests of a group's end, in the dialect of the profile, as they would be sent. */
export function previewGroup(
  context: FailureContext,
  group: ResourceId,
  change: 'delete' | { readonly remove: readonly ResourceId[] },
): readonly ExactRequest[] {
  const path = `/Groups/${segmentOf(group, context)}`;
  if (change === 'delete') return [{ to: 'provider', method: 'DELETE', path }];
  return chunksOf(change.remove, context.profile.groups.membersPerPatch).map((ids) => {
    const operations: readonly JsonObject[] = memberOperations(context, ids, 'remove').map((operation) => ({
      ...operation,
    }));
    return { to: 'provider', method: 'PATCH', path, body: { schemas: [URN.patchOp], Operations: operations } };
  });
}
