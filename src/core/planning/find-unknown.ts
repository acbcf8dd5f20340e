import type { ResourceId } from '../scim.ts';
import type { DriftDraft, DriftFacts } from './drift-facts.ts';

const UNTOUCHED = 'Headgate never touches it';

/** Accounts, SCIM groups and members that are not Headgate's: counted and listed, never touched. */
export function findUnknown(facts: DriftFacts, draft: DriftDraft): void {
  const { accounts, groups, input, operations } = facts;
  const joined = new Set<ResourceId>();
  for (const operation of operations) {
    if ('matchedBy' in operation && 'resourceId' in operation && operation.resourceId !== undefined)
      joined.add(operation.resourceId);
  }
  const isOurs = (links: typeof accounts, id: ResourceId) => links.linkedTo.has(id) || joined.has(id);
  for (const { id, userName, active } of input.inventory.accounts.resources) {
    if (isOurs(accounts, id)) continue;
    const text = `${userName} is ${active ? 'an account' : 'an inactive account'} that Headgate did not make and no entitled user matches`;
    draft.findings.push({
      kind: 'unknown-account',
      name: userName,
      resourceId: id,
      certain: true,
      text,
      next: UNTOUCHED,
    });
  }
  for (const { id, displayName, members = [] } of input.inventory.groups.resources) {
    if (!isOurs(groups, id)) {
      const text = `${displayName} is a SCIM group that Headgate did not make`;
      draft.findings.push({
        kind: 'unknown-group',
        name: displayName,
        resourceId: id,
        certain: true,
        text,
        next: UNTOUCHED,
      });
      continue;
    }
    const count = members.filter((member) => !isOurs(accounts, member)).length;
    if (count === 0) continue;
    const text = `SCIM group ${displayName} has ${count} ${count === 1 ? 'member' : 'members'} that Headgate does not know`;
    const next = 'Headgate never touches them';
    draft.findings.push({
      kind: 'unknown-member',
      name: displayName,
      resourceId: id,
      count,
      certain: true,
      text,
      next,
    });
  }
}
