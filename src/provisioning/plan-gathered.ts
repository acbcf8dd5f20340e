import { planCycle, type Planned } from '../core/planning/plan-cycle.ts';
import type { Link } from '../core/link.ts';
import type { Operation } from '../core/operation.ts';
import type { PlanInput } from '../core/planning/plan-input.ts';
import type { Connection } from '../ports/index.ts';
import { findGivenAway } from './find-given-away.ts';

/**
 * Plans what was gathered. Where an account the plan would touch by its link shows somebody else it is planned once more,
 * knowing that: whose it is only the directory can tell, and asking about everybody who is linked would cost a cycle as much
 * as it reads.
 */
export async function planGathered(connection: Connection, input: PlanInput, signal: AbortSignal): Promise<Planned> {
  const planned = planCycle(input);
  const givenAway = await findGivenAway(connection, input, linksTouched(planned.plan.operations, input.links), signal);
  return givenAway.size === 0 ? planned : planCycle({ ...input, givenAway });
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
