import { afterAll, beforeAll, expect, test } from 'vitest';
import { openModelStores, type ModelStores } from './property.ts';
import { runScript } from './run-script.ts';
import type { Script, Step } from './script.ts';

/** More calls than gathering a company of two groups takes. */
const MOMENTS = 40;
let under: ModelStores;

beforeAll(async () => {
  under = await openModelStores();
});
afterAll(() => under.close());

/** Groups are read in the order of their ids: whoever goes from the second to the first is in neither. */
function day(after: number): readonly Step[] {
  return [
    { step: 'edit-later', edit: { edit: 'move', user: 'u1', from: 'g2', to: 'g1' }, after },
    { step: 'schedule', kind: 'initial' },
    { step: 'work' },
    { step: 'edit', edit: { edit: 'move', user: 'u1', from: 'g1', to: 'g2' } },
    { step: 'schedule', kind: 'initial' },
    { step: 'work' },
  ];
}

test('whoever moves to another group at any moment of a full cycle keeps the account', async () => {
  const script: Script = {
    unique: true,
    membersReadable: 'full',
    processes: 1,
    delayMs: 0,
    sliceSize: 4,
    concurrency: 1,
    members: [['g2', 'u1']],
    assigned: ['g1', 'g2'],
    days: Array.from({ length: MOMENTS }, (_, after) => day(after)),
  };
  expect(await runScript('moving', script, 'initial', under)).toEqual([]);
});
