import { WAVES } from '../../core/operation.ts';
import type { Operation, Wave } from '../../core/operation.ts';
import type { Plan } from '../../core/plan.ts';
import { isUndecided, type Verdict } from '../../core/verdict.ts';
import type { MadePlan } from '../../ports/operator.ts';
import { waveName } from './cycle.ts';
import { heldOperations } from '../../core/guards.ts';
import type { Paint } from './paint.ts';
import { renderTable } from './table.ts';
import { pendingWords } from './pending.ts';
import { attributeName } from '../../core/reasons.ts';
import { printable } from '../../core/printable.ts';
import { grouped, operationWords, plural } from './text.ts';

/** How many operations of each wave are shown unless all are asked for: every kind of change is seen on one screen. */
export const SHOWN_OPERATIONS = 12;

/** A plan for people: operations by wave with their reasons, what the guards say, the sum, and the digest. */
export function renderPlan({ plan, verdict, waiting = [] }: MadePlan, paint: Paint, limit: number): string {
  const sections = [
    ...renderOperations(plan, verdict, paint, limit),
    ...renderWaiting(waiting, paint, limit),
    ...renderNotices(plan, paint),
    ...renderFindings(verdict, paint),
    ...renderToDecide(plan, verdict),
    renderSummary(plan, verdict, paint),
  ];
  return sections.join('\n\n');
}

function renderOperations(plan: Plan, verdict: Verdict, paint: Paint, limit: number): string[] {
  const held = new Set(heldOperations(verdict).keys());
  return WAVES.flatMap((wave) => {
    const inWave = plan.operations.filter((operation) => operation.wave === wave);
    return inWave.length === 0 ? [] : [renderWave(wave, inWave, limit, held, paint)];
  });
}

function renderWave(
  wave: Wave,
  operations: readonly Operation[],
  limit: number,
  held: ReadonlySet<string>,
  paint: Paint,
): string {
  const shown = operations.slice(0, limit);
  const table = renderTable(
    ['OPERATION', ['WHO OR WHAT', 40], ['WHY', 70], ['CHANGES', 50]],
    shown.map((operation) => [
      paintKind(operation, held.has(operation.key), paint),
      printable(operation.label),
      printable(operation.reason.text),
      printable(changesOf(operation)),
    ]),
    '  ',
  );
  const hidden = operations.length - shown.length;
  const more = hidden === 0 ? '' : `\n${paint.dim(`  … ${plural(hidden, 'more operation')}; --all shows them`)}`;
  return `${paint.strong(`Wave ${wave}: ${waveName(wave)}`)} (${plural(operations.length, 'operation')})\n${table}${more}`;
}

function paintKind(operation: Operation, held: boolean, paint: Paint): string {
  const text = `${operationWords(operation)}${held ? ' (held)' : ''}`;
  switch (operation.kind) {
    case 'create':
    case 'reactivate':
      return paint.good(text);
    case 'disable':
    case 'delete':
      return paint.bad(text);
    case 'update':
    case 'members':
    case 'link':
      return text;
    default:
      return operation satisfies never;
  }
}

/** What an operation changes, in few words: attribute names, never their values, which may be personal. */
function changesOf(operation: Operation): string {
  switch (operation.kind) {
    case 'create':
      return operation.resource === 'account' ? plural(operation.attributes.length, 'attribute') : '';
    case 'update':
      return changedPaths(operation).join(', ');
    case 'reactivate':
      return ['active', ...changedPaths(operation).filter((path) => path !== 'active')].join(', ');
    case 'members':
      return [
        operation.add.length === 0 ? '' : `+${grouped(operation.add.length)}`,
        operation.remove.length === 0 ? '' : `-${grouped(operation.remove.length)}`,
      ]
        .filter((part) => part !== '')
        .join(' ');
    case 'link':
      return `matched by ${operation.matchedBy}, nothing sent`;
    case 'disable':
    case 'delete':
      return '';
    default:
      return operation satisfies never;
  }
}

