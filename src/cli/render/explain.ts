import type { ScopePath } from '../../core/operation.ts';
import type { Explanation } from '../../ports/operator.ts';
import { renderOperations } from './operations.ts';
import type { Paint } from './paint.ts';
import { pendingWords } from './pending.ts';
import { renderTable } from './table.ts';
import { printable } from '../../core/printable.ts';
import { shownTime } from './text.ts';

/** Why somebody has or lacks access through one connection. */
export function renderExplanation(explanation: Explanation, paint: Paint): string {
  const {
    connection,
    user,
    paths,
    conclusion,
    mapped,
    link,
    leaving,
    operations,
    drift,
    migrations = [],
    brokenJournals = [],
  } = explanation;
  const lines = [paint.strong(`Connection ${connection}`), `  ${printable(conclusion)}`];
  if (user !== undefined)
    lines.push(`  user: ${printable(user.name)} (${user.id})${user.enabled ? '' : paint.warn(', sign-in blocked')}`);
  if (link !== undefined)
    lines.push(
      `  account: ${printable(link.resourceId)}, ${link.state}, ${link.origin === 'created' ? 'created by Headgate' : `matched by ${link.origin}`}`,
    );
  for (const { text, next } of drift?.findings ?? [])
    lines.push(
      `  ${paint.warn(`found by the audit of ${shownTime(drift?.at)}`)}: ${printable(text)}; ${printable(next)}`,
    );
  if (leaving !== undefined) lines.push(`  ${paint.warn(pendingWords(leaving))}`);
  if (paths.length > 0) lines.push('  paths:', ...paths.map((path) => `    ${pathWords(path)}`));
  const values = Object.entries(mapped);
  if (values.length > 0) {
    lines.push(
      '  mapping:',
      renderTable(
        [],
        values.map(([path, value]) => [path, printable(JSON.stringify(value))]),
        '    ',
      ),
    );
  }
  if (operations.length > 0) lines.push('  last operations:', renderOperations(operations, paint, true, '    '));
  for (const { migration, kind, calls } of migrations) {
    lines.push(`  migration ${migration} (${kind}):`);
    lines.push(...calls.map(({ at, what, outcome }) => `    ${shownTime(at)} ${printable(what)}: ${outcome}`));
  }
  for (const { migration, message, remedy } of brokenJournals)
    lines.push(`  ${paint.bad(`migration ${migration}`)}: ${printable(message)}`, `    ${printable(remedy)}`);
  return lines.join('\n');
}

function pathWords(path: ScopePath): string {
  if (path.kind === 'direct') return `direct assignment ${path.assignment}`;
  const through = path.nested === true ? 'through a group nested in' : 'through group';
  return `${through} ${printable(path.groupName ?? path.group ?? 'unknown')}, assignment ${path.assignment}`;
}
