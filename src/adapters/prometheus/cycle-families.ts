import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { CycleKind } from '../../core/cycle.ts';
import type { Metrics } from '../../ports/metrics.ts';
import { CYCLE_TYPES, cycleTypeOf, OUTCOMES, outcomeOf, PHASES, SKIP_REASONS } from './labels.ts';

const BY_TYPE = ['connection', 'cycle_type'] as const;
/** One second to four hours: an incremental cycle of nothing and an initial one of a large tenant. */
const CYCLE_BUCKETS = [1, 5, 15, 30, 60, 120, 300, 600, 1200, 1800, 3600, 7200, 14_400];

type CycleMetrics = Pick<Metrics, 'cycleStarted' | 'cycleClosed' | 'cyclePhase' | 'cycleSkipped' | 'planned'>;

/** Times a cycle last did something, which only ever rise. Unix seconds. */
export interface CycleTimes {
  start(connection: string, kind: CycleKind, seconds: number): void;
  success(connection: string, kind: CycleKind, seconds: number): void;
  completion(connection: string, kind: CycleKind, seconds: number): void;
  /** Forgets the times of a connection whose series are gone: they may come back. */
  forget(connection: string): void;
}

/** Registers the cycle families fed by what happens in this process, every series at 0. */
export function createCycleFamilies(
  registry: Registry,
  connections: readonly string[],
): CycleMetrics & { readonly times: CycleTimes } {
  const closed = createClosedFamilies(registry, connections);
  const times = createTimes(registry, connections);
  const skipped = new Counter({
    name: 'headgate_cycles_skipped_total',
    help: 'Cycles that were due and not started.',
    labelNames: ['connection', 'reason'],
    registers: [registry],
  });
  for (const connection of connections) {
    for (const reason of SKIP_REASONS) skipped.inc({ connection, reason }, 0);
  }
  return {
    times,
    cycleStarted: (connection, kind, at) => times.start(connection, kind, at / 1000),
    cycleClosed: (connection, kind, result, seconds, at) => {
      closed.cycles.inc({ connection, cycle_type: cycleTypeOf(kind), outcome: outcomeOf(result) });
      closed.duration.observe({ connection, cycle_type: cycleTypeOf(kind) }, seconds);
      times.completion(connection, kind, at / 1000);
      if (result === 'succeeded') times.success(connection, kind, at / 1000);
    },
    cyclePhase: (connection, kind, phase, seconds) =>
      closed.phase.observe({ connection, cycle_type: cycleTypeOf(kind), phase }, seconds),
    cycleSkipped: (connection, reason) => skipped.inc({ connection, reason }),
    planned: (connection, counts) => {
      if (Object.values(counts).every((count) => count === 0)) closed.noOp.inc({ connection });
    },
  };
}

function createClosedFamilies(registry: Registry, connections: readonly string[]) {
  const registers = [registry];
  const cycles = new Counter({
    name: 'headgate_cycles_total',
    help: 'Cycles closed, by how they ended.',
    labelNames: [...BY_TYPE, 'outcome'],
    registers,
  });
  const duration = new Histogram({
    name: 'headgate_cycle_duration_seconds',
    help: 'Time from the start of a cycle to its close.',
    labelNames: BY_TYPE,
    buckets: CYCLE_BUCKETS,
    registers,
  });
  const phase = new Histogram({
    name: 'headgate_cycle_phase_duration_seconds',
    help: 'Time spent in each phase of a cycle.',
    labelNames: [...BY_TYPE, 'phase'],
    buckets: CYCLE_BUCKETS,
    registers,
  });
  const noOp = new Counter({
    name: 'headgate_cycle_no_op_total',
    help: 'Plans that held no operation at all.',
    labelNames: ['connection'],
    registers,
  });
  for (const connection of connections) {
    noOp.inc({ connection }, 0);
    for (const cycle_type of CYCLE_TYPES) {
      duration.zero({ connection, cycle_type });
      for (const outcome of OUTCOMES) cycles.inc({ connection, cycle_type, outcome }, 0);
      for (const name of PHASES) phase.zero({ connection, cycle_type, phase: name });
    }
  }
  return { cycles, duration, phase, noOp };
}

function createTimes(registry: Registry, connections: readonly string[]): CycleTimes {
  const latest = new Map<string, number>();
  const rising = (name: string, help: string) => createRisingGauge(registry, connections, latest, name, help);
  return {
    forget(connection) {
      for (const key of latest.keys()) if (key.endsWith(` ${connection}`)) latest.delete(key);
    },
    start: rising('headgate_cycle_last_start_timestamp_seconds', 'When the newest cycle was opened; 0 when none was.'),
    success: rising(
      'headgate_cycle_last_success_timestamp_seconds',
      'When a cycle last closed as succeeded, with no operation escrowed; 0 when none did.',
    ),
    completion: rising(
      'headgate_cycle_last_completion_timestamp_seconds',
      'When a cycle last closed, however it ended; 0 when none did.',
    ),
  };
}

/** The store and the events of this process tell the same times in any order: the latest one stands. */
function createRisingGauge(
  registry: Registry,
  connections: readonly string[],
  latest: Map<string, number>,
  name: string,
  help: string,
) {
  const gauge = new Gauge({ name, help, labelNames: BY_TYPE, registers: [registry] });
  for (const connection of connections) {
    for (const cycle_type of CYCLE_TYPES) gauge.set({ connection, cycle_type }, 0);
  }
  return (connection: string, kind: CycleKind, seconds: number): void => {
    const key = `${name} ${kind} ${connection}`;
    if (seconds <= (latest.get(key) ?? 0)) return;
    latest.set(key, seconds);
    gauge.set({ connection, cycle_type: cycleTypeOf(kind) }, seconds);
  };
}
