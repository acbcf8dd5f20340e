import type { Clock } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import type { ProvisioningLog } from '../ports/provisioning-log.ts';

/** What is kept, in days. */
export interface RetentionDays {
  readonly logDays: number;
  readonly unchangedCycleDays: number;
}

const DAY_MS = 86_400_000;
/** Rows forgotten at a time: a fraction of a second, so that nobody waits for it. */
const STEP = 2000;
/** Small cycles forgotten at a time. */
const MOST_ROUNDS = 20;
/** Once nothing is left to forget, the next look is after this long, in ms. */
const PAUSE_MS = 3_600_000;

/**
 * Forgets cycles and log entries that are older than configured, one small step per call; calls come with every sweep.
 */
export function createPruner(
  { stores, clock }: { readonly stores: { readonly log: Pick<ProvisioningLog, 'prune'> }; readonly clock: Clock },
  { logDays, unchangedCycleDays }: RetentionDays,
  log: Log,
): () => Promise<void> {
  let notBefore = 0;
  let total = 0;
  return async () => {
    const now = clock.now();
    if (now < notBefore) return;
    const retention = { logBefore: now - logDays * DAY_MS, unchangedBefore: now - unchangedCycleDays * DAY_MS };
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const gone = await stores.log.prune(retention, STEP);
      total += gone;
      if (gone >= STEP) return;
      if (gone === 0) break;
      if (round === MOST_ROUNDS - 1) return;
    }
    if (total > 0) log.info({ rows: total }, 'old cycles and log entries were forgotten');
    total = 0;
    notBefore = now + PAUSE_MS;
  };
}
