import { afterEach, describe, expect, test } from 'vitest';
import { guideCompany } from '../../src/sandbox/organisation/guide-company.ts';
import { generateOrganisation } from '../../src/sandbox/organisation/generate.ts';
import { platforms, startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

function writes({ provider }: World): readonly string[] {
  return provider
    .requests()
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${path}`);
}

function userNames({ provider }: World, active: boolean): readonly string[] {
  return provider.accounts
    .all()
    .filter((account) => account['active'] === active)
    .flatMap(({ userName }) => (typeof userName === 'string' ? [userName] : []))
    .toSorted();
}

describe.each(platforms())('a full cycle on %s', (platform) => {
  test('provisions the company of the guide: two people through the group IT, the third not at all', async () => {
    world = await startWorld({ platform, organisation: guideCompany() });
    expect((await world.fullCycle()).result).toBe('succeeded');
    expect(userNames(world, true)).toEqual(['info.test1@testcompany.example', 'info.test3@testcompany.example']);
    expect(world.provider.groups.find('IT')?.['members']).toHaveLength(2);
  });

  test('has nothing to write when nothing changed, and then only what did', async () => {
    world = await startWorld({ platform, organisation: generateOrganisation({ seed: 11, users: 120, groups: 10 }) });
    const first = await world.fullCycle();
    expect(first.result).toBe('succeeded');
    expect(world.provider.accounts.size).toBe(first.planCounts?.entitledUsers);
    world.provider.clearRequests();
    await world.fullCycle();
    expect(writes(world)).toEqual([]);
    const [someone] = userNames(world, true);
    world.tenant.control.disableUser(String(someone));
    const third = await world.fullCycle();
    expect(third.planCounts?.operations['account.disable']).toBe(1);
    expect(userNames(world, false)).toEqual([someone]);
  });
});
