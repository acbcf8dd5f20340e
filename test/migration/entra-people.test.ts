import { expect, test } from 'vitest';
import { company, people, personName } from '../e2e/company.ts';
import { useEntraWorlds, type EntraWorld } from './entra-world.ts';
import { accountStates } from './surroundings.ts';

const openWorld = useEntraWorlds();

/** Six people: 1 to 4 through Crew, 4 and 5 through Deck, 6 directly. */
async function open(): Promise<EntraWorld> {
  const organisation = company({ users: 6, groups: { Crew: [1, 4], Deck: [4, 5] }, direct: [6, 6] });
  return openWorld({ organisation });
}

/** Deactivated at the provider by Entra's next cycle, if one comes. */
function leaves(at: EntraWorld, n: number): void {
  at.tenant.control.disableUser(personName(n));
}

test('M4: somebody who leaves the company before anything is taken away stops it, by name, and Entra goes on', async () => {
  const at = await open();
  await at.start('remove-groups', ['Crew', 'Deck']);
  expect(await at.settle()).toMatchObject({ gate: { name: 'coverage' } });
  leaves(at, 6);
  await at.approve();
  const view = await at.settle();
  expect(view).toMatchObject({ status: 'paused' });
  expect(view.paused?.reason).toContain(personName(6));
  expect(await at.jobCode()).toBe('Active');
  expect(at.assigned()).toEqual(['Crew', 'Deck', ...people(1, 6)].toSorted());
  expect(at.provider.groups.find('Crew')?.['members']).toHaveLength(4);
  expect(at.provider.groups.find('Deck')?.['members']).toHaveLength(2);
});

test.each([
  { moment: 'before Entra’s next cycle', cycle: false },
  { moment: 'and whom it has deprovisioned already', cycle: true },
])(
  'M4: somebody who leaves after the first member was taken out, $moment, aborts it and pauses the job',
  async ({ cycle }) => {
    const at = await open();
    await at.start('remove-groups', ['Crew', 'Deck']);
    await at.settle();
    await at.approve();
    const left: number[] = [];
    at.provider.observe({
      async afterWrite({ method, path }) {
        if (left.length > 0 || method !== 'PATCH' || !path.includes('/Groups/')) return;
        left.push(6);
        leaves(at, 6);
      },
    });
    for (let look = 0; left.length === 0 && look < 10; look++) await at.look(1);
    expect(left).toEqual([6]);
    if (cycle) await at.cycle();
    const before = accountStates(at);
    const view = await at.look(5);
    expect(view).toMatchObject({ result: 'aborted', frozen: true });
    expect(view.resultText).toContain(personName(6));
    expect(view.resultText).toMatch(/Entra's own provisioning was paused/);
    expect(await at.jobCode()).toBe('Paused');
    // Nothing follows: not for the leaver, nor for anybody in the groups.
    expect(await at.cycle()).toBeUndefined();
    expect(accountStates(at)).toEqual(before);
    expect(at.assigned()).toEqual(['Crew', 'Deck', ...people(1, 6)].toSorted());
  },
);

test('M3: who joins a group while it is asked whether another connection needs it is seen before it is unassigned', async () => {
  const organisation = company({ users: 7, groups: { Crew: [1, 4], Deck: [4, 5] }, direct: [6, 6] });
  const joined: string[] = [];
  const at = await openWorld({
    organisation,
    beside: (own) => {
      const readMemberships: typeof own.directory.readMemberships = async (groups, signal) => {
        const [group] = groups;
        // One group by itself: the question just before it goes.
        if (group !== undefined && groups.length === 1 && joined.length === 0) {
          joined.push(group);
          at.tenant.control.addMember(group, personName(7));
        }
        return own.directory.readMemberships(groups, signal);
      };
      const scope = { groups: true, nestedGroups: 'expand' } as const;
      const rules = { ...own.rules, name: `${own.rules.name}-beside`, scope };
      return { ...own, rules, directory: { ...own.directory, readMemberships } };
    },
  });
  await at.start('remove-groups', ['Crew', 'Deck']);
  expect(await at.settle()).toMatchObject({ gate: { name: 'coverage' } });
  expect(joined).toEqual([]);
  await at.approve();
  expect(await at.settle()).toMatchObject({ gate: { name: 'coverage' } });
  expect(joined).toHaveLength(1);
  expect(at.assigned()).toEqual(['Crew', 'Deck', ...people(1, 7)].toSorted());
});

test('M3, M13: 429 on assignment writes are waited out, and nobody is left out or assigned twice', async () => {
  const at = await open();
  const before = accountStates(at);
  const path = '/servicePrincipals/*/appRoleAssignedTo';
  for (const times of [2, 1])
    at.tenant.control.addFault({
      path,
      method: 'POST',
      times,
      effect: { kind: 'status', status: 429, retryAfter: '1' },
    });
  at.tenant.control.clearRequests();
  await at.start('remove-groups', ['Crew', 'Deck']);
  expect(await at.settle()).toMatchObject({ gate: { name: 'coverage' }, uncovered: 0 });
  expect(at.assigned()).toEqual(['Crew', 'Deck', ...people(1, 6)].toSorted());
  const posts = at.tenant.control
    .requests()
    .filter(({ method, path: to }) => method === 'POST' && to.endsWith('/appRoleAssignedTo'));
  expect(posts.filter(({ status }) => status === 429)).toHaveLength(3);
  expect(posts.filter(({ status }) => status === 201)).toHaveLength(5);
  await at.approve();
  expect(await at.settle()).toMatchObject({ result: 'succeeded' });
  expect(accountStates(at)).toEqual(before);
});

test('a job in quarantine that was mended and started again is waited for once that is said, whatever it did before', async () => {
  const at = await open();
  const { control } = at.tenant;
  await at.start('remove-groups', ['Crew', 'Deck']);
  await at.settle();
  await at.approve();
  await at.look(12);
  control.changeProvisioningJob(undefined, { deleteThreshold: 0 });
  expect(await at.cycle()).toMatchObject({ state: 'Failed' });
  const stopped = await at.look(1);
  expect(stopped.paused?.reason).toMatch(/TooManyDeletes.*only where they are all meant/);
  control.changeProvisioningJob(undefined, { deleteThreshold: 3, code: 'Active' });
  await at.operator.actOnMigration({ connection: at.connection.rules.name, verb: 'resume', by: 'ada' });
  expect(await at.look(2)).toMatchObject({ status: 'running' });
  expect(await at.settle()).toMatchObject({ result: 'succeeded' });
  expect(at.active()).toEqual(people(1, 6));
});

test('killed as it takes the yes to switching SCIM off back, it asks nobody about what was approved before', async () => {
  const at = await open();
  await at.start('disable-scim');
  await at.settle();
  await at.approve();
  const shown = await at.settle();
  expect(shown).toMatchObject({ gate: { name: 'disable' } });
  leaves(at, 6);
  await at.approve();
  at.dieAfter(1);
  const view = await at.look(1);
  expect(at.deaths()).toBe(1);
  expect(view.gate?.digest).not.toBe(shown.gate?.digest);
  const asked = await at.look(8);
  expect(asked).toMatchObject({ gate: { name: 'disable', why: 'not-approved' } });
  expect(asked.findings.map(({ code }) => code)).toContain('leavers-stay');
});
