import type { Connection, Ports } from '../ports/index.ts';
import type { SeenPace } from '../ports/recovery.ts';

/** What is shown may be this old while slices are sent, in ms. */
const KEEP_EVERY_MS = 5000;

/** Keeps the pace of the newest slices in the store, now and then and when it changed, for displays and metrics of every process. */
export async function keepPace(
  { rules: { name }, provider }: Connection,
  kept: SeenPace | undefined,
  { clock, pace, stores }: Pick<Ports, 'clock' | 'pace' | 'stores'>,
): Promise<void> {
  const now = clock.now();
  const operationsPerSecond = pace.perSecond(name);
  const allowed = provider.pace();
  const fresh = kept?.concurrency === allowed.concurrency && now - kept.at < KEEP_EVERY_MS;
  if (operationsPerSecond === undefined || fresh) return;
  await stores.connections.setPace(name, {
    ...allowed,
    operationsPerSecond: Math.round(operationsPerSecond * 10) / 10,
    at: now,
  });
}
