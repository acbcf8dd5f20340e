import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { company, cycle, memberCount, people, personName, userNames, writes } from './company.ts';
import { startWorld, type World } from './world.ts';

describe.each(['salesforce', 'entra-legacy'] as const)('a provider of profile %s', (behaviour) => {
  let world: World;
  let operator: OperatorClient;

  beforeAll(async () => {
    world = await startWorld({
      organisation: company({ users: 230, groups: { Crew: [1, 20] }, direct: [15, 230] }),
      provider: { behaviour },
      profile: behaviour,
    });
    operator = await world.open();
  });
  afterAll(() => world.close());

  test('is filled by a first cycle, and the second one writes nothing', async () => {
    world.tenant.control.setManager(personName(2), personName(1));
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', verdict: { refused: false } });
    expect(userNames(world)).toEqual(people(1, 230));
    expect(memberCount(world, 'Crew')).toBe(20);
    world.provider.clearRequests();
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 0 });
    expect(writes(world)).toEqual([]);
  });

  test('has a changed attribute, a leaver disabled and the same account reactivated', async () => {
    const id = world.provider.accounts.find(personName(4))?.['id'];
    world.tenant.control.updateUser(personName(5), { jobTitle: 'Pilot', displayName: 'Person "Five" %' });
    world.tenant.control.removeMember('Crew', personName(4));
    expect((await cycle(operator)).planCounts?.operations).toEqual({
      'account.disable': 1,
      'account.update': 1,
      'group.members': 1,
    });
    expect(userNames(world, false)).toEqual([personName(4)]);
    expect(world.provider.accounts.find(personName(5))).toMatchObject({ title: 'Pilot' });
    expect(memberCount(world, 'Crew')).toBe(19);
    expect(await cycle(operator)).toMatchObject({ total: 0 });
    world.tenant.control.addMember('Crew', personName(4));
    expect((await cycle(operator)).result).toBe('succeeded');
    expect(world.provider.accounts.find(personName(4))).toMatchObject({ id, active: true });
    expect(memberCount(world, 'Crew')).toBe(20);
    expect(await cycle(operator)).toMatchObject({ total: 0 });
  });

  test('does to somebody deleted for good what it can, and once', async () => {
    const user = world.tenant.organisation.userByName(personName(200), world.tenant.organisation.version());
    world.tenant.control.hardDeleteUser(user?.id ?? '');
    expect((await cycle(operator)).planCounts?.operations).toMatchObject({ 'account.delete': 1 });
    const left = world.provider.accounts.find(personName(200));
    expect(left?.['active']).toBe(behaviour === 'salesforce' ? false : undefined);
    world.provider.clearRequests();
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 0 });
    expect(writes(world)).toEqual([]);
  });
});
