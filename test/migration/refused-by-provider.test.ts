import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { company, personName } from '../e2e/company.ts';
import { useOwnWorlds, type OwnWorld } from './own-world.ts';

const openWorld = useOwnWorlds();

/** Up to where the full cycle has met a provider that deletes the first group, as a canary, and answers so to the others. */
async function refused(status: number): Promise<OwnWorld> {
  const at = await openWorld(company({ users: 5, groups: { Crew: [1, 2], Deck: [2, 3], Mast: [3, 5] } }));
  at.provider.observe({
    afterWrite({ method }) {
      if (method === 'DELETE' && at.provider.faults.list().length === 0 && at.provider.groups.size === 2)
        at.provider.faults.set({ fault: 'failBefore', value: status, method: 'DELETE', path: '^/Groups' });
    },
  });
  await at.start('remove-groups', ['Crew', 'Deck', 'Mast']);
  await at.live();
  await at.approve();
  await at.live();
  return at;
}

async function cyclesOf(at: OwnWorld): Promise<number> {
  const cycles = await at.stores.cycles.list({ connection: at.name, limit: 100 });
  return cycles.filter(({ migration }) => migration !== undefined).length;
}

describe.each([400, 500])('M6: a provider answers %i to the deletes of the full cycle', (status) => {
  test('it pauses after one cycle and says which groups, with which answer, and what to do; mended and resumed, it ends well', async () => {
    const at = await refused(status);
    const { paused } = await at.operator.migrationStatus(at.name);
    expect(paused).toMatchObject({ by: 'headgate' });
    for (const group of ['Deck', 'Mast']) expect(paused?.reason).toContain(`delete SCIM group ${group} (`);
    expect(paused?.reason).toContain(`answered ${status}`);
    expect(paused?.reason).toContain(`headgate migration resume ${at.name}`);
    expect(await cyclesOf(at)).toBe(1);

    at.provider.faults.clear();
    at.provider.observe({});
    await at.operator.actOnMigration({ connection: at.name, verb: 'resume', by: 'ada' });
    expect(await at.live()).toMatchObject({ status: 'ended', result: 'succeeded' });
    expect(at.groups()).toEqual({});
    expect(await cyclesOf(at)).toBe(2);
    expect(await at.stores.escrows.load(at.name)).toEqual([]);
  });
});

test('M6: where the provider takes the credential no more, what the quarantine says to do is said of the migration, too', async () => {
  const at = await refused(403);
  const { quarantine } = await at.stores.connections.get(at.name);
  const { paused } = await at.operator.migrationStatus(at.name);
  expect(quarantine?.cause?.remedy).toEqual(expect.stringMatching(/./));
  expect(paused?.reason).toContain(quarantine?.cause?.remedy);
  expect(await cyclesOf(at)).toBe(1);
});

test('M6: where a step meets a credential that is not taken, it says how another is put in its place, and that it is to be resumed then', async () => {
  const at = await openWorld(company({ users: 5, groups: { Crew: [1, 2], Deck: [2, 3] } }));
  await at.start('remove-groups', ['Crew', 'Deck']);
  await at.live();
  await at.approve();
  at.provider.faults.set({ fault: 'failBefore', value: 401, path: '^/' });
  expect(await at.live()).toMatchObject({ status: 'paused' });
  const { paused } = await at.operator.migrationStatus(at.name);
  const words = new RegExp(
    `401.*headgate token rotate -c ${at.name}.*token_file.*headgate migration resume ${at.name}`,
  );
  expect(paused?.reason).toMatch(words);
  expect(paused?.reason).not.toContain('by itself');
});

test('M6: a credential that its full cycle finds refused is told of in the same words', async () => {
  const at = await refused(401);
  const { paused } = await at.operator.migrationStatus(at.name);
  expect(paused?.reason).toMatch(
    new RegExp(`headgate token rotate -c ${at.name}.*headgate migration resume ${at.name}`),
  );
  expect(paused?.reason).not.toContain('goes on by itself');
});

test.each([400, 403])(
  'M9: an account whose change the provider answers %i for good does not bar the way back of the groups',
  async (status) => {
    const at = await openWorld(company({ users: 5, groups: { Crew: [1, 3] }, direct: [4, 5] }));
    at.tenant.control.updateUser(personName(5), { displayName: 'Another Name' });
    const { id } = z.object({ id: z.string() }).parse(at.provider.accounts.find(personName(5)));
    at.provider.faults.set({ fault: 'failBefore', value: status, method: 'PATCH', path: `^/Users/${id}` });
    await at.start('disable-scim');
    await at.live();
    await at.approve();
    expect(await at.live()).toMatchObject({ gate: { name: 'disable' } });
    await at.operator.actOnMigration({ connection: at.name, verb: 'rollback', by: 'ada' });
    expect(await at.live()).toMatchObject({ status: 'ended', result: 'rolled-back' });
    expect(at.groups()).toEqual({ Crew: [1, 2, 3].map(personName) });
    expect(await at.stores.escrows.load(at.name)).toMatchObject([{ kind: 'update', resource: 'account' }]);
  },
);
