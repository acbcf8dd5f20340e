import type { Organisation } from './organisation.ts';

/** When a change becomes visible to reads: at once, after a time, after a number of reads, or when told. */
export type Lag =
  | { readonly kind: 'none' }
  | { readonly kind: 'milliseconds'; readonly milliseconds: number }
  | { readonly kind: 'reads'; readonly reads: number }
  | { readonly kind: 'held' };

/** What one replica has seen of the organisation. */
export interface Replica {
  setLag(lag: Lag): void;
  lag(): Lag;
  /** Counts a read and says which version it sees. Replicas only move forward. */
  read(): number;
  /** Lets everything that happened so far be seen from now on. */
  advance(): void;
}

/**
 * A replica of the organisation behind by the given lag. With `reads`, a change is seen by the reads after the next
 * `reads` ones, whatever they ask for: deterministic, where a time is not.
 */
export function createReplica(organisation: Organisation, now: () => number, initial: Lag): Replica {
  let lag = initial;
  let visible = organisation.version();
  let reads = 0;
  /** How many reads had been made when each unseen version was first noticed. */
  let noticed: { readonly version: number; readonly reads: number }[] = [];

  function notice(): void {
    const latest = organisation.version();
    const known = noticed.at(-1)?.version ?? visible;
    if (latest > known) noticed.push({ version: latest, reads });
  }

  function show(version: number): void {
    visible = Math.max(visible, version);
    noticed = noticed.filter((change) => change.version > visible);
  }

  function versionByTime(milliseconds: number): number {
    const unseen = organisation.changes.slice(organisation.changes.findIndex((change) => change.version > visible));
    const firstHidden = unseen.find((change) => change.version > visible && change.at + milliseconds > now());
    return firstHidden === undefined ? organisation.version() : firstHidden.version - 1;
  }

  function reached(): number {
    switch (lag.kind) {
      case 'none':
        return organisation.version();
      case 'milliseconds':
        return versionByTime(lag.milliseconds);
      case 'reads': {
        const wait = lag.reads;
        return noticed.findLast((change) => reads - change.reads >= wait)?.version ?? visible;
      }
      case 'held':
        return visible;
      default:
        return lag satisfies never;
    }
  }

  return {
    setLag(next) {
      lag = next;
    },
    lag: () => lag,
    read() {
      notice();
      show(reached());
      reads += 1;
      return visible;
    },
    advance() {
      show(organisation.version());
    },
  };
}
