import { diskFull, isHeadgateError, SQLSTATE_DISK_FULL, TransientError } from '../../core/errors.ts';

/** What Redis says, in its first word, when it answers and takes no writes, and what to do. */
const REFUSALS: Readonly<Record<string, string>> = {
  OOM: 'Redis has no memory left: raise its maxmemory, or see what else is kept there.',
  READONLY: 'queue.url leads to a replica: name the primary.',
  MISCONF: 'Redis cannot save to its disk: see its log, and whether the disk is full.',
  NOREPLICAS: 'Redis waits for its replicas: see why they are gone, or lower min-replicas-to-write.',
};

/** A failure of the queue's backend as an error of the family: the caller goes on from the store later. */
export function queueFailure(error: unknown): unknown {
  if (isHeadgateError(error) || !(error instanceof Error)) return error;
  const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name;
  // The embedded queue lies in the database.
  if (code === SQLSTATE_DISK_FULL) return diskFull();
  const [word = ''] = error.name === 'ReplyError' ? error.message.split(' ', 1) : [];
  const remedy = REFUSALS[word];
  if (remedy !== undefined)
    return new TransientError(`the queue takes no jobs (${word})`, { remedy: `${remedy} Headgate goes on by itself.` });
  return new TransientError(`the queue cannot be reached (${code})`, {
    remedy: 'Check Redis, or the database when the queue is kept there; Headgate goes on by itself.',
  });
}
