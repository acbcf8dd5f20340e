import type { SentWrite } from '../operation.ts';
import { digestOf } from '../plan.ts';
import { shownValues } from '../without-secrets.ts';
import type { CallOutcome, ExactRequest } from './journal.ts';

/** A refused write with a body longer than this, in characters, is kept without it: what follows says the same in parts. */
const LONGEST_REFUSED = 500;

/** A write as it is kept, without secrets: a chunk of a thousand members that is refused again and again would be stored ten times over. */
export function asKept(write: SentWrite): SentWrite {
  if (write.body === undefined) return write;
  const { body, ...rest } = write;
  const length = write.outcome === 'failed' ? JSON.stringify(body).length : 0;
  return length > LONGEST_REFUSED ? { ...rest, leftOut: length } : { ...rest, body: shownValues(body) };
}

/** What the outcome of a call tells of its writes: nothing where the announced request went out once and its fate is the call's. */
export function sentBeside(
  request: ExactRequest,
  state: CallOutcome['state'],
  writes: readonly SentWrite[],
): Pick<CallOutcome, 'sent'> {
  const [only, ...more] = writes;
  const same = only !== undefined && more.length === 0 && isSame(request, only);
  if (same && (only.outcome === 'done' || only.outcome === state)) return {};
  return { sent: writes.map(asKept) };
}

function isSame(request: ExactRequest, { method, path, body }: SentWrite): boolean {
  const one = { method: request.method, path: request.path, body: request.body ?? null };
  return digestOf(one) === digestOf({ method, path, body: body ?? null });
}

/** Outcomes of which is known that what it was for is so. */
const IS_SO: ReadonlySet<string> = new Set(['done', 'already-so', 'proved']);

/** One of the writes that were sent for a change, as it is reported. */
export interface ReportedWrite<Outcome> {
  readonly request: ExactRequest;
  readonly outcome: Outcome | 'done' | 'overcome' | 'proved' | 'repeated' | 'failed' | 'unknown';
  readonly why?: string;
}

/**
 * Pure: the writes sent for a change, each with what became of it. Where nobody knows what became of the change although
 * each answer is known, a read has contradicted them or failed: then no answer of "done" is believed. What went wrong with
 * the change is told with its last write, where no write tells it.
 */
export function reportedWrites<Outcome extends string>(
  to: ExactRequest['to'],
  sent: readonly SentWrite[],
  { outcome, why }: { readonly outcome: Outcome; readonly why?: string },
): readonly ReportedWrite<Outcome>[] {
  const believed = outcome === 'failed' || sent.some((write) => write.outcome === 'unknown');
  const isTold = why === undefined || sent.some((write) => write.why?.startsWith(why) === true);
  const became = (write: SentWrite, index: number): ReportedWrite<Outcome>['outcome'] => {
    if (write.outcome === 'failed') return IS_SO.has(outcome) ? 'overcome' : 'failed';
    if (write.outcome !== 'unknown') return believed ? 'done' : outcome;
    if (outcome === 'done') return index < sent.length - 1 ? 'repeated' : 'proved';
    return outcome === 'failed' ? 'unknown' : outcome;
  };
  return sent.map((write, index) => {
    const reasons = [write.why, index === sent.length - 1 && !isTold ? why : undefined].filter(
      (one) => one !== undefined,
    );
    return {
      request: requestOf(to, write),
      outcome: became(write, index),
      ...(reasons.length === 0 ? {} : { why: reasons.join('; ') }),
    };
  });
}

function requestOf(to: ExactRequest['to'], { method, path, body, leftOut }: SentWrite): ExactRequest {
  return {
    to,
    method,
    path,
    ...(body === undefined ? {} : { body }),
    ...(leftOut === undefined ? {} : { leftOut }),
  };
}
