import { inState, type CycleKind, type CycleResult, type OperationCounts } from '../../core/cycle.ts';
import { WAVE, WAVES } from '../../core/operation.ts';
import type { OperationState, Wave } from '../../core/operation.ts';
import type { CycleView } from '../../ports/operator.ts';
import type { CycleRecord } from '../../ports/stores.ts';
import { bar, type ReadingPace } from '../progress.ts';
import type { Paint } from './paint.ts';
import { renderTable } from './table.ts';
import { printable } from '../../core/printable.ts';
import { grouped, plural, shownDuration, shownTime } from './text.ts';

const WAVE_NAMES: Readonly<Record<Wave, string>> = {
  [WAVE.disable]: 'disable',
  [WAVE.accounts]: 'accounts',
  [WAVE.groups]: 'groups',
  [WAVE.members]: 'members',
  [WAVE.delete]: 'delete',
};

/** What a wave is called in every display. */
export function waveName(wave: Wave): string {
  return WAVE_NAMES[wave];
}

const OVER: readonly OperationState[] = ['exported', 'escrowed', 'cancelled'];

/** Where a cycle is, in one line, and the step that line belongs to. `pace` in operations a second; `reading` of what it reads. */
export function cycleProgress(
  cycle: CycleView,
  pace: number | undefined,
  reading?: ReadingPace,
): { readonly line: string; readonly step: string } {
  switch (cycle.phase) {
    case 'gathering':
    case 'planning': {
      const { progress } = cycle;
      if (progress === undefined) return { line: `${cycle.phase}…`, step: cycle.phase };
      return readingProgress(progress, reading);
    }
    case 'exporting':
      return exportProgress(cycle, pace);
    case 'verifying':
      return { line: 'verifying…', step: 'verifying' };
    case 'closed':
      return { line: `closed: ${cycle.result ?? 'without a result'}`, step: 'closed' };
    default:
      return cycle.phase satisfies never;
  }
}

/** `reading users: 1,200 of 5,000  400/s  10s left`. Where nobody tells how many there are that is said, with the time it takes. */
export function readingProgress(
  progress: { readonly what: string; readonly done: number; readonly total?: number },
  { elapsedMs, perSecond }: Partial<ReadingPace> = {},
): { readonly line: string; readonly step: string } {
  const { what, done, total } = progress;
  if (total === undefined && done === 0) {
    const lasts = elapsedMs === undefined || elapsedMs < 1000 ? '' : `  for ${shownDuration(elapsedMs)}`;
    return { line: `reading ${printable(what)}…${lasts}`, step: `${what} ${minutesOf(elapsedMs)}` };
  }
  const pace = perSecond === undefined ? [] : [paceText(perSecond)];
  const reading = `reading ${printable(what)}: ${grouped(done)}`;
  if (total === undefined) {
    const lasts = elapsedMs === undefined ? [] : [`for ${shownDuration(elapsedMs)}`];
    const line = [`${reading} so far, the total is not known`, ...pace, ...lasts].join('  ');
    return { line, step: `${what} ${minutesOf(elapsedMs)}` };
  }
  const left = perSecond === undefined || done >= total ? [] : [timeLeft(total - done, perSecond)];
  const tenth = total === 0 ? '' : Math.floor((done * 10) / total);
  return { line: [`${reading} of ${grouped(total)}`, ...pace, ...left].join('  '), step: `${what} ${tenth}` };
}

function minutesOf(elapsedMs = 0): number {
  return Math.floor(elapsedMs / 60_000);
}

function paceText(perSecond: number): string {
  return `${perSecond < 10 ? perSecond.toFixed(1) : grouped(Math.round(perSecond))}/s`;
}

function timeLeft(count: number, perSecond: number): string {
  return `${shownDuration((count * 1000) / perSecond)} left`;
}

function exportProgress(cycle: CycleView, pace: number | undefined): { readonly line: string; readonly step: string } {
  const { settled, total } = cycle;
  const done = doneOf(cycle);
  const parts = [bar(done, total), `${grouped(done)} of ${plural(total, 'operation')}`];
  if (pace !== undefined) {
    parts.push(paceText(pace));
    if (settled < total) parts.push(timeLeft(total - settled, pace));
  }
  parts.push(...waveCounts(cycle.counts));
  const tenth = total === 0 ? 10 : Math.floor((done * 10) / total);
  return { line: parts.join('  '), step: `exporting ${tenth}` };
}

