import { afterEach, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { company, cycle, memberCount, personName } from './company.ts';
import { startWorld, type World } from './world.ts';

/* Providers guard single accounts and groups, such as that of their owners, and answer 403 to whoever changes one. */
let world: World;
let operator: OperatorClient;
afterEach(() => world.close());

/** 1 to 3 come by Crew and 2 to 4 by Deck; all of them directly, too. */
async function begin(): Promise<void> {
  world = await startWorld({
    organisation: company({ users: 4, groups: { Crew: [1, 3], Deck: [2, 4] }, direct: [1, 4] }),
  });
  operator = await world.open();
  await cycle(operator);
}

function placeOf(path: string, resource: object | undefined): string {
  const id = resource !== undefined && 'id' in resource ? String(resource.id) : '';
  return `^/${path}/${id}$`;
}

function guard(path: string, resource: object | undefined): void {
  world.provider.faults.set({ fault: 'forbidden', method: 'PATCH', path: placeOf(path, resource) });
}

async function expectNoQuarantine(...escrowed: readonly string[]): Promise<void> {
  expect((await operator.status()).connections[0]?.state.quarantine).toBeUndefined();
  const escrows = await operator.escrows('acme', { limit: 10 });
  expect(escrows.map(({ label }) => label)).toEqual(escrowed);
  for (const { failure } of escrows) expect(failure).toMatchObject({ code: 'InsufficientRights', status: 403 });
}

test('who leaves another group is taken out of it although one SCIM group is guarded', async () => {
  await begin();
  guard('Groups', world.provider.groups.find('Crew'));
  world.tenant.control.removeMember('Crew', personName(1));
  world.tenant.control.removeMember('Deck', personName(4));
  expect((await cycle(operator, 'incremental')).result).toBe('entry-level-errors');
  expect([memberCount(world, 'Crew'), memberCount(world, 'Deck')]).toEqual([3, 2]);
  await expectNoQuarantine('Crew');
});

test('who leaves a group is taken out of it although the account of somebody else is guarded', async () => {
  await begin();
  guard('Users', world.provider.accounts.find(personName(1)));
  world.tenant.control.updateUser(personName(1), { jobTitle: 'Owner' });
  world.tenant.control.removeMember('Deck', personName(4));
  expect((await cycle(operator, 'incremental')).result).toBe('entry-level-errors');
  expect(memberCount(world, 'Deck')).toBe(2);
  await expectNoQuarantine(personName(1));
});

test('a token that may not change anything stops the connection, and says so', async () => {
  await begin();
  world.provider.faults.set({ fault: 'forbidden', method: 'PATCH' });
  for (const n of [1, 2, 3]) world.tenant.control.updateUser(personName(n), { jobTitle: 'Pilot' });
  expect((await cycle(operator, 'incremental')).result).toBe('failed');
  expect((await operator.status()).connections[0]?.state.quarantine).toMatchObject({
    reason: 'writes-refused',
    cause: { code: 'InsufficientRights', status: 403 },
  });
});

test('two guarded leavers whose turn has come again keep nobody else from being taken out of a group', async () => {
  await begin();
  for (const n of [1, 2]) guard('Users', world.provider.accounts.find(personName(n)));
  for (const n of [1, 2]) world.tenant.control.updateUser(personName(n), { accountEnabled: false });
  world.tenant.control.removeMember('Deck', personName(4));
  expect((await cycle(operator, 'incremental')).result).toBe('failed');
  await operator.releaseQuarantine({ connection: 'acme', by: 'test' });
  expect((await cycle(operator, 'incremental')).result).toBe('entry-level-errors');
  expect(memberCount(world, 'Deck')).toBe(1);
  expect((await cycle(operator, 'incremental')).result).toBe('entry-level-errors');
  await expectNoQuarantine(personName(1), personName(2));
});

test('a change in doubt whose account alone cannot be read stops neither its cycle nor the next', async () => {
  await begin();
  const path = placeOf('Users', world.provider.accounts.find(personName(1)));
  world.provider.faults.set({ fault: 'failAfter', method: 'PATCH', path, times: 1 });
  world.provider.faults.set({ fault: 'forbidden', method: 'GET', path });
  world.tenant.control.updateUser(personName(1), { accountEnabled: false });
  world.tenant.control.removeMember('Deck', personName(4));
  expect((await cycle(operator)).result).toBe('entry-level-errors');
  expect(memberCount(world, 'Deck')).toBe(2);
  await expectNoQuarantine(personName(1));
});
