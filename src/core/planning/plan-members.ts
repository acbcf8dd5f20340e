import type { Anchor } from '../directory.ts';
import type { Link } from '../link.ts';
import { WAVE } from '../operation.ts';
import { groupName, type Scope } from '../scope.ts';
import type { ResourceId, ScimGroup } from '../scim.ts';
import { groupsInScope } from './plan-groups.ts';
import type { PlanDraft, PlanInput } from './plan-input.ts';

interface Links {
  readonly byAnchor: ReadonlyMap<Anchor, Link>;
  readonly linkedTo: ReadonlyMap<ResourceId, Anchor>;
}

/** Members as far as they are Headgate's: what the provider shows where it shows members, else what Headgate remembers. */
function currentMembers(
  group: ScimGroup | undefined,
  link: Link | undefined,
  accounts: Links,
): ReadonlyMap<Anchor, ResourceId> {
  const members = new Map<Anchor, ResourceId>();
  if (group?.members !== undefined) {
    for (const id of group.members) {
      const anchor = accounts.linkedTo.get(id);
      if (anchor !== undefined) members.set(anchor, id);
    }
    return members;
  }
  for (const anchor of link?.members ?? []) {
    const account = accounts.byAnchor.get(anchor);
    if (account !== undefined && account.state !== 'deleted') members.set(anchor, account.resourceId);
  }
  return members;
}

/** The SCIM group an assigned directory group has or is about to be joined with in this plan. */
function scimGroupOf(
  anchor: Anchor,
  link: Link | undefined,
  byId: ReadonlyMap<ResourceId, ScimGroup>,
  joined: ReadonlyMap<Anchor, ResourceId>,
) {
  const id = joined.get(anchor) ?? (link === undefined || link.state === 'deleted' ? undefined : link.resourceId);
  return id === undefined ? undefined : byId.get(id);
}

/** Plans memberships of every SCIM group in scope: entitled members only, and removals only of accounts Headgate linked. */
export function planMembers(
  input: PlanInput,
  draft: PlanDraft,
  scope: Scope,
  entitled: ReadonlySet<Anchor>,
  groups: Links,
  accounts: Links,
): void {
  const byId = new Map(input.inventory.groups.resources.map((group) => [group.id, group]));
  const joined = new Map<Anchor, ResourceId>();
  const fresh = new Set<Anchor>();
  for (const operation of draft.operations) {
    if (operation.resource !== 'group') continue;
    if ((operation.kind === 'link' || operation.kind === 'update') && operation.matchedBy !== undefined)
      joined.set(operation.anchor, operation.resourceId);
    if (operation.kind === 'create') fresh.add(operation.anchor);
  }
  for (const anchor of groupsInScope(input, scope)) {
    const link = groups.byAnchor.get(anchor);
    const group = scimGroupOf(anchor, link, byId, joined);
    if (group === undefined && !fresh.has(anchor)) continue;
    const current = fresh.has(anchor) ? new Map<Anchor, ResourceId>() : currentMembers(group, link, accounts);
    const desired = scope.membersOf(anchor);
    const add = [...desired].filter((user) => entitled.has(user) && !current.has(user)).sort();
    const remove = [...current]
      .filter(([user]) => !desired.has(user) || !entitled.has(user))
      .map(([user, resourceId]) => ({ anchor: user, resourceId }))
      .sort((a, b) => (a.anchor < b.anchor ? -1 : 1));
    if (add.length === 0 && remove.length === 0) continue;
    const parts = [add.length > 0 ? `${add.length} to add` : '', remove.length > 0 ? `${remove.length} to remove` : ''];
    draft.operations.push({
      resource: 'group',
      kind: 'members',
      key: `${WAVE.members}:group:members:${anchor}`,
      wave: WAVE.members,
      anchor,
      label: groupName(input.directory, anchor),
      reason: { code: 'members-differ', text: `members: ${parts.filter((part) => part !== '').join(', ')}` },
      add,
      remove,
    });
  }
}
