import { afterEach, expect, test } from 'vitest';
import { company, cycle, memberCount, people, personName, userNames } from './company.ts';
import { closed, eventually, startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

test('a resource that is locked for a while waits alone: everybody else is done, and it follows in the same cycle', async () => {
  world = await startWorld({
    organisation: company({ users: 8, direct: [1, 8] }),
    connection: {
      mapping: { extends: 'default', attributes: [{ target: 'userName', source: 'mailNickname', match: 1 }] },
    },
    provider: { behaviour: 'slack' },
    profile: 'slack',
  });
  const { provider, tenant } = world;
  const operator = await world.open();
  expect((await cycle(operator)).result).toBe('succeeded');
  const { id: locked } = provider.accounts.find('person1') ?? {};
  if (typeof locked !== 'string') throw new Error('there is no account to lock');
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
