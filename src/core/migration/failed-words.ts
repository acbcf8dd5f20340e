import type { OperationFailure } from '../operation-failure.ts';
import type { Operation } from '../operation.ts';
import { asSentence, counted, listed } from '../reasons.ts';
import { whatOf } from './cycle-requests.ts';

/** An operation on one of a migration's groups that the provider refused. */
export interface FailedOperation {
  readonly operation: Operation;
  readonly failure?: OperationFailure;
}

function failureOf({ operation, failure }: FailedOperation): string {
  const { message = 'not known', requestId } = failure ?? {};
  return `${whatOf(operation)} (${message}${requestId === undefined ? '' : `, request id ${requestId}`})`;
}

/**
 * Why a full cycle of a migration does not count, and what to do: `failed` are the first of `total` operations that the
 * provider refused.
 */
export function failedWords(connection: string, failed: readonly FailedOperation[], total: number): string {
  const resume = `headgate migration resume ${connection}`;
  const remedies = new Set(failed.flatMap(({ failure }) => failure?.remedy ?? []));
  const mend = [...remedies].map((remedy) => ` ${remedy}`).join('');
  const rest = total - failed.length;
  const more = rest > 0 ? `, and ${rest} more` : '';
  const words = listed(failed.map(failureOf), failed.length);
  return (
    `the provider refused ${counted(total, 'operation')}: ${words}${more}.${mend} ` +
    `Its own words: headgate escrow list -c ${connection}. Nothing is sent again by itself; once it is mended, ${resume} tries again at once`
  );
}

/** Why a migration stops, and that it is to be resumed once that is mended: nothing does so by itself. */
export function thenResume(why: string, connection: string): string {
  return `${asSentence(why)} Then: headgate migration resume ${connection}`;
}
