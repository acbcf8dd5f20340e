import { describe, expect, test } from 'vitest';
import { retryAfterMs } from '../../../src/adapters/scim/retry-after.ts';

const NOW = Date.UTC(2026, 0, 1, 12, 0, 0);
const VENDOR = ['x-retry-after', 'x-ratelimit-reset'];

describe('how long to wait', () => {
  test.each<[string, Record<string, string>, number | undefined]>([
    ['seconds', { 'retry-after': '120' }, 120_000],
    ['no wait at all', { 'retry-after': '0' }, 0],
    ['parts of a second, as some send against the RFC', { 'retry-after': '1.5' }, 1500],
    ['an hour and more is not cut short', { 'retry-after': '86400' }, 86_400_000],
    ['an HTTP date', { 'retry-after': 'Thu, 01 Jan 2026 12:00:30 GMT' }, 30_000],
    ['an HTTP date in the old RFC 850 form', { 'retry-after': 'Thursday, 01-Jan-26 12:00:30 GMT' }, 30_000],
    ['an HTTP date in asctime form, which is UTC', { 'retry-after': 'Thu Jan  1 12:00:30 2026' }, 30_000],
    ['a date in the past means now', { 'retry-after': 'Thu, 01 Jan 2026 11:00:00 GMT' }, 0],
    [
      'a date is measured against the clock of the provider',
      { 'retry-after': 'Thu, 01 Jan 2026 13:00:30 GMT', date: 'Thu, 01 Jan 2026 13:00:00 GMT' },
      30_000,
    ],
    ['a header of the vendor', { 'x-retry-after': '10' }, 10_000],
    ['Retry-After before a header of the vendor', { 'x-retry-after': '10', 'retry-after': '4' }, 4000],
    ['a point in time in seconds', { 'x-ratelimit-reset': String(NOW / 1000 + 7) }, 7000],
    ['a point in time in milliseconds', { 'x-ratelimit-reset': String(NOW + 7000) }, 7000],
    ['a point in time as ISO 8601', { 'x-ratelimit-reset': '2026-01-01T12:00:07Z' }, 7000],
    ['an unreadable Retry-After falls through to the vendor', { 'retry-after': 'soon', 'x-retry-after': '3' }, 3000],
    ['a negative number says nothing', { 'retry-after': '-5' }, undefined],
    ['an empty header says nothing', { 'retry-after': '' }, undefined],
    ['no header says nothing', {}, undefined],
    ['a header nobody told us about says nothing', { 'x-wait': '3' }, undefined],
  ])('%s', (_name, headers, wait) => {
    expect(retryAfterMs(headers, VENDOR, NOW)).toBe(wait);
  });
});
