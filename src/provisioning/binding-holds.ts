import type { CycleKind } from '../core/cycle.ts';
import { isAboutAmount, REJECTED_GUARDS, rejectedHolds, type StandingHold } from '../core/standing-holds.ts';
import type { HoldStore } from '../ports/hold-store.ts';

/** Open holds that bind a plan whatever its guards say: all about amounts for one subject, rejected ones for everybody. */
export async function bindingHolds(
  connection: string,
  holds: Pick<HoldStore, 'standing'>,
  kind: CycleKind,
): Promise<readonly StandingHold[]> {
  const standing = await holds.standing(connection, REJECTED_GUARDS);
  if (kind !== 'on-demand') return rejectedHolds(standing);
  const [amounts, others] = [standing.filter(isAboutAmount), standing.filter((hold) => !isAboutAmount(hold))];
  return [...amounts, ...rejectedHolds(others)];
}
