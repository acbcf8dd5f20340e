import type { Selectable } from 'kysely';
import type { DecidedHold, Decision, OpenHold } from '../../core/holds.ts';
import { heldSets, nextHolds, withDecisions, type HeldSet, type HoldChange, type HoldEvent } from '../../core/holds.ts';
import type { Plan } from '../../core/plan.ts';
import type { StandingHold } from '../../core/standing-holds.ts';
import type { Verdict } from '../../core/verdict.ts';
import type { HoldHistory, HoldRecord } from '../../ports/hold-store.ts';
import type { LockedCycle } from './rows.ts';
import type { Tables, Tx } from './tables.ts';

type HoldRow = Selectable<Tables['headgate.hold']>;
type EventRow = Selectable<Tables['headgate.hold_event']>;

/** What a hold is shown with: not its pieces, of which there may be a hundred thousand. */
export const HOLD_COLUMNS = [
  'number',
  'connection',
  'guard',
  'state',
  'digest',
  'operations',
  'findings',
  'cycle',
  'sent',
  'decision',
  'opened_at',
  'changed_at',
  'ended_at',
] as const satisfies readonly (keyof HoldRow)[];

/** The row of a hold as its value. */
export function toHold(row: Pick<HoldRow, (typeof HOLD_COLUMNS)[number]>): HoldRecord {
  return {
    id: row.number,
    connection: row.connection,
    guard: row.guard,
    state: row.state,
    digest: row.digest,
    operations: row.operations,
    findings: row.findings ?? [],
    cycle: row.cycle,
    openedAt: Number(row.opened_at),
    changedAt: Number(row.changed_at),
    ...(row.ended_at === null ? {} : { endedAt: Number(row.ended_at) }),
    ...(row.decision === null ? {} : { decision: row.decision }),
  };
}

/** One line of a hold's history as its value. */
export function toHistory(row: EventRow): HoldHistory {
  return {
    at: Number(row.at),
    event: row.event,
    digest: row.digest,
    operations: row.operations,
    ...(row.actor === null ? {} : { by: row.actor }),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.until === null ? {} : { until: Number(row.until) }),
  };
}

/** The decision of a hold with what it was made about; undefined when nobody decided. */
export function toDecision(row: Pick<HoldRow, 'decision' | 'decided_pieces'>): Decision | undefined {
  return row.decision === null ? undefined : { ...row.decision, pieces: row.decided_pieces ?? {} };
}

/** The decision of a row, with the hold it is about. */
export function toDecided(
  row: Pick<HoldRow, 'number' | 'guard' | 'decision' | 'decided_pieces'>,
): readonly DecidedHold[] {
  const decision = toDecision(row);
  return decision === undefined ? [] : [{ id: row.number, guard: row.guard, decision }];
}

/** What the hold of a row keeps back; nothing once it has ended. */
export function toStanding({
  number: id,
  guard,
  state,
  operations,
  pieces,
  ...decided
}: Pick<
  HoldRow,
  'number' | 'guard' | 'state' | 'operations' | 'pieces' | 'decision' | 'decided_pieces'
>): readonly StandingHold[] {
  if (state === 'lifted' || state === 'carried-out') return [];
  const decision = toDecision(decided);
  const rejected = decision?.kind === 'rejected' ? { rejected: decision.pieces } : {};
  return [{ id, guard, state, operations, pieces: pieces ?? {}, ...rejected }];
}

/** Writes one line of a hold's history. */
export async function writeEvent(
  tx: Tx,
  hold: string,
  event: HoldEvent,
  what: { readonly digest: string; readonly operations: number; readonly at: number },
  decision?: Pick<Decision, 'by' | 'reason' | 'until'>,
): Promise<void> {
  await tx
    .insertInto('headgate.hold_event')
    .values({
      hold,
      event,
      at: what.at,
      digest: what.digest,
      operations: what.operations,
      actor: decision?.by ?? null,
      reason: decision?.reason ?? null,
      until: decision?.until ?? null,
    })
    .execute();
}

