import { describe, expect, test, vi } from 'vitest';
import type { MigrationStep } from '../../src/core/migration/migration.ts';
import { company, people, personName } from '../e2e/company.ts';
import { useEntraWorlds } from './entra-world.ts';
import { useOwnWorlds, type OwnWorld } from './own-world.ts';
import { accountStates } from './surroundings.ts';

const openWorld = useOwnWorlds();
const openAtKeeper = useOwnWorlds('generic');

/** Two people in a group that is to go, two in groups that stay; a process has died right after it wrote such a line. */
async function begin(last: Parameters<OwnWorld['dieRightAfter']>[0]): Promise<OwnWorld> {
  const at = await openWorld(company({ users: 4, groups: { Crew: [1, 2], Deck: [3, 3], Mess: [4, 4] } }));
  at.dieRightAfter(last);
  await at.start('remove-groups', ['Crew']);
  const { gate } = await at.live();
  if (gate !== undefined) {
    await at.approve();
    await at.live();
  }
  expect(at.deaths()).toBe(1);
  at.dieRightAfter(() => false);
  return at;
}

/** As while somebody joins: the index behind the sizes of groups lags for as long as one look asks for that of one group. */
function lagForOneLook({ tenant: { control, organisation } }: OwnWorld): void {
  const deck = [...organisation.groups.values(organisation.version())].find(
    ({ properties }) => properties['displayName'] === 'Deck',
  );
  const path = `/groups/${deck?.id}/members/$count`;
  control.addFault({ path, effect: { kind: 'count-off', by: 1 }, times: 3 });
}

test.each<MigrationStep>(['survey', 'unassign-groups', 'canary'])(
  'a size of a group that lags behind after step %s is waited for: nobody need look',
  async (step) => {
    const at = await begin((entry) => entry.kind === 'done' && entry.step === step);
    lagForOneLook(at);
    if ((await at.live()).gate !== undefined) {
      await at.approve();
      await at.live();
    }
    expect(at.tenant.control.faults()).toEqual([]);
    expect(await at.operator.migrationStatus(at.name)).toMatchObject({ result: 'succeeded' });
    expect(await at.operator.migrationReport(at.name)).toMatchObject({ verdict: 'passed' });
  },
);

test('a full cycle that met a size that lags behind does not count, and another is run', async () => {
  const at = await begin((entry) => entry.kind === 'cycle');
  lagForOneLook(at);
  expect(await at.live()).toMatchObject({ result: 'succeeded' });
  expect(at.tenant.control.faults()).toEqual([]);
  expect(await at.operator.migrationReport(at.name)).toMatchObject({ verdict: 'passed' });
});

test('a full cycle in whose reads somebody moves from group to group takes that for no removal, and another is run', async () => {
  const at = await begin((entry) => entry.kind === 'cycle');
  const { directory, tenant } = at;
  const read = directory.readMemberships.bind(directory);
  vi.spyOn(directory, 'readMemberships').mockImplementationOnce(async (groups, ...asked) => {
    const mess = await read(groups.slice(-1), ...asked);
    tenant.control.addMember('Mess', personName(3));
    tenant.control.removeMember('Deck', personName(3));
    const others = await read(groups.slice(0, -1), ...asked);
    return { value: new Map([...others.value, ...mess.value]), gaps: [...others.gaps, ...mess.gaps] };
  });
  expect(await at.live()).toMatchObject({ result: 'succeeded', frozen: false });
  expect((await at.stores.cycles.list({ connection: at.name, limit: 5 })).map(({ result }) => result)).toContain(
    'refused',
  );
  expect(await at.operator.migrationReport(at.name)).toMatchObject({ verdict: 'passed' });
});

/** Crew, of three, is deleted by hand just as its second request to take somebody out arrives. */
async function deleteWhileEmptied(at: OwnWorld): Promise<void> {
  await at.start('remove-groups', ['Crew']);
  await at.live();
  let taken = 0;
  at.provider.observe({
    beforeWrite({ method }) {
      if (method !== 'PATCH' || (taken += 1) !== 2) return;
      const { id } = at.provider.groups.find('Crew') ?? {};
      if (typeof id === 'string') at.provider.change('DELETE', `/Groups/${id}`);
    },
  });
  await at.approve();
  await at.live();
  expect(taken).toBeGreaterThanOrEqual(2);
}

const emptied = () => company({ users: 4, groups: { Crew: [1, 3], Deck: [4, 4] } });

test('a SCIM group that somebody deletes by hand while it is emptied is gone, and nobody need look', async () => {
  const at = await openAtKeeper(emptied());
  const before = accountStates(at);
  await deleteWhileEmptied(at);
  expect(await at.operator.migrationStatus(at.name)).toMatchObject({ result: 'succeeded' });
  expect(accountStates(at)).toEqual(before);
  expect(await at.operator.migrationReport(at.name)).toMatchObject({ verdict: 'passed' });
});

test('whoever goes with a SCIM group that somebody deletes while it is emptied is told of as lost', async () => {
  const at = await openWorld(emptied());
  await deleteWhileEmptied(at);
  expect(await at.operator.migrationStatus(at.name)).toMatchObject({ result: 'aborted', frozen: true });
  const { accounts } = await at.operator.migrationReport(at.name);
  expect(accounts.lost.map(({ label }) => label)).toEqual([personName(2), personName(3)]);
});

describe('beside Entra', () => {
  const openBeside = useEntraWorlds();

  test.each(['uniqkey', 'generic'] as const)(
    'M3: whom its cycle makes an account and a member while both sides are read is no stranger in the group: %s',
    async (vendor) => {
      const organisation = company({ users: 6, groups: { Crew: [1, 2] }, direct: [5, 5] });
      const at = await openBeside({ organisation, vendor });
      await at.start('remove-groups', ['Crew']);
      await at.settle();
      await at.approve();
      const { provider } = at.connection;
      const list = provider.listAccounts.bind(provider);
      vi.spyOn(provider, 'listAccounts').mockImplementationOnce(async (...asked) => {
        at.tenant.control.addMember('Crew', personName(6));
        await at.cycle();
        return list(...asked);
      });
      expect(await at.settle()).toMatchObject({ gate: { name: 'coverage', why: 'not-approved' }, users: 3 });
      expect(at.assigned()).toContain(personName(6));
      await at.approve();
      expect(await at.settle()).toMatchObject({ result: 'succeeded' });
      expect(at.active()).toEqual([...people(1, 2), personName(5), personName(6)]);
    },
  );
});
