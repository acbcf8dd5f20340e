import type { JournalEntry } from '../core/migration/journal.ts';
import type { MigrationState } from '../core/migration/state.ts';
import { unreadOf } from '../core/migration/survey.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { Log } from '../ports/log.ts';
import { takeSurvey } from './survey.ts';

/** How long a migration that is aborted waits to see what is there, in ms. */
const PATIENCE_MS = 300_000;

/**
 * What is there as a migration is aborted, for its report. It ends all the same when that cannot be read: then the report
 * says that it is not known. Throws when `signal` does.
 */
export async function lastLook(
  { connection, ports, log }: { readonly connection: Connection; readonly ports: Ports; readonly log: Log },
  { before, kind, groups }: MigrationState,
  signal: AbortSignal,
): Promise<readonly JournalEntry[]> {
  if (before === undefined) return [];
  // Not AbortSignal.timeout: joined with another signal it may be collected as garbage before it is due (Node 20).
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), PATIENCE_MS);
  try {
    const bounded = AbortSignal.any([signal, late.signal]);
    const { survey } = await takeSurvey(connection, ports, { kind, groups }, bounded);
    const unread = unreadOf(survey);
    if (unread === undefined) return [{ kind: 'surveyed', purpose: 'end', survey }];
    log.warn({ unread }, 'what is there as the migration is aborted could not be read completely');
  } catch (error) {
    signal.throwIfAborted();
    log.warn({ err: error }, 'what is there as the migration is aborted could not be read');
  } finally {
    clearTimeout(timer);
  }
  return [];
}
