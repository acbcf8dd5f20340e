import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { afterAnswer, afterThrottle, fullPace, takeSlot, type PaceLimits, type Pacing } from '../../src/core/pacing.ts';

const OPEN: PaceLimits = { concurrency: 8, requestsPerSecond: null };
const CAPPED: PaceLimits = { concurrency: 8, requestsPerSecond: 20 };
const NOW = 1_000_000;

function answers(pacing: Pacing, limits: PaceLimits, count: number): Pacing {
  return Array.from({ length: count }).reduce<Pacing>((now) => afterAnswer(now, limits), pacing);
}

describe('the pace of a connection', () => {
  test('is full from the start, and answers change nothing then', () => {
    const pacing = fullPace(CAPPED);
    expect(afterAnswer(pacing, CAPPED)).toBe(pacing);
    expect([pacing.concurrency, pacing.rate, fullPace(OPEN).rate]).toEqual([8, 20, null]);
  });

  test('is halved by a 429, from how fast it really went', () => {
    expect(afterThrottle(fullPace(OPEN), 400, NOW)).toMatchObject({ concurrency: 4, rate: 200 });
    expect(afterThrottle(fullPace(CAPPED), 400, NOW)).toMatchObject({ concurrency: 4, rate: 10 });
    expect(afterThrottle(fullPace(CAPPED), 12, NOW)).toMatchObject({ rate: 6 });
    expect(afterThrottle(fullPace(CAPPED), 1, NOW)).toMatchObject({ rate: 4 });
  });

  test('is halved once by requests that were in flight together', () => {
    const once = afterThrottle(fullPace(OPEN), 400, NOW);
    expect(afterThrottle(once, 400, NOW + 999)).toBe(once);
    expect(afterThrottle(once, 400, NOW + 1000)).toMatchObject({ concurrency: 2, rate: 100 });
  });

  test('comes back by the same amount each second: after about twenty it is what it was', () => {
    const cut = afterThrottle(fullPace(CAPPED), 20, NOW);
    const second = answers(cut, CAPPED, 10);
    expect(second.rate).toBeCloseTo(10.5, 1);
    const recovered = answers(cut, CAPPED, 400);
    expect([recovered.concurrency, recovered.rate]).toEqual([8, 20]);
  });

  test('is not limited by a rate any more once that has long been passed, where there is no ceiling', () => {
    const cut = afterThrottle(fullPace(OPEN), 10, NOW);
    expect(answers(cut, OPEN, 5).rate).not.toBeNull();
    expect(answers(cut, OPEN, 2000)).toMatchObject({ rate: null, concurrency: 8 });
  });

  test('stays within its limits, and never stops, whatever the answers', () => {
    const limits = fc.record({
      concurrency: fc.integer({ min: 1, max: 64 }),
      requestsPerSecond: fc.option(fc.integer({ min: 1, max: 500 }), { nil: null }),
    });
    const steps = fc.array(
      fc.oneof(fc.constant('answer' as const), fc.record({ seen: fc.nat(1000), after: fc.nat(3000) })),
      { maxLength: 300 },
    );
    const outcome = fc.check(
      fc.property(limits, steps, (given, taken) => {
        let pacing = fullPace(given);
        let now = NOW;
        return taken.every((step) => {
          if (step === 'answer') pacing = afterAnswer(pacing, given);
          else {
            now += step.after;
            pacing = afterThrottle(pacing, step.seen, now);
          }
          const { concurrency, rate } = pacing;
          const within =
            rate === null ? given.requestsPerSecond === null : rate <= (given.requestsPerSecond ?? Infinity);
          return concurrency >= 1 && concurrency <= given.concurrency && within && (rate === null || rate >= 0.1);
        });
      }),
    );
    expect(outcome.counterexample).toBeNull();
  });

  test('lets in no stretch of time more requests than its rate, but for those of one late timer', () => {
    const outcome = fc.check(
      fc.property(
        fc.integer({ min: 1, max: 200 }),
        fc.array(fc.nat(400), { minLength: 2, maxLength: 200 }),
        (requestsPerSecond, gaps) => {
          let pacing = fullPace({ concurrency: 8, requestsPerSecond });
          let now = NOW;
          const leaves = gaps.map((gap) => {
            now += gap;
            const slot = takeSlot(pacing, now);
            pacing = slot.pacing;
            return Math.max(slot.at, now);
          });
          return leaves.every((from, first) =>
            leaves.slice(first).every((to, more) => more <= ((to - from + 51) * requestsPerSecond) / 1000 + 1),
          );
        },
      ),
    );
    expect(outcome.counterexample).toBeNull();
  });
});
