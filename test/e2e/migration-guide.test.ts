import { afterEach, describe, expect, test } from 'vitest';
import { guideCompany } from '../../src/sandbox/organisation/guide-company.ts';
import { accountsOf, approve, assignedTo, start, still } from './migration-world.ts';
import { platforms, startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const TEST1 = 'info.test1@testcompany.example';
const TEST3 = 'info.test3@testcompany.example';

describe.each(platforms())('the company of the guide "Disable SCIM and remove groups" on %s', (platform) => {
  test('step for step: assigned directly, emptied, unassigned, full cycle, verified, switched off, token dead', async () => {
    world = await startWorld({
      platform,
      organisation: guideCompany(),
      migrations: true,
      provider: { behaviour: 'uniqkey' },
      profile: 'uniqkey',
    });
    expect((await world.fullCycle()).result).toBe('succeeded');
    const before = accountsOf(world);
    const operator = await world.open();

    await start(operator, 'disable-scim');
    const covered = await still(operator);
    expect(covered).toMatchObject({ status: 'waiting', gate: { name: 'coverage', why: 'not-approved' }, uncovered: 0 });
    // Step 1 of the guide: everybody is assigned directly, and the group still is.
    expect(assignedTo(world)).toEqual(['IT', TEST1, TEST3]);
    expect(world.provider.groups.find('IT')?.['members']).toHaveLength(2);

    await approve(operator, 'coverage');
    const verified = await still(operator);
    expect(verified).toMatchObject({ gate: { name: 'disable' } });
    // Steps 2 to 4: the group is empty, unassigned, and gone; nobody else is touched.
    expect(assignedTo(world)).toEqual([TEST1, TEST3]);
    expect(world.provider.groups.size).toBe(0);
    expect(accountsOf(world)).toEqual(before);

    await approve(operator, 'disable');
    expect(await still(operator)).toMatchObject({ gate: { name: 'revocation' } });
    // Step 5: a yes before the token is really dead is void.
    await approve(operator, 'revocation');
    expect(await still(operator)).toMatchObject({ gate: { name: 'revocation', why: 'not-approved' } });
    world.provider.revokeToken(world.provider.token ?? '');
    world.provider.clearRequests();
    await approve(operator, 'revocation');
    expect(await still(operator)).toMatchObject({ status: 'ended', result: 'succeeded', frozen: false });
    expect(accountsOf(world)).toEqual(before);

    const report = await operator.migrations.migrationReport('acme');
    expect(report).toMatchObject({ passed: true, chain: { sound: true }, accounts: { lost: [], added: [] } });
    // M7: the one read that proves it, and after that no request ever.
    expect(world.provider.requests().map(({ status }) => status)).toEqual([401]);
    await expect(operator.startCycle({ connection: 'acme', kind: 'initial', requestedBy: 'test' })).rejects.toThrow(
      /switched off/,
    );
    await expect(operator.resumeConnection('acme')).rejects.toMatchObject({ code: 'connection-off' });
    expect(world.provider.requests()).toHaveLength(1);
  });
});
