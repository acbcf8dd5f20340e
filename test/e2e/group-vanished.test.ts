import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { company, cycle, memberCount, personName } from './company.ts';
import { startWorld, type World } from './world.ts';

let world: World;
let operator: OperatorClient;

/** 1 to 5 come by Crew, 6 to 9 by Deck. */
beforeEach(async () => {
  world = await startWorld({ organisation: company({ users: 12, groups: { Crew: [1, 5], Deck: [6, 9] } }) });
  operator = await world.open();
  await cycle(operator);
  const crew = world.provider.groups.find('Crew')?.['id'];
  if (typeof crew !== 'string') throw new Error('the provider has no Crew');
  world.provider.change('DELETE', `/Groups/${crew}`);
});
afterEach(() => world.close());

describe('a SCIM group that is gone at the provider', () => {
  test('is made again with all of its members, when an incremental cycle finds out because one joined', async () => {
    world.tenant.control.addMember('Crew', personName(7));
    await cycle(operator, 'incremental');
    await cycle(operator, 'incremental');
    expect(memberCount(world, 'Crew')).toBe(6);
  });

  test('is made again with all of its members, when an incremental cycle finds out because it was renamed', async () => {
    world.tenant.control.updateGroup('Crew', { displayName: 'Bridge' });
    await cycle(operator, 'incremental');
    expect(memberCount(world, 'Bridge')).toBe(5);
  });
});
