import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { company, cycle, memberCount, people, personName, userNames, writes } from './company.ts';
import { platforms, startWorld, type Platform, type World } from './world.ts';

let world: World;
let operator: OperatorClient;

async function start(platform: Platform): Promise<void> {
  // Crew reaches twelve people nobody else does; Office holds everybody who is assigned directly too.
  const organisation = company({ users: 60, groups: { Crew: [1, 12], Office: [13, 40] }, direct: [21, 50] });
  world = await startWorld({ platform, organisation, connection: { guards: { protectedAccounts: [personName(50)] } } });
  operator = await world.open();
  await cycle(operator);
}

async function heldLabels(id: string): Promise<readonly string[]> {
  const held = await operator.operations(id, { states: ['held'], limit: 100 });
  return held.map(({ operation, heldBy }) => `${heldBy}: ${operation.kind} ${operation.label}`).toSorted();
}

async function explain(name: string) {
  return operator.explain('acme', name, new AbortController().signal);
}

// One story: each test begins where the one before it ended, with everybody provisioned and nothing held.
describe.each(platforms())('guards on %s', (platform) => {
  beforeAll(() => start(platform));
  afterAll(() => world.close());

  test('a big group unassigned by mistake: nobody is disabled, everything else goes on, and the hold lifts when it is back', async () => {
    world.tenant.control.unassign({ principal: 'Crew' });
    world.tenant.control.assign({ principal: personName(51) });
    world.tenant.control.updateUser(personName(30), { jobTitle: 'Pilot' });
    const held = await cycle(operator);
    expect(held.result).toBe('succeeded');
    expect(await heldLabels(held.id)).toEqual(
      [
        ...people(1, 12).map((name) => `too-many-removals: disable ${name}`),
        'too-many-removals: delete Crew',
      ].toSorted(),
    );
    expect(held.verdict?.findings[0]).toMatchObject({
      message: '12 accounts to disable in one cycle: 24.0 % of 50, more than 10 %',
      remedy: expect.stringContaining('put it back and the hold lifts by itself'),
    });
    expect(userNames(world, false)).toEqual([]);
    expect(memberCount(world, 'Crew')).toBe(12);
    expect(world.provider.accounts.find(personName(30))?.['title']).toBe('Pilot');
    expect(userNames(world)).toEqual(people(1, 51));
    expect((await operator.status()).connections[0]).toMatchObject({ held: 13 });
    world.tenant.control.assign({ principal: 'Crew' });
    world.provider.clearRequests();
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 0, verdict: { findings: [] } });
    expect(writes(world)).toEqual([]);
    expect((await operator.status()).connections[0]).toMatchObject({ held: 0 });
  });

  test('all assignments gone: the plan is refused, and nothing is written', async () => {
    const before = world.tenant.organisation.snapshot().assignments.length;
    const principals = ['Crew', 'Office', ...people(21, 51)];
    for (const principal of principals) world.tenant.control.unassign({ principal });
    world.provider.clearRequests();
    const refused = await cycle(operator);
    expect(refused).toMatchObject({
      result: 'refused',
      failure: {
        message: 'empty-directory: the directory entitles nobody to this application, but 51 accounts are linked',
        remedy: expect.stringContaining('check the assignments of the enterprise application'),
      },
    });
    expect(writes(world)).toEqual([]);
    for (const principal of principals) world.tenant.control.assign({ principal });
    expect(world.tenant.organisation.snapshot().assignments).toHaveLength(before);
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 0 });
  });

  test('a protected account is not disabled; the same day another leaver is', async () => {
    for (const n of [50, 49]) world.tenant.control.unassign({ principal: personName(n) });
    const held = await cycle(operator);
    expect(await heldLabels(held.id)).toEqual([`protected-accounts: disable ${personName(50)}`]);
    expect(userNames(world, false)).toEqual([personName(49)]);
    expect(world.provider.canSignIn(personName(50))).toBe(true);
    for (const n of [50, 49]) world.tenant.control.assign({ principal: personName(n) });
    expect((await cycle(operator)).verdict?.findings).toEqual([]);
    expect(userNames(world)).toEqual(people(1, 51));
  });
});

