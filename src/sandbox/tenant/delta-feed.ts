import type { Organisation } from '../organisation/organisation.ts';
import { createReplica, type Lag, type Replica } from '../organisation/replication.ts';

/** When a state token was given out, and in which generation of tokens. */
export interface TokenIssue {
  readonly issuedAt: number;
  readonly generation: number;
}

/** The change feed behind `delta`: what it has seen, how long its tokens live, what it tells twice. */
export interface DeltaFeed {
  /** The version the feed sees. Without a lag of its own it sees what other reads see (`at`); it never goes back. */
  read(at: number): number;
  /** A lag of its own lets the feed be behind the other reads, or ahead of them when those lag more. */
  setLag(lag: Lag | undefined): void;
  advance(): void;
  /** Whether nobody reading the feed needs history before that version any more. */
  caughtUp(version: number): boolean;
  /** From now on every round begins so many versions before its token, telling again what was told. 0 ends it. */
  setReplay(versions: number): void;
  replay(): number;
  /** Makes the state tokens given out so far worthless: 410 Gone. */
  expireTokens(): void;
  issue(): TokenIssue;
  /** `gone` after `expireTokens`; `lost` once it is older than Graph keeps the state of directory objects. */
  check(token: TokenIssue): 'good' | 'gone' | 'lost';
}

/** Delta tokens of directory objects are good for seven days (delta-query-overview). */
const TOKEN_LIFETIME_MS = 7 * 24 * 60 * 60 * 1000;

export function createDeltaFeed(organisation: Organisation, now: () => number): DeltaFeed {
  let replica: Replica | undefined;
  let seen = organisation.version();
  let replayed = 0;
  let generation = 1;
  return {
    read(at) {
      seen = Math.max(seen, replica === undefined ? at : replica.read());
      return seen;
    },
    setLag(lag) {
      replica = lag === undefined ? undefined : createReplica(organisation, now, lag);
    },
    advance() {
      if (replica === undefined) return;
      replica.advance();
      seen = organisation.version();
    },
    caughtUp: (version) => replica === undefined || seen >= version,
    setReplay(versions) {
      replayed = versions;
    },
    replay: () => replayed,
    expireTokens() {
      generation += 1;
    },
    issue: () => ({ issuedAt: now(), generation }),
    check(token) {
      if (token.generation !== generation) return 'gone';
      return now() - token.issuedAt > TOKEN_LIFETIME_MS ? 'lost' : 'good';
    },
  };
}
