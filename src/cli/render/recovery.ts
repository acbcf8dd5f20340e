import type { Escrow } from '../../core/escrow.ts';
import type { OperationFailure } from '../../core/operation-failure.ts';
import type { Quarantined } from '../../core/quarantine.ts';
import type { RecoveryAct } from '../../ports/recovery.ts';
import type { Paint } from './paint.ts';
import { renderTable } from './table.ts';
import { printable, shellWord } from '../../core/printable.ts';
import { operationWords, plural, shownDuration, shownTime } from './text.ts';

/** The other side's answer in one line. */
export function answerLine({ code, message, status, detail, requestId }: OperationFailure): string {
  const facts = [
    code,
    ...(status === undefined ? [] : [`status ${status}`]),
    ...(requestId === undefined ? [] : [`request ${requestId}`]),
  ];
  const words = detail === undefined ? message : `${message}: ${detail}`;
  return printable(`${words} (${facts.join(', ')})`);
}

function answerLines(failure: OperationFailure): readonly string[] {
  const { request, remedy, scimType } = failure;
  const attributes =
    request === undefined || request.attributes.length === 0 ? '' : `: ${request.attributes.join(', ')}`;
  return [
    `  answer   ${answerLine(failure)}${scimType === undefined ? '' : `, scimType ${scimType}`}`,
    ...(request === undefined ? [] : [`  request  ${request.method} /${request.collection}${printable(attributes)}`]),
    ...(remedy === undefined ? [] : [`  to do    ${printable(remedy)}`]),
  ];
}

function nextTry({ dueAt }: Escrow, now: number): string {
  return dueAt <= now ? 'next cycle' : `in ${shownDuration(dueAt - now)}`;
}

/** What is in escrow as a table, oldest first. */
export function renderEscrows(escrows: readonly Escrow[], now: number, paint: Paint): string {
  return renderTable(
    [['WHO OR WHAT', 40], 'NEED', 'SINCE', 'TRIES', 'NEXT', ['ANSWER', 90]],
    escrows.map((escrow) => [
      printable(escrow.label),
      paint.bad(operationWords(escrow)),
      shownTime(escrow.firstFailedAt),
      String(escrow.attempts),
      nextTry(escrow, now),
      answerLine(escrow.failure),
    ]),
  );
}

/** One need in escrow with everything known about it. */
export function renderEscrow(escrow: Escrow, connection: string, now: number, paint: Paint): string {
  const { label, anchor, attempts, firstFailedAt, lastFailedAt, cycle, failure } = escrow;
  return [
    `${paint.bad(operationWords(escrow))} ${paint.strong(printable(label))} (${printable(anchor)})`,
    `  failed   ${plural(attempts, 'time')}, first ${shownTime(firstFailedAt)}, last ${shownTime(lastFailedAt)} in cycle ${cycle}`,
    `  again    ${nextTry(escrow, now)}, or as soon as what is asked for changes`,
    ...answerLines(failure),
    `  at once  headgate escrow retry ${shellWord(label)} -c ${connection}`,
  ].join('\n');
}

/** A quarantine with its cause, the provider's answer and when it is asked again. */
export function renderQuarantine(connection: string, quarantine: Quarantined, paint: Paint): string {
  const { state, reason, cause, beganAt, probes, nextProbeAt } = quarantine;
  const trial = state === 'half-open';
  return [
    `${paint.bad(connection)} is ${trial ? 'on trial after a quarantine' : 'in quarantine'} since ${shownTime(beganAt)}: ${reason}`,
    ...answerLines(cause),
    trial
      ? '  next     the provider answered; a few operations are sent first, and all once one of them worked'
      : `  next     probe at ${shownTime(nextProbeAt)}, ${plural(probes, 'probe')} in vain so far`,
  ].join('\n');
}

/** What people did about escrows and quarantines. */
export function renderActs(acts: readonly RecoveryAct[]): string {
  return renderTable(
    ['WHEN', 'WHO', 'DID', ['ON', 60], 'WHY'],
    acts.map(({ at, by, act, subject, reason }) => [
      shownTime(at),
      printable(by),
      act,
      printable(subject),
      printable(reason ?? '-'),
    ]),
  );
}
