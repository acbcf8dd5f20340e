/** What a connection may use at most. */
export interface PaceLimits {
  /** Requests in flight. */
  readonly concurrency: number;
  /** Requests a second, or null where only the requests in flight are limited. */
  readonly requestsPerSecond: number | null;
}

/** How fast requests may go at present. Times are ms since the epoch. */
export interface Pacing {
  /** Requests in flight; grows by parts, and its whole part counts. At least 1. */
  readonly concurrency: number;
  /** Requests a second; null where nothing but concurrency limits them. */
  readonly rate: number | null;
  /** By how much the rate grows within a second of undisturbed sending. */
  readonly step: number;
  /** When the next request may leave, as far as the rate goes. */
  readonly slotAt: number;
  /** When the pace was last cut. */
  readonly cutAt: number;
}

/** Requests that were in flight together are throttled together: that is one reason to slow down, not many. */
const ONE_BURST_MS = 1000;
/** One request in ten seconds: slower is no pace but a wait, which the provider asks for by itself. */
const LOWEST_RATE = 0.1;
/** A rate that was cut is back within about so many seconds. */
const RECOVERY_SECONDS = 20;
/** Where there is no ceiling a rate this many times the one it was cut to limits nobody any more. */
const FORGET_AT = 4;
/** Timers come late: what was missed within this time is made up for. */
const CATCH_UP_MS = 50;

/** As fast as the limits allow. */
export function fullPace({ concurrency, requestsPerSecond }: PaceLimits): Pacing {
  return {
    concurrency,
    rate: requestsPerSecond,
    step: 0,
    slotAt: Number.NEGATIVE_INFINITY,
    cutAt: Number.NEGATIVE_INFINITY,
  };
}

/** After an answer that asked for nothing: a little faster, by the same amount each second, up to the limits. */
export function afterAnswer(pacing: Pacing, limits: PaceLimits): Pacing {
  const { concurrency, rate, step } = pacing;
  const ceiling = limits.requestsPerSecond;
  if (concurrency >= limits.concurrency && (rate === null || rate === ceiling)) return pacing;
  const faster = rate === null ? null : rate + step / rate;
  const forgotten = faster !== null && ceiling === null && faster >= step * RECOVERY_SECONDS * FORGET_AT;
  return {
    ...pacing,
    concurrency: Math.min(limits.concurrency, concurrency + 1 / concurrency),
    rate: faster === null || forgotten ? null : Math.min(ceiling ?? Number.POSITIVE_INFINITY, faster),
  };
}

/** After an answer that said "slower": half as fast as it really went. `seen` is the requests a second of late. */
export function afterThrottle(pacing: Pacing, seen: number, now: number): Pacing {
  if (now - pacing.cutAt < ONE_BURST_MS) return pacing;
  // What was in flight would have been answered within a second or so: the measure of a first moment is too low.
  const went = Math.max(pacing.concurrency, seen);
  const fastest = pacing.rate === null ? went : Math.min(pacing.rate, went);
  const rate = Math.max(LOWEST_RATE, fastest / 2);
  return {
    ...pacing,
    concurrency: Math.max(1, Math.floor(pacing.concurrency / 2)),
    rate,
    step: rate / RECOVERY_SECONDS,
    cutAt: now,
  };
}

/** Takes the next place in time: when a request that is ready now may leave, and the pacing with that place taken. */
export function takeSlot(pacing: Pacing, now: number): { readonly at: number; readonly pacing: Pacing } {
  if (pacing.rate === null) return { at: now, pacing };
  const at = Math.max(now - CATCH_UP_MS, pacing.slotAt);
  return { at, pacing: { ...pacing, slotAt: at + 1000 / pacing.rate } };
}
