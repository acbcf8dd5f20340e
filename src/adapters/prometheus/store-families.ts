import { Gauge, type Registry } from 'prom-client';
import { CYCLE_KINDS, failedInARow } from '../../core/cycle.ts';
import { DRIFT_KINDS } from '../../core/drift.ts';
import { OPERATION_STATES } from '../../core/operation.ts';
import type { CycleTimes } from './cycle-families.ts';
import { CYCLE_TYPES, cycleTypeOf, outcomeOf, OUTCOMES } from './labels.ts';
import { createCredentialFamilies } from './credential-families.ts';
import { createHoldFamilies } from './hold-families.ts';
import { createMigrationFamilies } from './migration-families.ts';
import { createMigrationReader } from './migration-reading.ts';
import { createPlanFamilies } from './plan-families.ts';
import { createRecoveryFamilies } from './recovery-families.ts';
import {
  countByState,
  newestOf,
  newestPlanned,
  progressOf,
  readConnection,
  type ConnectionReading,
  type ReadableStores,
} from './store-reading.ts';

/** Registers the gauges that the store knows and that must outlive this process. Returns how to show a reading. */
export function createStoreFamilies(
  registry: Registry,
  connections: readonly string[],
  times: CycleTimes,
  now: () => number,
): (connection: string, reading: ConnectionReading) => void {
  const families = registerFamilies([registry]);
  const showPlan = createPlanFamilies(registry, connections);
  const showRecovery = createRecoveryFamilies(registry, connections);
  const showHolds = createHoldFamilies(registry, connections);
  const showCredentials = createCredentialFamilies(registry);
  const showMigration = createMigrationFamilies(registry, connections);
  for (const connection of connections) initialise(families, connection);
  return (connection, reading) => {
    showCycles(families, times, connection, reading);
    showOperations(families, connection, reading);
    families.paused.set({ connection }, reading.state.pausedReason === undefined ? 0 : 1);
    families.schedulesPaused.set({ connection }, reading.state.schedulesPaused ? 1 : 0);
    families.throttledUntil.set({ connection }, (reading.state.throttledUntil ?? 0) / 1000);
    showPlan(connection, reading.cycles);
    showRecovery(connection, reading);
    for (const kind of DRIFT_KINDS) families.drift.set({ connection, kind }, reading.drift?.[kind] ?? 0);
    showHolds(connection, reading.holds, reading.cycles, now());
    showCredentials(connection, reading.credentials);
    showMigration(connection, reading.migration);
    showObjects(families, connection, reading);
  };
}

/** Returns a function that reads every connection from the store. The first time it looks further back. */
export function createStoreReader(
  stores: ReadableStores,
  connections: () => readonly string[],
  now: () => number,
): () => Promise<readonly (readonly [string, ConnectionReading])[]> {
  const readMigration = createMigrationReader(stores.migrations);
  let seen: readonly string[] = [];
  return async () => {
    const names = connections();
    const readings = await Promise.all(
      names.map(async (connection) => {
        const look = seen.includes(connection) ? 'later' : 'first';
        return [connection, await readConnection(stores, connection, look, now(), readMigration)] as const;
      }),
    );
    seen = names;
    return readings;
  };
}

function showCycles(
  families: ReturnType<typeof registerFamilies>,
  times: CycleTimes,
  connection: string,
  { cycles, counts }: ConnectionReading,
): void {
  const open = cycles.find((cycle) => cycle.phase !== 'closed');
  for (const kind of CYCLE_KINDS) {
    const cycle_type = cycleTypeOf(kind);
    families.inProgress.set({ connection, cycle_type }, open?.kind === kind ? 1 : 0);
    times.start(connection, kind, (newestOf(cycles, kind, () => true)?.createdAt ?? 0) / 1000);
    const closed = newestOf(cycles, kind, (cycle) => cycle.closedAt !== undefined);
    times.completion(connection, kind, (closed?.closedAt ?? 0) / 1000);
    const good = newestOf(cycles, kind, (cycle) => cycle.result === 'succeeded');
    times.success(connection, kind, (good?.closedAt ?? 0) / 1000);
    const result = closed?.result;
    if (result === undefined) continue;
    for (const outcome of OUTCOMES) {
      families.lastOutcome.set({ connection, cycle_type, outcome }, outcome === outcomeOf(result) ? 1 : 0);
    }
  }
  const exporting = open !== undefined && open === newestPlanned(cycles);
  families.progress.set({ connection }, exporting ? progressOf(counts) : 0);
  const failed = failedInARow(cycles);
  // Of those on demand there may be any number since: they say nothing, and what was known stands.
  if (failed !== undefined) families.failures.set({ connection }, failed.length);
}

