import { DatabaseError } from 'pg';
import { diskFull, isHeadgateError, SQLSTATE_DISK_FULL, TransientError } from '../../core/errors.ts';

/**
 * SQLSTATE classes and codes that pass by themselves: connection failures (08), resources (53), operator intervention
 * such as a restart (57P), serialization failures and deadlocks (40). PostgreSQL manual, appendix A.
 */
const PASSING = /^(?:08|53|57P|40)/;
/** node-postgres reports a lost connection with these words and no code. */
const LOST = /connection (?:terminated|ended)|timeout exceeded when trying to connect|client was closed/i;

/** SQLSTATE `read_only_sql_transaction`: a standby, or a server that somebody has made read-only. */
const SQLSTATE_READ_ONLY = '25006';

/** The database answers and takes nothing. What was not acknowledged did not happen. */
export function readOnlyDatabase(): TransientError {
  return new TransientError('the database takes no writes: it is read-only', {
    remedy:
      'See whether database.url leads to the primary (after a failover it may be a standby) and default_transaction_read_only is off; Headgate goes on by itself.',
  });
}

function systemCode(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * A database failure in the terms of the error family. The driver's own error is dropped, not wrapped: its detail quotes
 * the row that failed, and rows hold personal data.
 */
export function translateFailure(error: unknown): unknown {
  if (isHeadgateError(error) || !(error instanceof Error)) return error;
  if (error instanceof DatabaseError) {
    const code = error.code ?? 'XX000';
    if (code === SQLSTATE_DISK_FULL) return diskFull();
    if (code === SQLSTATE_READ_ONLY) return readOnlyDatabase();
    const where = [error.table, error.constraint].filter((part) => part !== undefined).join(', ');
    const message = `the database refused a statement: SQLSTATE ${code}${where === '' ? '' : ` (${where})`}`;
    return PASSING.test(code) ? new TransientError(message) : new Error(message);
  }
  const code = systemCode(error);
  if (code?.startsWith('E') === true || LOST.test(error.message)) {
    return new TransientError(`the database cannot be reached (${code ?? 'connection lost'})`, {
      remedy: 'Check that PostgreSQL runs and that database.url is right; Headgate goes on by itself.',
    });
  }
  return error;
}
