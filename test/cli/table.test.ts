import { describe, expect, test } from 'vitest';
import { renderTable } from '../../src/cli/render/table.ts';

const HEAD = ['ID', 'RESULT'];
const ROWS = [
  ['c0ffee00-0000-4000-8000-000000000001', '\u001b[32msucceeded\u001b[39m'],
  ['c0ffee00-0000-4000-8000-000000000002', '\u001b[31mfailed\u001b[39m'],
];
const SIDE_BY_SIDE = [
  'ID                                    RESULT',
  'c0ffee00-0000-4000-8000-000000000001  \u001b[32msucceeded\u001b[39m',
  'c0ffee00-0000-4000-8000-000000000002  \u001b[31mfailed\u001b[39m',
].join('\n');

test.each([
  ['on a terminal it just fits into, whatever its colours', 47],
  ['where nobody says how wide it may be', undefined],
])('a table has its columns side by side %s', (_where, columns) => {
  expect(renderTable(HEAD, ROWS, '', columns)).toBe(SIDE_BY_SIDE);
});

test('a table that is wider than the terminal is told row by row, one line for each column', () => {
  expect(renderTable(HEAD, ROWS, '  ', 46)).toBe(
    [
      '  ID      c0ffee00-0000-4000-8000-000000000001',
      '  RESULT  \u001b[32msucceeded\u001b[39m',
      '',
      '  ID      c0ffee00-0000-4000-8000-000000000002',
      '  RESULT  \u001b[31mfailed\u001b[39m',
    ].join('\n'),
  );
});

test('an empty cell has no line where a table is told row by row', () => {
  const rows = [
    ['ada', ''],
    ['bob', 'left the group'],
  ];
  expect(renderTable(['WHO', 'WHY'], rows, '', 10)).toBe(
    ['WHO  ada', '', 'WHO  bob', 'WHY  left the group'].join('\n'),
  );
});

test('a wide character is as wide as two', () => {
  const rows = [['x', '名前名前']];
  expect(renderTable(['A', 'B'], rows, '', 11)).toBe(['A  B', 'x  名前名前'].join('\n'));
  expect(renderTable(['A', 'B'], rows, '', 10)).toBe(['A  x', 'B  名前名前'].join('\n'));
});

test('a table without heads has no line for them, and is told cell by cell where it does not fit', () => {
  const rows = [
    ['displayName', '"Ada"'],
    ['title', '"Countess of Lovelace"'],
  ];
  expect(renderTable([], rows, '  ', 37)).toBe(
    ['  displayName  "Ada"', '  title        "Countess of Lovelace"'].join('\n'),
  );
  expect(renderTable([], rows, '  ', 36)).toBe(['  displayName  "Ada"', '  title  "Countess of Lovelace"'].join('\n'));
});

describe('columns that may be cut', () => {
  const head = ['WHO', ['WHY', 5], ['CHANGES', 5]] as const;
  const rows = [['ada', 'lost its path', 'department']];

  test.each([
    ['stay whole where there is room', 30, 'ada  lost its path  department'],
    ['stay whole where nobody says how wide it may be', undefined, 'ada  lost its path  department'],
    ['are cut from the right, no more of them than it takes', 29, 'ada  lost its path  depa…'],
    ['are all cut before the table is told row by row', 19, 'ada  lost…  depa…'],
  ])('%s', (_rule, columns, line) => {
    expect(renderTable(head, rows, '', columns).split('\n')[1]).toBe(line);
  });

  test('are whole again in a table that is told row by row', () => {
    expect(renderTable(head, rows, '', 18)).toBe(
      ['WHO      ada', 'WHY      lost its path', 'CHANGES  department'].join('\n'),
    );
  });
});
