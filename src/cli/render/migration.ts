import type { ExactRequest } from '../../core/migration/journal.ts';
import { describeJob } from '../../core/migration/native-job.ts';
import type { MigrationReport } from '../../core/migration/report.ts';
import type { RequestOutcome } from '../../core/migration/reported-calls.ts';
import type { SurveyFinding } from '../../core/migration/survey.ts';
import type { MigrationView } from '../../core/migration/view.ts';
import { describePaths, listed } from '../../core/reasons.ts';
import type { WhatIf } from '../../core/whatif.ts';
import type { MigrationPlan } from '../../ports/migration-operator.ts';
import type { Paint } from './paint.ts';
import { renderTable } from './table.ts';
import { printable } from '../../core/printable.ts';
import { grouped, plural, shownTime } from './text.ts';

/** What a person has to know before saying yes at a gate. */
const GATE_WORDS: Readonly<Record<NonNullable<MigrationView['gate']>['name'], string>> = {
  coverage: 'everybody is assigned directly; from here on members are taken out of the SCIM groups and the groups go',
  disable: 'the groups are gone and everybody is still there; from here on the connection is switched off for good',
  revocation: 'revoke the token at the provider first; then one read with it proves that it is dead',
};

/** Of the revocation, where Entra's own job holds a token, too. */
const BOTH_TOKENS =
  "revoke the token at the provider first, and the one entered in Entra's provisioning if it is another; then Headgate reads with its own, and has Entra try out the other, to see that they are dead";

const GATE_REASONS: Readonly<Record<NonNullable<MigrationView['gate']>['why'], string>> = {
  'not-approved': 'nobody has approved it',
  expired: 'the approval has expired',
  changed: 'something has changed since it was approved',
  'same-person': 'whoever started it may not approve it',
};

function findingLines(findings: readonly SurveyFinding[], paint: Paint): readonly string[] {
  const painted = (severity: SurveyFinding['severity'], text: string) =>
    severity === 'refuse' ? paint.bad(text) : severity === 'consent' ? paint.warn(text) : paint.dim(text);
  return findings.map(
    ({ code, severity, text }) => `  ${painted(severity, severity.padEnd(7))} ${code}: ${printable(text)}`,
  );
}

/** What a migration is at, in a word or two: one that takes back what it did does not run. */
export function statusWords({ mode, status }: Pick<MigrationView, 'mode' | 'status'>): string {
  if (mode !== 'rollback') return status;
  return status === 'running' ? 'rolling back' : `rollback ${status}`;
}

/** Where a migration stands. */
export function renderMigration(view: MigrationView, paint: Paint): string {
  const { connection, kind, steps, gate, paused, latest } = view;
  const done = steps.filter(({ state }) => state === 'done').length;
  const engine = view.engine === 'entra' ? " with Entra's engine" : '';
  const lines = [
    `${paint.strong(`Migration of ${connection}`)}: ${kind}${engine}, ${statusWords(view)}, ${done} of ${steps.length} steps done`,
    `  ${steps.map(({ step, state }) => (state === 'done' ? paint.good(step) : state === 'now' ? paint.strong(`> ${step}`) : paint.dim(step))).join(' · ')}`,
    ...concerned(view),
    `  ${shownTime(latest.at)} ${printable(latest.text)}`,
  ];
  if (view.doing !== undefined) lines.push(`  ${printable(view.doing)}`);
  if (view.nativeJob !== undefined) lines.push(`  Entra's job: ${describeJob(view.nativeJob)}`);
  if (gate !== undefined) {
    const words = gate.name === 'revocation' && view.engine === 'entra' ? BOTH_TOKENS : GATE_WORDS[gate.name];
    lines.push(
      `${paint.warn(`Waits at the gate ${gate.name}`)} (${GATE_REASONS[gate.why]}): ${words}.`,
      `  headgate migration approve ${connection} --gate ${gate.name} --digest ${gate.digest}`,
    );
  }
  if (paused !== undefined && view.result === undefined) {
    lines.push(
      `${paint.bad('Paused')} by ${printable(paused.by)}: ${printable(paused.reason)}`,
      `  then: headgate migration resume ${connection}${otherWays(view)}`,
    );
  }
  if (view.result !== undefined) {
    const ended = view.result === 'succeeded' ? paint.good(view.result) : paint.bad(view.result);
    lines.push(`${ended}: ${printable(view.resultText ?? '')}`);
    if (view.mayRollBack) lines.push(`To have everything as it was before: headgate migration rollback ${connection}`);
    if (view.wayBack !== undefined) lines.push(`To have it back by hand: ${printable(view.wayBack)}.`);
    if (view.frozen)
      lines.push(
        paint.bad(
          `The connection is frozen; once it is understood${view.mayRollBack ? ', to leave it as it stands' : ''}: headgate connection resume -c ${connection}`,
        ),
      );
  }
  const grave = view.findings.filter(({ severity }) => severity !== 'note');
  return [...lines, ...findingLines(grave, paint)].join('\n');
}

