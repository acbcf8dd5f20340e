import { HeadgateError, RefusedError, UnauthorizedError } from '../src/core/errors.ts';
import type { CycleKind } from '../src/core/cycle.ts';
import type { Connection, Ports } from '../src/ports/index.ts';
import type { JobDefinition } from '../src/ports/job-queue.ts';
import type { Log } from '../src/ports/log.ts';
import type { CycleRecord } from '../src/ports/stores.ts';
import { closeCycle } from '../src/provisioning/close-cycle.ts';
import { withHeartbeat } from '../src/provisioning/heartbeat.ts';
import { prepareCycle, type PreparedCycle } from '../src/provisioning/prepare-cycle.ts';
import { progressInto } from '../src/provisioning/progress.ts';
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
  queue: 'control',
  parse(data) {
    const kind = field(data, 'kind');
    if (kind !== 'initial' && kind !== 'incremental')
      throw new Error(`kind must be "initial" or "incremental", found "${kind}"`);
    const cycle = optionalField(data, 'cycle');
    return { connection: field(data, 'connection'), kind, ...(cycle === undefined ? {} : { cycle }) };
  },
  dedupe: ({ connection, kind, cycle }) => `start-${cycle ?? `${connection}-${kind}`}`,
  async run(payload, ports, log, signal) {
    const connection = ports.connections.get(payload.connection);
    if (connection === undefined)
      return log.warn({ connection: payload.connection }, 'a cycle was asked for a connection that is not configured');
    const cycle = await findOrOpen(payload, ports, log);
    if (cycle === undefined || cycle.phase === 'closed') return undefined;
    const { id: worker, leaseMs } = ports.worker;
    const held = await ports.stores.cycles.leaseGathering(cycle.id, worker, leaseMs);
    if (!held) return ports.queue.enqueue(advanceCycle.name, { cycle: cycle.id });
    const cycleLog = log.child({ connection: payload.connection, cycle: cycle.id });
    if (cycle.attempts > MOST_STARTS) {
      const message = `preparing the cycle ended the process ${cycle.attempts} times`;
      return closeCycle(ports, cycle, 'failed', cycleLog, {
        message,
        remedy: 'look at the log and the memory of the machine.',
      });
    }
    return prepareAndStore(cycle, connection, ports, cycleLog, signal);
  },
};

/**
 * A cycle that was asked for by id, or a new one for a schedule; none when the connection is busy or paused. Whatever the
 * schedule, the cycle is an initial one: it reads everything, and must not call itself anything less.
 */
async function findOrOpen(payload: StartCycle, ports: Ports, log: Log): Promise<CycleRecord | undefined> {
  if (payload.cycle !== undefined) return ports.stores.cycles.get(payload.cycle);
  const { connection, kind } = payload;
  const state = await ports.stores.connections.get(connection);
  if (state.schedulesPaused || state.pausedReason !== undefined) {
    ports.metrics.cycleSkipped(connection, 'paused');
    log.info({ connection }, 'scheduled cycle skipped: the connection is paused');
    return undefined;
  }
  try {
    return await ports.stores.cycles.open({ connection, kind: 'initial', requestedBy: `schedule:${kind}` });
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    ports.metrics.cycleSkipped(connection, 'overlap');
    log.info({ connection }, 'scheduled cycle skipped: another cycle is open');
    return undefined;
  }
}

async function prepareAndStore(
  cycle: CycleRecord,
  connection: Connection,
  ports: Ports,
  log: Log,
  signal: AbortSignal,
): Promise<void> {
  const { cycles } = ports.stores;
  const { id: worker, leaseMs } = ports.worker;
  const renew = async () => {
    const now = await cycles.get(cycle.id);
    return now?.cancelRequested !== true && cycles.leaseGathering(cycle.id, worker, leaseMs);
  };
  ports.metrics.cycleStarted(cycle.connection, cycle.kind, ports.clock.now());
  log.info({ kind: cycle.kind, requestedBy: cycle.requestedBy }, 'cycle started');
  try {
    const prepared = await withHeartbeat(leaseMs, renew, signal, (inner) => {
      const progress = progressInto(ports, cycle.id);
      return prepareCycle(connection, ports.stores.links, cycle.kind, inner, progress.report, progress.phase(cycle));
    });
    await store(cycle, prepared, ports, log);
  } catch (error) {
    await giveUp(cycle, error, ports, log, signal);
  }
}

async function store(cycle: CycleRecord, prepared: PreparedCycle, ports: Ports, log: Log): Promise<void> {
  const { plan, verdict, paths } = prepared;
  ports.metrics.planned(cycle.connection, plan.counts.operations);
  for (const { guard, effect, numbers } of verdict.findings) log.warn({ guard, effect, numbers }, 'a guard spoke');
  if (verdict.refused) {
    const refusal = verdict.findings.find(({ effect }) => effect === 'refuse');
    const failure = {
      message: `${refusal?.guard ?? 'guard'}: ${refusal?.message ?? ''}`,
      remedy: refusal?.remedy ?? '',
    };
    return closeCycle(ports, cycle, 'refused', log, failure, { plan, verdict });
  }
  if (cycle.expectedDigest !== undefined && cycle.expectedDigest !== plan.digest) {
    const message = `plan-stale: the plan made now has the digest ${plan.digest}, not ${cycle.expectedDigest}`;
    return closeCycle(
      ports,
      cycle,
      'refused',
      log,
      { message, remedy: 'plan again, look at what changed, and apply the new plan.' },
      { plan, verdict },
    );
  }
  const saved = await ports.stores.cycles.savePlan(cycle.id, ports.worker.id, plan, verdict);
  if (!saved) return log.warn({}, 'the plan was not saved: another worker has taken the cycle over');
  await ports.stores.links.rememberPaths(cycle.connection, paths);
  log.info({ operations: plan.counts.operations, digest: plan.digest }, 'cycle planned');
  return ports.queue.enqueue(advanceCycle.name, { cycle: cycle.id });
}

/** A stop of the process leaves the cycle to the next start; every other failure closes it and says what to do. */
async function giveUp(cycle: CycleRecord, error: unknown, ports: Ports, log: Log, signal: AbortSignal): Promise<void> {
  if (signal.aborted) {
    await ports.stores.cycles.leaseGathering(cycle.id, ports.worker.id, 0);
    return log.info({}, 'cycle put back: the process is stopping');
  }
  const now = await ports.stores.cycles.get(cycle.id);
  if (now?.cancelRequested === true) return closeCycle(ports, cycle, 'cancelled', log);
  if (!(error instanceof HeadgateError)) {
    log.error({ err: error }, 'preparing the cycle failed unexpectedly');
    return closeCycle(ports, cycle, 'failed', log, {
      message: 'an unexpected error, see the log',
      remedy: 'report it with the log lines of this cycle.',
    });
  }
  log.warn({ err: error }, 'the cycle could not be prepared');
  if (error instanceof UnauthorizedError) ports.metrics.cycleSkipped(cycle.connection, 'quarantine');
  return closeCycle(ports, cycle, 'failed', log, explained(error));
}

/** A failure in an operator's words: never without something to do, and with the id the other side knows the request by. */
function explained({ message, facts: { remedy, requestId } }: HeadgateError): NonNullable<CycleRecord['failure']> {
  return {
    message: requestId === undefined ? message : `${message} Request id ${requestId}.`,
    remedy:
      remedy ?? 'nothing was changed; the next cycle reads everything again. If it fails the same way, see the log.',
  };
}
