import { describe, expect, test } from 'vitest';
import { createPacer } from '../../../src/adapters/scim/pacer.ts';
import { never } from './builders.ts';

const at = () => 1_000_000;

describe('a pacer', () => {
  test('lets as many requests leave as it may, and the next when one is answered, in order', async () => {
    const pacer = createPacer({ concurrency: 2, requestsPerSecond: null }, at);
    expect([pacer.enter(never), pacer.enter(never)]).toEqual([undefined, undefined]);
    const order: string[] = [];
    const third = pacer.enter(never)?.then(() => order.push('third'));
    const fourth = pacer.enter(never)?.then(() => order.push('fourth'));
    pacer.leave();
    await third;
    expect(order).toEqual(['third']);
    pacer.leave();
    await fourth;
    expect(order).toEqual(['third', 'fourth']);
  });

  test('halves what may be in flight when the provider says slower, and shows it', async () => {
    const pacer = createPacer({ concurrency: 4, requestsPerSecond: null }, at);
    for (let n = 0; n < 4; n++) expect(pacer.enter(never)).toBeUndefined();
    pacer.throttled();
    expect(pacer.pace()).toEqual({ concurrency: 2, requestsPerSecond: 2 });
    let entered = false;
    const waiting = pacer.enter(never)?.then((placed) => (entered = placed));
    pacer.leave();
    pacer.leave();
    await Promise.resolve();
    expect(entered).toBe(false);
    pacer.leave();
    await waiting;
    expect(entered).toBe(true);
  });

  test('lets go of a request that is stopped while it waits, and of its place', async () => {
    const pacer = createPacer({ concurrency: 1, requestsPerSecond: 0.01 }, at);
    expect(await pacer.enter(never)).toBe(true);
    const stop = new AbortController();
    const queued = pacer.enter(stop.signal);
    pacer.leave();
    // The second has its place now and waits for its time; the third waits for a place.
    const third = pacer.enter(stop.signal);
    stop.abort();
    expect(await Promise.all([queued, third])).toEqual([false, false]);
    expect(pacer.pace()).toEqual({ concurrency: 1, requestsPerSecond: 0.01 });
  });
});
