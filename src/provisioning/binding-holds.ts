import type { CycleKind } from '../core/cycle.ts';
import { AMOUNT_GUARDS, REJECTED_GUARDS, rejectedHolds, type StandingHold } from '../core/standing-holds.ts';
import type { HoldStore } from '../ports/hold-store.ts';

/** Open holds that bind a plan whatever its guards say: all about amounts for one subject, rejected ones for everybody. */
export async function bindingHolds(
  connection: string,
  holds: Pick<HoldStore, 'standing'>,
  kind: CycleKind,
): Promise<readonly StandingHold[]> {
  const rejected = rejectedHolds(await holds.standing(connection, REJECTED_GUARDS));
  if (kind !== 'on-demand') return rejected;
  const amounts = await holds.standing(connection, AMOUNT_GUARDS);
  return [...amounts, ...rejected.filter(({ id }) => !amounts.some((one) => one.id === id))];
}
