import type { Pace } from '../ports/index.ts';

/** The first slice of a connection, before anything is known of its pace. */
const FIRST_SLICE = 25;
/** How much the newest slice counts against what was known. */
const WEIGHT = 0.5;

/**
 * Slices of about a second at the provider's present pace, never more than `largest`. Kept in this process only: after a
 * restart it is learnt again within a slice or two.
 */
export function createPace(largest: number): Pace {
  const perSecond = new Map<string, number>();
  return {
    sliceSize: (connection) => Math.max(1, Math.min(largest, Math.round(perSecond.get(connection) ?? FIRST_SLICE))),
    learn: (connection, operations, elapsedMs) => {
      const now = (operations * 1000) / Math.max(1, elapsedMs);
      const known = perSecond.get(connection) ?? now;
      perSecond.set(connection, known * (1 - WEIGHT) + now * WEIGHT);
    },
  };
}
