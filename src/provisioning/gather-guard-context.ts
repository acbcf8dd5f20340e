import type { GuardContext } from '../core/guards.ts';
import { groupsLost } from '../core/guards/group-cliff.ts';
import { isAccountRemoval } from '../core/operation.ts';
import type { Plan } from '../core/plan.ts';
import type { PlanInput } from '../core/planning/plan-input.ts';
import type { Connection } from '../ports/index.ts';
import type { HoldStore } from '../ports/hold-store.ts';
import { findGivenAway } from './find-given-away.ts';

const HOUR_MS = 3_600_000;
/** In place of a read, where the configuration says not to look. */
const NOT_ASKED = { known: true, active: [] } as const;

/**
 * Reads what guards judge a plan by beside itself: earlier removals, whom groups alone let in, the directory's own engine,
 * and whose the accounts are that it would take away.
 */
export async function gatherGuardContext(
  connection: Connection,
  holds: Pick<HoldStore, 'pastRemovals' | 'soleReach'>,
  { plan, directory, inventory, links }: { readonly plan: Plan } & Pick<PlanInput, 'directory' | 'inventory' | 'links'>,
  now: number,
  signal: AbortSignal,
): Promise<Omit<GuardContext, 'credentials'>> {
  const { rules, directory: source } = connection;
  const { off, tooManyRemovals } = rules.guards;
  const asked = !off.includes('native-job-active');
  const leaving = plan.operations.filter(isAccountRemoval);
  const [past, soleReach, nativeJobs, givenAway] = await Promise.all([
    holds.pastRemovals(rules.name, now - tooManyRemovals.windowHours * HOUR_MS),
    holds.soleReach(rules.name, groupsLost(plan, links)),
    asked ? source.readNativeJobs(directory.application.id, signal) : NOT_ASKED,
    findGivenAway(connection, { directory, inventory, links }, leaving, signal),
  ]);
  return { past, soleReach, nativeJobs, givenAway };
}
