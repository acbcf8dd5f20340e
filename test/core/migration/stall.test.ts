import { describe, expect, test } from 'vitest';
import type { CallOutcome, JournalEntry } from '../../../src/core/migration/journal.ts';
import {
  isLasting,
  isThrottledOut,
  isToBeNoted,
  NO_STALL,
  stallAfter,
  throttledText,
  troubleText,
  type Stall,
} from '../../../src/core/migration/stall.ts';

const MINUTE = 60_000;
const step = 'assign-directly';
const seen = (text: string): JournalEntry => ({ kind: 'seen', step, complete: false, text });
const TROUBLE = seen(troubleText('no answer'));
const THROTTLE = seen(throttledText('429'));
const called = (...states: readonly CallOutcome['state'][]): JournalEntry => ({
  kind: 'called',
  step,
  outcomes: states.map((state, index) => ({ key: `assign ${index}`, state })),
});
const FAILING: readonly JournalEntry[] = [{ kind: 'calling', step, calls: [] }, called('failed', 'unknown'), TROUBLE];

/** After lines a minute apart, the first at zero. */
function after(...entries: readonly JournalEntry[]): Stall {
  return entries.reduce<Stall>((stall, entry, index) => stallAfter(stall, { entry, at: index * MINUTE }), NO_STALL);
}

function times(count: number, ...entries: readonly JournalEntry[]): readonly JournalEntry[] {
  return Array.from({ length: count }, () => entries).flat();
}

describe('trouble', () => {
  test('is lasting after forty times, of reads as of requests that fail', () => {
    expect(isLasting(after(...times(39, TROUBLE)))).toBe(false);
    expect(isLasting(after(...times(40, TROUBLE)))).toBe(true);
    expect(isLasting(after(...times(39, ...FAILING)))).toBe(false);
    expect(isLasting(after(...times(40, ...FAILING)))).toBe(true);
  });

  test.each<[string, JournalEntry]>([
    ['a request was carried out', called('unknown', 'done')],
    ['one had been carried out before', called('already-so')],
    ['something was read', seen('two users are not covered yet')],
    ['a person resumed it', { kind: 'resumed', by: 'ada' }],
    ['it went back', { kind: 'reopened', step, why: 'somebody joined' }],
  ])('begins anew once %s', (_what, entry) => {
    const stall = after(...times(40, ...FAILING), entry);
    expect(stall).toEqual({ since: 120 * MINUTE, troubles: 0, throttles: [] });
    expect(isLasting(stall)).toBe(false);
  });

  test('does not change when it last got on', () => {
    expect(after(seen('all is there'), ...times(3, ...FAILING), THROTTLE).since).toBe(0);
  });
});

describe('being told to wait', () => {
  test('is no trouble, however often', () => {
    expect(isLasting(after(...times(100, THROTTLE)))).toBe(false);
  });

  test('is a case for a person after two hours of nothing else', () => {
    const stall = after(...times(100, THROTTLE));
    expect(isThrottledOut(stall, 119 * MINUTE)).toBe(false);
    expect(isThrottledOut(stall, 120 * MINUTE)).toBe(true);
    expect(isThrottledOut(after(...times(100, THROTTLE), called('done')), 300 * MINUTE)).toBe(false);
  });

  test('is none when the waits are long and few', () => {
    expect(isThrottledOut(after(...times(11, THROTTLE)), 48 * 60 * MINUTE)).toBe(false);
  });

  test('is noted once a minute', () => {
    expect(isToBeNoted(NO_STALL, 0)).toBe(true);
    expect(isToBeNoted(after(THROTTLE), MINUTE - 1)).toBe(false);
    expect(isToBeNoted(after(THROTTLE), MINUTE)).toBe(true);
  });
});
