import { cycleRequests } from '../core/migration/cycle-requests.ts';
import type { CycleRequest, JournalEntry } from '../core/migration/journal.ts';
import type { MigrationState } from '../core/migration/state.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { CycleRecord, OperationRecord } from '../ports/stores.ts';

/** How many cycles of a connection are looked through for those a migration has started. */
const RECENT = 50;
/** Operations read at a time. */
const PAGE = 500;

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
