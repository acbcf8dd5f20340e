import type { GuardName, Verdict } from '../core/verdict.ts';
import type { CycleStore, OperationRecord } from '../ports/stores.ts';

/**
 * Operations as they are shown: a held one with every guard that holds it, because each of them needs a decision of its
 * own. The store keeps the first with the operation; the others are in its cycle's verdict.
 */
export async function withHoldingGuards(
  cycles: Pick<CycleStore, 'get'>,
  operations: readonly OperationRecord[],
): Promise<readonly OperationRecord[]> {
  const ids = new Set(operations.flatMap(({ state, cycle }) => (state === 'held' ? [cycle] : [])));
  const guards = new Map<string, ReadonlyMap<string, readonly GuardName[]>>();
  for (const id of ids) guards.set(id, guardsOf((await cycles.get(id))?.verdict));
  return operations.map((stored) => {
    const holding = stored.state === 'held' ? guards.get(stored.cycle)?.get(stored.operation.key) : undefined;
    return holding === undefined ? stored : { ...stored, guards: holding };
  });
}

/** The guards that hold each operation and were not overruled, by the operation's key. */
function guardsOf(verdict: Verdict | undefined): ReadonlyMap<string, readonly GuardName[]> {
  const byKey = new Map<string, Set<GuardName>>();
  for (const { effect, guard, operations, approved } of verdict?.findings ?? []) {
    if (effect !== 'hold' || approved !== undefined) continue;
    for (const key of operations) byKey.set(key, (byKey.get(key) ?? new Set()).add(guard));
  }
  return new Map([...byKey].map(([key, names]) => [key, [...names]]));
}
