import type { JournalLine } from '../core/migration/journal.ts';
import type { MigrationStore } from '../ports/migration-store.ts';

/**
 * Returns a function that reads the journal of a migration for people who watch it: asked again, it reads only the lines
 * written since, because journals of large companies are long and are looked at every second. One that has ended is not
 * kept.
 */
export function createJournalReader({
  lines,
}: Pick<MigrationStore, 'lines'>): (migration: string) => Promise<readonly JournalLine[]> {
  const journals = new Map<string, readonly JournalLine[]>();
  return async (migration) => {
    const known = journals.get(migration) ?? [];
    const added = await lines(migration, known.at(-1)?.sequence ?? 0);
    const journal = added.length === 0 ? known : [...known, ...added];
    if (journal.at(-1)?.entry.kind === 'ended') journals.delete(migration);
    else journals.set(migration, journal);
    return journal;
  };
}
