/** A token bucket in Graph's resource units, one for each calling application. */
export interface ThrottleLimit {
  readonly units: number;
  readonly perMilliseconds: number;
}

export type Admission =
  | { readonly admitted: true; readonly usedShare: number }
  /** Whole seconds, as Retry-After carries them. */
  | { readonly admitted: false; readonly retryAfterSeconds: number };

export interface Throttle {
  setLimit(limit: ThrottleLimit | undefined): void;
  admit(clientId: string, units: number): Admission;
}

/** Without a limit everything is admitted. A refused request costs nothing, which is kinder than the real thing. */
export function createThrottle(now: () => number, initial: ThrottleLimit | undefined): Throttle {
  let limit = initial;
  const buckets = new Map<string, { units: number; at: number }>();
  return {
    setLimit(next) {
      limit = next;
      buckets.clear();
    },
    admit(clientId, units) {
      if (limit === undefined) return { admitted: true, usedShare: 0 };
      const at = now();
      const bucket = buckets.get(clientId) ?? { units: limit.units, at };
      const refilled = ((at - bucket.at) / limit.perMilliseconds) * limit.units;
      const available = Math.min(limit.units, bucket.units + refilled);
      const admitted = available >= units;
      buckets.set(clientId, { units: admitted ? available - units : available, at });
      if (admitted) return { admitted, usedShare: 1 - (available - units) / limit.units };
      const missing = ((units - available) / limit.units) * limit.perMilliseconds;
      return { admitted, retryAfterSeconds: Math.max(1, Math.ceil(missing / 1000)) };
    },
  };
}
