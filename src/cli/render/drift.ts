import { concernsOurs, DRIFT_KINDS, type DriftFinding, type DriftKind, type DriftReport } from '../../core/drift.ts';
import type { Paint } from './paint.ts';
import { printable } from '../../core/printable.ts';
import { clip, grouped, plural, shownTime } from './text.ts';

const TITLES: Readonly<Record<DriftKind, string>> = {
  'account-deactivated': 'deactivated by hand',
  'account-reactivated': 'activated again by hand',
  'account-changed': 'changed by hand',
  'account-deleted': 'deleted by hand',
  'group-changed': 'SCIM groups changed by hand',
  'group-deleted': 'SCIM groups deleted by hand',
  'member-added': 'put into a SCIM group by hand',
  'member-removed': 'taken out of a SCIM group by hand',
  'unknown-account': "accounts that are not Headgate's",
  'unknown-group': "SCIM groups that are not Headgate's",
  'unknown-member': "members that are not Headgate's",
};

/** Of what is not ours a few examples will do; `--json` has more. */
const MOST_UNKNOWN = 5;
const MOST_SHOWN = 50;

/** The report of an audit: by kind, each finding with what it means and what follows. */
export function renderDrift(report: DriftReport, paint: Paint): string {
  const { connection, at, cycle, policy, pending, doubts } = report;
  const ours = DRIFT_KINDS.filter(concernsOurs).reduce((sum, kind) => sum + report.counts[kind], 0);
  const found =
    ours === 0
      ? paint.good('nothing was changed by hand')
      : paint.warn(plural(ours, 'change by hand', 'changes by hand'));
  return [
    `Connection ${paint.strong(connection)}: ${found}, as of ${shownTime(at)} (cycle ${cycle}; drift: ${policy})`,
    ...doubts.map((doubt) => `  ${paint.warn('doubt')}: ${printable(doubt)}`),
    ...DRIFT_KINDS.flatMap((kind) => section(report, kind, paint)),
    ...(pending === 0
      ? []
      : [`  ${plural(pending, 'operation')} for changes of the directory will be carried out by the next full cycle`]),
    ...(ours === 0
      ? []
      : [
          '',
          `What cycles have done since is not in it; to look again: headgate cycle start -c ${connection} --audit --wait`,
        ]),
  ].join('\n');
}

function section({ counts, findings }: DriftReport, kind: DriftKind, paint: Paint): readonly string[] {
  if (counts[kind] === 0) return [];
  const shown = findings
    .filter((finding) => finding.kind === kind)
    .slice(0, concernsOurs(kind) ? MOST_SHOWN : MOST_UNKNOWN);
  const rest = counts[kind] - shown.length;
  return [
    '',
    `  ${paint.strong(`${TITLES[kind]}: ${grouped(counts[kind])}`)}`,
    ...shown.flatMap((finding) => findingLines(finding, paint)),
    ...(rest === 0 ? [] : [`    … and ${grouped(rest)} more`]),
  ];
}

function findingLines({ text, next, changes = [] }: DriftFinding, paint: Paint): readonly string[] {
  const value = (json: unknown) => clip(printable(JSON.stringify(json)), 60);
  return [
    `    ${printable(text)}`,
    ...changes.map(({ path, before, after }) => `      ${path}: ${value(before)} instead of ${value(after)}`),
    `      ${paint.dim(printable(next))}`,
  ];
}