/** Whom it is about: before the survey nobody knows, neither their number nor the names of the groups. */
function concerned({ connection, groups, users, accountsBefore, uncovered, status }: MigrationView): readonly string[] {
  if (uncovered === undefined) {
    const watch =
      status === 'running' ? `; a survey is made first, to watch: headgate migration status ${connection} --watch` : '';
    return [`  ${plural(groups.length, 'group')}, not surveyed yet${watch}`];
  }
  return [
    `  groups: ${printable(groups.map(({ name }) => name).join(', '))}`,
    `  ${plural(users, 'user')} through them, ${plural(accountsBefore, 'active account')} before, ${uncovered} not covered`,
  ];
}

/** What else than going on may be asked of a paused migration: nothing once SCIM is off, and no rollback of a rollback. */
function otherWays({ mode, mayRollBack }: MigrationView): string {
  if (mayRollBack) return ', or abort, or rollback';
  return mode === 'rollback' ? ', or abort' : '';
}

function requestText({ method, path, body }: ExactRequest): string {
  return `${method} ${path}${body === undefined ? '' : ` ${JSON.stringify(body)}`}`;
}

interface Obstacle {
  readonly code: string;
  readonly severity?: SurveyFinding['severity'];
}

/** How to go on in spite of what asks for consent, after what no consent helps against. */
export function consentWords(obstacles: readonly Obstacle[]): string {
  const codes = (asking: boolean) => [
    ...new Set(obstacles.flatMap(({ code, severity }) => ((severity === 'consent') === asking ? [code] : []))),
  ];
  const first = codes(false).join(', ');
  const accept = codes(true)
    .map((code) => `--accept ${code}`)
    .join(' ');
  const mend = first === '' ? '' : ` To be mended first, and not to be accepted: ${first}.`;
  if (accept === '') return mend;
  return `${mend} ${first === '' ? 'If that' : 'And then, if the rest'} is meant: ${accept}`;
}

/** The first of them, and behind these no more direct assignments: all that takes something away is shown. */
function previewOf(requests: MigrationPlan['requests'], most: number): MigrationPlan['requests'] {
  const taking = requests.filter(({ step }) => step !== 'assign-directly').length;
  const room = Math.max(0, most - taking);
  return requests.filter(({ step }, position) => step !== 'assign-directly' || position < room);
}

/** `46 assign-directly (POST), 1 unassign-groups (DELETE)`. */
function summaryOf(requests: MigrationPlan['requests']): string {
  const counts = new Map<string, number>();
  for (const { step, request } of requests) {
    const kind = `${step} (${request.method})`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => `${grouped(count)} ${kind}`).join(', ');
}

/** What a migration would do: findings, who would be lost without it, and every request; who keeps access only where all is shown. */
export function renderMigrationPlan(plan: MigrationPlan, paint: Paint, most: number): string {
  const { survey, obstacles, requests } = plan;
  const shown = previewOf(requests, most);
  const blocked = obstacles.map(({ code }) => code).join(', ');
  return [
    `${paint.strong(`${survey.kind} of ${survey.connection}`)}: ${plural(survey.groups.length, 'group')}, ${plural(survey.users.length, 'user')} through them, ${plural(survey.accounts.length, 'active account')}. Nothing was written.`,
    ...findingLines([...obstacles.filter(({ code }) => code === 'not-ready'), ...survey.findings], paint),
    '',
    'Without a migration, unassigning the groups now:',
    renderWhatIf(plan.whatIf, paint, most === Infinity),
    ...(most === Infinity || plan.whatIf.keeps.length === 0 ? [] : ['Who keeps it, and through what: --all.']),
    '',
    ...(requests.length === 0
      ? ['No request is to be sent.']
      : [
          `${plural(requests.length, 'request')}, in this order: ${summaryOf(requests)}.`,
          renderTable(
            ['STEP', 'WHAT', 'REQUEST'],
            shown.map(({ step, what, request }) => [step, printable(what), printable(requestText(request))]),
          ),
        ]),
    ...(requests.length > shown.length
      ? [`… and ${plural(requests.length - shown.length, 'more direct assignment')}; all with --all or --json`]
      : []),
    obstacles.length === 0
      ? paint.good('Nothing stands in the way.')
      : paint.bad(`In the way: ${blocked}. Nothing can be begun like this.${consentWords(obstacles)}`),
  ].join('\n');
}

const BLOCKED = 'may not sign in';
const FILTERED = 'filtered out';

