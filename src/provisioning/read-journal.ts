import { brokenJournal } from '../core/migration/broken-journal.ts';
import { brokenAt, readWhole, requireReadable, type JournalEnd, type JournalLine } from '../core/migration/journal.ts';
import type { MigrationStore } from '../ports/migration-store.ts';

type Journals = Pick<MigrationStore, 'lines' | 'journalEnd'>;

/** Reads a whole journal and what it adds up to. RefusedError 'journal-broken' where it is not as it was written. */
export async function readJournal<T>(
  { lines, journalEnd }: Journals,
  id: string,
  read: (lines: readonly JournalLine[]) => T,
): Promise<T> {
  // First: a line added in between is one more than it tells of, and none too few.
  const end = await journalEnd(id);
  return readWhole(id, await lines(id), end, read);
}

/**
 * For whoever acts by the journal of a migration: what this returns reads it whole as `readJournal` does, and tells as well
 * what was changed within a line. Asked again, it looks into the lines since.
 */
export function createProvingReader(
  { lines, journalEnd }: Journals,
  id: string,
): <T>(read: (lines: readonly JournalLine[]) => T) => Promise<T> {
  let proved: JournalEnd | undefined;
  return async (read) => {
    const end = await journalEnd(id);
    const all = await lines(id);
    const found = readWhole(id, all, end, read, (migration, own, kept) => brokenAt(migration, own, kept, proved));
    proved = { lines: all.length, hash: all.at(-1)?.hash ?? '' };
    return found;
  };
}

/** Reads the last line of a journal and not the others. RefusedError 'journal-broken' where it is missing or another. */
export async function readLastLine({ lines, journalEnd }: Journals, id: string): Promise<JournalLine> {
  const end = await journalEnd(id);
  const last = requireReadable(await lines(id, (end?.lines ?? 1) - 1)).at(-1);
  if (last !== undefined && (end === undefined || last.hash === end.hash)) return last;
  throw brokenJournal(` at line ${end?.lines ?? 1}`);
}

/** Reads some lines in turn, which are no whole journal. RefusedError 'journal-broken' where one cannot be read. */
export async function readSomeLines(
  { lines }: Pick<Journals, 'lines'>,
  id: string,
  after: number,
  most: number,
): Promise<readonly JournalLine[]> {
  return requireReadable(await lines(id, after, most));
}
