import Table from 'cli-table3';
import { clip } from './text.ts';

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

/** A column by its head, in plain letters; with the width it may be cut to where that makes the table fit. */
export type Column = string | readonly [head: string, cutTo: number];

/**
 * A table without lines: columns aligned by width on screen (wide characters count double), no trailing blanks. On a terminal
 * it does not fit into, `columns` wide, what may be cut is cut; where that is not enough every row is told line by line, whole but for empty cells.
 * Without any head rows stand by themselves.
 */
export function renderTable(
  head: readonly Column[],
  rows: readonly (readonly string[])[],
  indent = '',
  columns: number | undefined = process.stdout.columns,
): string {
  const heads = head.map((column) => (typeof column === 'string' ? column : column[0]));
  for (const cells of everNarrower(head, rows)) {
    const { lines, width } = sideBySide(heads, cells, indent);
    if (columns === undefined || width <= columns || rows.length === 0) return lines.join('\n');
  }
  if (heads.length === 0) return rows.map((row) => `${indent}${row.join('  ')}`).join('\n');
  const told = rows.map((row) =>
    heads.map((name, position) => [name, row[position] ?? '']).filter(([, cell]) => cell !== ''),
  );
  return told.map((pairs) => sideBySide([], pairs, indent).lines.join('\n')).join('\n\n');
}

/** The rows whole, then with one column after the other cut: what matters least stands furthest right. */
function* everNarrower(head: readonly Column[], rows: readonly (readonly string[])[]) {
  yield rows;
  let cut = rows;
  for (const [position, column] of [...head.entries()].toReversed()) {
    if (typeof column === 'string') continue;
    cut = cut.map((row) => row.with(position, clip(row[position] ?? '', column[1])));
    yield cut;
  }
}

function sideBySide(
  heads: readonly string[],
  rows: readonly (readonly string[])[],
  indent: string,
): { readonly lines: readonly string[]; readonly width: number } {
  const table = new Table({
    chars: BARE,
    style: { head: [], border: [], compact: true, 'padding-left': 0, 'padding-right': 0 },
  });
  // Plain heads, or blanks in their place, are as many characters as they take columns on the screen.
  const top = heads.length === 0 ? (rows[0] ?? []).map(() => '') : [...heads];
  table.push(top, ...rows.map((row) => [...row]));
  const [first = '', ...others] = table.toString().split('\n');
  const lines = heads.length === 0 ? others : [first, ...others];
  return { lines: lines.map((line) => `${indent}${line}`.trimEnd()), width: indent.length + first.length };
}
