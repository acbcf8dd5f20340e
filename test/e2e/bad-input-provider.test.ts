import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import type { FaultSetting } from '../../src/sandbox/provider/faults.ts';
import { company, cycle, memberCount, people, personName, userNames, writes } from './company.ts';
import { startWorld, type World } from './world.ts';

/** More accounts than the profile asks for on a page. */
const USERS = 130;
let world: World;
let operator: OperatorClient;
let hired = 0;

beforeAll(async () => {
  // The last people are there, and are assigned test by test.
  const organisation = company({ users: USERS + 200, groups: { Fleet: [1, USERS], Crew: [5, 30] } });
  world = await startWorld({ organisation });
  operator = await world.open();
  await cycle(operator);
});
afterAll(() => world.close());
beforeEach(() => {
  world.provider.faults.clear();
  world.provider.clearRequests();
});

/** Assigns people who had no access before. Returns how many have it now. */
function hire(count: number): number {
  for (let n = 0; n < count; n++) {
    hired += 1;
    world.tenant.control.assign({ principal: personName(USERS + hired) });
    world.tenant.control.addMember('Crew', personName(USERS + hired));
  }
  return USERS + hired;
}

/** Everybody who should have an account has exactly one, nobody lost theirs, and the groups are right. */
function provider() {
  return {
    active: userNames(world),
    inactive: userNames(world, false),
    fleet: memberCount(world, 'Fleet'),
    crew: memberCount(world, 'Crew'),
    groups: world.provider.groups.size,
  };
}

function everybody(total: number) {
  return { active: people(1, total), inactive: [], fleet: USERS, crew: 26 + total - USERS, groups: 2 };
}

async function operations(id: string) {
  return operator.operations(id, { limit: 1000 });
}

describe('a listing that must not be believed', () => {
  test.each<FaultSetting>([
    { fault: 'listShort', value: 20 },
    { fault: 'lyingTotalResults', value: -20 },
    { fault: 'lyingTotalResults', value: 20 },
    { fault: 'ignoreStartIndex' },
    { fault: 'repeatPage' },
    { fault: 'wrapBeyondEnd' },
    { fault: 'capN', value: 7 },
    { fault: 'synthesisUser' },
    { fault: 'deletedStillListed' },
    { fault: 'cursorOnly' },
  ])('%o: nobody is removed, nobody is created twice, and newcomers arrive', async (fault) => {
    const total = hire(2);
    world.provider.faults.set(fault);
    expect((await cycle(operator)).result).toBe('succeeded');
    expect(provider()).toEqual(everybody(total));
    expect(writes(world).filter((write) => write === 'POST /Users')).toHaveLength(2);
    expect(writes(world).filter((write) => write.startsWith('DELETE'))).toEqual([]);
    world.provider.clearRequests();
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 0 });
    expect(writes(world)).toEqual([]);
  });

  test.each<readonly [FaultSetting, string]>([
    [{ fault: 'ignoreStartIndex' }, 'succeeded'],
    [{ fault: 'lyingTotalResults', value: 5 }, 'succeeded'],
    // This one keeps answers to filters short as well: nobody can be found, and nobody is taken for new.
    [{ fault: 'listShort', value: 60 }, 'failed'],
  ])(
    '%o: a provider that holds everybody already is not filled a second time; the cycle ends as %s',
    async (fault, result) => {
      const other = await startWorld({
        organisation: company({ users: USERS, groups: { Fleet: [1, USERS] } }),
        provider: { seed: world.provider.snapshot(), faults: [fault] },
      });
      const ended = await other.fullCycle();
      await other.close();
      expect(ended.result).toBe(result);
      expect(userNames(other)).toEqual(userNames(world));
    },
  );

  test('a provider that answers "not found" for everybody is taken for the wrong address', async () => {
    const all = world.provider.snapshot();
    world.provider.restore({ ...all, resources: [] });
    const failed = await cycle(operator);
    expect(failed).toMatchObject({
      result: 'failed',
      failure: {
        message: expect.stringMatching(/answers "not found" for \d+ of \d+ linked/),
        remedy: expect.stringContaining('check the provider URL'),
      },
    });
    expect(writes(world)).toEqual([]);
    world.provider.restore(all);
  });
});

describe('throttling', () => {
  test.each<FaultSetting>([
    { fault: 'throttle', value: 1, times: 3, method: 'POST' },
    { fault: 'throttle', value: 'date', times: 1, method: 'POST' },
    { fault: 'throttle', value: 'x-header', times: 1, method: 'PATCH' },
    { fault: 'unavailable', value: 1, times: 2, method: 'POST' },
    { fault: 'throttle', value: 'none', times: 1, method: 'POST' },
    { fault: 'throttle', value: 1, times: 2, method: 'GET' },
  ])('%o: nothing is lost, and no attempt is spent', async (fault) => {
    const total = hire(6);
    world.provider.faults.set(fault);
    const done = await cycle(operator);
    expect(done.result).toBe('succeeded');
    expect(provider()).toEqual(everybody(total));
    expect((await operations(done.id)).map(({ attempts }) => attempts).filter((attempts) => attempts > 1)).toEqual([]);
  });
});

