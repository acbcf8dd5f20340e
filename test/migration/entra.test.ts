import { describe, expect, test } from 'vitest';
import { MIGRATION_PERMISSIONS } from '../../src/sandbox/tenant/login/applications.ts';
import { guideCompany } from '../../src/sandbox/organisation/guide-company.ts';
import { company, people, personName } from '../e2e/company.ts';
import { useEntraWorlds, type EntraWorld, type EntraWorldOptions } from './entra-world.ts';
import { accountStates } from './surroundings.ts';

const openWorld = useEntraWorlds();

const TEST1 = 'info.test1@testcompany.example';
const TEST3 = 'info.test3@testcompany.example';

/** Six people: 1 to 4 through Crew, 4 and 5 through Deck, 6 directly; a seventh without access. */
async function open(options: Partial<EntraWorldOptions> = {}): Promise<EntraWorld> {
  const organisation = company({ users: 7, groups: { Crew: [1, 4], Deck: [4, 5] }, direct: [6, 6] });
  return openWorld({ organisation, ...options });
}

/** Every write the provider has seen, ids left out. */
function writes({ provider }: EntraWorld): readonly string[] {
  return provider
    .requests()
    .filter(({ method }) => method !== 'GET')
    .map(({ method, path }) => `${method} ${/\/(?:Users|Groups)/.exec(path)?.[0] ?? path}`);
}

describe("the company of the guide, provisioned by Entra's own service", () => {
  test('step for step: assigned, a cycle, emptied, unassigned, a cycle, verified, job paused, token dead', async () => {
    const at = await open({ organisation: guideCompany() });
    const before = accountStates(at);
    await at.start('disable-scim');
    expect(await at.settle()).toMatchObject({ engine: 'entra', gate: { name: 'coverage' }, uncovered: 0 });
    expect(at.assigned()).toEqual(['IT', TEST1, TEST3]);
    expect(at.provider.groups.find('IT')?.['members']).toHaveLength(2);

    await at.approve();
    expect(await at.settle()).toMatchObject({ gate: { name: 'disable' } });
    expect(at.assigned()).toEqual([TEST1, TEST3]);
    expect(at.provider.groups.size).toBe(0);
    expect(accountStates(at)).toEqual(before);
    expect(await at.jobCode()).toBe('Active');

    await at.approve();
    expect(await at.settle()).toMatchObject({ gate: { name: 'revocation' } });
    expect(await at.jobCode()).toBe('Paused');
    at.provider.revokeToken(at.provider.token ?? '');
    await at.approve();
    expect(await at.settle()).toMatchObject({ status: 'ended', result: 'succeeded', frozen: false });
    expect(accountStates(at)).toEqual(before);
    const report = await at.operator.migrationReport(at.connection.rules.name);
    expect(report).toMatchObject({ passed: true, chain: { sound: true }, accounts: { lost: [], added: [] } });
    // M7: nobody is held for the dead token, although no cycle of Headgate's ever told of it.
    const tokens = await at.ports.stores.credentials.list(at.connection.rules.name);
    expect(tokens.map(({ state }) => state)).toEqual(['dead']);
  });

  test('remove-groups takes the named one, and Entra goes on with the other', async () => {
    const at = await open();
    const before = accountStates(at);
    await at.start('remove-groups', ['Crew']);
    await at.settle();
    at.provider.clearRequests();
    await at.approve();
    expect(await at.settle()).toMatchObject({ result: 'succeeded' });
    // Headgate empties the group, one person first, and Entra deletes it; nothing else is sent by either.
    expect(writes(at)).toEqual(['PATCH /Groups', 'PATCH /Groups', 'DELETE /Groups']);
    expect(at.assigned()).toEqual(['Deck', ...people(1, 4), personName(6)].toSorted());
    expect(at.provider.groups.find('Deck')?.['members']).toHaveLength(2);
    expect(accountStates(at)).toEqual(before);
    at.tenant.control.addMember('Deck', personName(7));
    expect(await at.cycle()).toMatchObject({ state: 'Succeeded' });
    expect(at.active()).toEqual(people(1, 7));
  });
});

