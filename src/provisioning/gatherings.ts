import { bulkhead } from 'cockatiel';
import type { Gatherings } from '../ports/index.ts';

/** Cycles one process prepares at a time: each holds what it read of its tenant in memory. */
const MOST = 16;

/** Places for cycles that are being prepared. One that waits aside gives its place to others, and takes its turn anew. */
export function createGatherings(most = MOST): Gatherings {
  const slots = bulkhead(most, Number.POSITIVE_INFINITY);
  const take = () =>
    new Promise<() => void>((taken, refused) => {
      slots.execute(() => new Promise<void>((leave) => taken(leave))).catch(refused);
    });
  return {
    async run(work) {
      let leave: (() => void) | undefined = await take();
      try {
        await work(async (wait) => {
          leave?.();
          leave = undefined;
          const answer = await wait();
          leave = await take();
          return answer;
        });
      } finally {
        leave?.();
      }
    },
  };
}
