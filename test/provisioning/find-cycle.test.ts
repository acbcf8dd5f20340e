import { expect, test } from 'vitest';
import { cycleIdOf } from '../../src/provisioning/find-cycle.ts';

const ids = ['abcd1111', 'abcd2222', 'abcd', 'beef0000'];
const cycles = {
  get: async () => undefined,
  idsBeginningWith: async (beginning: string, limit: number) =>
    ids.filter((id) => id.startsWith(beginning)).slice(0, limit),
};

test.each([
  ['the beginning of one id', 'beef', 'beef0000'],
  ['a whole id', 'abcd1111', 'abcd1111'],
  ['a whole id that others begin with', 'abcd', 'abcd'],
  ['less than four letters', 'bee', undefined],
  ['what no id begins with', 'cafe', undefined],
])('%s means that cycle or none', async (_what, asked, found) => {
  expect(await cycleIdOf(cycles, asked)).toBe(found);
});

test('a beginning of several ids is refused with the candidates', async () => {
  const several = { ...cycles, idsBeginningWith: async () => ['abcd1111', 'abcd2222'] };
  await expect(cycleIdOf(several, 'abcd')).rejects.toMatchObject({
    code: 'ambiguous',
    message: 'several cycles begin with abcd: abcd1111, abcd2222',
  });
});
