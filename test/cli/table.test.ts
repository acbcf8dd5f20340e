import { expect, test } from 'vitest';
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
