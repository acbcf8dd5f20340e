import { brokenBy, noBeginning } from '../core/migration/broken-journal.ts';
import { mayBeRolledBack } from '../core/migration/journal.ts';
import type { MigrationKind } from '../core/migration/migration.ts';
import { viewOf } from '../core/migration/view.ts';
import type { MigrationStore, StoredMigration } from '../ports/migration-store.ts';
import type { AbortedMigration, ConnectionStatus } from '../ports/operator.ts';
import { readJournal, readLastLine, readSomeLines } from './read-journal.ts';

/** What is read of migrations to say how a connection is. */
export type StatusMigrations = Pick<MigrationStore, 'list' | 'lines' | 'journalEnd'>;

/** What the newest migration of a connection still asks of people. */
export async function migrationStatus(
  migrations: StatusMigrations,
  connection: string,
  now: number,
): Promise<Pick<ConnectionStatus, 'migration' | 'abortedMigration' | 'brokenJournal'>> {
  const [newest] = await migrations.list({ connection, limit: 1 });
  if (newest === undefined) return {};
  try {
    return await statusOf(migrations, newest, now);
  } catch (error) {
    return { brokenJournal: brokenBy(newest.id, error) };
  }
}

async function statusOf(
  migrations: StatusMigrations,
  newest: StoredMigration,
  now: number,
): Promise<Pick<ConnectionStatus, 'migration' | 'abortedMigration'>> {
  if (newest.endedAt === undefined) {
    const view = await readJournal(migrations, newest.id, (lines) => viewOf(newest.id, lines, now));
    const { kind, mode, status, gate } = view;
    return { migration: { kind, mode, status, ...(gate === undefined ? {} : { gate: gate.name }) } };
  }
  const aborted = await abortedMigration(migrations, { ...newest, endedAt: newest.endedAt });
  return aborted === undefined ? {} : { abortedMigration: aborted };
}

/**
 * An ended migration that was aborted after it had looked around, which is when a rollback begins to be possible. Its last
 * line is read and its first ones, never all: nobody has to roll back, and then this is asked for ever.
 */
async function abortedMigration(
  migrations: StatusMigrations,
  { id, endedAt }: StoredMigration & { readonly endedAt: number },
): Promise<AbortedMigration | undefined> {
  if (!mayBeRolledBack((await readLastLine(migrations, id)).entry)) return undefined;
  const kind = await kindOfSurveyed(migrations, id);
  return kind === undefined ? undefined : { id, kind, at: endedAt };
}

/** Lines read at a time in search of the first survey. */
const PAGE = 10;

/** What a migration is that has looked around; undefined where it has not. */
async function kindOfSurveyed(migrations: StatusMigrations, id: string): Promise<MigrationKind | undefined> {
  let page = await readSomeLines(migrations, id, 0, PAGE);
  const first = page[0]?.entry;
  if (first?.kind !== 'started') throw noBeginning();
  while (!page.some(({ entry }) => entry.kind === 'surveyed' && entry.purpose === 'start')) {
    if (page.length < PAGE) return undefined;
    page = await readSomeLines(migrations, id, page.at(-1)?.sequence ?? 0, PAGE);
  }
  return first.migration;
}
