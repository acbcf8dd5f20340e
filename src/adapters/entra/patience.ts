import { setTimeout as delay } from 'node:timers/promises';
import { ConstantBackoff, decorrelatedJitterGenerator, ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { TransientError } from '../../core/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { Patience } from './options.ts';

export const DEFAULT_PATIENCE: Patience = {
  attempts: 6,
  longestWaitMs: 5 * 60_000,
  totalMs: 15 * 60_000,
  connectTimeoutMs: 10_000,
  headersTimeoutMs: 60_000,
  bodyTimeoutMs: 60_000,
  largestBody: 64 * 1024 * 1024,
  wait: (ms, signal) => delay(ms, undefined, { signal }),
};

/** Why an answer calls for another try. */
export interface Setback {
  readonly reason: 'throttled' | 'server';
  /** What Retry-After said, in ms. */
  readonly retryAfterMs?: number;
}

/** Repeats requests as Graph asks: see `createPersistence`. */
export interface Persistence {
  /**
   * Runs `attempt` until it gives an answer without a setback, or tries, single wait or total wait run out; then gives
   * the last answer as it is, or throws the last TransientError. Rejects at once when the signal aborts.
   */
  persist<T>(attempt: () => Promise<T>, setbackOf: (answer: T) => Setback | undefined, signal: AbortSignal): Promise<T>;
}

export interface PersistenceOptions {
  readonly patience: Patience;
  readonly metrics: Metrics;
  readonly log: Log;
  /** Ms since the epoch. */
  readonly now: () => number;
}

/** Waits longer than this are told to the operator, in ms: progress stands still meanwhile. */
const NOTEWORTHY_WAIT_MS = 30_000;

const UNREACHABLE = 'Microsoft Graph, or the service that signs in to it, cannot be reached; asking again for a while';

/**
 * Retry with Retry-After honoured to the letter and without a cap below it, exponential delay with jitter where there is
 * none, and network failures retried too (learn.microsoft.com/graph/throttling). A throttled answer also holds back every
 * other request of the same client, because requests sent before that time count against the limit.
 */
export function createPersistence({ patience, metrics, log, now }: PersistenceOptions): Persistence {
  let heldUntil = 0;
  let unreachable = false;

  function report(reason: 'throttled' | 'network' | 'server', waitMs: number): void {
    metrics.retry('graph', '', reason);
    const fields = { reason, waitSeconds: Math.ceil(waitMs / 1000) };
    const lost = reason === 'network' && !unreachable;
    if (lost) unreachable = true;
    // Once per outage: every request meets it, and each is tried several times.
    if (lost) log.warn(fields, UNREACHABLE);
    else if (waitMs > NOTEWORTHY_WAIT_MS) log.warn(fields, 'waiting for Microsoft Graph');
    else log.debug(fields, 'asking Microsoft Graph again');
  }

  async function persist<T>(
    attempt: () => Promise<T>,
    setbackOf: (answer: T) => Setback | undefined,
    signal: AbortSignal,
  ): Promise<T> {
    const started = now();
    let failures = 0;
    let waitMs = 0;
    let backoff = new ExponentialBackoff({
      initialDelay: 1000,
      maxDelay: 30_000,
      generator: decorrelatedJitterGenerator,
    }).next();

    /** Whether there is patience for one more try; sets the wait before it. */
    function mayTryAgain(reason: 'throttled' | 'network' | 'server', retryAfterMs?: number): boolean {
      if (signal.aborted) return false;
      if (retryAfterMs === undefined || reason === 'network') failures += 1;
      waitMs = retryAfterMs ?? Math.ceil(backoff.duration);
      backoff = backoff.next(undefined);
      if (reason === 'throttled') {
        metrics.throttled('graph', '', waitMs / 1000);
        heldUntil = Math.max(heldUntil, now() + Math.min(waitMs, patience.longestWaitMs));
      }
      const allowed =
        failures < patience.attempts &&
        waitMs <= patience.longestWaitMs &&
        now() + waitMs - started <= patience.totalMs;
      if (allowed) report(reason, waitMs);
      return allowed;
    }

    // The wait is made inside the attempt and not by the policy, whose timer cannot be aborted.
    const policy = retry(
      handleWhen((error) => error instanceof TransientError && mayTryAgain('network')).orWhenResult((answer) => {
        // The policy is made for this one call, so every result it sees came from `attempt`.
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion
        const setback = setbackOf(answer as T);
        return setback !== undefined && mayTryAgain(setback.reason, setback.retryAfterMs);
      }),
      { maxAttempts: Number.POSITIVE_INFINITY, backoff: new ConstantBackoff(0) },
    );
    return policy.execute(async () => {
      signal.throwIfAborted();
      const ms = Math.max(waitMs, heldUntil - now());
      if (ms > 0) await patience.wait(ms, signal);
      const answer = await attempt();
      if (unreachable) log.info({}, 'Microsoft answers again');
      unreachable = false;
      return answer;
    }, signal);
  }

  return { persist };
}
