import { describe, expect, test } from 'vitest';
import type { Aside } from '../../src/ports/index.ts';
import { createGatherings } from '../../src/provisioning/gatherings.ts';

/** A wait that ends when told to. */
function waiting() {
  let end = (): void => undefined;
  const over = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { over, end: () => end() };
}

/** Lets everything run that can. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));

function gatherings(places: number) {
  const turns = createGatherings(places);
  const at: string[] = [];
  const begin = (name: string, work: (aside: Aside) => Promise<unknown>) =>
    turns.run(async (aside) => {
      at.push(`${name} begins`);
      await work(aside);
      at.push(`${name} ends`);
    });
  return { at, begin };
}

describe('the places of a process for cycles that are being prepared', () => {
  test('are no more than they are: who comes later waits in turn', async () => {
    const { at, begin } = gatherings(1);
    const first = waiting();
    const all = [begin('a', () => first.over), begin('b', async () => undefined)];
    await settled();
    expect(at).toEqual(['a begins']);
    first.end();
    await Promise.all(all);
    expect(at).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  test('are not taken by those who wait aside, however many they are', async () => {
    const { at, begin } = gatherings(1);
    const silence = waiting();
    const names = Array.from({ length: 20 }, (_, number) => `silent ${number}`);
    const silent = names.map((name) => begin(name, (aside) => aside(() => silence.over)));
    await begin('quick', async () => undefined);
    expect(at.at(-1)).toBe('quick ends');
    silence.end();
    await Promise.all(silent);
    expect(at).toHaveLength(42);
  });

  test('are waited for again by who comes back from aside', async () => {
    const { at, begin } = gatherings(1);
    const [silence, work] = [waiting(), waiting()];
    const all = [begin('a', (aside) => aside(() => silence.over)), begin('b', () => work.over)];
    await settled();
    silence.end();
    await settled();
    expect(at).toEqual(['a begins', 'b begins']);
    work.end();
    await Promise.all(all);
    expect(at).toEqual(['a begins', 'b begins', 'b ends', 'a ends']);
  });

  test.each([
    ['a wait aside', (aside: Aside) => aside(() => Promise.reject(new Error('no answer')))],
    ['the work', () => Promise.reject(new Error('no answer'))],
  ])('are free again once %s has failed', async (_what, work) => {
    const { at, begin } = gatherings(1);
    await expect(begin('a', work)).rejects.toThrow('no answer');
    await begin('b', async () => undefined);
    await begin('c', async () => undefined);
    expect(at).toEqual(['a begins', 'b begins', 'b ends', 'c begins', 'c ends']);
  });
});