function waveCounts(counts: OperationCounts): string[] {
  const open = WAVES.flatMap((wave) => {
    const states = counts[wave];
    if (states === undefined) return [];
    const total = Object.values(states).reduce((sum, count) => sum + count, 0);
    const over = OVER.reduce((sum, state) => sum + (states[state] ?? 0), 0);
    return total === 0 ? [] : [`${waveName(wave)} ${grouped(over)}/${grouped(total)}`];
  });
  const held = inState(counts, 'held');
  const failed = inState(counts, 'escrowed');
  return [
    ...open,
    ...(held === 0 ? [] : [`${grouped(held)} held`]),
    ...(failed === 0 ? [] : [`${grouped(failed)} failed`]),
  ];
}

/** How many operations of an open cycle are over. What a guard holds waits for a person: nothing was done about it. */
export function doneOf({ settled, counts }: CycleView): number {
  return settled - inState(counts, 'held');
}

function resultWords(result: CycleResult | undefined, paint: Paint): string {
  switch (result) {
    case undefined:
      return paint.warn('open');
    case 'succeeded':
      return paint.good(result);
    case 'held':
    case 'entry-level-errors':
    case 'cancelled':
      return paint.warn(result);
    case 'failed':
    case 'refused':
      return paint.bad(result);
    default:
      return result satisfies never;
  }
}

/** Cycles as a table, newest first. */
export function renderCycles(cycles: readonly CycleRecord[], paint: Paint): string {
  return renderTable(
    ['ID', 'CONNECTION', 'KIND', 'STARTED', 'TOOK', 'RESULT', 'OPERATIONS'],
    cycles.map((cycle) => [
      cycle.id,
      cycle.connection,
      kindWord(cycle),
      shownTime(cycle.createdAt),
      cycle.closedAt === undefined ? '-' : shownDuration(cycle.closedAt - cycle.createdAt),
      cycle.result === undefined ? paint.warn(cycle.phase) : resultWords(cycle.result, paint),
      cycle.planCounts === undefined ? '-' : grouped(operationCount(cycle.planCounts.operations)),
    ]),
  );
}

/** A kind of cycle in the operators' words. */
export function cycleWord(kind: CycleKind): string {
  return kind === 'initial' ? 'full' : kind;
}

function kindWord(cycle: CycleRecord): string {
  return cycleWord(cycle.kind);
}

function operationCount(operations: Readonly<Record<string, number>>): number {
  return Object.values(operations).reduce((sum, count) => sum + count, 0);
}

/** One cycle with everything known about it, for `cycle show` and at the end of a wait. */
export function renderCycle(cycle: CycleView, paint: Paint): string {
  const lines = [
    `Cycle ${paint.strong(cycle.id)}: ${cycle.kind === 'audit' ? 'audit' : `${kindWord(cycle)} cycle`} of ${cycle.connection}, ${cycle.phase === 'closed' ? resultWords(cycle.result, paint) : paint.warn(cycle.phase)}`,
    `  requested by ${printable(cycle.requestedBy)} at ${shownTime(cycle.createdAt)}${took(cycle)}`,
  ];
  if (cycle.everything !== undefined) {
    lines.push(`  asked to be incremental, looks at everything: ${printable(cycle.everything)}`);
  }
  if (cycle.cancelRequested && cycle.phase !== 'closed') lines.push(`  ${paint.warn(cancelling(cycle))}`);
  if (cycle.planDigest !== undefined) lines.push(`  plan digest ${cycle.planDigest}`);
  const states = (['exported', 'escrowed', 'held', 'cancelled', 'pending', 'in-flight', 'in-doubt'] as const)
    .map((state) => ({ state, count: inState(cycle.counts, state) }))
    .filter(({ count }) => count > 0)
    .map(({ state, count }) => `${grouped(count)} ${STATE_WORDS[state]}`);
  lines.push(`  ${operationsLine(cycle, states)}`);
  for (const finding of cycle.verdict?.findings ?? []) {
    const { approved } = finding;
    lines.push(
      `  ${paint.warn(`guard ${finding.guard}`)}: ${printable(finding.message)}`,
      approved === undefined
        ? `    ${printable(finding.remedy)}`
        : `    approved by ${printable(approved.by)} (hold ${approved.hold})`,
    );
  }
  const off = cycle.verdict?.off ?? [];
  if (off.length > 0) lines.push(`  ${paint.warn('guards switched off')}: ${off.join(', ')}`);
  for (const notice of cycle.notices) lines.push(`  note: ${printable(notice.text)}${whom(notice)}`);
  if (hasSkips(cycle)) {
    lines.push(`  see who was skipped, and why: headgate log -c ${cycle.connection} --outcome skipped`);
  }
  if (cycle.failure !== undefined) {
    lines.push(`  ${paint.bad('why')}: ${printable(cycle.failure.message)}`);
    if (cycle.failure.remedy !== undefined) lines.push(`    ${printable(cycle.failure.remedy)}`);
  }
  if (cycle.result === 'entry-level-errors' && inState(cycle.counts, 'cancelled') > 0)
    lines.push(
      `  ${plural(inState(cycle.counts, 'cancelled'), 'operation')} put off: the provider does not take them for now; the next cycle sends them. See why: headgate log --cycle ${cycle.id} --outcome cancelled`,
    );
  if (inState(cycle.counts, 'escrowed') > 0) lines.push(`  see which failed: headgate cycle show ${cycle.id} --failed`);
  return lines.join('\n');
}

