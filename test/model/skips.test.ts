import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Edit } from './organisation.ts';
import { openModelStores, type ModelStores } from './property.ts';
import { aScript } from './script.ts';
import { World } from './world.ts';

let under: ModelStores;

beforeAll(async () => {
  under = await openModelStores();
});
afterAll(() => under.close());

const script = aScript({ members: [['g1', 'u1']], assigned: ['g1', 'u3'] });

test('whom cycles pass over is told once in the log, again when it is so again, and never while they have an account', async () => {
  const world = new World('skips', script, under.stores, under.clock);
  const change = (edit: Edit) => world.take({ step: 'edit', edit });
  /** Whom the next cycle tells of, and whether it had looked at a few or at everybody. */
  const toldBy = async (kind: 'initial' | 'incremental') => {
    const done = await world.calmCycle(kind);
    const { entries } = await under.stores.log.read({ cycle: done.id, outcomes: ['skipped'], limit: 10 });
    return [done.kind, ...entries.map(({ subject, reason }) => `${subject.anchor} ${reason.code}`)];
  };
  await change({ edit: 'block', user: 'u1' });
  expect(await toldBy('initial')).toEqual(['initial', 'u1 NotEffectivelyEntitled']);
  expect(await toldBy('initial')).toEqual(['initial']);
  await change({ edit: 'department', user: 'u1', department: 'Sales' });
  expect(await toldBy('incremental')).toEqual(['incremental']);
  await change({ edit: 'block', user: 'u3' });
  expect(await toldBy('incremental')).toEqual(['incremental']);
  await change({ edit: 'leave', user: 'u1', group: 'g1' });
  expect(await toldBy('incremental')).toEqual(['incremental']);
  await change({ edit: 'join', user: 'u1', group: 'g1' });
  expect(await toldBy('incremental')).toEqual(['incremental', 'u1 NotEffectivelyEntitled']);
  await change({ edit: 'enable', user: 'u1' });
  expect(await toldBy('incremental')).toEqual(['incremental']);
  expect(
    (await under.stores.log.read({ user: 'u1', outcomes: ['exported'], limit: 10 })).entries.map(({ kind }) => kind),
  ).toContain('create');
});
