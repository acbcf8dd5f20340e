import { DatabaseError } from 'pg';
import { diskFull, isHeadgateError, SQLSTATE_DISK_FULL, TransientError } from '../../core/errors.ts';

/**
 * SQLSTATE classes and codes that pass by themselves: connection failures (08), resources (53), operator intervention
 * such as a restart (57P), serialization failures and deadlocks (40). PostgreSQL manual, appendix A.
 */
const PASSING = /^(?:08|53|57P|40)/;
/** node-postgres reports a lost connection with these words and no code. */
const LOST = /connection (?:terminated|ended)|timeout exceeded when trying to connect|client was closed/i;

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
