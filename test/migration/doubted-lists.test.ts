import { expect, test } from 'vitest';
import type { FaultSetting } from '../../src/sandbox/provider/faults.ts';
import { company } from '../e2e/company.ts';
import { useOwnWorlds } from './own-world.ts';
import { accountStates } from './surroundings.ts';

const openWorld = useOwnWorlds();

test.each<FaultSetting & { readonly shows: RegExp }>([
  { fault: 'lyingTotalResults', shows: /the list of accounts cannot be trusted/ },
  { fault: 'listShort', value: 2, shows: /the list of accounts cannot be trusted/ },
  { fault: 'listShort', path: '^/Groups', shows: /the list of groups cannot be trusted/ },
])('M6: what a list does not show is read by id, and the journal tells: $fault $path', async ({ shows, ...fault }) => {
  const at = await openWorld(company({ users: 6, groups: { Crew: [1, 4], Deck: [4, 5] }, direct: [6, 6] }));
  const before = accountStates(at);
  const { id } = await at.start('disable-scim');
  await at.live();
  // From the canary on: one group is gone, and the full cycle is still to come.
  at.provider.observe({
    async afterWrite({ method, path }) {
      if (method === 'DELETE' && path.includes('/Groups/') && at.provider.faults.list().length === 0)
        at.provider.faults.set(fault);
    },
  });
  await at.approve();
  expect(await at.live()).toMatchObject({ gate: { name: 'disable' } });
  const done = (await at.stores.migrations.lines(id)).flatMap(({ entry }) =>
    entry.kind === 'done' && entry.step === 'full-cycle' ? (entry.text ?? '') : [],
  );
  expect(done).toEqual([expect.stringMatching(shows)]);
  expect(done[0]).toMatch(/every linked account and group .* by its id/);
  expect(at.provider.groups.size).toBe(0);
  await at.approve();
  await at.live();
  at.provider.revokeToken(at.token);
  await at.approve();
  expect(await at.live()).toMatchObject({ result: 'succeeded' });
  expect(accountStates(at)).toEqual(before);
  expect(await at.operator.migrationReport(at.name)).toMatchObject({ verdict: 'passed', accounts: { lost: [] } });
});

test('M6: of a cycle whose lists can be trusted the journal tells no doubt', async () => {
  const at = await openWorld(company({ users: 3, groups: { Crew: [1, 2] }, direct: [3, 3] }));
  const { id } = await at.start('remove-groups', ['Crew']);
  await at.live();
  await at.approve();
  expect(await at.live()).toMatchObject({ result: 'succeeded' });
  const said = (await at.stores.migrations.lines(id)).map(({ entry }) => ('text' in entry ? entry.text : undefined));
  expect(said.filter((text) => text?.startsWith('full cycle'))).toEqual([expect.stringMatching(/succeeded$/)]);
});

test('a group whose size never agrees while groups are emptied is waited for for a while, then a person is asked', async () => {
  const at = await openWorld(company({ users: 5, groups: { Crew: [1, 4], Deck: [4, 5] } }));
  const before = accountStates(at);
  const { id } = await at.start('remove-groups', ['Crew', 'Deck']);
  await at.live();
  at.dieRightAfter((entry) => entry.kind === 'begun' && entry.step === 'empty-groups');
  await at.approve();
  await at.live();
  at.dieRightAfter(() => false);
  at.tenant.control.addFault({ path: '/groups/*/members/$count', effect: { kind: 'count-off', by: 1 } });
  // As if it had looked often: each look takes seconds, because the directory asks again for what does not agree.
  const read = { kind: 'seen', step: 'empty-groups', complete: false, text: 'could not be read completely' } as const;
  await at.stores.migrations.append(
    id,
    Array.from({ length: 37 }, () => read),
  );
  const view = await at.live();
  expect(view).toMatchObject({ status: 'paused' });
  expect(view.paused?.reason).toMatch(/^could not be read completely: members of group .*, after 40 reads/);
  at.tenant.control.clearFaults();
  await at.operator.actOnMigration({ connection: at.name, verb: 'resume', by: 'ada' });
  expect(await at.live()).toMatchObject({ result: 'succeeded' });
  expect(accountStates(at)).toEqual(before);
});
