import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRetryAfter } from '../../../src/adapters/entra/retry-after.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');

describe('Retry-After', () => {
  it.each([
    ['whole seconds', '120', 120_000],
    ['zero', '0', 0],
    ['a fraction of a second is rounded up, never down', '0.0001', 1],
    ['an IMF date', 'Sun, 01 Mar 2026 12:01:00 GMT', 60_000],
    ['an RFC 850 date', 'Sunday, 01-Mar-26 12:01:00 GMT', 60_000],
    ['an asctime date', 'Sun Mar  1 12:01:00 2026 GMT', 60_000],
    ['a date gone by means now', 'Sun, 01 Mar 2026 11:00:00 GMT', 0],
    ['an absent header', undefined, undefined],
    ['an empty header', '', undefined],
    ['a negative number', '-5', undefined],
    ['words', 'soon please', undefined],
  ])('%s', (_name, header, expected) => {
    expect(parseRetryAfter(header, NOW)).toBe(expected);
  });

  it('is never shorter than what was ordered and never negative, whatever the header', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.nat().map(String),
          fc.string(),
          fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
        ),
        (header) => {
          const wait = parseRetryAfter(header, NOW);
          expect(wait === undefined || wait >= 0).toBe(true);
        },
      ),
    );
    fc.assert(
      fc.property(fc.nat(), (seconds) => {
        expect(parseRetryAfter(String(seconds), NOW)).toBe(seconds * 1000);
      }),
    );
  });
});
