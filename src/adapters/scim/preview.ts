import type { ExactRequest } from '../../core/migration/journal.ts';
import { type JsonObject, type ResourceId, URN } from '../../core/scim.ts';
import type { GroupPreview } from '../../ports/service-provider.ts';
import type { FailureContext } from './failure.ts';
import { chunksOf, memberOperations } from './members.ts';
import { segmentOf } from './wire.ts';

/** The requests of a change to a group, in the dialect of the profile, as they would be sent. */
export function previewGroup(
  context: FailureContext,
  group: ResourceId,
  change: GroupPreview,
): readonly ExactRequest[] {
  const path = `/Groups/${segmentOf(group, context)}`;
  if (change === 'delete') return [{ to: 'provider', method: 'DELETE', path }];
  const [verb, members] = 'add' in change ? (['add', change.add] as const) : (['remove', change.remove] as const);
  return chunksOf(members, context.profile.groups.membersPerPatch).map((ids) => {
    const operations: readonly JsonObject[] = memberOperations(context, ids, verb).map((operation) => ({
      ...operation,
    }));
    return { to: 'provider', method: 'PATCH', path, body: { schemas: [URN.patchOp], Operations: operations } };
  });
}
