import type { DirectorySnapshot } from '../core/directory.ts';
import type { GuardContext } from '../core/guards.ts';
import { groupsLost } from '../core/guards/group-cliff.ts';
import type { Link } from '../core/link.ts';
import type { Plan } from '../core/plan.ts';
import type { Connection } from '../ports/index.ts';
import type { HoldStore } from '../ports/hold-store.ts';

const HOUR_MS = 3_600_000;
/** In place of a read, where the configuration says not to look. */
const NOT_ASKED = { known: true, active: [] } as const;

/** Reads what guards judge a plan by beside itself: earlier removals, whom groups alone let in, the directory's own engine. */
export async function gatherGuardContext(
  { rules, directory: source }: Connection,
  holds: Pick<HoldStore, 'pastRemovals' | 'soleReach'>,
  {
    plan,
    directory,
    links,
  }: { readonly plan: Plan; readonly directory: DirectorySnapshot; readonly links: readonly Link[] },
  now: number,
  signal: AbortSignal,
): Promise<Omit<GuardContext, 'credentials'>> {
  const { off, tooManyRemovals } = rules.guards;
  const asked = !off.includes('native-job-active');
  const [past, soleReach, nativeJobs] = await Promise.all([
    holds.pastRemovals(rules.name, now - tooManyRemovals.windowHours * HOUR_MS),
    holds.soleReach(rules.name, groupsLost(plan, links)),
    asked ? source.readNativeJobs(directory.application.id, signal) : NOT_ASKED,
  ]);
  return { past, soleReach, nativeJobs };
}
