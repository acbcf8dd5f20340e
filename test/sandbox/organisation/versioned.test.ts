import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createVersioned } from '../../../src/sandbox/organisation/versioned.ts';

type Step =
  | { readonly kind: 'set'; readonly key: string }
  | { readonly kind: 'remove'; readonly key: string }
  | { readonly kind: 'settle' };

const key = fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l');
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('set' as const), key }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('remove' as const), key }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('settle' as const) }) },
);

describe('a versioned collection', () => {
  it('shows at every version since the last settling what a copy made then holds', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (steps, limit) => {
        const collection = createVersioned<string>();
        const model = new Map<string, string>();
        const outcomes: boolean[] = [];
        const copies: { version: number; content: ReadonlyMap<string, string> }[] = [
          { version: 0, content: new Map() },
        ];
        steps.forEach((one, index) => {
          const version = index + 1;
          if (one.kind === 'settle') {
            collection.settle();
            copies.length = 0;
          } else if (one.kind === 'set') {
            collection.set(one.key, `${one.key}${version}`, version);
            model.set(one.key, `${one.key}${version}`);
          } else {
            outcomes.push(collection.remove(one.key, version) === model.delete(one.key));
          }
          copies.push({ version, content: new Map(model) });
        });
        expect(outcomes).not.toContain(false);
        for (const { version, content } of copies) {
          const paged: string[] = [];
          for (let position = 0, more = true; more;) {
            const slice = collection.after(position, limit, version);
            expect(slice.values.length).toBeLessThanOrEqual(limit);
            paged.push(...slice.values);
            ({ last: position, more } = slice);
          }
          expect(new Set(paged)).toEqual(new Set(content.values()));
          expect(paged).toEqual([...collection.values(version)]);
          expect(paged).toHaveLength(content.size);
          expect(collection.size(version)).toBe(content.size);
          for (const name of 'abcdefghijkl') expect(collection.get(name, version)).toBe(content.get(name));
        }
      }),
    );
  });

  it('keeps the order of first addition, and forgets removed values when settled', () => {
    const collection = createVersioned<number>();
    for (let index = 0; index < 30; index += 1) collection.set(String(index), index, 0);
    for (let index = 0; index < 20; index += 1) collection.remove(String(index), 1);
    expect([...collection.values(0)]).toHaveLength(30);
    collection.settle();
    expect([...collection.values(0)]).toEqual([20, 21, 22, 23, 24, 25, 26, 27, 28, 29]);
    collection.set('3', 3, 2);
    expect([...collection.values(2)].at(-1)).toBe(3);
  });
});
