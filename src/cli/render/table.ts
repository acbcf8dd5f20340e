import { stripVTControlCharacters } from 'node:util';
import Table from 'cli-table3';

const BARE = {
  top: '',
  'top-mid': '',
  'top-left': '',
  'top-right': '',
  bottom: '',
  'bottom-mid': '',
  'bottom-left': '',
  'bottom-right': '',
  left: '',
  'left-mid': '',
  mid: '',
  'mid-mid': '',
  right: '',
  'right-mid': '',
  middle: '  ',
} as const;

/**
 * A table without lines: columns aligned by width on screen (wide characters count double), no trailing blanks. On a terminal
 * it does not fit into, `columns` wide, every row is told line by line instead: broken anywhere it could not be read.
 */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  indent = '',
  columns: number | undefined = process.stdout.columns,
): string {
  const lines = linesOf([head, ...rows], indent);
  const fits = columns === undefined || lines.every((line) => stripVTControlCharacters(line).length <= columns);
  if (fits || rows.length === 0) return lines.join('\n');
  const told = rows.map((row) =>
    linesOf(
      head.map((name, position) => [name, row[position] ?? '']),
      indent,
    ).join('\n'),
  );
  return told.join('\n\n');
}

function linesOf(rows: readonly (readonly string[])[], indent: string): readonly string[] {
  const table = new Table({
    chars: BARE,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
  });
  table.push(...rows.map((row) => [...row]));
  return table
    .toString()
    .split('\n')
    .map((line) => `${indent}${line}`.trimEnd());
}
