import type { Finding, LeftBehind } from '../../core/experiment.ts';
import type { ExperimentPlan, ExperimentReport } from '../../ports/experiment-desk.ts';
import type { Paint } from './paint.ts';
import { renderTable } from './table.ts';
import { printable } from '../../core/printable.ts';
import { plural } from './text.ts';

/** What an experiment would do. */
export function renderExperimentPlan(plan: ExperimentPlan, paint: Paint): string {
  const { connection, profile, target, names, steps, refused } = plan;
  return [
    `Connection ${paint.strong(connection)} (profile ${profile}) at ${printable(target)}, on resources named ${names}:`,
    ...steps.map((step, index) => `  ${index + 1}. ${step}`),
    'It reads the whole listing of accounts, and writes to nothing it did not make.',
    ...(refused === undefined ? [] : [`${paint.warn('It would be refused now')}: ${printable(refused)}`]),
  ].join('\n');
}

const ENDS: Readonly<Record<ExperimentReport['ended'], string>> = {
  complete: 'tried to the end',
  stopped: 'stopped before its end',
  failed: 'ended early',
};

/** What was found, beside what the profile declares, and what stays at the provider. */
export function renderExperiment(report: ExperimentReport, paint: Paint): string {
  const { connection, profile, ended, failure, findings, requests, writes, left, earlier } = report;
  const counted = (verdict: Finding['verdict']) => findings.filter((each) => each.verdict === verdict).length;
  const rows = findings.map((finding) => [
    painted(finding, paint),
    finding.about,
    shown(finding.declared),
    shown(finding.found),
    printable(finding.words),
  ]);
  return [
    `Connection ${paint.strong(connection)} (profile ${profile}): ${ENDS[ended]}, ${plural(requests, 'request')}, ${plural(writes.length, 'write')}, all to its own throw-away resources`,
    ...(failure === undefined ? [] : [`  ${paint.bad('failed')}: ${printable(failure)}`]),
    '',
    renderTable(['verdict', 'what', 'profile', 'found', ['how it was seen', 100]], rows),
    '',
    `${counted('agrees')} agree with the profile, ${counted('differs')} differ, ${counted('untold')} could not be told, ${counted('noted')} the profile says nothing of.`,
    ...leftLines(left, paint),
    ...earlier.map(
      ({ id, name }) => `Seen and not touched, of an earlier probe: ${printable(name)} (id ${printable(id)})`,
    ),
  ].join('\n');
}

const VERDICTS: Readonly<Record<Finding['verdict'], string>> = {
  agrees: 'agrees',
  differs: 'DIFFERS',
  untold: 'not told',
  noted: 'noted',
};

function painted({ verdict }: Finding, paint: Paint): string {
  if (verdict === 'differs') return paint.bad(VERDICTS[verdict]);
  return verdict === 'agrees' ? paint.good(VERDICTS[verdict]) : paint.dim(VERDICTS[verdict]);
}

function shown(value: boolean | string | undefined): string {
  if (value === undefined) return '-';
  return typeof value === 'string' ? printable(value) : value ? 'yes' : 'no';
}

function leftLines(left: readonly LeftBehind[], paint: Paint): readonly string[] {
  if (left.length === 0) return ['Everything it made was removed.'];
  return [
    paint.warn('Could not be removed:'),
    ...left.map(
      ({ resource, id, name, state, remedy }) =>
        `  ${resource} ${name} (${id === undefined ? 'id unknown' : `id ${printable(id)}`}, ${state}): ${remedy}`,
    ),
  ];
}
