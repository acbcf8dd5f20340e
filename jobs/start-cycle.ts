import { randomUUID } from 'node:crypto';
import { CYCLE_KINDS, type CycleKind } from '../src/core/cycle.ts';
import { RefusedError } from '../src/core/errors.ts';
import { isQuarantined } from '../src/core/quarantine.ts';
import type { Aside, Ports } from '../src/ports/index.ts';
import type { JobDefinition } from '../src/ports/job-queue.ts';
import type { Log } from '../src/ports/log.ts';
import type { CycleRecord } from '../src/ports/stores.ts';
import { closeCycle } from '../src/provisioning/close-cycle.ts';
import { takeUpCycle } from '../src/provisioning/take-up-cycle.ts';
import { advanceCycle } from './advance-cycle.ts';
import { field, optionalField } from './payload.ts';

export interface StartCycle {
  readonly connection: string;
  readonly kind: CycleKind;
  /** Absent when a schedule asks for a new cycle. */
  readonly cycle?: string;
}

/** A cycle whose preparation killed the process this often is given up, so that it cannot do so for ever. */
const MOST_STARTS = 5;

/** Prepares a cycle (gather, plan, guards), stores its plan and hands over to advance-cycle. Sends nothing to the provider. */
export const startCycle: JobDefinition<StartCycle, Ports> = {
  name: 'start-cycle',
  queue: 'connection',
  parse(data) {
    const word = field(data, 'kind');
    const kind = CYCLE_KINDS.find((known) => known === word);
    if (kind === undefined) throw new Error(`kind must be one of ${CYCLE_KINDS.join(', ')}, found "${word}"`);
    const cycle = optionalField(data, 'cycle');
    return { connection: field(data, 'connection'), kind, ...(cycle === undefined ? {} : { cycle }) };
  },
  connection: ({ connection }) => connection,
  dedupe: ({ connection, kind, cycle }) => `start-${cycle ?? `${connection}-${kind}`}`,
  async run(payload, ports, log, signal) {
    if (!ports.connections.has(payload.connection))
      return log.warn({ connection: payload.connection }, 'a cycle was asked for a connection that is not configured');
    const cycle = await findOrOpen(payload, ports, log);
    if (cycle === undefined || cycle.phase === 'closed') return undefined;
    const cycleLog = log.child({ connection: payload.connection, cycle: cycle.id });
    return ports.gatherings.run(async (aside) => {
      if (!signal.aborted) await prepare(cycle, ports, cycleLog, aside, signal);
    });
  },
};

async function prepare(cycle: CycleRecord, ports: Ports, log: Log, aside: Aside, signal: AbortSignal): Promise<void> {
  // Each run leases under a name of its own: two nudges for one cycle may run in this very process.
  const holder = `${ports.worker.id}/${randomUUID()}`;
  const held = await ports.stores.cycles.leaseGathering(cycle.id, holder, ports.worker.leaseMs);
  if (!held) return handOver(cycle, ports);
  if (cycle.attempts > MOST_STARTS) {
    const message = `preparing the cycle ended the process ${cycle.attempts} times`;
    const remedy = 'look at the log and the memory of the machine.';
    return closeCycle(ports, cycle, 'failed', log, { message, remedy });
  }
  // Only now: a reload stops what it finds open, so a cycle that goes on from here must go on with what it left.
  const connection = ports.connections.get(cycle.connection);
  if (connection === undefined) return undefined;
  const planned = await takeUpCycle({ cycle, connection, holder, ports, log, aside, signal });
  if (planned) await ports.queue.enqueue(advanceCycle.name, { cycle: cycle.id });
  return undefined;
}

/** A cycle that was asked for by id, or a new one for a schedule; none when the connection is busy or paused, or its provider asked for a pause. */
async function findOrOpen(payload: StartCycle, ports: Ports, log: Log): Promise<CycleRecord | undefined> {
  if (payload.cycle !== undefined) return ports.stores.cycles.get(payload.cycle);
  const { connection, kind } = payload;
  const state = await ports.stores.connections.get(connection);
  if (state.schedulesPaused || state.pausedReason !== undefined) {
    ports.metrics.cycleSkipped(connection, 'paused');
    log.info({ connection }, 'scheduled cycle skipped: the connection is paused');
    return undefined;
  }
  if (isQuarantined(state.quarantine)) {
    ports.metrics.cycleSkipped(connection, 'quarantine');
    log.info({ connection }, 'scheduled cycle skipped: the connection is in quarantine');
    return undefined;
  }
  if ((state.throttledUntil ?? 0) > ports.clock.now()) {
    ports.metrics.cycleSkipped(connection, 'throttled');
    log.info({ connection }, 'scheduled cycle skipped: the provider asked for a pause');
    return undefined;
  }
  try {
    return await ports.stores.cycles.open({ connection, kind, requestedBy: 'schedule' });
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    ports.metrics.cycleSkipped(connection, 'overlap');
    log.info({ connection, why: error.code }, 'scheduled cycle skipped: another cycle or a migration is open');
    return undefined;
  }
}

/**
 * Somebody else is preparing the cycle, and will hand it over themselves; or it is past that and only needs a nudge. No
 * nudge in the first case: advance-cycle would answer it with another start, round and round until the other is done.
 */
async function handOver(cycle: CycleRecord, ports: Ports): Promise<void> {
  const now = await ports.stores.cycles.get(cycle.id);
  if (now?.phase === 'exporting' || now?.phase === 'verifying') {
    await ports.queue.enqueue(advanceCycle.name, { cycle: cycle.id });
  }
}
