import type { Anchor } from '../directory.ts';
import type { Link } from '../link.ts';
import { WAVE, type Reason } from '../operation.ts';
import { groupName, type Scope } from '../scope.ts';
import type { Vanished } from '../provider-inventory.ts';
import type { ResourceId, ScimGroup } from '../scim.ts';
import { groupsInScope } from './plan-groups.ts';
import type { PlanDraft, PlanInput, UnsureMembers } from './plan-input.ts';
import { removalCause } from './plan-removals.ts';

/** Links of one kind, found from either end. */
export interface Links {
  readonly byAnchor: ReadonlyMap<Anchor, Link>;
  readonly linkedTo: ReadonlyMap<ResourceId, Anchor>;
}

interface MemberChange {
  readonly add: readonly Anchor[];
  readonly remove: readonly { readonly anchor: Anchor; readonly resourceId: ResourceId }[];
}

/** Who should have an account, and who of them has none to be a member with: they cannot be mapped, or it is somebody else's. */
interface Entitled {
  readonly entitled: ReadonlySet<Anchor>;
  readonly without: ReadonlySet<Anchor>;
}

/** What members of every group are compared by. */
interface Comparison extends Entitled {
  /** Users whose removal waits, whose reads contradict each other, whom the policy keeps, or whose account is somebody else's: nothing is taken away by their links until that is over. */
  readonly keeping: ReadonlySet<Anchor>;
  readonly accounts: Links;
  /** The account of each other entitled user, null for one without: one look instead of two for each of millions of members. */
  readonly accountOf: ReadonlyMap<Anchor, ResourceId | null>;
  readonly vanished: Vanished;
}

function accountsOf({ entitled, without }: Entitled, { byAnchor }: Links): ReadonlyMap<Anchor, ResourceId | null> {
  const accounts = new Map<Anchor, ResourceId | null>();
  for (const user of entitled) {
    if (without.has(user)) continue;
    const link = byAnchor.get(user);
    accounts.set(user, link === undefined || link.state === 'deleted' ? null : link.resourceId);
  }
  return accounts;
}

/** The account of somebody who may be a member unremembered: whose was disabled was taken out then, as far as anybody knows. */
function livingAccount(link: Link | undefined): ResourceId | undefined {
  return link?.state === 'active' ? link.resourceId : undefined;
}

/**
 * Compares the members a group should have with those it has: what the provider shows where it shows members, else what
 * Headgate remembers, whom it is `unsure` about put in and taken out once more. Members nobody of ours is linked to are not
 * Headgate's and stay.
 */
function compareMembers(
  desired: readonly Anchor[],
  current: ReadonlySet<ResourceId>,
  { entitled, keeping, accounts, accountOf }: Comparison,
  unsure?: UnsureMembers,
): MemberChange {
  const add: Anchor[] = [];
  let kept = 0;
  for (const user of desired) {
    const account = accountOf.get(user);
    if (account === undefined) continue;
    if (account !== null && current.has(account) && unsure?.outside.has(user) !== true) kept++;
    else add.push(user);
  }
  const perhaps = [...(unsure?.inside ?? [])].flatMap((user) => livingAccount(accounts.byAnchor.get(user)) ?? []);
  if (kept === current.size && perhaps.length === 0) return { add: add.sort(), remove: [] };
  const wanted = new Set(desired.filter((user) => entitled.has(user)));
  const remove = [...new Set([...current, ...perhaps])].flatMap((resourceId) => {
    const anchor = accounts.linkedTo.get(resourceId);
    return anchor === undefined || wanted.has(anchor) || keeping.has(anchor) ? [] : [{ anchor, resourceId }];
  });
  return { add: add.sort(), remove: remove.sort((a, b) => (a.anchor < b.anchor ? -1 : 1)) };
}

/**
 * Compares the members of the focus only, with what Headgate remembers: the provider's own list is not read for a few
 * people, and members outside the focus are nobody's business here.
 */
function compareFocused(
  members: readonly Anchor[],
  remembered: readonly Anchor[],
  { users: focus, unsure }: { readonly users: ReadonlySet<Anchor>; readonly unsure: UnsureMembers | undefined },
  { entitled, without, keeping, accounts, vanished }: Comparison,
): MemberChange {
  const present = new Set(remembered.filter((user) => focus.has(user)));
  const wanted = new Set(members.filter((user) => focus.has(user) && entitled.has(user)));
  const add = [...wanted]
    .filter((user) => !without.has(user))
    .filter(
      (user) =>
        !present.has(user) || unsure?.outside.has(user) === true || mayHaveLost(accounts.byAnchor.get(user), vanished),
    )
    .sort();
  const perhaps = [...(unsure?.inside ?? [])].filter(
    (user) => focus.has(user) && livingAccount(accounts.byAnchor.get(user)) !== undefined,
  );
  const remove = [...new Set([...present, ...perhaps])].sort().flatMap((anchor) => {
    const link = accounts.byAnchor.get(anchor);
    if (wanted.has(anchor) || keeping.has(anchor) || link === undefined || link.state === 'deleted') return [];
    return [{ anchor, resourceId: link.resourceId }];
  });
  return { add, remove };
}

