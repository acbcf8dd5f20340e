import { cycleRequests } from '../core/migration/cycle-requests.ts';
import type { CycleRequest, JournalEntry } from '../core/migration/journal.ts';
import type { MigrationMode } from '../core/migration/migration.ts';
import type { MigrationState } from '../core/migration/state.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { CycleRecord, OperationRecord } from '../ports/stores.ts';

/** How many cycles of a connection are looked through for those a migration has started. */
const RECENT = 50;
/** Operations read at a time. */
const PAGE = 500;

/** Why a cycle was stopped whose migration was paused: another one takes its place once it is resumed. */
export const STOPPED_BY_PAUSE = 'the migration was paused';

interface OfMigration {
  readonly id: string;
  readonly connection: Connection;
  readonly ports: Pick<Ports, 'stores'>;
}

/** Cycles the migration has started, newest first; also one whose line in the journal a crash has swallowed. */
export async function ownCycles({ ports, connection, id }: OfMigration): Promise<readonly CycleRecord[]> {
  const recent = await ports.stores.cycles.list({ connection: connection.rules.name, limit: RECENT });
  return recent.filter(({ migration }) => migration?.id === id);
}

async function requestsOf({ ports }: OfMigration, cycle: string): Promise<readonly CycleRequest[]> {
  const operations: OperationRecord[] = [];
  for (let after: number | undefined; ;) {
    const from = after === undefined ? {} : { after };
    const page = await ports.stores.cycles.operations(cycle, { limit: PAGE, ...from });
    operations.push(...page);
    if (page.length < PAGE) return cycleRequests(operations);
    after = page.at(-1)?.sequence;
  }
}

/** What the migration's closed cycles have sent and its journal does not tell yet, oldest first. */
export async function sentByCycles(
  given: OfMigration,
  { toldCycles }: Pick<MigrationState, 'toldCycles'>,
): Promise<readonly JournalEntry[]> {
  const untold = (await ownCycles(given)).filter(({ id, phase }) => phase === 'closed' && !toldCycles.has(id));
  const entries: JournalEntry[] = [];
  for (const { id: cycle } of untold.toReversed())
    entries.push({ kind: 'sent', cycle, requests: await requestsOf(given, cycle) });
  return entries;
}

/** Asks for the migration's own cycle to be stopped, or for one of this mode; false when none is open. */
export async function stopOwnCycle(
  { id, connection, ports }: OfMigration & { readonly ports: Pick<Ports, 'queue'> },
  why: string,
  mode?: MigrationMode,
): Promise<boolean> {
  const { cycles } = ports.stores;
  const open = await cycles.openCycle(connection.rules.name);
  if (open?.migration?.id !== id || (mode !== undefined && open.migration.mode !== mode)) return false;
  if (!(await cycles.requestCancel(open.id, why))) return false;
  await ports.queue.enqueue('advance-cycle', { cycle: open.id });
  return true;
}
