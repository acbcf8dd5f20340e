import { brokenBy } from '../../core/migration/broken-journal.ts';
import { readWhole, requireReadable, type JournalLine } from '../../core/migration/journal.ts';
import { nextMigrationStep } from '../../core/migration/next-step.ts';
import { isCarriedOut } from '../../core/migration/stall.ts';
import { stateOf, type MigrationState } from '../../core/migration/state.ts';
import type { MigrationStore } from '../../ports/migration-store.ts';

/**
 * How an open migration stands: at work, watching a cycle to its end (its own or one of Entra's), waiting for a person's
 * yes at a gate, or paused; `broken` where its journal is, and nothing is done for it.
 */
export const MIGRATION_STANDINGS = ['running', 'watching', 'waiting', 'paused', 'broken'] as const;
export type MigrationStanding = (typeof MIGRATION_STANDINGS)[number];

/** What a scrape tells of an open migration. */
export interface MigrationReading {
  readonly standing: MigrationStanding;
  /** When it last got on, ms since the epoch: neither trouble that it waits out nor requests that failed count. */
  readonly lastProgressAt: number;
}

export type ReadableMigrations = Pick<MigrationStore, 'openOf' | 'lines' | 'journalEnd'>;

/**
 * Returns a function that reads how the open migration of a connection stands; undefined when it has none. Only the lines
 * written since the last scrape are read, because journals of large tenants are long.
 */
export function createMigrationReader(
  migrations: ReadableMigrations,
): (connection: string, now: number) => Promise<MigrationReading | undefined> {
  const journals = new Map<string, { readonly id: string; readonly lines: JournalLine[] }>();
  return async (connection, now) => {
    const open = await migrations.openOf(connection);
    if (open === undefined) {
      journals.delete(connection);
      return undefined;
    }
    const known = journals.get(connection);
    const journal = known?.id === open.id ? known : { id: open.id, lines: [] };
    journals.set(connection, journal);
    const end = await migrations.journalEnd(open.id);
    const added = await migrations.lines(open.id, journal.lines.at(-1)?.sequence ?? 0);
    try {
      journal.lines.push(...requireReadable(added).map(withoutSubjects));
      return readWhole(open.id, journal.lines, end, (lines) => readingOf(lines, now));
    } catch (error) {
      // Whatever is restored is read anew.
      journals.delete(connection);
      brokenBy(open.id, error);
      return { standing: 'broken', lastProgressAt: added.at(-1)?.at ?? open.createdAt };
    }
  };
}

/** The line without whom it is about: that does not decide how a migration stands, and must not fill the memory. */
function withoutSubjects(line: JournalLine): JournalLine {
  const { entry } = line;
  if (entry.kind === 'surveyed') {
    return { ...line, entry: { ...entry, survey: { ...entry.survey, users: [], accounts: [], uncovered: [] } } };
  }
  if (entry.kind === 'verified') return { ...line, entry: { ...entry, accounts: [], leavers: [] } };
  if (entry.kind === 'let-in') return { ...line, entry: { ...entry, ways: [] } };
  if (entry.kind === 'calling') return { ...line, entry: { ...entry, calls: [] } };
  if (entry.kind === 'sent') return { ...line, entry: { ...entry, requests: [] } };
  if (entry.kind !== 'called') return line;
  // Whether any was carried out tells whether it got on.
  const one = entry.outcomes.find(isCarriedOut);
  return { ...line, entry: { ...entry, outcomes: one === undefined ? [] : [{ key: '', state: one.state }] } };
}

function readingOf(lines: readonly JournalLine[], now: number): MigrationReading {
  const state = stateOf(lines);
  return { standing: standingOf(state, now), lastProgressAt: state.stall.since };
}

function standingOf(state: MigrationState, now: number): MigrationStanding {
  const action = nextMigrationStep(state, now);
  if (action.do === 'wait') return 'waiting';
  if (action.do === 'nothing') return 'paused';
  if (action.do === 'abort') return 'running';
  const watches = state.cycles[action.step] !== undefined || state.nativeJobs[action.step] !== undefined;
  return watches ? 'watching' : 'running';
}
