import { expiryWarning } from '../../core/credential.ts';
import { failedInARow, inState } from '../../core/cycle.ts';
import { brokenBy, noBeginning } from '../../core/migration/broken-journal.ts';
import type { JournalLine } from '../../core/migration/journal.ts';
import { viewOf, type MigrationView } from '../../core/migration/view.ts';
import { whatToTell, type Told, type Watched, type WatchedMigration } from '../../core/notification.ts';
import { GUARDS } from '../../core/verdict.ts';
import type { Ports } from '../../ports/index.ts';
import type { MigrationStore } from '../../ports/migration-store.ts';
import type { ConnectionState, CycleStore } from '../../ports/stores.ts';
import { readJournal, readLastLine, readSomeLines } from '../read-journal.ts';

/** What is looked at. */
type WatchPorts = Pick<Ports, 'stores' | 'clock' | 'connections'>;

/**
 * Looks at how every connection is and stores what people are to be told of it. Conditions are compared with what was last
 * told, so it does not matter who paused a connection, or how often this runs.
 */
export async function watchConnections(ports: WatchPorts, warnDays: readonly number[]): Promise<void> {
  const { notifications } = ports.stores;
  for (const name of ports.connections.keys()) {
    const { told, version } = await notifications.told(name);
    const migration = await watchedMigration(ports, name, told.migration);
    const next = whatToTell(told, {
      ...(await watched(ports, name, warnDays)),
      ...(migration === undefined ? {} : { migration }),
    });
    if (version > 0 && next.tell.length === 0 && JSON.stringify(next.told) === JSON.stringify(told)) continue;
    // When another process was first, it has told the same.
    await notifications.tell(name, next.told, version, next.tell);
  }
}

async function watched(
  { stores, clock }: WatchPorts,
  connection: string,
  warnDays: readonly number[],
): Promise<Watched> {
  const state = await stores.connections.get(connection);
  const stopped = whyStopped(state);
  const failures = await failuresOf(connection, stores.cycles);
  // Holds and not plans: one subject provisioned on demand opens and lifts none, whatever its plan holds.
  const holds = await stores.holds.list({ connection, ended: false, limit: GUARDS.length });
  const [newest] = holds;
  // What was approved waits for nobody, until that has expired: then people are told again.
  const waiting = holds.filter(({ state, decision }) => state !== 'approved' || (decision?.until ?? 0) <= clock.now());
  const operations = newest === undefined ? 0 : inState(await stores.cycles.counts(newest.cycle), 'held');
  // Where SCIM was switched off no token is to be put in the place of another.
  const tokens = state.switchedOffAt === undefined ? await stores.credentials.list(connection) : [];
  const expiring = tokens.flatMap((credential): [string, number][] => {
    const days = expiryWarning(credential, warnDays, clock.now());
    return days === undefined ? [] : [[credential.fingerprint, days]];
  });
  return {
    connection,
    held: { guards: Object.fromEntries(waiting.map((hold) => [hold.guard, hold.operations])), operations },
    expiring: Object.fromEntries(expiring),
    at: clock.now(),
    ...(failures === undefined ? {} : { failures }),
    ...(stopped === undefined ? {} : { stopped }),
  };
}

/** How many cycles of a kind are looked through for how they ended. */
const RECENT_CYCLES = 5;

/** When the newest cycles that failed in a row ended. Kind by kind: of those on demand there may be any number between two. */
async function failuresOf(
  connection: string,
  cycles: Pick<CycleStore, 'list'>,
): Promise<readonly number[] | undefined> {
  const full = await cycles.list({ connection, kind: 'initial', limit: RECENT_CYCLES });
  const incremental = await cycles.list({ connection, kind: 'incremental', limit: RECENT_CYCLES });
  const newestFirst = [...full, ...incremental].toSorted((a, b) => b.createdAt - a.createdAt);
  return failedInARow(newestFirst)?.map(({ createdAt, closedAt = createdAt }) => closedAt);
}