describe('answers that do not tell whether a change was made', () => {
  test.each<FaultSetting>([
    { fault: 'failBefore', value: 500, times: 3, method: 'POST' },
    { fault: 'failAfter', value: 500, times: 3, method: 'POST' },
    { fault: 'htmlBody', times: 3, method: 'POST' },
    { fault: 'htmlAfter', times: 3, method: 'POST' },
    // Two: three requests without an answer may be all of a slice, and then the provider is taken to be down for a while.
    { fault: 'resetBefore', times: 2, method: 'POST' },
    { fault: 'resetAfter', times: 2, method: 'POST' },
    { fault: 'accepted202', times: 3, method: 'POST' },
    { fault: 'resetAfter', times: 2, method: 'PATCH' },
    { fault: 'nonAtomic500', times: 2, method: 'PATCH' },
    { fault: 'failAfter', times: 2, method: 'PATCH' },
  ])('%o: is found out by reading, and every account is there once', async (fault) => {
    const total = hire(4);
    world.provider.faults.set(fault);
    expect((await cycle(operator)).result).toBe('succeeded');
    expect(provider()).toEqual(everybody(total));
    world.provider.clearRequests();
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 0 });
    expect(writes(world)).toEqual([]);
  });

  test('a provider that never says yes has its operations escrowed with status and request, and keeps what it did', async () => {
    const total = hire(1);
    const rejected = { fault: 'failBefore', value: 400, method: 'POST', path: '^/Users' } as const;
    world.provider.faults.set(rejected);
    const failed = await cycle(operator);
    expect(failed.result).toBe('entry-level-errors');
    const escrowed = await operator.operations(failed.id, { states: ['escrowed'], limit: 10 });
    expect(escrowed).toMatchObject([{ operation: { kind: 'create' }, failure: { status: 400 } }]);
    world.provider.faults.clear();
    expect((await cycle(operator)).result).toBe('succeeded');
    expect(provider()).toEqual(everybody(total));
  });
});

describe('credentials of the provider', () => {
  const install = (token: string) => writeFileSync(join(world.directory, 'acme-token'), token);

  async function quarantine() {
    return (await operator.status()).connections[0]?.state.quarantine;
  }

  test('a token revoked midway puts the connection in quarantine and fails the cycle with what to do; a new one converges', async () => {
    const total = hire(40);
    const token = world.provider.token ?? '';
    let left = 10;
    world.provider.observe({
      afterWrite() {
        left -= 1;
        if (left === 0) world.provider.revokeToken(token);
      },
    });
    const failed = await cycle(operator);
    expect(failed).toMatchObject({
      result: 'failed',
      failure: {
        message: expect.stringMatching(/acme: \w+ \/Users was answered 401\. Request id \S+$/),
        remedy: expect.stringContaining('headgate quarantine release'),
      },
    });
    expect(await quarantine()).toMatchObject({
      reason: 'credential-refused',
      cause: { status: 401, code: 'Unauthorized' },
    });
    const requests = world.provider.requests().length;
    await expect(cycle(operator)).rejects.toMatchObject({
      code: 'connection-paused',
      remedy: expect.stringMatching(/install a new one.*headgate quarantine release -c acme/),
    });
    expect(world.provider.requests()).toHaveLength(requests);
    world.provider.observe({});
    world.provider.addToken('a-new-token');
    install('a-new-token\n');
    expect(await operator.resumeConnection('acme')).toBe(true);
    expect(await quarantine()).toBeUndefined();
    expect((await cycle(operator)).result).toBe('succeeded');
    expect(provider()).toEqual(everybody(total));
  });

  test.each([
    ['expiredToken', /The credential is wrong, expired or revoked: install a new one/],
    ['forbidden', /lacks rights: give its owner the right/],
  ] as const)('%s while reading puts it in quarantine too, before anything is sent', async (fault, remedy) => {
    world.provider.faults.set({ fault });
    const failed = await cycle(operator);
    expect(failed).toMatchObject({ result: 'failed', failure: { remedy: expect.stringMatching(remedy) } });
    expect((await quarantine())?.cause.remedy).toMatch(remedy);
    expect(writes(world)).toEqual([]);
    world.provider.faults.clear();
    await operator.resumeConnection('acme');
    expect((await cycle(operator)).result).toBe('succeeded');
  });

  test('a refusal of the directory is no quarantine: the provider has done no wrong', async () => {
    const fault = world.tenant.control.addFault({ path: '/groups/*/members', effect: { kind: 'status', status: 403 } });
    expect((await cycle(operator)).result).toBe('failed');
    expect(await quarantine()).toBeUndefined();
    world.tenant.control.removeFault(fault);
    expect((await cycle(operator)).result).toBe('succeeded');
  });
});
