import { expect, test } from 'vitest';
import { startOfDay } from '../../src/core/day.ts';

test.each([
  ['a day', '2027-03-31', Date.UTC(2027, 2, 31)],
  ['the day a leap year has more', '2028-02-29', Date.UTC(2028, 1, 29)],
  ['a day no month has', '2027-02-30', undefined],
  ['a day only a leap year has', '2027-02-29', undefined],
  ['a month there is not', '2027-13-01', undefined],
  ['a time', '2027-03-31T10:00:00Z', undefined],
  ['a word', 'soon', undefined],
])('%s begins where the calendar has it', (_what, text, start) => {
  expect(startOfDay(text)).toBe(start);
});
