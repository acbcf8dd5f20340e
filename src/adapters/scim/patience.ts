import { setTimeout as wait } from 'node:timers/promises';
import { ExponentialBackoff, type IBackoff } from 'cockatiel';
import { ThrottledError, TransientError } from '../../core/errors.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { Exchange } from './exchange.ts';

/** How a long read sits out trouble: a listing of a thousand pages must not start anew because one page was throttled. */
export interface Patience {
  /** Attempts beyond the first for one page. */
  readonly retries: number;
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  /** A Retry-After longer than this is left to the caller, which can do other things meanwhile. */
  readonly longestWaitMs: number;
}

export const DEFAULT_PATIENCE: Patience = {
  retries: 4,
  initialDelayMs: 500,
  maxDelayMs: 15_000,
  longestWaitMs: 300_000,
};

export type PatientRead = <T>(exchange: Exchange, read: () => Promise<T>) => Promise<T>;

/**
 * Repeats a read on TransientError with growing delay, and on ThrottledError after exactly the time asked for. Only for
 * reads: a write is repeated by whoever settled it first. Cockatiel's own retry cannot be stopped while it waits.
 */
export function patientReads(patience: Patience, metrics: Metrics): PatientRead {
  return async (exchange, read) => {
    let backoff: IBackoff<unknown> = new ExponentialBackoff({
      initialDelay: patience.initialDelayMs,
      maxDelay: patience.maxDelayMs,
    }).next();
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await read();
      } catch (error) {
        const delay = delayAfter(error, backoff.duration, patience);
        if (delay === undefined || attempt === patience.retries || exchange.signal.aborted) throw error;
        metrics.retry('scim', exchange.connection, reasonOf(error));
        await pause(delay, exchange, error);
        backoff = backoff.next(undefined);
      }
    }
  };
}

function reasonOf(error: unknown): 'throttled' | 'network' | 'server' {
  if (error instanceof ThrottledError) return 'throttled';
  return error instanceof TransientError && error.facts.status !== undefined ? 'server' : 'network';
}

function delayAfter(error: unknown, backoffMs: number, patience: Patience): number | undefined {
  if (error instanceof ThrottledError) {
    return error.retryAfterMs <= patience.longestWaitMs ? error.retryAfterMs : undefined;
  }
  return error instanceof TransientError ? backoffMs : undefined;
}

async function pause(delayMs: number, exchange: Exchange, failure: unknown): Promise<void> {
  try {
    await wait(delayMs, undefined, { signal: exchange.signal });
  } catch {
    // Stopped while waiting: what made us wait is the better answer than the stop.
    throw failure;
  }
}