/**
 * A member whose account was disabled may have lost the membership at the provider, and one whose account is gone has
 * lost it: memory alone does not prove a membership.
 */
function mayHaveLost(account: Link | undefined, vanished: Vanished): boolean {
  return account?.state !== 'active' || vanished.account.has(account.resourceId);
}

/** Members a SCIM group has: as shown, or as Headgate remembers them where the provider does not show them. */
export function currentMembers(
  group: ScimGroup | undefined,
  link: Link | undefined,
  accounts: Links,
  vanished: Vanished,
): ReadonlySet<ResourceId> {
  if (group?.members !== undefined) return new Set(group.members);
  const remembered = (link?.members ?? []).flatMap((anchor) => {
    const account = accounts.byAnchor.get(anchor);
    // An account that is gone took its memberships along, and the one created in its place has none.
    const gone = account === undefined || account.state === 'deleted' || vanished.account.has(account.resourceId);
    return gone ? [] : [account.resourceId];
  });
  return new Set(remembered);
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
  users: Entitled,
  groups: Links,
  accounts: Links,
): void {
  const byId = new Map(input.inventory.groups.resources.map((group) => [group.id, group]));
  const { entitled } = users;
  const without = new Set([...users.without, ...(input.givenAway?.keys() ?? [])]);
  const comparison: Comparison = {
    entitled,
    without,
    keeping: new Set([
      ...waitingUsers(draft, accounts),
      ...keptUsers(input, scope, entitled, accounts),
      ...(input.givenAway?.keys() ?? []),
    ]),
    accounts,
    accountOf: accountsOf({ entitled, without }, accounts),
    vanished: input.vanished,
  };
  const joined = new Map<Anchor, ResourceId>();
  const fresh = new Set<Anchor>();
  for (const operation of draft.operations) {
    if (operation.resource !== 'group') continue;
    if ((operation.kind === 'link' || operation.kind === 'update') && operation.matchedBy !== undefined)
      joined.set(operation.anchor, operation.resourceId);
    if (operation.kind === 'create') fresh.add(operation.anchor);
  }
  /** Whether group and members were read whole on both sides, so that they can be compared whole. */
  const isRead = (anchor: Anchor) =>
    fresh.has(anchor) || joined.has(anchor) || (input.focus?.only === true && input.focus.groups.has(anchor));
  for (const anchor of groupsInScope(input, scope)) {
    const link = groups.byAnchor.get(anchor);
    const group = scimGroupOf(anchor, link, byId, joined);
    const linked = link !== undefined && link.state !== 'deleted';
    if (group === undefined && !fresh.has(anchor) && !(linked && input.focus !== undefined)) continue;
    const focus = isRead(anchor) ? undefined : input.focus;
    if (focus !== undefined) {
      const of = { users: focus.users, unsure: input.unsure?.get(anchor) };
      const change = compareFocused(scope.membersOf(anchor), link?.members ?? [], of, comparison);
      pushMembers(draft, anchor, groupName(input.directory, anchor), change);
      continue;
    }
    const current = fresh.has(anchor) ? new Set<ResourceId>() : currentMembers(group, link, accounts, input.vanished);
    const unsure = fresh.has(anchor) || group?.members !== undefined ? undefined : input.unsure?.get(anchor);
    const change = compareMembers(scope.membersOf(anchor), current, comparison, unsure);
    pushMembers(draft, anchor, groupName(input.directory, anchor), change);
  }
}

/** Users who keep what they have for now. Once the account is disabled its memberships follow the directory again. */
function waitingUsers({ waiting }: PlanDraft, { byAnchor }: Links): ReadonlySet<Anchor> {
  const accounts = waiting.filter(
    ({ resource, anchor }) => resource === 'account' && byAnchor.get(anchor)?.state === 'active',
  );
  return new Set(accounts.map(({ anchor }) => anchor));
}

/**
 * Users an assignment reaches of whom nothing is taken away: a read did not find them, so that nothing is concluded about
 * them, or the policy is to keep what they have.
 */
function keptUsers(
  { directory, rules: { deprovision } }: PlanInput,
  scope: Scope,
  entitled: ReadonlySet<Anchor>,
  { byAnchor }: Links,
): readonly Anchor[] {
  return [...byAnchor.keys()].filter((anchor) => {
    if (entitled.has(anchor) || !scope.reach.has(anchor)) return false;
    const cause = removalCause(anchor, scope, directory);
    return cause === undefined || deprovision[cause].action === 'keep';
  });
}

function pushMembers(draft: PlanDraft, anchor: Anchor, label: string, { add, remove }: MemberChange): void {
  if (add.length === 0 && remove.length === 0) return;
  draft.operations.push({
    resource: 'group',
    kind: 'members',
    key: `${WAVE.members}:group:members:${anchor}`,
    wave: WAVE.members,
    anchor,
    label,
    reason: memberReason(add, remove),
    add,
    remove,
  });
}

/** The reason of a change of members, with its numbers. */
export function memberReason(add: readonly unknown[], remove: readonly unknown[]): Reason {
  const parts = [add.length > 0 ? `${add.length} to add` : '', remove.length > 0 ? `${remove.length} to remove` : ''];
  return { code: 'members-differ', text: `members: ${parts.filter((part) => part !== '').join(', ')}` };
}
