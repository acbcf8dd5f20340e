import { CYCLE_KINDS, type CycleKind, type OperationCounts } from '../../core/cycle.ts';
import type { DriftKind } from '../../core/drift.ts';
import { OPERATION_STATES, type OperationState } from '../../core/operation.ts';
import type { Credential } from '../../core/credential.ts';
import type { CredentialStore } from '../../ports/credentials.ts';
import type { EscrowStore, EscrowTotals } from '../../ports/recovery.ts';
import type { DriftStore } from '../../ports/drift-store.ts';
import { GUARDS } from '../../core/verdict.ts';
import type { HoldRecord, HoldStore } from '../../ports/hold-store.ts';
import type { NotificationStore } from '../../ports/notifications.ts';
import type { MigrationReading, ReadableMigrations } from './migration-reading.ts';
import type {
  ConnectionState,
  ConnectionStore,
  CycleRecord,
  CycleStore,
  LinkStore,
  Stores,
} from '../../ports/stores.ts';

/** What a scrape may ask of the store. */
export interface ReadableStores extends Pick<Stores, 'ping'> {
  readonly cycles: Pick<CycleStore, 'list' | 'counts'>;
  readonly links: Pick<LinkStore, 'counts'>;
  readonly connections: Pick<ConnectionStore, 'get'>;
  readonly escrows: Pick<EscrowStore, 'totals'>;
  readonly drift: Pick<DriftStore, 'counts'>;
  readonly holds: Pick<HoldStore, 'list'>;
  readonly credentials: Pick<CredentialStore, 'list'>;
  readonly migrations: ReadableMigrations;
  readonly notifications: Pick<NotificationStore, 'channels'>;
}

/** What the store says about one connection at the time of a scrape. */
export interface ConnectionReading {
  readonly state: ConnectionState;
  readonly links: Readonly<Record<string, number>>;
  readonly escrows: EscrowTotals;
  /** Newest first. */
  readonly cycles: readonly CycleRecord[];
  /** The newest full cycle that has a plan: others look at too few to say who is in scope. */
  readonly full?: CycleRecord;
  /** Operations of the newest cycle that has a plan: one that is still reading, or could not, settles nothing. */
  readonly counts: OperationCounts;
  /** What the newest audit found, by kind; absent before the first. */
  readonly drift?: Readonly<Record<DriftKind, number>>;
  /** What guards hold. */
  readonly holds: readonly HoldRecord[];
  readonly credentials: readonly Credential[];
  /** Absent while none is open. */
  readonly migration?: MigrationReading;
}

/** How many cycles a scrape looks at: the first one of a process has to find what only old ones tell, others what is new. */
const LOOKS = { first: 200, later: 10 } as const;
export type Look = keyof typeof LOOKS;

/**
 * The newest cycles, newest first. At the first look also the newest of each kind, its last success, and the newest plans: a
 * weekly cycle lies behind hundreds of others, and a success or a plan behind as many failures.
 */
async function readCycles(
  cycles: ReadableStores['cycles'],
  connection: string,
  look: Look,
): Promise<readonly CycleRecord[]> {
  const newest = await cycles.list({ connection, limit: LOOKS[look] });
  if (look === 'later') return newest;
  const ofKinds = await Promise.all([
    cycles.list({ connection, planned: true, limit: LOOKS.later }),
    ...CYCLE_KINDS.flatMap((kind) => [
      cycles.list({ connection, kind, limit: LOOKS.later }),
      cycles.list({ connection, kind, result: 'succeeded', limit: 1 }),
    ]),
  ]);
  const known = new Set(newest.map(({ id }) => id));
  const older = new Map(ofKinds.flat().flatMap((cycle) => (known.has(cycle.id) ? [] : [[cycle.id, cycle]])));
  return [...newest, ...[...older.values()].toSorted((a, b) => b.createdAt - a.createdAt)];
}

/** Reads one connection: its state, links, newest cycles and the operations of the newest planned one. */
export async function readConnection(
  stores: ReadableStores,
  connection: string,
  look: Look,
  now: number,
  readMigration: (connection: string, now: number) => Promise<MigrationReading | undefined>,
): Promise<ConnectionReading> {
  const [state, links, cycles, [full], escrows, drift, holds, credentials, migration] = await Promise.all([
    stores.connections.get(connection),
    stores.links.counts(connection),
    readCycles(stores.cycles, connection, look),
    stores.cycles.list({ connection, kind: 'initial', planned: true, limit: 1 }),
    stores.escrows.totals(connection, now),
    stores.drift.counts(connection),
    stores.holds.list({ connection, ended: false, limit: GUARDS.length }),
    stores.credentials.list(connection),
    readMigration(connection, now),
  ]);
  const planned = newestPlanned(cycles);
  const counts = planned === undefined ? {} : await stores.cycles.counts(planned.id);
  return {
    state,
    links,
    escrows,
    cycles,
    holds,
    counts,
    credentials,
    ...(full === undefined ? {} : { full }),
    ...(drift === undefined ? {} : { drift }),
    ...(migration === undefined ? {} : { migration }),
  };
}

/** The newest cycle whose plan was stored: a refused one has counts and no operations, and one on
 * demand looks at too little to say how things are. Cycles are newest first. */
export function newestPlanned(cycles: readonly CycleRecord[]): CycleRecord | undefined {
  return cycles.find(({ kind, plannedAt }) => plannedAt !== undefined && kind !== 'on-demand');
}

/** Operations by state, over all waves; every state is present. */
export function countByState(counts: OperationCounts): ReadonlyMap<OperationState, number> {
  const totals = new Map<OperationState, number>(OPERATION_STATES.map((state) => [state, 0]));
  for (const wave of Object.values(counts)) {
    for (const state of OPERATION_STATES) totals.set(state, (totals.get(state) ?? 0) + (wave[state] ?? 0));
  }
  return totals;
}

/** Share of the operations that need no more sending, 0 to 1; 0 while there is no plan yet. */
export function progressOf(counts: OperationCounts): number {
  const totals = countByState(counts);
  const open = (totals.get('pending') ?? 0) + (totals.get('in-flight') ?? 0) + (totals.get('in-doubt') ?? 0);
  const all = [...totals.values()].reduce((sum, count) => sum + count, 0);
  return all === 0 ? 0 : (all - open) / all;
}

/** The newest cycle of a kind that satisfies a condition. Cycles are newest first. */
export function newestOf(
  cycles: readonly CycleRecord[],
  kind: CycleKind,
  condition: (cycle: CycleRecord) => boolean,
): CycleRecord | undefined {
  return cycles.find((cycle) => cycle.kind === kind && condition(cycle));
}
