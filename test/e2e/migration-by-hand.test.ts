import { afterEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import type { MigrationVerb } from '../../src/core/migration/permitted.ts';
import type { Complex } from '../../src/sandbox/provider/json.ts';
import { company, cycle, memberCount, personName, writes } from './company.ts';
import { accountsOf, approve, assignedTo, OPTIONS, start, still } from './migration-world.ts';
import { startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Eight people: 1 to 4 through Crew, 4 to 6 through Deck, 2 and 3 through Hold, 7 and 8 directly. All have accounts. */
async function open() {
  world = await startWorld({
    organisation: company({ users: 9, groups: { Crew: [1, 4], Deck: [4, 6], Hold: [2, 3] }, direct: [7, 8] }),
    migrations: true,
  });
  const operator = await world.open();
  expect((await cycle(operator)).result).toBe('succeeded');
  return { at: world, operator, before: accountsOf(world) };
}

function act(operator: OperatorClient, verb: Exclude<MigrationVerb, 'approve'>): Promise<unknown> {
  return operator.migrations.actOnMigration({ connection: 'acme', verb, by: 'ada' });
}

function idOf({ provider }: World, name: string): string {
  const id = provider.accounts.find(name)?.['id'];
  return typeof id === 'string' ? id : '';
}

function groupIds({ provider }: World): readonly string[] {
  return provider.groups.all().flatMap(({ id }) => (typeof id === 'string' ? id : []));
}

/** A change somebody makes on the provider's own pages. */
function byHand({ provider }: World, path: string, operation: Complex): void {
  const schemas = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];
  provider.change('PATCH', path, { schemas, Operations: [operation] });
}

function setActive(at: World, name: string, value: boolean): void {
  byHand(at, `/Users/${idOf(at, name)}`, { op: 'replace', path: 'active', value });
}

/** Puts somebody into every SCIM group there still is, as soon as the canary is deleted. */
function putBackAfterCanary(at: World): void {
  let done = false;
  at.provider.observe({
    async afterWrite({ method, path }) {
      if (done || method !== 'DELETE' || !path.includes('/Groups/')) return;
      done = true;
      for (const id of groupIds(at))
        byHand(at, `/Groups/${id}`, { op: 'add', path: 'members', value: [{ value: idOf(at, personName(8)) }] });
    },
  });
}

describe('an administrator who edits by hand meanwhile', () => {
  test('and puts a member back after the canary, takes it out again and resumes: another full cycle ends it', async () => {
    const { at, operator, before } = await open();
    putBackAfterCanary(at);
    await start(operator, 'remove-groups', ['Crew', 'Deck', 'Hold']);
    await approve(operator, 'coverage');
    const paused = await still(operator);
    expect(paused.status).toBe('paused');
    expect(paused.paused?.reason).toMatch(/non-empty-group-delete holds 2.*Crew with 1 member.*Then resume/);
    for (const id of groupIds(at)) byHand(at, `/Groups/${id}`, { op: 'remove', path: 'members' });
    await act(operator, 'resume');
    expect(await still(operator)).toMatchObject({ status: 'ended', result: 'succeeded' });
    expect(at.provider.groups.size).toBe(0);
    expect(accountsOf(at)).toEqual(before);
  });

  test('and leaves the member in: a resumed migration stops again and deletes nothing', async () => {
    const { at, operator, before } = await open();
    putBackAfterCanary(at);
    await start(operator, 'remove-groups', ['Crew', 'Deck', 'Hold']);
    await approve(operator, 'coverage');
    await still(operator);
    await act(operator, 'resume');
    expect(await still(operator)).toMatchObject({ status: 'paused' });
    expect(at.provider.groups.size).toBe(2);
    expect(accountsOf(at)).toEqual(before);
  });

  test('M4: and deactivates an account that is in no group before anything is taken away: it stops and names them', async () => {
    const { at, operator } = await open();
    await start(operator, 'disable-scim');
    await still(operator);
    setActive(at, personName(7), false);
    await approve(operator, 'coverage');
    const view = await still(operator);
    expect(view).toMatchObject({ status: 'paused' });
    expect(view.paused?.reason).toMatch(/1 account that was active is not any more: .*person7@.*resume.*abort/);
    expect([memberCount(at, 'Crew'), memberCount(at, 'Deck')]).toEqual([4, 3]);
    setActive(at, personName(7), true);
    await act(operator, 'resume');
    expect(await still(operator)).toMatchObject({ gate: { name: 'disable' } });
  });

  test('M4: and deactivates one while the groups are emptied: that ends it before a group is unassigned', async () => {
    const { at, operator } = await open();
    at.provider.observe({
      async afterWrite({ path }) {
        if (path.includes('/Groups/')) setActive(at, personName(7), false);
      },
    });
    await start(operator, 'remove-groups', ['Crew', 'Deck']);
    await approve(operator, 'coverage');
    const view = await still(operator);
    expect(view).toMatchObject({ result: 'aborted', frozen: true });
    expect(view.resultText).toContain(personName(7));
    expect(assignedTo(at)).toEqual(expect.arrayContaining(['Crew', 'Deck']));
    expect(at.provider.groups.size).toBe(3);
  });
});

/** Entra's own provisioning of the application, running or not. */
function entrasJob({ tenant, provider }: World, code: 'Active' | 'Paused'): void {
  const { organisation } = tenant;
  for (const { appId } of organisation.servicePrincipals.values(organisation.version()))
    tenant.control.setProvisioningJob(appId, code, { target: { url: provider.url, token: provider.token ?? '' } });
}

describe("Entra's own provisioning beside Headgate's", () => {
  test('refuses the start and the rehearsal, and says what to do', async () => {
    const { at, operator } = await open();
    entrasJob(at, 'Active');
    at.provider.clearRequests();
    await expect(start(operator, 'remove-groups', ['Crew'])).rejects.toThrow(/native-job-active: .*Stop provisioning/);
    const ask = { connection: 'acme', kind: 'remove-groups', groups: ['Crew'], options: OPTIONS, assume: [] } as const;
    const rehearsal = await operator.migrations.rehearse(ask, () => undefined, new AbortController().signal);
    expect(rehearsal).toMatchObject({ safe: false, end: { result: 'not-started' } });
    expect(rehearsal.hindrances).toMatchObject([{ code: 'native-job-active' }]);
    expect(writes(at)).toEqual([]);
  });

  test.each([
    { moment: 'at the gate', method: 'none', left: 3, assigned: ['Crew', 'Deck'] },
    { moment: 'when the first member is out', method: 'PATCH', left: 3, assigned: ['Crew', 'Deck'] },
    { moment: 'when the canary is deleted', method: 'DELETE', left: 2, assigned: [] },
  ])('started $moment stops the migration before anything more is taken away', async ({ method, left, assigned }) => {
    const { at, operator, before } = await open();
    at.provider.observe({
      async afterWrite(write) {
        if (write.method === method && write.path.includes('/Groups/')) entrasJob(at, 'Active');
      },
    });
    await start(operator, 'remove-groups', ['Crew', 'Deck']);
    await still(operator);
    if (method === 'none') entrasJob(at, 'Active');
    await approve(operator, 'coverage');
    const view = await still(operator);
    expect(view).toMatchObject({ status: 'paused' });
    expect(view.paused?.reason).toMatch(/native-job-active/);
    expect(at.provider.groups.size).toBe(left);
    expect(assignedTo(at).filter((name) => name === 'Crew' || name === 'Deck')).toEqual(assigned);
    at.provider.observe({});
    entrasJob(at, 'Paused');
    await act(operator, 'resume');
    expect(await still(operator)).toMatchObject({ result: 'succeeded' });
    expect(accountsOf(at)).toEqual(before);
  });
});
