import { afterEach, expect, test } from 'vitest';
import type { Behaviour } from '../../src/sandbox/provider/behaviour.ts';
import { company, cycle, memberCount, people, personName, userNames } from './company.ts';
import { accountsOf, approve, assignedTo, start, still } from './migration-world.ts';
import { startWorld, type World, type WorldOptions } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Five people: 1 to 4 through Crew, 4 and 5 directly. All have accounts. */
async function open(options: WorldOptions = {}) {
  world = await startWorld({
    organisation: company({ users: 5, groups: { Crew: [1, 4] }, direct: [4, 5] }),
    migrations: true,
    ...options,
  });
  const operator = await world.open();
  expect((await cycle(operator)).result).toBe('succeeded');
  return { at: world, operator, before: accountsOf(world) };
}

test('M10, M13: without a migration whoever was reached only through the group is put out of the company', async () => {
  const { at, operator } = await open({
    provider: { behaviour: 'uniqkey' },
    profile: 'uniqkey',
    connection: { guards: { off: ['too-many-removals', 'group-cliff', 'non-empty-group-delete'] } },
  });
  at.tenant.control.unassign({ principal: 'Crew' });
  expect((await cycle(operator)).result).toBe('succeeded');
  const may = [...people(1, 5)].filter((name) => at.provider.canSignIn(name));
  // Person 4 had both; the direct assignment is enough.
  expect(may).toEqual(people(4, 5));
});

test.each<Behaviour['groupDelete']>(['memberships', 'users', 'refuse-non-empty'])(
  'M11: a provider whose deletes of groups mean "%s" loses nobody to a migration',
  async (groupDelete) => {
    const { at, operator, before } = await open({ provider: { overrides: { groupDelete } } });
    await start(operator, 'remove-groups', ['Crew']);
    await approve(operator, 'coverage');
    expect(await still(operator)).toMatchObject({ result: 'succeeded' });
    expect(at.provider.groups.size).toBe(0);
    expect(accountsOf(at)).toEqual(before);
  },
);

test('M12: a list that still shows deleted groups deceives nobody, and every call with the deleted token is refused', async () => {
  const { at, operator, before } = await open({ provider: { behaviour: 'uniqkey' }, profile: 'uniqkey' });
  at.provider.faults.set({ fault: 'deletedStillListed' });
  await start(operator, 'disable-scim');
  await approve(operator, 'coverage');
  expect(await still(operator)).toMatchObject({ gate: { name: 'disable' } });
  expect(at.provider.groups.size).toBe(0);
  await approve(operator, 'disable');
  await still(operator);
  const token = at.provider.token ?? '';
  at.provider.revokeToken(token);
  await approve(operator, 'revocation');
  expect(await still(operator)).toMatchObject({ result: 'succeeded' });
  for (const path of ['/Users', '/Groups']) {
    const answer = await fetch(`${at.provider.url}${path}`, { headers: { authorization: `Bearer ${token}` } });
    expect(answer.status).toBe(401);
  }
  expect(accountsOf(at)).toEqual(before);
  expect(userNames(at)).toEqual(people(1, 5));
  expect(at.provider.canSignIn(personName(1))).toBe(true);
});

// At the gates it may be asked for at leisure (M9 of migration-trouble); here something is under way.
test.each([
  { moment: 'the first member is taken out', method: 'PATCH', times: 1 },
  { moment: 'the last group is empty', method: 'PATCH', times: 3 },
  { moment: 'the canary is deleted', method: 'DELETE', times: 1 },
  { moment: 'the full cycle deletes', method: 'DELETE', times: 2 },
])('M9: a rollback asked for when $moment leads back to where it began', async ({ method, times }) => {
  const organisation = company({ users: 5, groups: { Crew: [1, 3], Deck: [3, 4] }, direct: [5, 5] });
  const { at, operator, before } = await open({ organisation });
  const assigned = assignedTo(at);
  let seen = 0;
  at.provider.observe({
    async afterWrite(write) {
      if (write.method !== method || !write.path.includes('/Groups/')) return;
      seen += 1;
      if (seen === times) await operator.migrations.actOnMigration({ connection: 'acme', verb: 'rollback', by: 'ada' });
    },
  });
  await start(operator, 'remove-groups', ['Crew', 'Deck']);
  await approve(operator, 'coverage');
  expect(await still(operator)).toMatchObject({ result: 'rolled-back', frozen: false });
  expect(seen).toBeGreaterThanOrEqual(times);
  expect(assignedTo(at)).toEqual(assigned);
  expect(accountsOf(at)).toEqual(before);
  expect([memberCount(at, 'Crew'), memberCount(at, 'Deck')]).toEqual([3, 2]);
  expect(await cycle(operator)).toMatchObject({ total: 0 });
});
