import { brokenJournal } from '../core/migration/broken-journal.ts';
import { gapAt, readWhole, requireReadable, type brokenAt, type JournalLine } from '../core/migration/journal.ts';
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
 * Returns a function that reads whole journals for whoever looks at them again and again: asked anew, it reads only the lines
 * written since, because journals of large companies are long. With `brokenAt`, for whoever acts by one, it tells as well what
 * was changed within a line. A journal that has ended is not kept, nor one that is broken: whatever is restored is read anew.
 */
export function createJournalReader(
  { lines, journalEnd }: Journals,
  check: typeof brokenAt = gapAt,
): <T>(migration: string, read: (lines: readonly JournalLine[]) => T) => Promise<T> {
  const journals = new Map<string, readonly JournalLine[]>();
  return async (migration, read) => {
    // First, as above.
    const end = await journalEnd(migration);
    const known = journals.get(migration) ?? [];
    const last = known.at(-1);
    const proved = last === undefined ? undefined : { lines: known.length, hash: last.hash };
    const added = await lines(migration, last?.sequence ?? 0);
    const journal = added.length === 0 ? known : [...known, ...added];
    // Until it is found whole.
    journals.delete(migration);
    const found = readWhole(migration, journal, end, read, (id, own, kept) => check(id, own, kept, proved));
    if (journal.at(-1)?.entry.kind !== 'ended') journals.set(migration, journal);
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
