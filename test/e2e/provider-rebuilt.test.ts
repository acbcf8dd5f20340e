import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import type { CycleKind } from '../../src/core/cycle.ts';
import type { CycleView } from '../../src/ports/operator.ts';
import { company, memberCount, people, personName, userNames, writes } from './company.ts';
import { closed, startWorld, type World } from './world.ts';

const USERS = 20;
const never = new AbortController().signal;
let world: World;
let operator: OperatorClient;

beforeEach(async () => {
  world = await startWorld({ organisation: company({ users: USERS, groups: { Crew: [1, USERS] } }) });
  operator = await world.open();
  await run('initial');
  world.provider.clearRequests();
});
afterEach(() => world.close());

async function run(kind: CycleKind): Promise<CycleView> {
  return closed(operator, (await operator.startCycle({ connection: 'acme', kind, requestedBy: 'test' })).id);
}

function text(id: unknown): string {
  return typeof id === 'string' ? id : '';
}

function empty(keep: (name: unknown) => boolean = () => false): void {
  const { provider } = world;
  for (const { id, userName } of provider.accounts.all())
    if (!keep(userName)) provider.change('DELETE', `/Users/${text(id)}`);
  for (const { id } of provider.groups.all()) provider.change('DELETE', `/Groups/${text(id)}`);
}

function forget(digest: string) {
  return operator.links.forgetVanished({ connection: 'acme', digest, by: 'ada', reason: 'built anew' }, never);
}

function afresh(): void {
  expect(userNames(world)).toEqual(people(1, USERS));
  expect(world.provider.accounts.all()).toHaveLength(USERS);
  expect(memberCount(world, 'Crew')).toBe(USERS);
}

describe('a provider that was emptied', () => {
  test('is refused by every cycle, which name the way out; it ends with an account for everybody, and nobody has two', async () => {
    empty();
    for (const kind of ['initial', 'audit', 'initial'] as const) {
      expect(await run(kind)).toMatchObject({
        result: 'failed',
        failure: { remedy: expect.stringContaining('headgate connection forget-vanished -c acme') },
      });
    }
    const stopped = (await operator.status()).connections[0]?.state.quarantine;
    expect(stopped).toMatchObject({
      reason: 'repeated-cycle-failures',
      cause: { remedy: expect.stringContaining('forget-vanished -c acme') },
    });
    world.tenant.control.removeMember('Crew', personName(USERS));
    const found = await operator.links.vanished('acme', never);
    expect(found).toMatchObject({ linked: { accounts: USERS, groups: 1 }, listed: { accounts: 0, groups: 0 } });
    expect(found.gone.filter(({ inScope }) => !inScope).map(({ label }) => label)).toEqual([personName(USERS)]);
    expect(found.gone).toHaveLength(USERS + 1);
    await forget(found.digest.slice(0, 12));
    expect(await operator.links.list('acme', { limit: 10 })).toEqual({ links: [] });
    expect(await operator.recoveryActs('acme', 1)).toMatchObject([
      { act: 'links-forgotten', by: 'ada', reason: 'built anew', subject: expect.stringContaining('20 accounts') },
    ]);
    await expect(run('initial')).rejects.toMatchObject({ code: 'connection-paused' });
    expect(await operator.releaseQuarantine({ connection: 'acme', by: 'ada' })).toBe(true);
    expect(writes(world)).toEqual([]);
    world.tenant.control.addMember('Crew', personName(USERS));
    expect((await run('initial')).result).toBe('succeeded');
    afresh();
    expect((await run('initial')).planCounts?.operations).toEqual({});
  });

  test('is filled again by an incremental cycle too: it looks at everything once links were forgotten', async () => {
    empty((name) => name === personName(1));
    const { gone, digest } = await operator.links.vanished('acme', never);
    expect(gone).toHaveLength(USERS);
    expect(gone.map(({ label }) => label)).not.toContain(personName(1));
    await expect(forget('abcdef12')).rejects.toMatchObject({ code: 'plan-stale' });
    await forget(digest);
    expect((await run('incremental')).result).toBe('succeeded');
    afresh();
  });

  test('is left alone while half of it cannot be asked', async () => {
    const half = world.provider.accounts.all().filter((_, index) => index % 2 === 0);
    empty();
    const path = `^/Users/(${half.map(({ id }) => text(id)).join('|')})$`;
    world.provider.faults.set({ fault: 'unavailable', value: 0, method: 'GET', path });
    await expect(forget('abcdef12')).rejects.toMatchObject({
      code: 'incomplete-read',
      message: expect.stringMatching(/what is gone cannot be told \(\d+ linked resources were not found and 0 were/),
    });
    expect((await operator.links.list('acme', { limit: 100 })).links).toHaveLength(USERS + 1);
    expect(await operator.recoveryActs('acme', 5)).toEqual([]);
  });
});