/** A trial after a quarantine is still part of it: people are told once it has proved itself. */
function whyStopped({ pausedReason, quarantine }: ConnectionState): Watched['stopped'] {
  if (pausedReason !== undefined) return { by: 'pause' };
  if (quarantine === undefined) return undefined;
  const { reason, cause } = quarantine;
  // The provider's words stay here: they may repeat what was sent about somebody.
  return { by: 'quarantine', reason, ...(cause.status === undefined ? {} : { status: cause.status }) };
}

/**
 * A gate that closes again asks for another yes, often of the same digest: the line that gave or voided the last yes tells
 * them apart, and why it closed, since nothing is written when a yes expires.
 */
function gateTold(
  lines: readonly JournalLine[],
  migration: string,
  { name, digest, why }: NonNullable<MigrationView['gate']>,
): Pick<WatchedMigration, 'key' | 'facts'> {
  const facts = { migration, gate: name };
  const said = lines.findLast(
    ({ entry }) => (entry.kind === 'approved' || entry.kind === 'withdrawn') && entry.gate === name,
  );
  if (said === undefined) return { key: `${name} ${digest}`, facts };
  const closed = why === 'not-approved' ? 'withdrawn' : why;
  return { key: `${name} ${digest} ${closed} ${said.sequence}`, facts: { ...facts, closed } };
}

/** An end that is older is no news to people who were told nothing of that migration: it was over before anybody watched. In ms. */
const NEWS_MS = 86_400_000;

/** Where the newest migration stands still. Journals hold names; nothing of them but words of ours is told. */
async function watchedMigration(
  { stores: { migrations }, clock }: WatchPorts,
  connection: string,
  told: Told['migration'],
): Promise<WatchedMigration | undefined> {
  const [newest] = await migrations.list({ connection, limit: 1 });
  if (newest === undefined) return undefined;
  const { id, endedAt } = newest;
  try {
    if (endedAt !== undefined) return await watchedEnd(migrations, { id, endedAt }, told, clock.now());
    return await readJournal(migrations, id, (lines) => watchedOpen(id, lines, clock.now()));
  } catch (error) {
    brokenBy(id, error);
    return { id, is: 'broken', key: 'broken', facts: {} };
  }
}

/**
 * One that was aborted and then rolled back has two ends, and people are told of both. Its journal is not read again once that
 * is done: nothing is added to it.
 */
async function watchedEnd(
  migrations: Pick<MigrationStore, 'lines' | 'journalEnd'>,
  { id, endedAt }: { readonly id: string; readonly endedAt: number },
  told: Told['migration'],
  now: number,
): Promise<WatchedMigration | undefined> {
  const key = `ended ${(await migrations.journalEnd(id))?.lines ?? endedAt}`;
  const isKnown = told?.id === id && told.key.startsWith('ended');
  if (now - endedAt > NEWS_MS ? told?.id !== id || isKnown : isKnown && told.key === key) return undefined;
  const last = await readLastLine(migrations, id);
  const [first] = await readSomeLines(migrations, id, 0, 1);
  if (first?.entry.kind !== 'started') throw noBeginning();
  const result = last.entry.kind === 'ended' ? last.entry.result : 'ended';
  return { id, is: 'ended', key, facts: { migration: first.entry.migration, result } };
}

function watchedOpen(id: string, lines: readonly JournalLine[], now: number): WatchedMigration | undefined {
  const view = viewOf(id, lines, now);
  const { kind, status, gate } = view;
  if (gate !== undefined) return { id, is: 'gate', ...gateTold(lines, kind, gate) };
  if (status !== 'paused') return undefined;
  const step = view.steps.find(({ state }) => state === 'now')?.step ?? 'its end';
  return { id, is: 'paused', key: `paused ${view.latest.at}`, facts: { migration: kind, step } };
}