describe('in the wrong order', () => {
  test('a group that was unassigned before its users were assigned refuses the start, and sends nothing', async () => {
    const at = await open();
    const before = accountStates(at);
    at.tenant.control.unassign({ principal: 'Crew' });
    at.provider.clearRequests();
    await expect(at.start('remove-groups', ['Deck'])).rejects.toThrow(
      /unclaimed-accounts: 3 active.*person1@.*assign their users again before it/,
    );
    expect(writes(at)).toEqual([]);
    // Assigned again in time nobody has lost anything, and the migration may begin.
    at.tenant.control.assign({ principal: 'Crew' });
    await at.cycle();
    expect(await at.start('remove-groups', ['Deck'])).toMatchObject({ status: 'running' });
    expect(accountStates(at)).toEqual(before);
  });

  test('M6: nothing is taken away before whole cycles, and no provisioning on demand stands for one', async () => {
    const at = await open();
    const application = at.connection.rules.application;
    await at.start('remove-groups', ['Crew', 'Deck']);
    const now = (view: { readonly steps: readonly { readonly step: string; readonly state: string }[] }) =>
      view.steps.find(({ state }) => state === 'now')?.step;
    expect(now(await at.look(6))).toBe('assignments-cycle');
    for (const user of people(1, 5)) await at.tenant.control.provisionOnDemand(application, user);
    expect(now(await at.look(6))).toBe('assignments-cycle');
    expect(await at.settle()).toMatchObject({ gate: { name: 'coverage' } });
    await at.approve();
    expect(now(await at.look(12))).toBe('canary');
    for (const user of people(1, 5)) await at.tenant.control.provisionOnDemand(application, user);
    expect(now(await at.look(6))).toBe('canary');
    expect(await at.settle()).toMatchObject({ result: 'succeeded' });
    expect(at.active()).toEqual(people(1, 6));
  });

  test('M4: a group unassigned by hand takes members along where deletes cascade: that is seen before anything else goes', async () => {
    const at = await open();
    await at.start('remove-groups', ['Crew', 'Deck']);
    expect(await at.settle()).toMatchObject({ gate: { name: 'coverage' } });
    await at.approve();
    at.tenant.control.unassign({ principal: 'Deck' });
    // Its members are assigned directly, but the group still has them when Entra deletes it.
    expect(await at.cycle()).toMatchObject({ state: 'Succeeded' });
    expect(at.active()).not.toContain(personName(5));
    const view = await at.settle();
    expect(view).toMatchObject({ status: 'paused' });
    expect(view.paused?.reason).toContain(personName(5));
    expect(at.assigned()).toContain('Crew');
    expect(at.provider.groups.find('Crew')?.['members']).not.toEqual([]);
  });

  test('a token that is deleted while the job runs stops everything before a group is unassigned', async () => {
    const at = await open();
    const before = accountStates(at);
    await at.start('disable-scim');
    expect(await at.settle()).toMatchObject({ gate: { name: 'coverage' } });
    at.provider.revokeToken(at.provider.token ?? '');
    await at.cycle();
    await at.approve();
    expect(await at.settle()).toMatchObject({ status: 'paused' });
    expect(at.assigned()).toEqual(['Crew', 'Deck', ...people(1, 6)].toSorted());
    expect(accountStates(at)).toEqual(before);
  });

  test('a yes to the revocation before the token is dead is void', async () => {
    const at = await open({ organisation: guideCompany() });
    await at.start('disable-scim');
    for (let gate = 0; gate < 3; gate++) {
      await at.settle();
      await at.approve();
    }
    expect(await at.settle()).toMatchObject({ gate: { name: 'revocation', why: 'not-approved' } });
  });
});

