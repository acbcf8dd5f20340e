import { afterEach, expect, test } from 'vitest';
import { company, cycle, memberCount, people, personName, userNames } from './company.ts';
import { accountsOf, approve, assignedTo, start, still } from './migration-world.ts';
import { startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Eight people: 1 to 4 through Crew, 4 to 6 through Deck, 7 and 8 directly. All have accounts. */
async function open() {
  world = await startWorld({
    organisation: company({ users: 8, groups: { Crew: [1, 4], Deck: [4, 6] }, direct: [7, 8] }),
    migrations: true,
  });
  const operator = await world.open();
  expect((await cycle(operator)).result).toBe('succeeded');
  return { at: world, operator, before: accountsOf(world), assigned: assignedTo(world) };
}

test('M9: aborted by itself because somebody left after the canary, it goes back; the leaver waits for the next cycle', async () => {
  const { at, operator, before, assigned } = await open();
  at.provider.observe({
    async afterWrite({ method, path }) {
      if (method === 'DELETE' && path.includes('/Groups/')) at.tenant.control.disableUser(personName(7));
    },
  });
  await start(operator, 'remove-groups', ['Crew', 'Deck']);
  await approve(operator, 'coverage');
  expect(await still(operator)).toMatchObject({ result: 'aborted', frozen: true });
  expect(at.provider.groups.size).toBe(1);
  expect(assignedTo(at)).not.toEqual(assigned);

  await operator.migrations.actOnMigration({ connection: 'acme', verb: 'rollback', by: 'ada' });
  expect(await still(operator)).toMatchObject({ result: 'rolled-back', frozen: false });
  expect(assignedTo(at)).toEqual(assigned);
  expect(accountsOf(at)).toEqual(before);
  expect([memberCount(at, 'Crew'), memberCount(at, 'Deck')]).toEqual([4, 3]);
  expect((await operator.status()).connections[0]?.state.pausedReason).toBeUndefined();
  expect(await operator.migrations.migrationReport('acme')).toMatchObject({
    result: 'rolled-back',
    chain: { sound: true },
  });
  await expect(operator.migrations.actOnMigration({ connection: 'acme', verb: 'rollback', by: 'ada' })).rejects.toThrow(
    /has ended \(rolled-back\)/,
  );
  await cycle(operator);
  expect(userNames(at)).toEqual(people(1, 8).filter((name) => name !== personName(7)));
});

test('M9: aborted by a person once the groups were emptied, it goes back even after a cycle has deleted them', async () => {
  const { at, operator, before, assigned } = await open();
  let seen = 0;
  at.provider.observe({
    async afterWrite({ path }) {
      if (path.includes('/Groups/')) seen += 1;
      if (seen === 3) await operator.migrations.actOnMigration({ connection: 'acme', verb: 'abort', by: 'ada' });
    },
  });
  await start(operator, 'remove-groups', ['Crew', 'Deck']);
  await approve(operator, 'coverage');
  expect(await still(operator)).toMatchObject({ result: 'aborted', frozen: false });
  expect((await operator.status()).connections[0]?.abortedMigration).toMatchObject({ kind: 'remove-groups' });
  at.provider.observe({});
  for (const principal of ['Crew', 'Deck']) at.tenant.control.unassign({ principal });
  expect((await cycle(operator)).result).toMatch(/succeeded|held/);
  expect(assignedTo(at)).toEqual(people(1, 8));

  await operator.migrations.actOnMigration({ connection: 'acme', verb: 'rollback', by: 'ada' });
  expect(await still(operator)).toMatchObject({ result: 'rolled-back' });
  expect(assignedTo(at)).toEqual(assigned);
  expect(accountsOf(at)).toEqual(before);
  expect([memberCount(at, 'Crew'), memberCount(at, 'Deck')]).toEqual([4, 3]);
});
