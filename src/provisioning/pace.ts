import type { Pace } from '../ports/index.ts';

/** The first slice of a connection, before anything is known of its pace. */
const FIRST_SLICE = 25;
/** How much the newest slice counts against what was known. */
const WEIGHT = 0.5;

/**
 * Slices of about a second at the provider's present pace, never more than `largest`. Kept in this process only: after a
 * restart it is learnt again within a slice or two.
 *
 * Slices of one connection send one after the other, the next beginning when the one before has nothing left to hand out.
 * Sent side by side they would end at the same moment, and the provider would wait while both are recorded.
 */
export function createPace(largest: number): Pace {
  const perSecond = new Map<string, number>();
  const turns = new Map<string, Promise<void>>();
  const throttled = new Map<string, number>();
  return {
    sliceSize(connection, requestsPerSecond = Infinity) {
      // No operation takes less than one request.
      const usual = Math.min(largest, perSecond.get(connection) ?? FIRST_SLICE, requestsPerSecond);
      return Math.max(1, Math.round(usual));
    },
    perSecond: (connection) => perSecond.get(connection),
    learn(connection, operations, elapsedMs) {
      const now = (operations * 1000) / Math.max(1, elapsedMs);
      const known = perSecond.get(connection) ?? now;
      perSecond.set(connection, known * (1 - WEIGHT) + now * WEIGHT);
    },
    async turn(connection) {
      const before = turns.get(connection);
      let pass: () => void = () => undefined;
      turns.set(connection, new Promise((resolve) => (pass = resolve)));
      await before;
      return pass;
    },
    throttle: (connection, until) => void throttled.set(connection, until),
    throttledUntil(connection, now) {
      const until = throttled.get(connection) ?? 0;
      return until > now ? until : undefined;
    },
  };
}
