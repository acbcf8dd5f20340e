import type { Anchor } from '../directory.ts';
import type { Link } from '../link.ts';
import type { ChangeMembers } from '../operation.ts';
import { concerns, whatFollows, type DriftDraft, type DriftFacts } from './drift-facts.ts';

/**
 * Memberships that somebody changed by hand. What Headgate remembers to have made and is gone was taken away; what it
 * does not remember and nobody in the directory asked for was put there.
 */
export function findMemberDrift(facts: DriftFacts, draft: DriftDraft, operations: readonly ChangeMembers[]): void {
  const shown = new Set(
    facts.input.inventory.groups.resources.filter(({ members }) => members !== undefined).map(({ id }) => id),
  );
  for (const operation of operations) {
    const link = facts.groups.byAnchor.get(operation.anchor);
    if (link === undefined || link.state === 'deleted' || facts.strangers.has(link.anchor)) continue;
    if (facts.input.vanished.group.has(link.resourceId)) {
      // Its members went with it: putting them back is part of making it again, or of leaving it.
      if (concerns(facts.causes, 'group', link.anchor) !== true) draft.undoes.add(operation.key);
    } else if (shown.has(link.resourceId)) membersOf(facts, draft, operation, link);
  }
}

function membersOf(facts: DriftFacts, draft: DriftDraft, operation: ChangeMembers, link: Link): void {
  const remembered = new Set(link.members);
  const add = operation.add.filter((user) => isUndone(facts, link, user, remembered.has(user)));
  const remove = operation.remove
    .map(({ anchor }) => anchor)
    .filter((user) => !remembered.has(user) && isUndone(facts, link, user, false));
  for (const user of add) {
    // Whose account was deleted lost the membership with it, which was told already.
    if (lost(facts, user)) continue;
    found(facts, draft, link, user, 'member-removed', 'was taken out of', 'put them back');
  }
  for (const user of remove) found(facts, draft, link, user, 'member-added', 'was put into', 'take them out');
  if (add.length + remove.length === 0) return;
  draft.undoneMembers.set(operation.key, { add: new Set(add), remove: new Set(remove) });
}

function lost({ accounts, input }: DriftFacts, user: Anchor): boolean {
  const account = accounts.byAnchor.get(user);
  return account !== undefined && input.vanished.account.has(account.resourceId);
}

/** Whether a change of membership only undoes what was done by hand. A user without an account before has lost nothing. */
function isUndone({ accounts, causes }: DriftFacts, group: Link, user: Anchor, remembered: boolean): boolean {
  if (accounts.byAnchor.get(user)?.state !== 'active') return false;
  if (concerns(causes, 'account', user) === true || concerns(causes, 'group', group.anchor) === true) return false;
  return remembered || (causes.known && causes.memberships);
}

function found(
  facts: DriftFacts,
  draft: DriftDraft,
  group: Link,
  user: Anchor,
  kind: 'member-added' | 'member-removed',
  deed: string,
  remedy: string,
): void {
  const name = facts.accounts.byAnchor.get(user)?.label ?? user;
  draft.findings.push({
    kind,
    name,
    anchor: user,
    group: group.label,
    certain: true,
    text: `${name} ${deed} SCIM group ${group.label} by hand`,
    next: whatFollows(facts, true, remedy),
  });
}
