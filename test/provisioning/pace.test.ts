import { describe, expect, test } from 'vitest';
import { createPace } from '../../src/provisioning/pace.ts';

describe('pace', () => {
  test('the first slice is small, and later ones last about a second at the pace seen', () => {
    const pace = createPace(500);
    expect(pace.sliceSize('acme')).toBe(25);
    pace.learn('acme', 25, 250);
    expect(pace.sliceSize('acme')).toBe(100);
    pace.learn('acme', 100, 500);
    expect(pace.sliceSize('acme')).toBe(150);
    expect(pace.sliceSize('other')).toBe(25);
  });

  test('a slice keeps to the requests a second that are allowed now, whatever was learnt before', () => {
    const pace = createPace(500);
    expect(pace.sliceSize('acme', 3)).toBe(3);
    pace.learn('acme', 400, 1000);
    expect([pace.sliceSize('acme', 5), pace.sliceSize('acme', 0.2), pace.sliceSize('acme', 900)]).toEqual([5, 1, 400]);
  });

  test('a slice is never empty and never larger than allowed', () => {
    const pace = createPace(500);
    pace.learn('slow', 1, 60_000);
    pace.learn('fast', 500, 10);
    expect([pace.sliceSize('slow'), pace.sliceSize('fast')]).toEqual([1, 500]);
  });

  test('turns are taken in order, per connection, and passing one twice lets nobody jump the queue', async () => {
    const pace = createPace(500);
    const order: string[] = [];
    const take = (name: string, connection = 'acme') =>
      pace.turn(connection).then((pass) => {
        order.push(name);
        return pass;
      });
    const first = await take('first');
    const second = take('second');
    const third = take('third');
    await take('elsewhere', 'other');
    expect(order).toEqual(['first', 'elsewhere']);
    first();
    first();
    const passSecond = await second;
    expect(order).toEqual(['first', 'elsewhere', 'second']);
    passSecond();
    await third;
    expect(order.at(-1)).toBe('third');
  });

  test('a pause the provider asked for ends when its time has come', () => {
    const pace = createPace(500);
    pace.throttle('acme', 2000);
    expect([pace.throttledUntil('acme', 1999), pace.throttledUntil('acme', 2000)]).toEqual([2000, undefined]);
    expect(pace.throttledUntil('other', 1999)).toBeUndefined();
  });
});
