import { ThrottledError } from '../../core/errors.ts';

const HOUR_MS = 3_600_000;

/** How many users may still be provisioned within the hour, counted in this process; the provider's own 429 stays the truth. */
export interface Quota {
  /**
   * Counts users about to be created (`accounts`) or added to a group (its id). Throws ThrottledError for this one
   * resource with the time to wait: changes and removals must not queue behind a limit on newcomers.
   */
  take(what: string, users: number): void;
}

interface Taken {
  readonly at: number;
  readonly users: number;
}

/** A quota of so many users within any hour, for the accounts and for each group; null for none. */
export function createQuota(connection: string, most: number | null, now: () => number): Quota {
  const taken = new Map<string, Taken[]>();
  return {
    take(what, users) {
      if (most === null) return;
      const at = now();
      const recent = (taken.get(what) ?? []).filter((each) => each.at > at - HOUR_MS);
      let over = recent.reduce((sum, each) => sum + each.users, users) - most;
      for (const each of over > 0 ? recent : []) {
        over -= each.users;
        if (over > 0) continue;
        throw new ThrottledError(
          `${connection}: ${most} users were provisioned within the hour, which is the provider's limit`,
          each.at + HOUR_MS - at,
          'resource',
        );
      }
      recent.push({ at, users });
      taken.set(what, recent);
    },
  };
}
