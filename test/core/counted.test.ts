import { expect, test } from 'vitest';
import { counted } from '../../src/core/reasons.ts';

test.each([
  [0, '0 groups are'],
  [1, '1 group is'],
  [2, '2 groups are'],
])('%i of something is counted in words that fit', (count, words) => {
  expect(counted(count, 'group is', 'groups are')).toBe(words);
  expect(counted(count, 'user')).toBe(`${count} user${count === 1 ? '' : 's'}`);
});
