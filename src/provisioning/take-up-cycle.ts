import { putAside, type Escrow } from '../core/escrow.ts';
import { HeadgateError } from '../core/errors.ts';
import { isOwnGroup } from '../core/migration/plan-guard.ts';
import { shortDigest } from '../core/plan.ts';
import { asSentence } from '../core/reasons.ts';
import type { Skips } from '../core/skip.ts';
import type { Aside, Connection, Ports } from '../ports/index.ts';
import type { Log } from '../ports/log.ts';
import type { CycleRecord } from '../ports/stores.ts';
import { closeCycle } from './close-cycle.ts';
import { connectionDigest } from './connection-digest.ts';
import { gatherCredentials, keepCredentials } from './credentials/survey-credentials.ts';
import { liftNeedless } from './escrow-operations.ts';
import { withHeartbeat } from './heartbeat.ts';
import { judgeReading } from './judge-cycle.ts';
import { prepareCycle, type PreparedCycle } from './prepare-cycle.ts';
import { progressInto } from './progress.ts';
import { sharingWith } from './shared-resources.ts';
import { driftReport } from './report-drift.ts';
import { settleLeft } from './settle-left.ts';

/** One attempt to prepare a cycle. */
export interface Attempt {
  readonly cycle: CycleRecord;
  readonly connection: Connection;
  /** Who holds the lease on gathering: this attempt, and no other in this process or elsewhere. */
  readonly holder: string;
  readonly ports: Ports;
  readonly log: Log;
  /** For waits that need no place among the gatherings. */
  readonly aside: Aside;
  readonly signal: AbortSignal;
}

/**
 * Gathers, plans, judges and stores a cycle under its lease. True when its plan is stored and the cycle may be moved on;
 * otherwise it was closed, put back because the process stops, or left to whoever has taken it over.
 */
export async function takeUpCycle(attempt: Attempt): Promise<boolean> {
  const { cycle, connection, holder, ports, log, aside, signal } = attempt;
  const { cycles } = ports.stores;
  const { leaseMs } = ports.worker;
  const renew = async () => {
    const now = await cycles.get(cycle.id);
    return now?.cancelRequested !== true && cycles.leaseGathering(cycle.id, holder, leaseMs);
  };
  ports.metrics.cycleStarted(cycle.connection, cycle.kind, ports.clock.now());
  log.info({ kind: cycle.kind, requestedBy: cycle.requestedBy }, 'cycle started');
  try {
    const prepared = await withHeartbeat(leaseMs, renew, signal, async (inner) => {
      const progress = progressInto(ports, cycle.id);
      const { report, phase } = progress;
      await keepCredentials(ports, inner, cycle.kind === 'initial' ? 'everybody' : 'unknown');
      await settleLeft({ connection, stores: ports.stores, log, aside, signal: inner, progress: report });
      return prepareCycle({
        connection,
        stores: ports.stores,
        credentials: (signal) => gatherCredentials(ports, signal),
        sharing: sharingWith(connection, ports.connections),
        kind: cycle.kind,
        ...(cycle.subject === undefined ? {} : { subject: cycle.subject }),
        now: ports.clock.now(),
        ...(cycle.migration === undefined ? {} : { migration: cycle.migration }),
        aside,
        signal: inner,
        progress: report,
        phase: phase(cycle),
      });
    });
    return await store(attempt, prepared);
  } catch (error) {
    await giveUp(attempt, error);
    return false;
  }
}

async function store(attempt: Attempt, prepared: PreparedCycle): Promise<boolean> {
  const { cycle, connection, holder, ports, log } = attempt;
  const { plan, verdict, memories, baseline, everything, focus } = prepared;
  if (everything !== undefined) log.info({ reason: everything }, 'an incremental cycle looks at everything');
  if (cycle.kind === 'audit') return endAudit(attempt, prepared);
  ports.metrics.planned(cycle.connection, plan.counts.operations);
  for (const { guard, effect, numbers } of verdict.findings) log.info({ guard, effect, numbers }, 'a guard spoke');
  const why = everything === undefined ? {} : { everything };
  const refusal = refusalOf(cycle, prepared);
  if (refusal !== undefined) {
    await closeCycle(ports, cycle, 'refused', log, refusal, { plan, verdict, ...why });
    return false;
  }
  const escrows = await ports.stores.escrows.load(cycle.connection);
  const waiting = escrows.filter((escrow) => !isAskedFor(escrow, cycle));
  const aside = putAside(plan.operations, waiting, ports.clock.now());
  const under = connectionDigest(connection);
  const kept = { memories, aside, under, skips: skipsOf(cycle, prepared), ...why };
  const saved = await ports.stores.cycles.savePlan(cycle.id, holder, plan, verdict, baseline, kept);
  if (!saved) {
    log.warn({}, 'the plan was not saved: another worker has taken the cycle over');
    return false;
  }
  await liftNeedless(cycle.connection, escrows, plan, focus, ports);
  const report = driftReport(cycle, connection, prepared, ports.clock.now());
  if (report !== undefined) await ports.stores.drift.save(report);
  log.info({ operations: plan.counts.operations, putAside: aside.size, digest: plan.digest }, 'cycle planned');
  return true;
}

