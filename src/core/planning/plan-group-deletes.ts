import type { DeprovisionRule } from '../connection.ts';
import type { Anchor } from '../directory.ts';
import type { Link } from '../link.ts';
import { WAVE } from '../operation.ts';
import { afterDelay } from '../reasons.ts';
import type { Scope } from '../scope.ts';
import type { ResourceId } from '../scim.ts';
import { leave } from './leave.ts';
import { groupsInScope } from './plan-groups.ts';
import type { PlanDraft, PlanInput } from './plan-input.ts';
import { currentMembers, type Links } from './plan-members.ts';

const CASCADES = 'at this provider deleting a group may remove the accounts of its members';

const AT_ONCE: DeprovisionRule = { action: 'delete', afterMs: 0 };

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
    if (input.focus?.only === true && !input.focus.groups.has(link.anchor)) continue;
    if (link.state === 'deleted' || kept.has(link.anchor) || input.vanished.group.has(link.resourceId)) continue;
    const ends = input.ending?.has(link.anchor) === true;
    const rule = ends ? AT_ONCE : input.rules.deprovision.unassigned;
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
    const group = byId.get(link.resourceId);
    const shown = currentMembers(group, link, accounts, input.vanished);
    const ours = ourMembers(shown, accounts).filter(({ anchor }) => input.givenAway?.has(anchor) !== true);
    if (cascades) planEmptying(draft, link, ours);
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
      // Where the accounts could go along it is deleted only once it is seen to be empty.
      members: cascades ? 0 : memberTotal(input, link, shown, accounts),
    });
  }
}

type Member = { readonly anchor: Anchor; readonly resourceId: ResourceId };

/** Members of a group that somebody of ours is linked to. */
function ourMembers(members: ReadonlySet<ResourceId>, accounts: Links): readonly Member[] {
  const ours = [...members].flatMap((resourceId) => {
    const anchor = accounts.linkedTo.get(resourceId);
    return anchor === undefined ? [] : [{ anchor, resourceId }];
  });
  return ours.sort((a, b) => (a.anchor < b.anchor ? -1 : 1));
}

/** How many members a group has: as shown and as remembered together, for either may be behind. */
function memberTotal(input: PlanInput, link: Link, shown: ReadonlySet<ResourceId>, accounts: Links): number {
  const remembered = link.members ?? [];
  const unseen = remembered.filter((anchor) => {
    const account = accounts.byAnchor.get(anchor);
    if (account === undefined) return false;
    return (
      account.state !== 'deleted' && !input.vanished.account.has(account.resourceId) && !shown.has(account.resourceId)
    );
  });
  if (input.focus === undefined) return shown.size + unseen.length;
  // An incremental cycle does not know everybody's link: whom it remembers so may be whom it is shown without an owner.
  const nameless = remembered.filter((anchor) => !accounts.byAnchor.has(anchor)).length;
  const ownerless = [...shown].filter((id) => !accounts.linkedTo.has(id)).length;
  return shown.size + unseen.length + Math.max(0, nameless - ownerless);
}

/** Takes our members out first, where they would go with the group; members of others keep the group from being deleted. */
function planEmptying(draft: PlanDraft, link: Link, members: readonly Member[]): void {
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
    remove: members,
  });
}