/** The verdict with the approvals that still stand now: one may have been taken back, or have expired, since it was given. */
export async function confirmApprovals(
  tx: Tx,
  cycle: LockedCycle,
  plan: Plan,
  verdict: Verdict,
  now: number,
): Promise<Verdict> {
  if (!verdict.findings.some(({ approved }) => approved !== undefined)) return verdict;
  const rows = await tx
    .selectFrom('headgate.hold')
    .select(['number', 'guard', 'decision', 'decided_pieces'])
    .where('connection', '=', cycle.connection)
    .where('ended_at', 'is', null)
    .where('state', '=', 'approved')
    .forUpdate()
    .execute();
  const findings = verdict.findings.map(({ approved: _approved, ...finding }) => finding);
  return withDecisions(plan, { ...verdict, findings }, rows.flatMap(toDecided), now);
}

/** Opens, changes and lifts the holds of a connection as its new plan asks, in the transaction that stores the plan. */
export async function reconcileHolds(
  tx: Tx,
  cycle: LockedCycle,
  plan: Plan,
  verdict: Verdict,
  now: number,
): Promise<void> {
  const rows = await tx
    .selectFrom('headgate.hold')
    .select(['number', 'guard', 'digest', 'state', 'sent', 'operations', 'decision', 'decided_pieces'])
    .where('connection', '=', cycle.connection)
    .where('ended_at', 'is', null)
    .forUpdate()
    .execute();
  const open = rows.flatMap((row): readonly OpenHold[] => {
    const { number: id, guard, digest, state, sent } = row;
    if (state === 'lifted' || state === 'carried-out') return [];
    const decision = toDecision(row);
    return [{ id, guard, digest, state, sent: sent > 0, ...(decision === undefined ? {} : { decision }) }];
  });
  for (const change of nextHolds(open, heldSets(plan, verdict), now)) await carryOut(tx, cycle, change, now);
}

async function carryOut(tx: Tx, cycle: LockedCycle, change: HoldChange, now: number): Promise<void> {
  switch (change.do) {
    case 'open': {
      const { guard } = change.held;
      const { number } = await tx
        .insertInto('headgate.hold')
        .values({
          connection: cycle.connection,
          guard,
          state: 'waiting',
          opened_at: now,
          ...held(change.held, cycle, now),
        })
        .returning('number')
        .executeTakeFirstOrThrow();
      return writeEvent(tx, number, 'opened', { ...size(change.held), at: now });
    }
    case 'keep': {
      const { changed_at, ...same } = held(change.held, cycle, now);
      const changed = change.event === undefined ? {} : { changed_at };
      const undecided = change.forget === true ? { decision: null, decided_pieces: null } : {};
      await tx
        .updateTable('headgate.hold')
        .set({ ...same, ...changed, ...undecided, state: change.state })
        .where('number', '=', change.id)
        .execute();
      if (change.event === undefined) return undefined;
      return writeEvent(tx, change.id, change.event, { ...size(change.held), at: now });
    }
    case 'end':
      return endHold(tx, change.id, change.state, now);
    default:
      return change satisfies never;
  }
}

function size(set: HeldSet): { readonly digest: string; readonly operations: number } {
  return { digest: set.digest, operations: set.operations.length };
}

function held(set: HeldSet, cycle: LockedCycle, now: number) {
  return {
    ...size(set),
    pieces: JSON.stringify(set.pieces),
    findings: JSON.stringify(set.findings.map(({ operations: _operations, ...finding }) => finding)),
    cycle: cycle.id,
    changed_at: now,
  };
}

/**
 * Lifts what a migration's own guard keeps back of a connection. The next plan would do so, too; but where SCIM was switched
 * off there is none.
 */
export async function liftMigrationHolds(tx: Tx, connection: string, now: number): Promise<void> {
  const waiting = await tx
    .selectFrom('headgate.hold')
    .select('number')
    .where('connection', '=', connection)
    .where('guard', '=', 'migration')
    .where('ended_at', 'is', null)
    .execute();
  for (const { number } of waiting) await endHold(tx, number, 'lifted', now);
}

/** Ends a hold: its cause is gone, or everything it held was carried out. */
export async function endHold(tx: Tx, id: string, state: 'lifted' | 'carried-out', now: number): Promise<void> {
  const ended = await tx
    .updateTable('headgate.hold')
    .set({ state, ended_at: now, changed_at: now })
    .where('number', '=', id)
    .where('ended_at', 'is', null)
    .returning(['digest', 'operations'])
    .executeTakeFirst();
  if (ended !== undefined) await writeEvent(tx, id, state, { ...ended, at: now });
}