function changedPaths(operation: Extract<Operation, { readonly kind: 'update' | 'reactivate' }>): readonly string[] {
  const references = 'references' in operation ? operation.references : [];
  return [...operation.attributes, ...references].map(({ path }) => attributeName(path));
}

/** What will be done later, unless the user is entitled again by then. */
function renderWaiting(waiting: NonNullable<MadePlan['waiting']>, paint: Paint, limit: number): string[] {
  if (waiting.length === 0) return [];
  const hidden = waiting.length - Math.min(limit, waiting.length);
  const lines = waiting.slice(0, limit).map((removal) => `  ${pendingWords(removal)}`);
  if (hidden > 0) lines.push(paint.dim(`  … ${plural(hidden, 'more removal')}; --all shows them`));
  return [
    [`${paint.strong('Waiting')} (${plural(waiting.length, 'removal')}, not done by this plan)`, ...lines].join('\n'),
  ];
}

function renderNotices(plan: Plan, paint: Paint): string[] {
  if (plan.notices.length === 0) return [];
  const lines = plan.notices.map((notice) => `  ${notice.code}: ${printable(notice.text)}`);
  return [`${paint.strong('Notes')}\n${lines.join('\n')}`];
}

function renderFindings(verdict: Verdict, paint: Paint): string[] {
  const off = verdict.off ?? [];
  const switchedOff =
    off.length === 0 ? [] : [paint.warn(`Guards switched off by the configuration: ${off.join(', ')}`)];
  const findings = verdict.findings.map((finding) => {
    const effect =
      finding.effect === 'refuse'
        ? 'refuses the whole plan'
        : finding.effect === 'warn'
          ? 'warns'
          : `${finding.approved === undefined ? 'holds' : `would hold, but ${printable(finding.approved.by)} approved,`} ${plural(finding.operations.length, 'operation')}`;
    const head = paint.bad(`Guard ${finding.guard} ${effect}`);
    return `${head}: ${printable(finding.message)}\n  ${printable(finding.remedy)}`;
  });
  return [...findings, ...switchedOff];
}

/** What a plan shows as held nobody can decide about yet: holds are made by cycles, and nothing was written. */
function renderToDecide({ connection }: Plan, { refused, findings }: Verdict): string[] {
  if (refused || !findings.some(isUndecided)) return [];
  return [
    `A plan makes no hold. A cycle does, and carries out everything else: headgate cycle start -c ${connection} --full --wait\n` +
      '  Then look and decide: headgate holds list',
  ];
}

function renderSummary(plan: Plan, verdict: Verdict, paint: Paint): string {
  const { counts } = plan;
  const kinds = Object.entries(counts.operations)
    .filter(([, count]) => count > 0)
    .map(([name, count]) => {
      const [resource = '', kind = ''] = name.split('.');
      return `${grouped(count)} ${operationWords({ kind, resource })}`;
    });
  const held = heldOperations(verdict).size;
  const total = plural(plan.operations.length, 'operation');
  const head = plan.operations.length === 0 ? 'Nothing to do' : `${total}: ${kinds.join(', ')}`;
  const outcome = verdict.refused ? paint.bad('; refused') : held > 0 ? paint.warn(`; ${grouped(held)} held`) : '';
  return [
    `${paint.strong(head)}${outcome}.`,
    `  ${plural(counts.entitledUsers, 'entitled user')}, ${plural(counts.linkedAccounts, 'linked account')}; ` +
      `${plural(counts.entitledGroups, 'group')} in scope, ${plural(counts.linkedGroups, 'linked SCIM group')}; ` +
      `${plural(counts.membersAdded, 'membership')} added, ${grouped(counts.membersRemoved)} removed.`,
    `  connection ${plan.connection}, ${plan.kind === 'initial' ? 'full' : plan.kind} plan, digest ${plan.digest}`,
  ].join('\n');
}
