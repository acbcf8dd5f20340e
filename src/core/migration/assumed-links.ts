import type { Link } from '../link.ts';
import { planCycle } from '../planning/plan-cycle.ts';
import type { PlanInput } from '../planning/plan-input.ts';

function keyOf({ resource, anchor }: Pick<Link, 'resource' | 'anchor'>): string {
  return `${resource} ${anchor}`;
}

/**
 * Which account and SCIM group belongs to whom where another engine made them: matched as a cycle of Headgate would match
 * them, and refused where it would refuse. Only what is not linked yet, or linked to something that is gone.
 */
export function assumedLinks(input: PlanInput): readonly Link[] {
  const { directory } = input;
  return planCycle(input).plan.operations.flatMap((operation): Link[] => {
    if (!('matchedBy' in operation) || operation.matchedBy === undefined || operation.resourceId === undefined)
      return [];
    const { resource, anchor, label, resourceId, matchedBy } = operation;
    const link = { resource, anchor, resourceId, state: 'active' as const, label, origin: matchedBy };
    if (resource === 'account') return [link];
    // Where the provider does not show members, this is all there is to tell who may be in it.
    return [{ ...link, members: directory.memberships.get(anchor)?.users ?? [] }];
  });
}

/** Links with assumed ones in the place of those they replace. */
export function withLinks(links: readonly Link[], assumed: readonly Link[]): readonly Link[] {
  const replaced = new Set(assumed.map(keyOf));
  return [...links.filter((link) => !replaced.has(keyOf(link))), ...assumed];
}
