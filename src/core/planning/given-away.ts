import type { Anchor } from '../directory.ts';
import type { Link } from '../link.ts';
import type { Operation } from '../operation.ts';
import { foldName, listed } from '../reasons.ts';
import { groupName } from '../scope.ts';
import type { ScimGroup } from '../scim.ts';
import { newGroupOwner, type NamedGroup } from '../whose-group.ts';
import type { Collision, PlanDraft, PlanInput } from './plan-input.ts';

/** What planning knows the SCIM groups by. */
type Facts = Pick<PlanInput, 'directory' | 'inventory' | 'links' | 'profile'>;

/** A SCIM group that the provider has given to another group since it was linked, and whose it is now in words. */
export interface GivenGroup {
  readonly link: Link;
  readonly group: ScimGroup;
  readonly whose: string;
}

/** SCIM groups that the provider has given to other groups, by the directory group they were linked for. */
export function groupsGivenAway({ directory, inventory, links, profile }: Facts): ReadonlyMap<Anchor, GivenGroup> {
  const linked = links.filter(({ resource, state }) => resource === 'group' && state !== 'deleted');
  const known: readonly NamedGroup[] = [
    ...[...directory.groups.keys()].map((anchor) => ({ anchor, name: groupName(directory, anchor) })),
    ...linked.map(({ anchor, label }) => ({ anchor, name: label })),
  ];
  const byId = new Map(inventory.groups.resources.map((group) => [group.id, group]));
  return new Map(
    linked.flatMap((link): (readonly [Anchor, GivenGroup])[] => {
      const group = byId.get(link.resourceId);
      const whose = group === undefined ? undefined : newGroupOwner(link, group, profile, known);
      return group === undefined || whose === undefined ? [] : [[link.anchor, { link, group, whose }]];
    }),
  );
}

/**
 * A provider may give the id of an account or a SCIM group to somebody else: whatever is planned by such a link would be done
 * to them. A group that is about to be made although it has this one waits with it.
 */
export function planGivenAway(input: PlanInput, draft: PlanDraft, groups: ReadonlyMap<Anchor, GivenGroup>): void {
  const { links, rules, givenAway = new Map<Anchor, string>() } = input;
  const forget = `headgate connection forget-vanished -c ${rules.name}`;
  const accounts = givenAway.size === 0 ? [] : links.filter(({ resource }) => resource === 'account');
  const found = [
    ...accounts.flatMap(({ anchor, resourceId }): readonly Collision[] => {
      const whose = givenAway.get(anchor);
      if (whose === undefined) return [];
      const remedy = `if it is theirs, give it back their userName or externalId at the provider, and the hold lifts by itself; if not, nothing of theirs is left there, and the link may be forgotten: ${forget}`;
      const operations = draft.operations.filter((one) => one.resource === 'account' && one.anchor === anchor);
      return toldOf(operations, `account ${resourceId} is not theirs any more; ${whose}`, remedy, []);
    }),
    ...[...groups].flatMap(([anchor, { link, group, whose }]) => {
      const remedy = `if it is theirs, give it back its displayName or externalId at the provider, and the hold lifts by itself; if not, the link may be forgotten, and the next cycle matches the group or makes it anew: ${forget}`;
      const operations = draft.operations.filter((one) => one.resource === 'group' && one.anchor === anchor);
      const text = `SCIM group ${link.resourceId} is not that of ${link.label} any more; ${whose}`;
      return toldOf(operations, text, remedy, remade(draft.operations, group));
    }),
  ];
  draft.collisions.push(...found.toSorted((a, b) => ((a.operations[0] ?? '') < (b.operations[0] ?? '') ? -1 : 1)));
}

function toldOf(
  operations: readonly Operation[],
  text: string,
  remedy: string,
  others: readonly Operation[],
): readonly Collision[] {
  const all = [...operations, ...others];
  if (all.length === 0) return [];
  const what = listed(all.map(({ kind, label }) => `${kind} ${label}`));
  return [{ text: `${what}: ${text}`, remedy, operations: all.map(({ key }) => key) }];
}

/** The groups that would be made beside the one that is theirs. */
function remade(operations: readonly Operation[], { externalId, displayName }: ScimGroup): readonly Operation[] {
  return operations.filter(
    (one) =>
      one.resource === 'group' &&
      one.kind === 'create' &&
      (one.externalId === externalId || foldName(one.displayName) === foldName(displayName)),
  );
}
