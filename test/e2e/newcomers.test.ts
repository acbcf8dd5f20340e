import { afterEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { URN } from '../../src/core/scim.ts';
import type { BehaviourName } from '../../src/sandbox/provider/behaviours/registry.ts';
import { company, cycle, memberCount, people, personName, userNames } from './company.ts';
import { startWorld, type World } from './world.ts';

/*
 * An incremental cycle asks the provider for whoever has no account or SCIM group by link yet. Not every provider can be
 * asked by every name.
 */
let world: World;
let operator: OperatorClient;
afterEach(() => world.close());

/** Five people, of whom 1 to 3 come by Crew; Deck is not assigned. userNames are handles, which every provider takes. */
async function begin(profile: BehaviourName, mapping?: object): Promise<void> {
  const handles = { extends: 'default', attributes: [{ target: 'userName', source: 'mailNickname', match: 1 }] };
  world = await startWorld({
    organisation: company({ users: 5, groups: { Crew: [1, 3], Deck: [2, 4] } }),
    provider: { behaviour: profile },
    profile,
    connection: { mapping: mapping ?? handles },
  });
  world.tenant.control.unassign({ principal: 'Deck' });
  operator = await world.open();
  expect((await cycle(operator)).result).toBe('succeeded');
}

describe.each(['monday', 'slack'] as const)('at a %s provider, an incremental cycle', (profile) => {
  test('makes the SCIM group of a group that is assigned later, and takes away who leaves meanwhile', async () => {
    await begin(profile);
    world.tenant.control.assign({ principal: 'Deck' });
    world.tenant.control.removeMember('Crew', personName(1));
    expect(await cycle(operator, 'incremental')).toMatchObject({ kind: 'incremental', result: 'succeeded' });
    expect(memberCount(world, 'Deck')).toBe(3);
    expect(world.provider.canSignIn('person1')).toBe(false);
  });

  test('takes the SCIM group that is there under its name, and makes no second one', async () => {
    await begin(profile);
    world.provider.change('POST', '/Groups', { schemas: [URN.group], displayName: 'Deck' });
    world.tenant.control.assign({ principal: 'Deck' });
    expect((await cycle(operator, 'incremental')).result).toBe('succeeded');
    expect(world.provider.groups.size).toBe(2);
    expect(memberCount(world, 'Deck')).toBe(3);
  });
});

describe.each(['generic', 'monday'] as const)(
  'at a %s provider, where accounts are matched by the work e-mail',
  (profile) => {
    test('an incremental cycle takes the account that is there, and makes no second one', async () => {
      await begin(profile, {
        extends: 'default',
        attributes: [
          { target: 'emails[type eq "work"].value', source: 'mail', match: 1 },
          { target: 'userName', source: 'userPrincipalName', match: 2 },
        ],
      });
      const emails = [{ type: 'work', value: personName(4) }];
      world.provider.change('POST', '/Users', { schemas: [URN.user], userName: 'the-fourth', active: true, emails });
      world.tenant.control.addMember('Crew', personName(4));
      expect((await cycle(operator, 'incremental')).result).toBe('succeeded');
      expect(userNames(world)).toEqual(people(1, 4));
    });
  },
);

test('a provider that ignores filters is read whole, and a leaver need not wait for the next full cycle', async () => {
  await begin('generic');
  world.provider.faults.set({ fault: 'silentAll' });
  for (let n = 1; n <= 30; n++)
    world.provider.change('POST', '/Users', { schemas: [URN.user], userName: `guest${n}`, active: true });
  world.tenant.control.addMember('Crew', personName(4));
  world.tenant.control.removeMember('Crew', personName(1));
  expect(await cycle(operator, 'incremental')).toMatchObject({ kind: 'incremental', result: 'succeeded' });
  expect([1, 2, 3, 4].map((n) => world.provider.canSignIn(`person${n}`))).toEqual([false, true, true, true]);
});