/** Whoever asks for one subject by name, or has a migration go on, wants it tried now; what only goes with a rollback waits as ever. */
function isAskedFor(escrow: Escrow, { kind, migration }: CycleRecord): boolean {
  return kind === 'on-demand' || migration?.mode === 'forward' || isOwnGroup(escrow, migration);
}

/** Whom the cycle passed over, of whom it looked at. On demand it is told again: somebody asked for them by name. */
function skipsOf({ kind }: CycleRecord, { skipped, focus }: PreparedCycle): Skips {
  const among = focus === undefined ? {} : { among: [...focus.users, ...focus.groups] };
  return { skipped, ...among, tellAll: kind === 'on-demand' };
}

/** An audit ends with its report. What the guards say of it is of no interest, but half a read is no basis for a report. */
async function endAudit({ cycle, connection, ports, log }: Attempt, prepared: PreparedCycle): Promise<false> {
  const { plan, verdict } = prepared;
  const gap = verdict.findings.find(({ guard }) => guard === 'incomplete-read');
  if (gap !== undefined) {
    const failure = { message: `${gap.guard}: ${gap.message}`, remedy: gap.remedy };
    await closeCycle(ports, cycle, 'refused', log, failure, { plan });
    return false;
  }
  const report = driftReport(cycle, connection, prepared, ports.clock.now());
  if (report !== undefined) {
    await ports.stores.drift.save(report);
    log.info({ findings: report.counts, pending: report.pending }, 'audit done');
  }
  await closeCycle(ports, cycle, 'succeeded', log, undefined, { plan });
  return false;
}

/** Why this plan may not be exported, if it may not. */
function refusalOf(cycle: CycleRecord, { plan, verdict }: PreparedCycle): CycleRecord['failure'] {
  if (verdict.refused) {
    const refusal = verdict.findings.find(({ effect }) => effect === 'refuse');
    return { message: `${refusal?.guard ?? 'guard'}: ${refusal?.message ?? ''}`, remedy: refusal?.remedy ?? '' };
  }
  if (cycle.expectedDigest === undefined || cycle.expectedDigest === plan.digest) return undefined;
  if (plan.operations.length === 0) {
    return {
      message: `plan-stale: of plan ${shortDigest(cycle.expectedDigest)} nothing is left to do; if it was carried out before, that is why`,
      remedy: 'see what was done: headgate cycle list.',
    };
  }
  return {
    message: `plan-stale: the plan made now has the digest ${plan.digest}, not ${cycle.expectedDigest}`,
    remedy: 'plan again, look at what changed, and apply the new plan.',
  };
}

/** A stop of the process, or a lost lease, leaves the cycle to others; every other failure closes it and says what to do. */
async function giveUp({ cycle, connection, holder, ports, log, signal }: Attempt, error: unknown): Promise<void> {
  const { cycles } = ports.stores;
  if (signal.aborted) {
    await cycles.leaseGathering(cycle.id, holder, 0);
    return log.info({}, 'cycle put back: the process is stopping');
  }
  const now = await cycles.get(cycle.id);
  if (now?.cancelRequested === true) return closeCycle(ports, now, 'cancelled', log);
  if (!(await cycles.leaseGathering(cycle.id, holder, ports.worker.leaseMs))) {
    return log.warn({ err: error }, 'another worker has taken the cycle over while it was being prepared');
  }
  if (!(error instanceof HeadgateError)) {
    log.error({ err: error }, 'preparing the cycle failed unexpectedly');
    const remedy = 'report it with the log lines of this cycle.';
    return closeCycle(ports, cycle, 'failed', log, { message: 'an unexpected error, see the log', remedy });
  }
  log.warn({ err: error }, 'the cycle could not be prepared');
  await judgeReading(connection, error, ports, log);
  return closeCycle(ports, cycle, 'failed', log, explained(error));
}

/** A failure in an operator's words: never without something to do, and with the id the other side knows the request by. */
function explained({ message, facts: { remedy, requestId } }: HeadgateError): NonNullable<CycleRecord['failure']> {
  return {
    message: requestId === undefined ? message : `${asSentence(message)} Request id ${requestId}.`,
    remedy:
      remedy ?? 'nothing was changed; the next cycle reads everything again. If it fails the same way, see the log.',
  };
}