describe('whoever comes or goes', () => {
  test('M3: somebody who joins a group while it is emptied is assigned, and a cycle sees that, before it goes', async () => {
    const at = await open();
    await at.start('remove-groups', ['Crew']);
    await at.settle();
    at.tenant.control.addMember('Crew', personName(5));
    await at.approve();
    expect(await at.settle()).toMatchObject({ gate: { name: 'coverage', why: 'not-approved' } });
    await at.approve();
    expect(await at.settle()).toMatchObject({ result: 'succeeded' });
    expect(at.active()).toEqual(people(1, 6));
  });

  test('M4: an account that is lost ends the migration, and Entra is stopped before it takes the next', async () => {
    const at = await open();
    at.provider.observe({
      async afterWrite({ method, path }) {
        const lost = at.provider.accounts.find(personName(5))?.['id'];
        if (method === 'DELETE' && path.includes('/Groups/') && typeof lost === 'string')
          at.provider.change('DELETE', `/Users/${lost}`);
      },
    });
    await at.start('remove-groups', ['Crew', 'Deck']);
    await at.settle();
    await at.approve();
    const view = await at.settle();
    expect(view).toMatchObject({ result: 'aborted', frozen: true });
    expect(view.resultText).toMatch(
      /Entra's own provisioning was paused.* start it again: .*Enterprise applications, .+, Provisioning, Start provisioning/,
    );
    expect(await at.jobCode()).toBe('Paused');
    expect(at.provider.groups.size).toBe(1);
    // M8: the report names whom, and what is there.
    const { accounts, groups } = await at.operator.migrationReport(at.connection.rules.name);
    expect(accounts.lost.map(({ label }) => label)).toEqual([personName(5)]);
    expect(accounts.after?.map(({ label }) => label).toSorted()).toEqual(at.active());
    expect(groups.left).toEqual(at.provider.groups.all().map(({ id }) => id));
  });
});

test('killed after line upon line of its journal it comes to the same end', async () => {
  const at = await open();
  const before = accountStates(at);
  await at.start('disable-scim');
  const alive = (view: { readonly status: string }) => view.status !== 'ended';
  let view = await at.look(1);
  for (let life = 0; alive(view) && life < 400; life++) {
    if (view.status === 'paused') throw new Error(JSON.stringify(view.paused));
    if (view.gate?.name === 'revocation') at.provider.revokeToken(at.provider.token ?? '');
    if (view.status === 'waiting') await at.approve();
    // What one look at a step writes must fit into one life, so the lives take turns.
    at.dieAfter(1 + (life % 4));
    view = await at.look(1);
    await at.cycle();
    expect(accountStates(at)).toEqual(before);
  }
  expect(at.deaths()).toBeGreaterThan(8);
  expect(view).toMatchObject({ result: 'succeeded' });
  expect(at.assigned()).toEqual(people(1, 6));
  expect(at.provider.groups.size).toBe(0);
  expect(await at.jobCode()).toBe('Paused');
  const report = await at.operator.migrationReport(at.connection.rules.name);
  expect(report).toMatchObject({ passed: true, accounts: { lost: [], added: [] } });
});

describe('before anything is begun', () => {
  test('an identity that could not stop the job in need is refused', async () => {
    const at = await open({ permissions: MIGRATION_PERMISSIONS });
    await expect(at.start('remove-groups', ['Crew'])).rejects.toThrow(/lacks Synchronization.ReadWrite.All/);
  });

  test('a threshold that would let Entra take many is asked about, and a job that stands still is refused', async () => {
    const at = await open({ job: { deleteThreshold: 500 } });
    await expect(at.start('remove-groups', ['Crew'])).rejects.toThrow(/delete-threshold/);
    at.tenant.control.setProvisioningJob(at.connection.rules.application, 'Paused', { deleteThreshold: 3 });
    await expect(at.start('remove-groups', ['Crew'])).rejects.toThrow(/job-stopped/);
  });

  test('the plan shows what Headgate sends, and that Entra deletes the groups', async () => {
    const at = await open();
    const plan = await at.operator.planMigration(
      {
        connection: at.connection.rules.name,
        kind: 'disable-scim',
        groups: [],
        options: { twoPeople: false, approvalMs: 1, accept: [] },
      },
      () => undefined,
      new AbortController().signal,
    );
    expect(plan.obstacles).toEqual([]);
    const sent = plan.requests.map(({ step, request }) => `${step} ${request.to} ${request.method}`);
    expect(new Set(sent)).toEqual(
      new Set([
        'assign-directly directory POST',
        'empty-groups provider PATCH',
        'unassign-groups directory DELETE',
        'disable-connection directory POST',
      ]),
    );
    expect(plan.requests.at(-1)?.request.path).toMatch(/\/synchronization\/jobs\/scim\.[0-9a-f]+\/pause$/);
  });
});
