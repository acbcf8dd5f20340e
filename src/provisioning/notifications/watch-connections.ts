import { expiryWarning } from '../../core/credential.ts';
import { inState } from '../../core/cycle.ts';
import type { JournalLine } from '../../core/migration/journal.ts';
import { viewOf, type MigrationView } from '../../core/migration/view.ts';
import { whatToTell, type Told, type Watched, type WatchedMigration } from '../../core/notification.ts';
import { GUARDS } from '../../core/verdict.ts';
import type { Ports } from '../../ports/index.ts';
import type { ConnectionState } from '../../ports/stores.ts';

/**
 * Looks at how every connection is and stores what people are to be told of it. Conditions are compared with what was last
 * told, so it does not matter who paused a connection, or how often this runs.
 */
export async function watchConnections(ports: Ports, warnDays: readonly number[]): Promise<void> {
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

async function watched({ stores, clock }: Ports, connection: string, warnDays: readonly number[]): Promise<Watched> {
  const stopped = whyStopped(await stores.connections.get(connection));
  // Holds and not plans: one subject provisioned on demand opens and lifts none, whatever its plan holds.
  const holds = await stores.holds.list({ connection, ended: false, limit: GUARDS.length });
  const [newest] = holds;
  const operations = newest === undefined ? 0 : inState(await stores.cycles.counts(newest.cycle), 'held');
  const expiring = (await stores.credentials.list(connection)).flatMap((credential): [string, number][] => {
    const days = expiryWarning(credential, warnDays, clock.now());
    return days === undefined ? [] : [[credential.fingerprint, days]];
  });
  return {
    connection,
    held: { guards: holds.map(({ guard }) => guard), operations },
    expiring: Object.fromEntries(expiring),
    ...(stopped === undefined ? {} : { stopped }),
  };
}

/** A trial after a quarantine is still part of it: people are told once it has proved itself. */
function whyStopped({ pausedReason, quarantine }: ConnectionState): Watched['stopped'] {
  if (pausedReason !== undefined) return { by: 'pause' };
  if (quarantine === undefined) return undefined;
  const { reason, cause } = quarantine;
  // The provider's words stay here: they may repeat what was sent about somebody.
  return { by: 'quarantine', reason: cause.status === undefined ? reason : `${reason}, status ${cause.status}` };
}

/** One that was aborted and then rolled back has two ends, and people are told of both. */
function endKey(lines: readonly JournalLine[]): string {
  const ends = lines.filter(({ entry }) => entry.kind === 'ended').length;
  return ends > 1 ? `ended ${ends}` : 'ended';
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
  { stores: { migrations }, clock }: Ports,
  connection: string,
  told: Told['migration'],
): Promise<WatchedMigration | undefined> {
  const [newest] = await migrations.list({ connection, limit: 1 });
  if (newest === undefined) return undefined;
  const isOver = newest.endedAt !== undefined && clock.now() - newest.endedAt > NEWS_MS;
  if (isOver && told?.id !== newest.id) return undefined;
  const { id } = newest;
  const lines = await migrations.lines(id);
  const view = viewOf(id, lines, clock.now());
  const { kind, status, gate, result } = view;
  if (status === 'ended')
    return { id, is: 'ended', key: endKey(lines), facts: { migration: kind, result: result ?? 'ended' } };
  if (gate !== undefined) return { id, is: 'gate', ...gateTold(lines, kind, gate) };
  if (status !== 'paused') return undefined;
  const step = view.steps.find(({ state }) => state === 'now')?.step ?? 'its end';
  return { id, is: 'paused', key: `paused ${view.latest.at}`, facts: { migration: kind, step } };
}
