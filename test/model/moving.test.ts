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

/** The directory tells of whoever gets another department, so that an incremental cycle looks at them. */
function replacing(after: number): readonly Step[] {
  return [
    { step: 'edit', edit: { edit: 'department', user: 'u1', department: after % 2 === 0 ? 'Sales' : 'IT' } },
    { step: 'edit-later', edit: { edit: 'assign', principal: 'u1' }, after },
    { step: 'edit-later', edit: { edit: 'leave', user: 'u1', group: 'g1' }, after },
    { step: 'schedule', kind: 'incremental' },
    { step: 'work' },
    { step: 'edit', edit: { edit: 'join', user: 'u1', group: 'g1' } },
    { step: 'edit', edit: { edit: 'unassign', principal: 'u1' } },
    { step: 'schedule', kind: 'incremental' },
    { step: 'work' },
  ];
}

test('whoever is assigned directly and then leaves the group at any moment of an incremental cycle keeps the account', async () => {
  const days = Array.from({ length: MOMENTS }, (_, after) => replacing(after));
  const script = aScript({ members: [['g1', 'u1']], assigned: ['g1', 'u3'], days });
  expect(await runScript('replacing', script, 'incremental', under)).toEqual([]);
});
