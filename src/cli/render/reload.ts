import type { ReloadReport } from '../../ports/operator.ts';
import { printable } from '../../core/printable.ts';

/** What a reload changed, one line for each connection it concerns. */
export function renderReload({ file, added, changed, removed, stopped }: ReloadReport): string {
  const lines = [
    ...added.map((name) => `added    ${name}`),
    ...changed.map(
      ({ connection, fullCycle }) => `changed  ${connection}${fullCycle ? ': its next cycle looks at everything' : ''}`,
    ),
    ...removed.map((name) => `removed  ${name}: what is known about it is kept`),
    ...stopped.map(({ connection, cycle }) => `stopped  cycle ${cycle} of ${connection}`),
  ];
  const said = lines.length === 0 ? ['No connection changed.'] : lines;
  return [`${printable(file)} is in force.`, ...said].join('\n');
}
