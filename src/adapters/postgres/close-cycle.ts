import { sql } from 'kysely';
import type { CycleResult } from '../../core/cycle.ts';
import type { CycleRecord, CycleStore } from '../../ports/stores.ts';
import { commitBaseline } from './baselines.ts';
import { lockCycle } from './cycle-rows.ts';
import { doubt } from './record-slice.ts';
import { endHold } from './hold-rows.ts';
import type { LockedCycle } from './rows.ts';
import type { Tx } from './tables.ts';

interface Closing {
  readonly result: CycleResult;
  readonly failure: CycleRecord['failure'];
  readonly details: Parameters<CycleStore['close']>[3];
  readonly now: number;
}

function json(value: unknown): string | undefined {
  return value === undefined ? undefined : JSON.stringify(value);
}

/** Closes a cycle once. Slices nobody has started go; one that is in flight stays, so that its answers are still recorded. */
export async function closeCycle(tx: Tx, id: string, { result, failure, details, now }: Closing): Promise<boolean> {
  const cycle = await lockCycle(tx, { id });
  if (cycle === undefined || cycle.phase === 'closed') return false;
  await settleAbandoned(tx, cycle.number, now);
  await commitBaseline(tx, cycle, result);
  await tx
    .updateTable('headgate.operation')
    .set({ state: 'cancelled', settled_at: now, not_before: null })
    .where('cycle', '=', cycle.number)
    .where('state', '=', 'pending')
    .where(
      'sequence',
      'not in',
      sql<number>`(select unnest(sequences) from headgate.slice where cycle = ${cycle.number})`,
    )
    .execute();
  // Nobody will send or ask about these in this cycle: the log has to say so.
  await tx
    .updateTable('headgate.operation')
    .set({ settled_at: now })
    .where('cycle', '=', cycle.number)
    .where('state', '=', 'in-doubt')
    .execute();
  await tx
    .updateTable('headgate.cycle')
    .set({
      phase: 'closed',
      closed_at: now,
      result,
      failure: json(failure) ?? null,
      lease_worker: null,
      lease_until: null,
      progress: null,
      staged: null,
      ...(details?.verdict === undefined ? {} : { verdict: JSON.stringify(details.verdict) }),
      ...(details?.everything === undefined ? {} : { everything: details.everything }),
      ...(details?.plan === undefined
        ? {}
        : {
            plan_digest: details.plan.digest,
            plan_counts: JSON.stringify(details.plan.counts),
            notices: JSON.stringify(details.plan.notices),
          }),
    })
    .where('number', '=', cycle.number)
    .execute();
  await settleHolds(tx, cycle, now);
  return true;
}

/** Approved holds remember what was sent by their approval, and end when nothing of it is left to do. */
async function settleHolds(tx: Tx, { number, connection }: LockedCycle, now: number): Promise<void> {
  const { rows } = await sql<{ number: string; sent: number; open: boolean }>`
    select hold.number,
      (select count(*)::integer from headgate.operation as operation
        where operation.cycle = ${number} and operation.state = 'exported' and hold.number::text = any(operation.approvals)) as sent,
      exists (select 1 from headgate.operation as operation
        where operation.cycle = ${number}
          and (operation.state <> 'exported' and hold.number::text = any(operation.approvals)
               or operation.state = 'held' and operation.held_by = hold.guard)) as open
    from headgate.hold as hold
    where hold.connection = ${connection} and hold.state = 'approved' and hold.ended_at is null
    for update of hold`.execute(tx);
  for (const hold of rows.filter(({ sent }) => sent > 0)) {
    await sql`update headgate.hold set sent = sent + ${hold.sent} where number = ${hold.number}`.execute(tx);
    if (!hold.open) await endHold(tx, hold.number, 'carried-out', now);
  }
}

/** Asks for an open cycle to be stopped. Slices nobody has started go at once: nobody must begin to send them now. */
export async function requestCancel(tx: Tx, id: string, reason: string | undefined): Promise<boolean> {
  const cycle = await lockCycle(tx, { id });
  if (cycle === undefined || cycle.phase === 'closed') return false;
  await tx
    .updateTable('headgate.cycle')
    .set({ cancel_requested: true, ...(reason === undefined ? {} : { cancel_reason: reason }) })
    .where('number', '=', cycle.number)
    .execute();
  await settleAbandoned(tx, cycle.number);
  return true;
}

/**
 * Forgets slices nobody has started. Given the time also those of dead workers, whose operations are in doubt: their
 * answers are lost.
 */
async function settleAbandoned(tx: Tx, cycle: string, now?: number): Promise<void> {
  const abandoned = await tx
    .deleteFrom('headgate.slice')
    .where('cycle', '=', cycle)
    .where((is) => is.or([is('worker', 'is', null), ...(now === undefined ? [] : [is('lease_until', '<=', now)])]))
    .returning(['worker', 'sequences'])
    .execute();
  await doubt(
    tx,
    cycle,
    abandoned.flatMap(({ worker, sequences }) => (worker === null ? [] : sequences)),
  );
}
