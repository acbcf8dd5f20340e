import type { Anchor } from '../directory.ts';
import type { Link, RememberedPath } from '../link.ts';
import type { Operation } from '../operation.ts';
import type { Plan } from '../plan.ts';
import type { Finding } from '../verdict.ts';
import { limitPassed, type Guard, type PastRemoval } from './facts.ts';
import { counted } from '../reasons.ts';

interface Cliff {
  readonly name: string;
  /** Operations of users who lose their only path, the group. */
  readonly operations: readonly Operation[];
}

/** The group that was the only way into scope, if there was one and only one. */
function onlyGroup(paths: readonly RememberedPath[] | undefined): RememberedPath | undefined {
  const [path, ...others] = paths ?? [];
  return others.length === 0 && path?.group !== undefined ? path : undefined;
}

/** Planned removals of people whose only path was one group, by that group. */
function cliffsOf(plan: Plan, links: readonly Link[]): ReadonlyMap<Anchor, Cliff> {
  const leaving = plan.operations.filter((one) => 'cause' in one && one.cause === 'unassigned');
  const cliffs = new Map<Anchor, { name: string; operations: Operation[] }>();
  if (leaving.length === 0) return cliffs;
  const paths = new Map(
    links.filter(({ resource }) => resource === 'account').map((link) => [link.anchor, link.paths]),
  );
  for (const operation of leaving) {
    const path = onlyGroup(paths.get(operation.anchor));
    if (path?.group === undefined) continue;
    const known = cliffs.get(path.group);
    if (known === undefined) cliffs.set(path.group, { name: path.name ?? path.group, operations: [operation] });
    else known.operations.push(operation);
  }
  return cliffs;
}

/** Groups through which somebody loses their only path, whose reach has to be known to judge how many that is. */
export function groupsLost(plan: Plan, links: readonly Link[]): readonly Anchor[] {
  return [...cliffsOf(plan, links).keys()].sort();
}

function lostBefore(past: readonly PastRemoval[], group: Anchor, planned: readonly Operation[]): number {
  const now = new Set(planned.map(({ anchor }) => anchor));
  const before = past.filter(
    ({ resource, cause, anchor, paths }) =>
      resource === 'account' && cause === 'unassigned' && !now.has(anchor) && onlyGroup(paths)?.group === group,
  );
  return new Set(before.map(({ anchor }) => anchor)).size;
}

/**
 * Holds the removal of many people who were in scope through one group alone: a group unassigned, emptied or replaced by
 * mistake takes exactly these away.
 */
export const groupCliff: Guard = ({ plan, links, rules, past, soleReach }) => {
  const limit = rules.guards.groupCliff;
  return [...cliffsOf(plan, links)].toSorted(byGroup).flatMap(([group, { name, operations }]): readonly Finding[] => {
    const before = lostBefore(past, group, operations);
    const lost = operations.length + before;
    const base = Math.max(soleReach.get(group) ?? 0, operations.length) + before;
    const passed = limitPassed(lost, base, limit);
    if (passed === undefined) return [];
    const earlier = before === 0 ? '' : ` (${before} of them before this cycle)`;
    return [
      {
        guard: 'group-cliff',
        effect: 'hold',
        message: `group ${name} was the only way in for ${counted(lost, 'person who loses', 'people who lose')} access${earlier}: ${passed}`,
        remedy: `if group ${name} was unassigned or emptied by mistake, put it back and the hold lifts by itself. To keep the people without the group, assign them directly. If every removal is meant, approve it: headgate holds list.`,
        operations: operations.map(({ key }) => key),
        numbers: { lost, before, base, count: limit.count, percent: limit.percent },
      },
    ];
  });
};

function byGroup([a]: readonly [Anchor, Cliff], [b]: readonly [Anchor, Cliff]): number {
  return a < b ? -1 : 1;
}
