import type { Anchor } from '../directory.ts';
import { matchingTargets, type CompiledMapping } from '../mapping/compile-mapping.ts';
import { type CreateAccount, isAccountRemoval, type Operation } from '../operation.ts';
import { listed } from '../reasons.ts';
import { foldText } from '../scim-compare.ts';
import type { ResourceId } from '../scim.ts';
import type { PlanDraft } from './plan-input.ts';
import type { Links } from './plan-members.ts';

/** Links of one kind, and whose resources must not be taken away: entitled users, groups in scope. */
interface Claims extends Links {
  readonly staying: ReadonlySet<Anchor>;
}

/** Finds whatever two users or two groups of this plan claim at once. What is found is held until a person has looked at it. */
export function planCollisions(draft: PlanDraft, mapping: CompiledMapping, accounts: Claims, groups: Claims): void {
  collideCreates(draft, mapping);
  collideMatches(draft, 'account');
  collideMatches(draft, 'group');
  collideLinks(draft, 'account', accounts);
  collideLinks(draft, 'group', groups);
  keepClaimed(draft);
}

/** Creates whose matching attribute has the same value: whichever came second would be joined to the first one's account. */
function collideCreates(draft: PlanDraft, mapping: CompiledMapping): void {
  const creates = draft.operations.filter(
    (operation): operation is CreateAccount => operation.resource === 'account' && operation.kind === 'create',
  );
  for (const target of matchingTargets(mapping)) {
    const byValue = new Map<string, CreateAccount[]>();
    for (const create of creates) {
      const value = create.attributes.find(({ path }) => path === target)?.after;
      if (typeof value !== 'string' || value === '') continue;
      const key = foldText(value);
      const same = byValue.get(key);
      if (same === undefined) byValue.set(key, [create]);
      else same.push(create);
    }
    for (const [value, same] of byValue) {
      if (same.length < 2) continue;
      const text = `${same.length} users map to the same ${target} "${value}" (DuplicateSourceEntries)`;
      draft.collisions.push({ text, operations: same.map(({ key }) => key) });
    }
  }
}

function operationsOn(
  draft: PlanDraft,
  resource: Operation['resource'],
  anchors: readonly Anchor[],
): readonly string[] {
  const concerned = new Set(anchors);
  return draft.operations
    .filter((operation) => operation.resource === resource && concerned.has(operation.anchor))
    .map(({ key }) => key);
}

function labelsOf(draft: PlanDraft, operations: readonly string[]): string {
  const keys = new Set(operations);
  return listed([...new Set(draft.operations.filter(({ key }) => keys.has(key)).map(({ label }) => label))].sort());
}

/** One account, or one SCIM group, that several would be joined with: whoever came second would get what the first one has. */
function collideMatches(draft: PlanDraft, resource: Operation['resource']): void {
  const claimed = new Map<ResourceId, Set<Anchor>>();
  for (const operation of draft.operations) {
    if (operation.resource !== resource || !('matchedBy' in operation) || operation.resourceId === undefined) continue;
    const { resourceId, anchor } = operation;
    claimed.set(resourceId, (claimed.get(resourceId) ?? new Set()).add(anchor));
  }
  for (const [id, anchors] of claimed) {
    if (anchors.size < 2) continue;
    const operations = operationsOn(draft, resource, [...anchors]);
    const what = resource === 'account' ? 'users match one account' : 'assigned groups match one SCIM group';
    draft.collisions.push({ text: `${anchors.size} ${what} (${id}): ${labelsOf(draft, operations)}`, operations });
  }
}

/**
 * Links that lead to one and the same resource, as when a provider answered a create with an account that was there:
 * removing it for one would take it from the other, and updates would go back and forth.
 */
function collideLinks(
  draft: PlanDraft,
  resource: Operation['resource'],
  { byAnchor, linkedTo, staying }: Claims,
): void {
  const shared = new Map<ResourceId, Anchor[]>();
  for (const { anchor, resourceId, state } of byAnchor.values()) {
    const other = state === 'deleted' ? anchor : linkedTo.get(resourceId);
    if (other === undefined || other === anchor) continue;
    shared.set(resourceId, [...(shared.get(resourceId) ?? [other]), anchor]);
  }
  for (const [id, anchors] of shared) {
    const operations = operationsOn(draft, resource, anchors);
    if (operations.length === 0 || !anchors.some((anchor) => staying.has(anchor))) continue;
    const what = resource === 'account' ? 'users are linked to one account' : 'groups are linked to one SCIM group';
    draft.collisions.push({ text: `${anchors.length} ${what} (${id}): ${labelsOf(draft, operations)}`, operations });
  }
}

/** An account an entitled user could not be joined with, because it is another's, is not removed while that is so. */
function keepClaimed(draft: PlanDraft): void {
  draft.collisions.forEach((collision, position) => {
    const { operations, accounts } = collision;
    if (accounts === undefined) return;
    const removals = draft.operations.filter(
      (operation) => isAccountRemoval(operation) && accounts.includes(operation.resourceId),
    );
    const keys = [...operations, ...removals.map(({ key }) => key)];
    draft.collisions[position] = { ...collision, operations: keys };
  });
}
