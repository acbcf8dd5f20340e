import { mayBeRolledBack, type JournalLine } from '../core/migration/journal.ts';
import type { MigrationKind } from '../core/migration/migration.ts';
import { viewOf } from '../core/migration/view.ts';
import type { MigrationStore, StoredMigration } from '../ports/migration-store.ts';
import type { AbortedMigration, ConnectionStatus } from '../ports/operator.ts';

/** What is read of migrations to say how a connection is. */
export type StatusMigrations = Pick<MigrationStore, 'list' | 'lines' | 'journalEnd'>;

/** What the newest migration of a connection still asks of people. */
export async function migrationStatus(
  migrations: StatusMigrations,
  connection: string,
  now: number,
): Promise<Pick<ConnectionStatus, 'migration' | 'abortedMigration'>> {
  const [newest] = await migrations.list({ connection, limit: 1 });
  if (newest === undefined) return {};
  if (newest.endedAt === undefined) {
    const { kind, status, gate } = viewOf(newest.id, await migrations.lines(newest.id), now);
    return { migration: { kind, status, ...(gate === undefined ? {} : { gate: gate.name }) } };
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
  const end = await migrations.journalEnd(id);
  const last = (await migrations.lines(id, (end?.lines ?? 1) - 1)).at(-1);
  if (last === undefined || !mayBeRolledBack(last.entry)) return undefined;
  const kind = await kindOfSurveyed(migrations, id);
  return kind === undefined ? undefined : { id, kind, at: endedAt };
}

/** Lines read at a time in search of the first survey. */
const PAGE = 10;

/** What a migration is that has looked around; undefined where it has not. */
async function kindOfSurveyed({ lines }: StatusMigrations, id: string): Promise<MigrationKind | undefined> {
  let page: readonly JournalLine[] = await lines(id, 0, PAGE);
  const first = page[0]?.entry;
  if (first?.kind !== 'started') return undefined;
  while (!page.some(({ entry }) => entry.kind === 'surveyed' && entry.purpose === 'start')) {
    if (page.length < PAGE) return undefined;
    page = await lines(id, page.at(-1)?.sequence ?? 0, PAGE);
  }
  return first.migration;
}