/** Notices about somebody who was passed over name ids alone; the log has names, unless no plan was stored. */
function hasSkips({ notices, plannedAt }: CycleView): boolean {
  return plannedAt !== undefined && notices.some(({ code }) => SKIP_NOTICES.has(code));
}

const SKIP_NOTICES: ReadonlySet<CycleView['notices'][number]['code']> = new Set([
  'users-left-out',
  'mapping-failed',
  'groups-unsupported',
]);

/** What an open cycle that is to be cancelled waits for. Of a slice under way some is put back unsent: it is the most there can be. */
export function cancelling({ counts, cancelReason }: CycleView): string {
  const left = inState(counts, 'in-flight');
  const rest = left === 0 ? 'nothing is being sent any more' : `at most ${plural(left, 'operation')} still being sent`;
  return `cancelling: ${rest}${cancelReason === undefined ? '' : ` (${printable(cancelReason)})`}`;
}

/** A refused plan is not stored: its operations are those that were planned, and none of them has a state. */
function operationsLine({ planCounts, plannedAt, phase, total, kind }: CycleView, states: readonly string[]): string {
  if (states.length > 0) return `${plural(total, 'operation')}: ${states.join(', ')}`;
  if (planCounts === undefined) return phase === 'closed' ? 'no plan was made' : 'no plan yet';
  const planned = operationCount(planCounts.operations);
  if (kind === 'audit') return `an audit sends nothing; ${plural(planned, 'operation')} would bring everything in line`;
  const dropped = plannedAt === undefined && planned > 0;
  return dropped ? `${plural(planned, 'operation')} planned, none of them sent` : plural(total, 'operation');
}

const STATE_WORDS: Readonly<Record<OperationState, string>> = {
  exported: 'done',
  escrowed: 'failed',
  held: 'held by a guard',
  cancelled: 'cancelled',
  pending: 'waiting',
  'in-flight': 'being sent',
  'in-doubt': 'in doubt',
};

function took(cycle: CycleRecord): string {
  return cycle.closedAt === undefined ? '' : `, took ${shownDuration(cycle.closedAt - cycle.createdAt)}`;
}

/** Ids named with a notice; --json has up to a hundred. */
const MOST_IDS = 5;

/** Notices whose text names whom they are about. */
const NAMING: ReadonlySet<CycleView['notices'][number]['code']> = new Set([
  'nested-groups',
  'group-not-renamed',
  'protected-unknown',
]);

function whom({ code, anchors }: CycleView['notices'][number]): string {
  if (anchors.length === 0 || NAMING.has(code)) return '';
  const more = anchors.length > MOST_IDS ? ', …' : '';
  return ` (${anchors.slice(0, MOST_IDS).map(printable).join(', ')}${more})`;
}
