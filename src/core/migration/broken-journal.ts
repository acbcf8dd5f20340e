import { RefusedError } from '../errors.ts';

/** What to say of a journal that is not as it was written: by it nothing can be told or done. */
export function brokenJournal(how: string, cause?: unknown): RefusedError {
  return new RefusedError('journal-broken', `the migration's journal is broken${how}`, {
    remedy:
      'somebody has changed the database: restore it from a backup. Nothing is done for this migration meanwhile.',
    ...(cause === undefined ? {} : { cause }),
  });
}

/** What to say of a journal that does not begin as one does. */
export function noBeginning(): RefusedError {
  return brokenJournal(' at line 1: it has no beginning');
}

/** Why a journal cannot be told by, where that is the trouble. */
export interface BrokenJournal {
  readonly migration: string;
  readonly message: string;
  readonly remedy: string;
}

/** An error about the journal of a migration in words; any other is thrown on. */
export function brokenBy(migration: string, error: unknown): BrokenJournal {
  if (!(error instanceof RefusedError) || error.code !== 'journal-broken') throw error;
  return { migration, message: error.message, remedy: error.facts.remedy ?? '' };
}
