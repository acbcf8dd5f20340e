import { afterEach, expect, test, vi } from 'vitest';
import { URN } from '../../src/core/scim.ts';
import { company, cycle, memberCount } from './company.ts';
import { startWorld, type World } from './world.ts';

let world: World;
afterEach(async () => {
  vi.useRealTimers();
  await world.close();
});

const contractor = { userName: 'contractor@elsewhere.example', active: true };

/**
 * A group that is unassigned, empty unless `crew` says otherwise, and whose delay is over in an incremental cycle: nothing
 * about it has changed in the directory since the last one.
 */
async function delayIsOver(
  meanwhile: (group: string) => void,
  { crew = [1, 0], ...options }: { readonly crew?: readonly [number, number]; readonly profile?: 'uniqkey' } = {},
) {
  world = await startWorld({
    ...options,
    organisation: company({ users: 3, groups: { Crew: crew, Deck: [1, 3] } }),
    connection: { deprovision: { unassigned: { action: 'disable', after: '2h' } } },
  });
  let operator = await world.open();
  await cycle(operator);
  world.tenant.control.unassign({ principal: 'Crew' });
  await cycle(operator, 'incremental');
  await cycle(operator, 'incremental');
  const id = world.provider.groups.find('Crew')?.['id'];
  if (typeof id !== 'string') throw new Error('the provider has no Crew');
  meanwhile(id);
  await operator.close();
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 3 * 3_600_000 });
  operator = await world.open();
  const { verdict, result } = await cycle(operator, 'incremental');
  return { id, verdict, result };
}

test('a SCIM group into which somebody else was put is held when its delay is over, though Headgate put nobody into it', async () => {
  const { verdict } = await delayIsOver((group) => {
    const made = world.provider.change('POST', '/Users', { schemas: [URN.user], ...contractor });
    const add = { op: 'add', path: 'members', value: [{ value: made?.['id'] ?? '' }] };
    world.provider.change('PATCH', `/Groups/${group}`, { schemas: [URN.patchOp], Operations: [add] });
  });
  expect(verdict?.findings).toMatchObject([{ guard: 'non-empty-group-delete', effect: 'hold' }]);
  expect(memberCount(world, 'Crew')).toBe(1);
});

test('a SCIM group that the provider has given to another group is not deleted when the delay is over', async () => {
  const { id, verdict } = await delayIsOver((group) =>
    world.provider.change('PUT', `/Groups/${group}`, {
      schemas: [URN.group],
      displayName: 'Auditors',
      externalId: 'auditors',
    }),
  );
  expect(verdict?.findings).toMatchObject([
    { guard: 'matching-collision', message: expect.stringContaining('delete Crew') },
  ]);
  expect(world.provider.groups.get(id)).toMatchObject({ displayName: 'Auditors' });
});

test('a SCIM group whose delete could take the accounts of its members is emptied first, also when its delay is over', async () => {
  const { result } = await delayIsOver(() => undefined, { crew: [1, 3], profile: 'uniqkey' });
  expect(result).toBe('succeeded');
  expect(memberCount(world, 'Crew')).toBeUndefined();
  expect(memberCount(world, 'Deck')).toBe(3);
});
