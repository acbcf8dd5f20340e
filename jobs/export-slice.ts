import { agedReason } from '../src/core/plan-age.ts';
import { isQuarantined } from '../src/core/quarantine.ts';
import type { Ports } from '../src/ports/index.ts';
import type { JobDefinition } from '../src/ports/job-queue.ts';
import type { Log } from '../src/ports/log.ts';
import type { SliceWork } from '../src/ports/slices.ts';
import { ownedByNow } from '../src/provisioning/credentials/owned-by-now.ts';
import { outdatedReason } from '../src/provisioning/connection-digest.ts';
import { exportSlice as sendSlice, putBack, type SliceOutcome } from '../src/provisioning/export-slice.ts';
import { keepPace } from '../src/provisioning/keep-pace.ts';
import { withHeartbeat } from '../src/provisioning/heartbeat.ts';
import { tellLeavers } from '../src/provisioning/tell-leavers.ts';
import { keepEscrows } from '../src/provisioning/escrow-operations.ts';
import { judgeSending } from '../src/provisioning/judge-sending.ts';
import { field } from './payload.ts';

export interface ExportSlice {
  readonly connection: string;
  readonly slice: string;
}

/** Sends the operations of one slice and records every outcome in one transaction. */
export const exportSlice: JobDefinition<ExportSlice, Ports> = {
  name: 'export-slice',
  queue: 'connection',
  parse: (data) => ({ connection: field(data, 'connection'), slice: field(data, 'slice') }),
  connection: ({ connection }) => connection,
  dedupe: ({ slice }) => `slice-${slice}`,
  async run(payload, ports, log, signal) {
    const { id: worker, leaseMs } = ports.worker;
    const connection = ports.connections.get(payload.connection);
    if (connection === undefined)
      return log.warn({ ...payload }, 'a slice belongs to a connection that is not configured');
    if (signal.aborted) return undefined;
    const start = await ports.stores.cycles.startSlice(payload.slice, worker, leaseMs);
    if (start.state === 'over') return undefined;
    if (start.state === 'leased') {
      return ports.queue.enqueue(exportSlice.name, payload, { delayMs: Math.max(1, start.until - ports.clock.now()) });
    }
    const { work } = start;
    const cycleLog = log.child({ connection: work.connection, cycle: work.cycle, slice: work.id });
    const startedAt = ports.clock.now();
    const planned = { plannedAt: work.plannedAt, operations: work.operations.map(({ operation }) => operation) };
    const outdated = outdatedReason(work.plannedUnder, connection) ?? agedReason(planned, startedAt);
    if (outdated !== undefined) return giveUp(work, outdated, ports, cycleLog);
    const state = await ports.stores.connections.get(work.connection);
    const { pausedReason, quarantine, throttledUntil = 0 } = state;
    if (pausedReason !== undefined || isQuarantined(quarantine) || throttledUntil > startedAt) {
      return record(work, putBack(work, state.throttledUntil), ports, cycleLog);
    }
    const owned = await ownedByNow(planned.operations, connection.rules, ports);
    if (owned !== undefined) return giveUp(work, owned, ports, cycleLog);
    const onTrial = quarantine !== undefined;
    const outcome = await withHeartbeat(
      leaseMs,
      () => ports.stores.cycles.renewSlice(work.id, worker, leaseMs),
      signal,
      (inner) => sendSlice(work, connection, ports, inner, onTrial),
    );
    ports.pace.learn(work.connection, sent(outcome), outcome.sendingMs);
    await keepPace(connection, state.pace, ports);
    return record(work, outcome, ports, cycleLog, () =>
      judgeSending(work, connection, outcome, onTrial, ports, cycleLog),
    );
  },
};

/** Nothing more of the cycle is sent, this slice neither. */
async function giveUp(work: SliceWork, reason: string, ports: Ports, log: Log): Promise<void> {
  await ports.stores.cycles.requestCancel(work.cycle, reason);
  return record(work, putBack(work), ports, log);
}

function sent(outcome: SliceOutcome): number {
  return outcome.results.filter(({ state }) => state === 'exported' || state === 'escrowed').length;
}

async function record(
  work: SliceWork,
  outcome: SliceOutcome,
  ports: Ports,
  log: Log,
  judge: () => Promise<void> = () => Promise.resolve(),
): Promise<void> {
  const recorded = await ports.stores.cycles.recordSlice(work.id, ports.worker.id, outcome.results);
  if (!recorded) return log.warn({}, 'the slice was taken over by another worker, which settles it by reading');
  await keepEscrows(work, outcome.results, ports);
  for (const result of outcome.results) {
    if (result.state === 'escrowed')
      log.warn(
        { sequence: result.sequence, code: result.failure.code, status: result.failure.status },
        'operation escrowed',
      );
  }
  if (outcome.throttledUntil !== undefined) {
    await ports.stores.connections.throttle(work.connection, outcome.throttledUntil);
    log.info({ until: new Date(outcome.throttledUntil).toISOString() }, 'the provider asked for a pause');
  }
  await judge();
  // By name: advance-cycle knows this job, and two definitions that import each other would be a circle.
  await ports.queue.enqueue('advance-cycle', { cycle: work.cycle });
  return tellLeavers(work, outcome.results, ports);
}
