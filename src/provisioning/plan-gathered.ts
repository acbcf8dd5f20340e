import pMap from 'p-map';
import { planCycle, type Planned } from '../core/planning/plan-cycle.ts';
import type { Link } from '../core/link.ts';
import type { Operation } from '../core/operation.ts';
import type { PlanInput } from '../core/planning/plan-input.ts';
import type { ScimGroup } from '../core/scim.ts';
import type { Connection } from '../ports/index.ts';
import { findGivenAway } from './find-given-away.ts';
import { naming } from './naming.ts';

/**
 * Plans what was gathered. Where an account or SCIM group the plan would touch by its link shows somebody else it is planned
 * once more, knowing that: whose an account is only the directory can tell, and asking about everybody who is linked, or
 * reading every group of which a member may change, would cost a cycle as much as it reads.
 */
export async function planGathered(connection: Connection, input: PlanInput, signal: AbortSignal): Promise<Planned> {
  const planned = planCycle(input);
  const { operations } = planned.plan;
  const groups = await naming(connection.rules.name, readGroupsTouched(connection, input, operations, signal));
  const givenAway = await findGivenAway(connection, input, linksTouched(operations, input.links), signal);
  if (givenAway.size + groups.length === 0) return planned;
  const known = { ...input.inventory.groups, resources: [...input.inventory.groups.resources, ...groups] };
  return planCycle({ ...input, givenAway, inventory: { ...input.inventory, groups: known } });
}

/** SCIM groups that a cycle has not read, because nothing but their members changed, or because it was their time that came. */
async function readGroupsTouched(
  { provider, concurrency }: Connection,
  { focus, links, inventory }: PlanInput,
  operations: readonly Operation[],
  signal: AbortSignal,
): Promise<readonly ScimGroup[]> {
  if (focus === undefined) return [];
  const changed = new Set(operations.flatMap(({ resource, anchor }) => (resource === 'group' ? [anchor] : [])));
  const read = new Set(inventory.groups.resources.map(({ id }) => id));
  const unread = links.filter(
    ({ resource, state, anchor, resourceId }) =>
      resource === 'group' && state !== 'deleted' && changed.has(anchor) && !read.has(resourceId),
  );
  const groups = await pMap(unread, ({ resourceId }) => provider.readGroup(resourceId, signal), {
    concurrency,
    signal,
  });
  return groups.filter((group) => group !== undefined);
}

/** Links of accounts that operations change, refer to, or put into groups and take out of them. */
function linksTouched(operations: readonly Operation[], links: readonly Link[]): readonly Link[] {
  const touched = new Set(operations.flatMap(accountsTouched));
  return links.filter(
    ({ resource, state, anchor }) => resource === 'account' && state !== 'deleted' && touched.has(anchor),
  );
}

function accountsTouched(operation: Operation): readonly string[] {
  if (operation.kind === 'members') return [...operation.add, ...operation.remove.map(({ anchor }) => anchor)];
  if (operation.resource === 'group') return [];
  return [operation.anchor, ...('references' in operation ? operation.references.map(({ to }) => to) : [])];
}