/** Without a plan in sight the last one known stands: failing reads settle nothing it holds. */
function showOperations(
  families: ReturnType<typeof registerFamilies>,
  connection: string,
  { cycles, counts }: ConnectionReading,
): void {
  if (newestPlanned(cycles) === undefined) return;
  for (const [state, count] of countByState(counts)) families.operations.set({ connection, state }, count);
}

/** Link counts come as `<resource>.<state>` with the link's own words. */
function showObjects(
  families: ReturnType<typeof registerFamilies>,
  connection: string,
  { links, full }: ConnectionReading,
): void {
  for (const [resource, link] of [
    ['user', 'account'],
    ['group', 'group'],
  ] as const) {
    families.objects.set({ connection, resource, state: 'provisioned' }, links[`${link}.active`] ?? 0);
    families.objects.set({ connection, resource, state: 'disabled' }, links[`${link}.disabled`] ?? 0);
  }
  const planned = full?.planCounts;
  if (planned === undefined) return;
  families.objects.set({ connection, resource: 'user', state: 'in_scope' }, planned.entitledUsers);
  families.objects.set({ connection, resource: 'user', state: 'unmapped' }, planned.unmappedUsers ?? 0);
  families.objects.set({ connection, resource: 'group', state: 'in_scope' }, planned.entitledGroups);
}

function initialise(families: ReturnType<typeof registerFamilies>, connection: string): void {
  for (const state of OPERATION_STATES) families.operations.set({ connection, state }, 0);
  for (const resource of ['user', 'group']) {
    for (const state of ['in_scope', 'provisioned', 'disabled']) {
      families.objects.set({ connection, resource, state }, 0);
    }
  }
  families.objects.set({ connection, resource: 'user', state: 'unmapped' }, 0);
  for (const cycle_type of CYCLE_TYPES) {
    families.inProgress.set({ connection, cycle_type }, 0);
    for (const outcome of OUTCOMES) families.lastOutcome.set({ connection, cycle_type, outcome }, 0);
  }
  for (const kind of DRIFT_KINDS) families.drift.set({ connection, kind }, 0);
  const { progress, failures, paused, schedulesPaused, throttledUntil } = families;
  for (const gauge of [progress, failures, paused, schedulesPaused, throttledUntil]) gauge.set({ connection }, 0);
}

function registerFamilies(registers: Registry[]) {
  const perConnection = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ['connection'], registers });
  return {
    inProgress: new Gauge({
      name: 'headgate_cycle_in_progress',
      help: '1 while a cycle of this kind is open.',
      labelNames: ['connection', 'cycle_type'],
      registers,
    }),
    lastOutcome: new Gauge({
      name: 'headgate_cycle_last_outcome',
      help: '1 at how the newest closed cycle of this kind ended, 0 at the other outcomes.',
      labelNames: ['connection', 'cycle_type', 'outcome'],
      registers,
    }),
    operations: new Gauge({
      name: 'headgate_operations',
      help: 'Operations of the newest plan by state: the whole backlog, of which the queue holds only a window.',
      labelNames: ['connection', 'state'],
      registers,
    }),
    objects: new Gauge({
      name: 'headgate_objects',
      help: 'Users and groups in scope (newest plan), provisioned and disabled (links).',
      labelNames: ['connection', 'resource', 'state'],
      registers,
    }),
    drift: new Gauge({
      name: 'headgate_drift_findings',
      help: 'What the newest audit found changed by hand at the provider, or not to be ours, by kind.',
      labelNames: ['connection', 'kind'],
      registers,
    }),
    progress: perConnection(
      'headgate_cycle_progress_ratio',
      'Share of the open cycle that is settled, 0 to 1; 0 while none is open.',
    ),
    failures: perConnection(
      'headgate_cycle_consecutive_failures',
      'Newest cycles in a row that failed, were refused or were stopped by Headgate itself.',
    ),
    paused: perConnection(
      'headgate_connection_paused',
      '1 while a person wants nothing to be sent to the service provider.',
    ),
    schedulesPaused: perConnection('headgate_schedules_paused', '1 while the schedules of the connection are paused.'),
    throttledUntil: perConnection(
      'headgate_connection_throttled_until_timestamp_seconds',
      'The service provider asked for no request before this time; 0 when it never did.',
    ),
  };
}
