import { afterEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import type { CycleKind } from '../../src/core/cycle.ts';
import type { CycleView } from '../../src/ports/operator.ts';
import { generateOrganisation } from '../../src/sandbox/organisation/generate.ts';
import { guideCompany } from '../../src/sandbox/organisation/guide-company.ts';
import { closed, platforms, startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const ONE = 'info.test1@testcompany.example';
const TWO = 'info.test2@testcompany.example';
const THREE = 'info.test3@testcompany.example';

async function cycle(operator: OperatorClient, kind: CycleKind): Promise<CycleView> {
  const started = await operator.startCycle({ connection: 'acme', kind, requestedBy: 'test' });
  return closed(operator, started.id);
}

/** A provisioned company, its operator, and a way to run one incremental cycle and see what it wrote. */
async function provisioned(platform: 'embedded' | 'servers') {
  const made = await startWorld({ platform, organisation: guideCompany() });
  world = made;
  const operator = await made.open();
  expect((await cycle(operator, 'initial')).result).toBe('succeeded');
  const incremental = async () => {
    made.provider.clearRequests();
    const done = await cycle(operator, 'incremental');
    const writes = made.provider.requests().filter(({ method }) => method !== 'GET');
    return {
      kind: done.kind,
      result: done.result,
      ...(done.everything === undefined ? {} : { everything: done.everything }),
      operations: done.planCounts?.operations ?? {},
      writes: writes.length,
    };
  };
  return { made, operator, control: made.tenant.control, incremental };
}

function active({ provider }: World): readonly string[] {
  return provider.accounts
    .all()
    .filter((account) => account['active'] === true)
    .flatMap(({ userName }) => (typeof userName === 'string' ? [userName] : []))
    .toSorted();
}

describe.each(platforms())('an incremental cycle on %s', (platform) => {
  test('writes nothing when nothing changed', async () => {
    const { incremental } = await provisioned(platform);
    expect(await incremental()).toEqual({ kind: 'incremental', result: 'succeeded', operations: {}, writes: 0 });
  });

  test('follows joiners, movers and leavers, one cycle after the other', async () => {
    const { made, control, incremental } = await provisioned(platform);
    control.addMember('IT', TWO);
    expect(await incremental()).toMatchObject({
      kind: 'incremental',
      operations: { 'account.create': 1, 'group.members': 1 },
    });
    expect(active(made)).toEqual([ONE, TWO, THREE]);
    control.updateUser(ONE, { jobTitle: 'Lock Keeper' });
    expect(await incremental()).toMatchObject({ operations: { 'account.update': 1 }, writes: 1 });
    control.removeMember('IT', THREE);
    expect(await incremental()).toMatchObject({ operations: { 'account.disable': 1, 'group.members': 1 } });
    expect(active(made)).toEqual([ONE, TWO]);
    control.addMember('IT', THREE);
    expect(await incremental()).toMatchObject({ operations: { 'account.reactivate': 1, 'group.members': 1 } });
    expect(active(made)).toEqual([ONE, TWO, THREE]);
    expect(made.provider.accounts.size).toBe(3);
    control.updateGroup('IT', { displayName: 'Information Technology' });
    expect(await incremental()).toMatchObject({ operations: { 'group.update': 1 }, writes: 1 });
  });

  test('sees users who are blocked, deleted, restored and deleted for good', async () => {
    const { made, control, incremental } = await provisioned(platform);
    control.disableUser(ONE);
    expect(await incremental()).toMatchObject({ operations: { 'account.disable': 1 } });
    control.enableUser(ONE);
    expect(await incremental()).toMatchObject({ operations: { 'account.reactivate': 1 } });
    const three = made.tenant.organisation.userByName(THREE, made.tenant.organisation.version());
    control.softDeleteUser(THREE);
    expect(await incremental()).toMatchObject({ operations: { 'account.disable': 1 } });
    expect(active(made)).toEqual([ONE]);
    control.restoreUser(three?.id ?? '');
    expect(await incremental()).toMatchObject({ operations: { 'account.reactivate': 1 } });
    control.hardDeleteUser(THREE);
    expect(await incremental()).toMatchObject({ operations: { 'account.delete': 1 } });
    expect(active(made)).toEqual([ONE]);
  });

  test('sets a manager once the manager comes into scope', async () => {
    const { made, control, incremental } = await provisioned(platform);
    control.setManager(ONE, TWO);
    await incremental();
    control.addMember('IT', TWO);
    await incremental();
    const manager = made.provider.accounts.find(ONE)?.['urn:ietf:params:scim:schemas:extension:enterprise:2.0:User'];
    expect(manager).toMatchObject({ manager: { value: made.provider.accounts.find(TWO)?.['id'] } });
  });

  test('shows what a provider refused until its time has come, and then takes it up again', async () => {
    const { made, operator, control, incremental } = await provisioned(platform);
    made.provider.faults.set({ fault: 'htmlBody', times: 50, method: 'POST' });
    control.addMember('IT', TWO);
    await incremental();
    made.provider.faults.clear();
    const [refused] = await operator.escrows('acme', { who: TWO, limit: 5 });
    expect(refused).toMatchObject({
      kind: 'create',
      attempts: 1,
      failure: { status: 502, code: 'InternalServerError', request: { method: 'POST', collection: 'Users' } },
    });
    expect(JSON.stringify(refused?.failure)).not.toContain(TWO);
    expect(await incremental()).toMatchObject({
      result: 'entry-level-errors',
      operations: { 'account.create': 1 },
      writes: 0,
    });
    expect((await operator.escrows('acme', { who: TWO, limit: 5 }))[0]?.attempts).toBe(1);
    expect(await operator.retryEscrows({ connection: 'acme', who: TWO, by: 'ada', reason: 'mended' })).toBe(1);
    expect((await incremental()).result).toBe('succeeded');
    expect(active(made)).toEqual([ONE, TWO, THREE]);
    expect(await operator.escrows('acme', { limit: 5 })).toEqual([]);
    expect(await operator.recoveryActs('acme', 5)).toMatchObject([
      { act: 'escrow-retry', by: 'ada', reason: 'mended' },
    ]);
  });

  test('reads everything again when the directory has forgotten the watermark', async () => {
    const { made, control, incremental } = await provisioned(platform);
    control.expireDeltaTokens();
    control.addMember('IT', TWO);
    expect(await incremental()).toMatchObject({
      kind: 'initial',
      everything: 'the watermark has expired',
      operations: { 'account.create': 1 },
    });
    expect(await incremental()).toMatchObject({ kind: 'incremental', operations: {} });
    expect(active(made)).toEqual([ONE, TWO, THREE]);
  });

  test('costs reads in proportion to the change, not to the tenant', async () => {
    const made = await startWorld({
      platform,
      organisation: generateOrganisation({ seed: 3, users: 400, groups: 20 }),
    });
    world = made;
    const operator = await made.open();
    await cycle(operator, 'initial');
    await cycle(operator, 'incremental');
    const [someone] = active(made);
    made.tenant.control.updateUser(someone ?? '', { jobTitle: 'Lock Keeper' });
    made.tenant.control.clearRequests();
    made.provider.clearRequests();
    expect((await cycle(operator, 'incremental')).planCounts?.operations).toEqual({ 'account.update': 1 });
    expect(made.tenant.control.requests().length).toBeLessThan(25);
    expect(made.provider.requests().length).toBeLessThan(6);
  });
});
