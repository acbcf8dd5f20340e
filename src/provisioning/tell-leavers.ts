import { isAccountRemoval } from '../core/operation.ts';
import type { Ports } from '../ports/index.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { ProvisioningLog } from '../ports/provisioning-log.ts';
import type { OperationResult, SliceWork } from '../ports/slices.ts';

export interface LeaverPorts extends Pick<Ports, 'clock'> {
  readonly metrics: Pick<Metrics, 'leaver'>;
  readonly stores: { readonly log: Pick<ProvisioningLog, 'lastSeenEntitled'> };
}

/** Tells for each account a recorded slice took away how long its user may have kept it. Asks nothing for other slices. */
export async function tellLeavers(
  work: SliceWork,
  results: readonly OperationResult[],
  { metrics, stores, clock }: LeaverPorts,
): Promise<void> {
  const done = new Set(results.filter(({ state }) => state === 'exported').map(({ sequence }) => sequence));
  const leavers = work.operations
    .filter(({ sequence, operation }) => done.has(sequence) && isAccountRemoval(operation))
    .map(({ operation }) => operation.anchor);
  if (leavers.length === 0) return;
  const now = clock.now();
  const seen = await stores.log.lastSeenEntitled(work.cycle, leavers);
  for (const since of seen.values()) metrics.leaver(work.connection, Math.max(0, now - since) / 1000);
}
