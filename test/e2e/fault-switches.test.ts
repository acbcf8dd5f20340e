import { afterEach, expect, test } from 'vitest';
import { company, cycle, memberCount, people, personName, userNames } from './company.ts';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { closed, eventually, startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Eight people at a provider that locks single resources, and the account of the first. */
async function withLockable(groups: Readonly<Record<string, readonly [number, number]>> = {}) {
  const at = await startWorld({
    organisation: company({ users: 8, groups, direct: [1, 8] }),
    connection: {
      mapping: { extends: 'default', attributes: [{ target: 'userName', source: 'mailNickname', match: 1 }] },
    },
    provider: { behaviour: 'slack' },
    profile: 'slack',
  });
  world = at;
  const { provider, tenant } = at;
  const operator = await at.open();
  expect((await cycle(operator)).result).toBe('succeeded');
  const { id: locked } = provider.accounts.find('person1') ?? {};
  if (typeof locked !== 'string') throw new Error('there is no account to lock');
  return { at, operator, provider, tenant, locked };
}

test('a resource that is locked for a while waits alone: everybody else is done, and it follows in the same cycle', async () => {
  const { operator, provider, tenant, locked } = await withLockable();
  for (let n = 1; n <= 8; n++) tenant.control.updateUser(personName(n), { jobTitle: 'Pilot' });
  provider.faults.set({ fault: 'resourceLocked429', value: 1, path: `/${locked}$` });
  const { id } = await operator.startCycle({ connection: 'acme', kind: 'initial', requestedBy: 'test' });
  const others = await eventually(async () => {
    const titled = provider.accounts.all().filter(({ title }) => title === 'Pilot');
    return titled.length >= 7 ? titled : undefined;
  });
  expect(others.map((account) => account['id'])).not.toContain(locked);
  expect((await operator.status()).connections[0]?.state).not.toHaveProperty('throttledUntil');
  provider.faults.clear();
  expect((await closed(operator, id)).result).toBe('succeeded');
  expect(provider.accounts.find('person1')?.['title']).toBe('Pilot');
  const sent = await operator.operations(id, { limit: 100 });
  expect(Math.max(...sent.map(({ attempts }) => attempts))).toBe(1);
});

/** How many operations of a cycle ended in each state. */
async function outcomes(operator: OperatorClient, id: string): Promise<Readonly<Record<string, number>>> {
  const found: Record<string, number> = {};
  for (const { state } of await operator.operations(id, { limit: 5000 })) found[state] = (found[state] ?? 0) + 1;
  return found;
}

test('a resource that is locked for longer is put off: a leaver goes meanwhile, and it follows once it is free', async () => {
  const { at, operator, provider, tenant, locked } = await withLockable({ Crew: [1, 4] });
  tenant.control.updateUser(personName(1), { jobTitle: 'Pilot' });
  tenant.control.addMember('Crew', personName(5));
  provider.faults.set({ fault: 'resourceLocked429', value: 120, path: `/${locked}$` });
  const first = await cycle(operator, 'incremental');
  expect(first.result).toBe('entry-level-errors');
  expect(await outcomes(operator, first.id)).toEqual({ cancelled: 1, exported: 1 });
  expect(memberCount(at, 'Crew')).toBe(5);
  tenant.control.disableUser(personName(2));
  expect((await cycle(operator, 'incremental')).result).toBe('entry-level-errors');
  expect(provider.canSignIn('person2')).toBe(false);
  expect((await operator.status()).connections[0]?.state.quarantine).toBeUndefined();
  provider.faults.clear();
  expect((await cycle(operator, 'incremental')).result).toBe('succeeded');
  expect(provider.accounts.find('person1')?.['title']).toBe('Pilot');
});

test('newcomers above the hourly quota of a provider are put off, and no failure of theirs: leavers go meanwhile', async () => {
  world = await startWorld({
    organisation: company({ users: 1008, direct: [1, 1008] }),
    provider: { behaviour: 'github-emu' },
    profile: 'github-emu',
  });
  const { provider, tenant } = world;
  const operator = await world.open();
  const first = await cycle(operator);
  expect(first.result).toBe('entry-level-errors');
  expect(await outcomes(operator, first.id)).toEqual({ exported: 1000, cancelled: 8 });
  const [someone = ''] = userNames(world);
  tenant.control.disableUser(someone);
  const second = await cycle(operator, 'incremental');
  expect(await outcomes(operator, second.id)).toEqual({ exported: 1, cancelled: 8 });
  expect(provider.accounts.find(someone)?.['active']).toBe(false);
  const { state } = (await operator.status()).connections[0] ?? {};
  expect(state).not.toHaveProperty('quarantine');
  expect(await operator.escrows('acme', { limit: 10 })).toEqual([]);
});

test('an account that went with its last group although its user is entitled is told of and made again, once', async () => {
  world = await startWorld({ organisation: company({ users: 9, groups: { Crew: [1, 3] }, direct: [1, 9] }) });
  const { provider, tenant } = world;
  const operator = await world.open();
  expect((await cycle(operator)).result).toBe('succeeded');
  provider.faults.set({ fault: 'lastGroupTakesAccount' });
  tenant.control.removeMember('Crew', personName(1));
  await cycle(operator);
  expect(provider.accounts.find(personName(1))).toBeUndefined();
  const mended = await cycle(operator);
  const operations = await operator.operations(mended.id, { limit: 10 });
  expect(operations.map(({ operation }) => `${operation.kind} ${operation.label}: ${operation.reason.text}`)).toEqual([
    `create ${personName(1)}: the linked account is gone at the provider; still entitled directly`,
  ]);
  expect(userNames(world)).toEqual(people(1, 9));
  expect(memberCount(world, 'Crew')).toBe(2);
  expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 0 });
});
