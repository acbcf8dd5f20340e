import { expect, test } from 'vitest';
import type { JournalEntry } from '../../src/core/migration/journal.ts';
import { company, people } from '../e2e/company.ts';
import { useEntraWorlds, type EntraWorld } from './entra-world.ts';

const openWorld = useEntraWorlds();

/** Six people: 1 to 4 through Crew, 4 and 5 through Deck, 6 directly. The gate is open; deletes of groups take members along. */
async function open(): Promise<EntraWorld> {
  const organisation = company({ users: 6, groups: { Crew: [1, 4], Deck: [4, 5] }, direct: [6, 6] });
  const at = await openWorld({ organisation, vendor: 'uniqkey' });
  await at.start('remove-groups', ['Crew', 'Deck']);
  expect(await at.settle()).toMatchObject({ gate: { name: 'coverage' } });
  await at.approve();
  return at;
}

/** Until such a line is written, with a cycle of Entra's before each look; nobody has looked since. */
async function until(at: EntraWorld, chosen: (entry: JournalEntry) => boolean): Promise<void> {
  at.dieRightAfter(chosen);
  for (let life = 0; at.deaths() === 0 && life < 40; life++) {
    await at.cycle();
    await at.look(1);
  }
  expect(at.deaths()).toBe(1);
  at.dieRightAfter(() => false);
}

/** As a tool does that puts back whatever its file says is assigned; Entra makes the SCIM group anew where it has deleted it. */
async function assignAgain(at: EntraWorld, group: string): Promise<void> {
  at.tenant.control.assign({ principal: group });
  expect(await at.cycle()).toMatchObject({ state: 'Succeeded' });
}

/** To the end, with a yes wherever it is asked for again: nobody has lost anything, and nothing of the groups is left. */
async function expectAllGone(at: EntraWorld): Promise<void> {
  for (let view = await at.settle(); view.result === undefined; view = await at.settle()) {
    expect(view).toMatchObject({ status: 'waiting' });
    await at.approve();
  }
  expect(at.active()).toEqual(people(1, 6));
  expect(at.assigned()).toEqual(people(1, 6));
  expect(at.groups()).toEqual({});
  const report = await at.operator.migrationReport(at.connection.rules.name);
  expect(report).toMatchObject({ result: 'succeeded', verdict: 'passed', accounts: { lost: [] } });
}

test.each<readonly [moment: string, group: string, chosen: (entry: JournalEntry) => boolean]>([
  ['the canary, while its cycle is waited for', 'Deck', ({ kind }) => kind === 'native-job'],
  ['the canary, once it is gone', 'Deck', (entry) => entry.kind === 'done' && entry.step === 'canary'],
  ['a group whose cycle is waited for', 'Crew', (entry) => entry.kind === 'native-job' && entry.step === 'full-cycle'],
  ['a group that is gone', 'Crew', (entry) => entry.kind === 'done' && entry.step === 'full-cycle'],
])(
  'M4, M9: %s, assigned again by somebody, is emptied and goes once more, and nobody with it',
  async (_moment, group, chosen) => {
    const at = await open();
    const isBeforeIt = (entry: JournalEntry) => entry.kind !== 'native-job' || entry.step !== 'assignments-cycle';
    await until(at, (entry) => chosen(entry) && isBeforeIt(entry));
    await assignAgain(at, group);
    expect(at.assigned()).toContain(group);
    await expectAllGone(at);
  },
);

test('M4, M6: one that a cycle under way is making anew does not go before it can be emptied', async () => {
  const at = await open();
  await until(at, (entry) => entry.kind === 'done' && entry.step === 'canary');
  let looked = false;
  at.provider.observe({
    async afterWrite({ method, path }) {
      if (looked || method !== 'POST' || !path.includes('/Groups')) return;
      looked = true;
      await at.look(14);
    },
  });
  await assignAgain(at, 'Deck');
  at.provider.observe({});
  expect(looked).toBe(true);
  await expectAllGone(at);
});

test('M4: one that is assigned again at the gate disable is not left behind', async () => {
  const organisation = company({ users: 6, groups: { Crew: [1, 4], Deck: [4, 5] }, direct: [6, 6] });
  const at = await openWorld({ organisation, vendor: 'uniqkey' });
  await at.start('disable-scim');
  await at.settle();
  await at.approve();
  expect(await at.settle()).toMatchObject({ gate: { name: 'disable' } });
  await assignAgain(at, 'Deck');
  await at.approve();
  for (let view = await at.settle(); view.gate?.name !== 'revocation'; view = await at.settle()) await at.approve();
  expect(at.groups()).toEqual({});
  expect(at.active()).toEqual(people(1, 6));
});