/** Why somebody has no access that could be lost; undefined where they have. */
function without({ enabled, filtered }: WhatIf['loses'][number]): string | undefined {
  if (!enabled) return BLOCKED;
  return filtered === true ? FILTERED : undefined;
}

/** Who would lose access and, unless they are only to be counted, who keeps it. */
export function renderWhatIf(
  { loses, keeps, unassigned, unread = [], others = [] }: WhatIf,
  paint: Paint,
  nameKept = true,
): string {
  const told = [
    ...loses.map((user) => ({ user, does: paint.bad('loses access'), ways: `now ${describePaths(user.lost)}` })),
    ...(nameKept ? keeps : []).map((user) => ({
      user,
      does: paint.good('keeps access'),
      ways: describePaths(user.kept),
    })),
  ];
  // Whom it makes no difference to comes after all whom it does.
  const rows = told
    .toSorted((a, b) => Number(without(a.user) !== undefined) - Number(without(b.user) !== undefined))
    .map(({ user, does, ways }) => [without(user) ?? does, printable(user.label), printable(ways)]);
  const count = (word: string | undefined, users = [...loses, ...keeps]) =>
    users.filter((user) => without(user) === word).length;
  const [blocked, filtered] = [count(BLOCKED), count(FILTERED)];
  const none =
    (blocked === 0 ? '' : ` ${blocked} may not sign in and have no access to lose.`) +
    (filtered === 0 ? '' : ` ${filtered} left out by the scoping filters, with none to lose either.`);
  const may = (users: WhatIf['loses']) => count(undefined, [...users]);
  const sum = `${may(loses)} would lose access, ${may(keeps)} would keep it.${none}`;
  const strange = unassigned.length === 0 ? [] : [paint.warn(`not assigned at all: ${unassigned.join(', ')}`)];
  const also = others.map((name) =>
    paint.warn(
      `${printable(name)} provisions from the same application, by a scope of its own: ask there, too, with -c ${printable(name)}`,
    ),
  );
  const doubt =
    unread.length === 0
      ? []
      : [
          paint.bad(
            `This is not the whole truth: the directory could not be proved to be read completely (${printable(listed(unread))}). More people may lose access; ask again once it can be.`,
          ),
        ];
  const table = rows.length === 0 ? [] : [renderTable(['ACCESS', 'USER', 'THROUGH'], rows)];
  return [...table, ...strange, sum, ...doubt, ...also].join('\n');
}

function verdictText({ verdict, connection }: MigrationReport, paint: Paint): string {
  switch (verdict) {
    case 'passed':
      return paint.good('passed');
    case 'restored':
      return paint.good('rolled back: the same accounts are active, and every group is assigned and there again');
    case 'open':
      return paint.warn(`not finished yet; see what it waits for: headgate migration status ${connection}`);
    case 'failed':
      return `${paint.bad('not passed')}; how to go on: headgate migration status ${connection}`;
    default:
      return verdict satisfies never;
  }
}

/** Lost accounts shown by name. */
const SHOWN_LOST = 40;

/** The report in short; the whole of it is JSON or the page. */
export function renderReport(report: MigrationReport, paint: Paint): string {
  const { accounts, groups, chain } = report;
  const requests = report.requests.filter(({ outcome }) => outcome !== 'not-sent');
  const known: ReadonlySet<RequestOutcome> = new Set(['done', 'already-so', 'proved', 'overcome', 'repeated']);
  const failed = requests.filter(({ outcome }) => !known.has(outcome));
  const lost = accounts.lost.map(({ label }) => label).toSorted();
  return [
    verdictText(report, paint),
    `${report.kind} of ${report.connection}: ${report.result}, ${printable(report.text)}`,
    `started ${shownTime(report.startedAt)} by ${printable(report.requestedBy)}, ended ${shownTime(report.endedAt)}`,
    `accounts: ${accounts.before.length} before, ${accounts.after?.length ?? '-'} after, ${accounts.lost.length} lost, ${accounts.added.length} new`,
    ...(lost.length === 0 ? [] : [`lost: ${printable(listed(lost, SHOWN_LOST))} (all with --json or --html)`]),
    `groups: ${groups.before.length} before, ${groups.left?.length ?? '-'} left`,
    `requests: ${requests.length}, of which ${failed.length} not known to be done`,
    `journal: ${chain.lines} lines, ${chain.sound ? paint.good('unbroken') : paint.bad(`broken at line ${chain.brokenAt ?? 0}`)}, last hash ${chain.hash}`,
    ...(report.wayBack === undefined ? [] : [`to have it back by hand: ${printable(report.wayBack)}.`]),
    ...report.approvals.map(({ gate, by, at }) => `gate ${gate}: approved by ${printable(by)} ${shownTime(at)}`),
  ].join('\n');
}
