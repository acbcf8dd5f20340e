import { setTimeout as wait } from 'node:timers/promises';
import { afterAnswer, afterThrottle, fullPace, type PaceLimits, takeSlot } from '../../core/pacing.ts';

/** Lets requests of one connection leave at its pace. Counts in this process only. */
export interface Pacer {
  /**
   * Takes a place. Undefined when the request may leave at once; else a promise that resolves when it may, and is false
   * when the signal came first: then no place was taken.
   */
  enter(signal: AbortSignal): Promise<boolean> | undefined;
  /** Gives the place back. */
  leave(): void;
  answered(): void;
  /** The provider asked the whole connection to slow down. */
  throttled(): void;
  /** What is allowed at present. */
  pace(): { readonly concurrency: number; readonly requestsPerSecond?: number };
}

/** A pacer at full pace. `now` in ms since the epoch. One that is not `adaptive` keeps it, whatever it is told. */
export function createPacer(limits: PaceLimits, now: () => number, adaptive = true): Pacer {
  let pacing = fullPace(limits);
  let inFlight = 0;
  const waiting = new Set<() => void>();
  const seen = createMeter(now);

  const room = () => inFlight < Math.floor(pacing.concurrency);

  function wakeNext(): void {
    for (const wake of waiting) {
      if (!room()) return;
      waiting.delete(wake);
      inFlight += 1;
      wake();
    }
  }

  function leave(): void {
    inFlight -= 1;
    wakeNext();
  }

  /** Resolves with the place taken; false when stopped before. */
  function turn(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const stop = () => {
        waiting.delete(wake);
        resolve(false);
      };
      const wake = () => {
        signal.removeEventListener('abort', stop);
        resolve(true);
      };
      waiting.add(wake);
      signal.addEventListener('abort', stop, { once: true });
    });
  }

  async function enterLater(signal: AbortSignal, placed: boolean): Promise<boolean> {
    if (!placed && !(await turn(signal))) return false;
    const slot = takeSlot(pacing, now());
    pacing = slot.pacing;
    const delayMs = slot.at - now();
    try {
      if (delayMs > 0) await wait(delayMs, undefined, { signal });
    } catch {
      // Stopped while waiting: the request does not leave.
      leave();
      return false;
    }
    seen.count();
    return true;
  }

  return {
    enter(signal) {
      const placed = waiting.size === 0 && room();
      if (placed) inFlight += 1;
      if (!placed || pacing.rate !== null) return enterLater(signal, placed);
      seen.count();
      return undefined;
    },
    leave,
    answered() {
      pacing = afterAnswer(pacing, limits);
      if (waiting.size > 0) wakeNext();
    },
    throttled() {
      if (adaptive) pacing = afterThrottle(pacing, seen.perSecond(), now());
    },
    pace: () => ({
      concurrency: Math.floor(pacing.concurrency),
      ...(pacing.rate === null ? {} : { requestsPerSecond: pacing.rate }),
    }),
  };
}

/** Requests of the second that is over, or of this one where those are more. */
function createMeter(now: () => number) {
  let second = Math.floor(now() / 1000);
  let current = 0;
  let before = 0;
  const turnPage = () => {
    const at = Math.floor(now() / 1000);
    if (at === second) return;
    before = at === second + 1 ? current : 0;
    current = 0;
    second = at;
  };
  return {
    count() {
      turnPage();
      current += 1;
    },
    perSecond() {
      turnPage();
      return Math.max(before, current);
    },
  };
}
