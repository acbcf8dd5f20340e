import { bulkhead } from 'cockatiel';
import type { Gatherings } from '../ports/index.ts';

/** Cycles one process prepares at a time: each holds what it read of its tenant in memory. */
const MOST = 16;

export function createGatherings(): Gatherings {
  const slots = bulkhead(MOST, Number.POSITIVE_INFINITY);
  return { run: (work) => slots.execute(work) };
}
