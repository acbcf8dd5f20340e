import { afterAll, beforeAll, expect, test } from 'vitest';
import { openModelStores, type ModelStores } from './property.ts';
import { runScript } from './run-script.ts';
import { aScript, type Step } from './script.ts';

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
  const days = Array.from({ length: MOMENTS }, (_, after) => day(after));
  const script = aScript({ members: [['g2', 'u1']], assigned: ['g1', 'g2'], days });
  expect(await runScript('moving', script, 'initial', under)).toEqual([]);
});