describe('people who leave and come back', () => {
  beforeAll(() => start('embedded'));
  afterAll(() => world.close());

  const idOf = (n: number) => {
    const id = world.provider.accounts.find(personName(n))?.['id'];
    return typeof id === 'string' ? id : undefined;
  };

  async function reasons(id: string) {
    const operations = await operator.operations(id, { limit: 100 });
    return operations
      .filter(({ operation }) => operation.resource === 'account')
      .map(({ operation }) => `${operation.kind} ${operation.label}: ${operation.reason.text}`);
  }

  test('a leaver is told by the group that was the only path, loses the membership, and comes back to the same account', async () => {
    const id = idOf(3);
    world.tenant.control.removeMember('Crew', personName(3));
    const left = await cycle(operator);
    expect(await reasons(left.id)).toEqual([
      `disable ${personName(3)}: lost the only path: no longer a member of group Crew`,
    ]);
    expect(userNames(world, false)).toEqual([personName(3)]);
    expect(memberCount(world, 'Crew')).toBe(11);
    expect((await explain(personName(3))).conclusion).toMatch(/^not entitled: .* has an account that is disabled$/);
    expect(await cycle(operator)).toMatchObject({ total: 0 });
    world.tenant.control.addMember('Crew', personName(3));
    const back = await cycle(operator);
    expect(await reasons(back.id)).toEqual([
      `reactivate ${personName(3)}: the user is entitled through group Crew again`,
    ]);
    expect(idOf(3)).toBe(id);
    expect(world.provider.canSignIn(personName(3))).toBe(true);
    expect(memberCount(world, 'Crew')).toBe(12);
  });

  test('somebody with two paths keeps the account when one goes', async () => {
    world.tenant.control.unassign({ principal: personName(25) });
    const done = await cycle(operator);
    expect(done.planCounts?.operations).toEqual({});
    expect(world.provider.canSignIn(personName(25))).toBe(true);
    world.tenant.control.assign({ principal: personName(25) });
    await cycle(operator);
  });

  test('blocked sign-in disables, and unblocking brings back', async () => {
    const id = idOf(15);
    world.tenant.control.disableUser(personName(15));
    expect(await reasons((await cycle(operator)).id)).toEqual([
      `disable ${personName(15)}: sign-in is blocked in the directory`,
    ]);
    expect(world.provider.canSignIn(personName(15))).toBe(false);
    world.tenant.control.enableUser(personName(15));
    await cycle(operator);
    expect(world.provider.canSignIn(personName(15))).toBe(true);
    expect(idOf(15)).toBe(id);
  });

  test('a deleted user is disabled, a restored one comes back to the same account, and one deleted for good is deleted', async () => {
    const id = idOf(7);
    const user = world.tenant.organisation.userByName(personName(7), world.tenant.organisation.version())?.id ?? '';
    world.tenant.control.softDeleteUser(user);
    expect(await reasons((await cycle(operator)).id)).toEqual([
      `disable ${personName(7)}: deleted in the directory, restorable for 30 days`,
    ]);
    world.tenant.control.restoreUser(user);
    expect((await cycle(operator)).planCounts?.operations).toMatchObject({ 'account.reactivate': 1 });
    expect(idOf(7)).toBe(id);
    expect(world.provider.canSignIn(personName(7))).toBe(true);
    world.tenant.control.softDeleteUser(user);
    await cycle(operator);
    expect(idOf(7)).toBe(id);
    world.tenant.control.hardDeleteUser(user);
    expect(await reasons((await cycle(operator)).id)).toEqual([
      `delete ${personName(7)}: permanently deleted in the directory`,
    ]);
    expect(idOf(7)).toBeUndefined();
    world.provider.clearRequests();
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 0 });
    expect(writes(world)).toEqual([]);
  });

  test('an account somebody deleted by hand is made again, and one nobody of ours knows is left alone', async () => {
    const id = idOf(9);
    world.provider.change('DELETE', `/Users/${id}`);
    world.provider.change('POST', '/Users', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName: 'local-admin@elsewhere.example',
      active: true,
    });
    const done = await cycle(operator);
    expect(await reasons(done.id)).toEqual([
      `create ${personName(9)}: the linked account is gone at the provider; still entitled through group Crew`,
    ]);
    expect(idOf(9)).not.toBe(id);
    expect(memberCount(world, 'Crew')).toBe(11);
    expect(world.provider.canSignIn('local-admin@elsewhere.example')).toBe(true);
    expect(await cycle(operator)).toMatchObject({ total: 0 });
  });
});
