import { shortDigest } from '../../core/plan.ts';
import type { HoldDetail, HoldView } from '../../ports/hold-desk.ts';
import type { Paint } from './paint.ts';
import { renderOperations } from './operations.ts';
import { renderTable } from './table.ts';
import { printable } from '../../core/printable.ts';
import { grouped, plural, shownTime } from './text.ts';

/** Holds as a table. */
export function renderHolds(holds: readonly HoldView[], paint: Paint): string {
  return renderTable(
    ['ID', 'CONNECTION', 'GUARD', 'OPERATIONS', 'STATE', 'SINCE', 'DIGEST', ['WHY', 60]],
    holds.map((hold) => [
      hold.id,
      hold.connection,
      hold.guard,
      grouped(hold.operations),
      stateOf(hold, paint),
      shownTime(hold.openedAt),
      shortDigest(hold.digest),
      printable(hold.findings[0]?.message ?? ''),
    ]),
  );
}

function stateOf({ state }: HoldView, paint: Paint): string {
  if (state === 'waiting') return paint.warn(state);
  return state === 'rejected' ? paint.bad(state) : paint.good(state);
}

/** One hold with what it holds, what was decided, its history, and what can be done now. */
export function renderHold({ hold, history, held }: HoldDetail, paint: Paint): string {
  const lines = [
    `Hold ${paint.strong(hold.id)}: guard ${hold.guard} of ${hold.connection}, ${plural(hold.operations, 'operation')}, ${stateOf(hold, paint)}`,
    `  digest ${hold.digest}, newest cycle ${hold.cycle}`,
    ...hold.findings.flatMap(({ message, remedy }) => [`  ${printable(message)}`, `    ${printable(remedy)}`]),
    ...decisionOf(hold),
    '  history:',
    ...history.map(({ at, event, operations, by, reason, until }) => {
      const who = by === undefined ? '' : ` by ${printable(by)}: ${printable(reason ?? '')}`;
      const end = until === undefined ? '' : ` (until ${shownTime(until)})`;
      return `    ${shownTime(at)} ${event}, ${plural(operations, 'operation')}${who}${end}`;
    }),
  ];
  if (held.length > 0) lines.push(renderOperations(held, paint));
  const rest = hold.operations - held.length;
  if (rest > 0)
    lines.push(
      paint.warn(
        `… and ${plural(rest, 'operation')} more; all with: headgate holds show ${hold.id} --limit ${hold.operations}`,
      ),
    );
  const open = hold.endedAt === undefined;
  if (open && hold.approvable && hold.state !== 'approved') lines.push(toDecide(hold));
  if (open && !hold.approvable) lines.push('It cannot be approved: it lifts when its cause is mended.');
  return lines.join('\n');
}

function decisionOf({ decision, state }: HoldView): readonly string[] {
  if (decision === undefined) return [];
  const until = decision.until === undefined ? '' : `, until ${shownTime(decision.until)}`;
  const isOver = decision.kind === 'approved' && state === 'waiting';
  const end = isOver ? `${until}, which is over: it waits again` : until;
  return [
    `  ${decision.kind} by ${printable(decision.by)} at ${shownTime(decision.at)}${end}: ${printable(decision.reason)}`,
  ];
}

function toDecide({ id, digest }: HoldView): string {
  const start = shortDigest(digest);
  return `If all of it is meant: headgate holds approve ${id} --digest ${start} --reason "..."; if not: headgate holds reject ${id} --digest ${start} --reason "..."`;
}
