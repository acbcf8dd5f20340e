import type { Anchor } from '../directory.ts';
import type { Link } from '../link.ts';
import { WAVE } from '../operation.ts';
import { afterDelay } from '../reasons.ts';
import type { Scope } from '../scope.ts';
import type { ScimGroup } from '../scim.ts';
import { leave } from './leave.ts';
import { groupsInScope } from './plan-groups.ts';
import type { PlanDraft, PlanInput } from './plan-input.ts';
import { currentMembers, type Links } from './plan-members.ts';

const CASCADES = 'at this provider deleting a group may remove the accounts of its members';

/** Plans the delete of SCIM groups whose directory group left the scope. */
export function planGroupDeletes(
  input: PlanInput,
  draft: PlanDraft,
  scope: Scope,
  groups: ReadonlyMap<Anchor, Link>,
  accounts: Links,
): void {
  const kept = new Set(groupsInScope(input, scope));
  const cascades = input.profile.groups.deleteCascades;
  const byId = new Map(input.inventory.groups.resources.map((group) => [group.id, group]));
  for (const link of groups.values()) {
    if (link.state === 'deleted' || kept.has(link.anchor) || input.vanished.has(link.resourceId)) continue;
    const rule = input.rules.deprovision.unassigned;
    const why = input.rules.scope.groups
      ? `group ${link.label} was unassigned from the application`
      : 'groups are no longer in scope of this connection';
    // A SCIM group cannot be disabled: whatever is not kept is deleted.
    const step = leave(input, draft, {
      link,
      cause: 'unassigned',
      policy: () => (rule.action === 'keep' ? rule : { ...rule, action: 'delete' }),
      isDone: () => false,
      reason: () => why,
    });
    if (step === undefined) continue;
    if (cascades) planEmptying(input, draft, link, byId.get(link.resourceId), accounts);
    draft.operations.push({
      resource: 'group',
      kind: 'delete',
      key: `${WAVE.delete}:group:delete:${link.anchor}`,
      wave: WAVE.delete,
      anchor: link.anchor,
      label: link.label,
      reason: afterDelay(
        { code: 'group-out-of-scope', text: cascades ? `${why}; only once it is empty: ${CASCADES}` : why },
        rule.afterMs,
      ),
      resourceId: link.resourceId,
    });
  }
}

/** Takes our members out first, where they would go with the group; members of others keep the group from being deleted. */
function planEmptying(
  input: PlanInput,
  draft: PlanDraft,
  link: Link,
  group: ScimGroup | undefined,
  accounts: Links,
): void {
  const members = [...currentMembers(group, link, accounts, input.vanished)].flatMap((resourceId) => {
    const anchor = accounts.linkedTo.get(resourceId);
    return anchor === undefined ? [] : [{ anchor, resourceId }];
  });
  if (members.length === 0) return;
  draft.operations.push({
    resource: 'group',
    kind: 'members',
    key: `${WAVE.members}:group:members:${link.anchor}`,
    wave: WAVE.members,
    anchor: link.anchor,
    label: link.label,
    reason: { code: 'group-out-of-scope', text: `emptied before it is deleted: ${CASCADES}` },
    add: [],
    remove: members.sort((a, b) => (a.anchor < b.anchor ? -1 : 1)),
  });
}
