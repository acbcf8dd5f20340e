import type { OperationRecord } from '../../ports/stores.ts';
import { listed } from '../../core/reasons.ts';
import type { Paint } from './paint.ts';
import { answerLine } from './recovery.ts';
import { renderTable } from './table.ts';
import { printable } from '../../core/printable.ts';
import { operationWords, shownTime } from './text.ts';

/** Operations with what became of them: of one cycle by their number in it, of several (`dated`) by when they were settled. */
export function renderOperations(
  operations: readonly OperationRecord[],
  paint: Paint,
  dated = false,
  indent = '',
): string {
  return renderTable(
    [dated ? 'WHEN' : '#', 'OPERATION', ['WHO OR WHAT', 40], ['WHY', 60], 'STATE'],
    operations.map((stored) => [
      dated ? shownTime(stored.settledAt) : String(stored.sequence),
      operationWords(stored.operation),
      printable(stored.operation.label),
      printable(stored.operation.reason.text),
      stateOf(stored, paint),
    ]),
    indent,
  );
}

function stateOf(stored: OperationRecord, paint: Paint): string {
  if (stored.failure !== undefined) {
    return paint.bad(`failed: ${answerLine(stored.failure)}`);
  }
  if (stored.state === 'held') return paint.warn(heldWords(stored));
  return stored.state === 'exported' ? paint.good('done') : stored.state;
}

/** Each of several guards needs a decision of its own. */
function heldWords({ heldBy = 'a guard', guards = [] }: OperationRecord): string {
  return `held by ${listed([heldBy, ...guards.filter((guard) => guard !== heldBy)])}`;
}
