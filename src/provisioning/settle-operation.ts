import { isDeepStrictEqual } from 'node:util';
import { ExponentialBackoff } from 'cockatiel';
import {
  HeadgateError,
  InDoubtError,
  NotFoundError,
  ThrottledError,
  TransientError,
  UnauthorizedError,
} from '../core/errors.ts';
import type { Link } from '../core/link.ts';
import { linkAfter } from '../core/link-after.ts';
import type { Exported, Operation } from '../core/operation.ts';
import { failureOf } from '../core/operation-failure.ts';
import type { ProviderProfile } from '../core/profile.ts';
import type { OperationResult, SliceWork } from '../ports/slices.ts';

/** After so many spent attempts an operation is put aside (escrowed) and the cycle goes on without it. */
export const MOST_ATTEMPTS = 5;

type SliceOperation = SliceWork['operations'][number];

/**
 * How long after its planning an operation in doubt waits for a resource that only the provider locks, in ms. Then it is put
 * aside: the cycle must end, and it must not be put off like one that was surely not carried out.
 */
export const DOUBT_KEEPS_MS = 60 * 60_000;

/** How long to wait before attempt `attempt` + 1, in ms: jittered, growing from about one second to a minute. */
function backoffMs(attempt: number): number {
  let step = new ExponentialBackoff({ initialDelay: 1000, maxDelay: 60_000 }).next();
  for (let i = 1; i < attempt; i++) step = step.next(undefined);
  return Math.round(step.duration);
}

/** What is recorded for an operation that succeeded, with the link that follows from it where it is another than before. */
export function succeeded(
  { sequence, operation }: SliceOperation,
  exported: Exported,
  durationMs: number,
  existing: Link | undefined,
  profile: ProviderProfile,
): Extract<OperationResult, { readonly state: 'exported' }> {
  const link = linkAfter(operation, exported, existing, profile);
  return {
    sequence,
    state: 'exported',
    exported,
    durationMs,
    ...(link === undefined || isDeepStrictEqual(link, existing) ? {} : { link }),
    ...(isAnotherAccount(existing, link) ? { replaces: true } : {}),
  };
}

function isAnotherAccount(before: Link | undefined, after: Link | undefined): boolean {
  if (before === undefined || after === undefined) return false;
  return after.resource === 'account' && after.resourceId !== before.resourceId;
}

function goesOnWithoutObject(operation: Operation): boolean {
  return operation.kind === 'disable' || operation.kind === 'delete';
}

/** An attempt that failed: ms it took, when it failed and was planned in ms since the epoch, and the link of its subject. */
interface FailedAttempt {
  readonly durationMs: number;
  readonly now: number;
  readonly plannedAt: number;
  readonly existing: Link | undefined;
}

/**
 * What is recorded for an operation that failed: back to waiting where another try makes sense, aside where it does not.
 * A 429 spends no attempt. Errors that are not of the family are defects and are thrown on.
 */
export function failed(
  item: SliceOperation,
  error: unknown,
  { durationMs, now, plannedAt, existing }: FailedAttempt,
  profile: ProviderProfile,
): OperationResult {
  const { sequence, operation, attempts } = item;
  if (!(error instanceof HeadgateError)) throw error;
  if (error instanceof ThrottledError) {
    const alone = error.scope === 'resource';
    if (alone && item.inDoubt && now - plannedAt > DOUBT_KEEPS_MS)
      return { sequence, state: 'escrowed', failure: failureOf(error), durationMs };
    return {
      sequence,
      state: item.inDoubt ? 'in-doubt' : 'pending',
      notBefore: now + error.retryAfterMs,
      attemptSpent: false,
      ...(alone ? { waitsFor: failureOf(error) } : {}),
    };
  }
  if (error instanceof UnauthorizedError)
    return { sequence, state: item.inDoubt ? 'in-doubt' : 'pending', attemptSpent: false };
  if (error instanceof NotFoundError) {
    if (goesOnWithoutObject(operation)) {
      return succeeded(item, { resourceId: null, note: 'gone-already', requests: 1 }, durationMs, existing, profile);
    }
    return { sequence, state: 'escrowed', failure: failureOf(error), durationMs, dropLink: true };
  }
  const inDoubt = error instanceof InDoubtError || item.inDoubt;
  if ((error instanceof InDoubtError || error instanceof TransientError) && attempts + 1 < MOST_ATTEMPTS) {
    return {
      sequence,
      state: inDoubt ? 'in-doubt' : 'pending',
      notBefore: now + backoffMs(attempts + 1),
      attemptSpent: true,
    };
  }
  return { sequence, state: 'escrowed', failure: failureOf(error), durationMs };
}
