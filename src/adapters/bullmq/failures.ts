import { diskFull, isHeadgateError, SQLSTATE_DISK_FULL, TransientError } from '../../core/errors.ts';

/** A failure of the queue's backend as an error of the family: the caller goes on from the store later. */
export function queueFailure(error: unknown): unknown {
  if (isHeadgateError(error) || !(error instanceof Error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  // The embedded queue lies in the database.
  if (code === SQLSTATE_DISK_FULL) return diskFull();
  return new TransientError(`the queue cannot be reached (${code})`, {
    remedy: 'Check Redis, or the database when the queue is kept there; Headgate goes on by itself.',
  });
}
