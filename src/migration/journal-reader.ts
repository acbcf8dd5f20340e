import { readWhole, type JournalLine } from '../core/migration/journal.ts';
import type { MigrationStore } from '../ports/migration-store.ts';

/**
 * Returns a function that reads the whole journal of a migration for people who watch it: asked again, it reads only the
 * lines written since, because journals of large companies are long and are looked at every second. One that has ended is
 * not kept, nor one that is broken: whatever is restored is read anew.
 */
export function createJournalReader({
  lines,
  journalEnd,
}: Pick<MigrationStore, 'lines' | 'journalEnd'>): <T>(
  migration: string,
  read: (lines: readonly JournalLine[]) => T,
) => Promise<T> {
  const journals = new Map<string, readonly JournalLine[]>();
  return async (migration, read) => {
    const end = await journalEnd(migration);
    const known = journals.get(migration) ?? [];
    const added = await lines(migration, known.at(-1)?.sequence ?? 0);
    const journal = added.length === 0 ? known : [...known, ...added];
    // Until it is found whole.
    journals.delete(migration);
    const found = readWhole(migration, journal, end, read);
    if (journal.at(-1)?.entry.kind !== 'ended') journals.set(migration, journal);
    return found;
  };
}
