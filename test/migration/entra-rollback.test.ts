import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { MigrationView } from '../../src/core/migration/view.ts';
import { company, people, personName } from '../e2e/company.ts';
import { useEntraWorlds, type EntraWorld } from './entra-world.ts';
import { accountStates } from './surroundings.ts';

const openWorld = useEntraWorlds();

/** Six people: 1 to 4 through Crew, 4 and 5 through Deck, 6 directly. */
async function open(): Promise<EntraWorld> {
  const organisation = company({ users: 7, groups: { Crew: [1, 4], Deck: [4, 5] }, direct: [6, 6] });
  return openWorld({ organisation });
}

function memberIds({ provider }: EntraWorld, group: string): readonly string[] {
  const members = provider.groups.find(group)?.['members'];
  return z
    .array(z.object({ value: z.string() }))
    .parse(members ?? [])
    .map(({ value }) => value)
    .toSorted();
}

function now({ steps }: MigrationView): string | undefined {
  return steps.find(({ state }) => state === 'now')?.step;
}

function act(at: EntraWorld, verb: 'resume' | 'rollback'): Promise<MigrationView> {
  return at.operator.actOnMigration({ connection: at.connection.rules.name, verb, by: 'ada' });
}

function rollback(at: EntraWorld): Promise<MigrationView> {
  return act(at, 'rollback');
}

/** Asks for the rollback as soon as such a write was carried out at the provider. */
function rollbackAfter(at: EntraWorld, asked: { readonly method: string; readonly path: RegExp }): void {
  let done = false;
  at.provider.observe({
    async afterWrite({ method, path }) {
      if (done || method !== asked.method || !asked.path.test(path)) return;
      done = true;
      await rollback(at);
    },
  });
}

/** As somebody does on the provider's own pages. */
function deactivate({ provider }: EntraWorld, account: string): void {
  const Operations = [{ op: 'replace', path: 'active', value: false }];
  provider.change('PATCH', `/Users/${account}`, {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
    Operations,
  });
}

interface Place {
  readonly place: string;
  readonly reach: (at: EntraWorld) => Promise<unknown>;
}

const PLACES: readonly Place[] = [
  { place: 'the gate coverage', reach: (at) => rollback(at) },
  {
    place: 'the first member taken out',
    async reach(at) {
      rollbackAfter(at, { method: 'PATCH', path: /Groups/ });
      await at.approve();
    },
  },
  {
    place: 'a canary that is unassigned and not deleted yet',
    async reach(at) {
      await at.approve();
      expect(now(await at.look(12))).toBe('canary');
      await rollback(at);
    },
  },
  {
    place: 'a canary that Entra has deleted',
    async reach(at) {
      rollbackAfter(at, { method: 'DELETE', path: /Groups/ });
      await at.approve();
    },
  },
  {
    place: 'the gate disable',
    async reach(at) {
      await at.approve();
      expect(await at.settle()).toMatchObject({ gate: { name: 'disable' } });
      expect(at.provider.groups.size).toBe(0);
      await rollback(at);
    },
  },
];

describe("the way back with Entra's engine", () => {
  test.each(PLACES)('M9: from $place everything is as it was', async ({ reach }) => {
    const at = await open();
    const [before, assigned] = [accountStates(at), at.assigned()];
    const members = [memberIds(at, 'Crew'), memberIds(at, 'Deck')];
    await at.start('disable-scim');
    expect(await at.settle()).toMatchObject({ gate: { name: 'coverage' } });
    await reach(at);
    expect(await at.settle()).toMatchObject({ result: 'rolled-back', frozen: false });
    expect(at.assigned()).toEqual(assigned);
    expect(accountStates(at)).toEqual(before);
    expect([memberIds(at, 'Crew'), memberIds(at, 'Deck')]).toEqual(members);
    const report = await at.operator.migrationReport(at.connection.rules.name);
    expect(report).toMatchObject({ verdict: 'restored', accounts: { lost: [], added: [] } });
    expect(report.groups.after?.map(({ name, members: count }) => [name, count])).toEqual([
      ['Crew', 4],
      ['Deck', 2],
    ]);
    // Entra goes on as ever, from what it remembers.
    at.provider.clearRequests();
    expect(await at.cycle()).toMatchObject({ state: 'Succeeded' });
    expect(at.provider.requests().filter(({ method }) => method !== 'GET')).toEqual([]);
    expect(accountStates(at)).toEqual(before);
  });

  test('M9: a group that Entra may still delete is not filled before a whole cycle has seen it assigned', async () => {
    const at = await open();
    await at.start('remove-groups', ['Crew', 'Deck']);
    await at.settle();
    await at.approve();
    await at.look(12);
    await rollback(at);
    expect(now(await at.look(8))).toBe('restore-cycle');
    expect([memberIds(at, 'Crew'), memberIds(at, 'Deck')]).toEqual([[], []]);
    expect(await at.settle()).toMatchObject({ result: 'rolled-back' });
    expect(at.active()).toEqual(people(1, 6));
  });

  test.each<readonly [who: string, between: (at: EntraWorld) => unknown]>([
    ['the rollback', () => undefined],
    ['somebody', ({ tenant }) => tenant.control.assign({ principal: 'Crew' })],
  ])(
    'M9: what %s assigns again although nothing was taken away is seen by a whole cycle before anything is withdrawn',
    async (_who, between) => {
      const at = await open();
      const [before, assigned] = [accountStates(at), at.assigned()];
      await at.start('remove-groups', ['Crew']);
      expect(await at.settle()).toMatchObject({ gate: { name: 'coverage' } });
      at.tenant.control.unassign({ principal: 'Crew' });
      await between(at);
      await rollback(at);
      expect(now(await at.look(12))).toBe('restore-cycle');
      expect(at.assigned()).toEqual(['Crew', 'Deck', ...people(1, 4), personName(6)].toSorted());
      expect(await at.settle()).toMatchObject({ result: 'rolled-back' });
      expect(at.assigned()).toEqual(assigned);
      expect(accountStates(at)).toEqual(before);
    },
  );

  test('M9: a cycle under way that has not seen the group assigned again finds the direct assignments still there', async () => {
    const organisation = company({ users: 4, groups: { Crew: [1, 2] }, direct: [3, 3] });
    const at = await openWorld({ organisation, vendor: 'generic' });
    await at.start('remove-groups', ['Crew']);
    expect(await at.settle()).toMatchObject({ gate: { name: 'coverage' } });
    at.tenant.control.unassign({ principal: 'Crew' });
    at.tenant.control.assign({ principal: personName(4) });
    at.provider.observe({
      async afterWrite({ method, path }) {
        if (method !== 'POST' || !path.includes('/Users')) return;
        await rollback(at);
        await at.look(12);
      },
    });
    await at.cycle();
    expect(at.active()).toEqual(people(1, 4));
    at.provider.observe({});
    expect(await at.settle()).toMatchObject({ result: 'rolled-back' });
    expect(at.assigned()).toEqual(['Crew', personName(3), personName(4)]);
    expect(at.groups()).toEqual({ Crew: people(1, 2) });
    expect(at.active()).toEqual(people(1, 4));
  });

  test('M9: where nobody was assigned there is no cycle to wait for', async () => {
    const at = await open();
    await at.start('remove-groups', ['Crew']);
    await rollback(at);
    expect(await at.look(12)).toMatchObject({ result: 'rolled-back' });
  });

  test('M9: whoever left the directory group meanwhile is not put back, and keeps the direct assignment', async () => {
    const at = await open();
    const crew = memberIds(at, 'Crew');
    await at.start('remove-groups', ['Crew']);
    await at.settle();
    await at.approve();
    await at.look(12);
    at.tenant.control.removeMember('Crew', personName(1));
    await rollback(at);
    expect(await at.settle()).toMatchObject({ result: 'rolled-back' });
    const left = at.provider.accounts.find(personName(1))?.['id'];
    expect(memberIds(at, 'Crew')).toEqual(crew.filter((id) => id !== left));
    expect(at.assigned()).toEqual(['Crew', 'Deck', personName(1), personName(6)].toSorted());
    await at.cycle();
    expect(at.active()).toEqual(people(1, 6));
  });

  test('M9: after an account was lost, the migration aborted and the job paused, the groups come back once it is started', async () => {
    const at = await open();
    const assigned = at.assigned();
    const members = [memberIds(at, 'Crew'), memberIds(at, 'Deck')];
    const lost = at.provider.accounts.find(personName(6))?.['id'];
    await at.start('remove-groups', ['Crew', 'Deck']);
    await at.settle();
    await at.approve();
    at.provider.observe({
      async afterWrite({ method, path }) {
        if (method !== 'DELETE' || !path.includes('/Groups/') || typeof lost !== 'string') return;
        at.provider.observe({});
        deactivate(at, lost);
      },
    });
    // Somebody of the canary's group is asked for at once, everybody else with the next look.
    expect(await at.settle()).toMatchObject({ result: 'aborted', frozen: true });
    expect(await at.jobCode()).toBe('Paused');
    await rollback(at);
    const view = await at.settle();
    expect(view).toMatchObject({ status: 'paused', paused: { reason: expect.stringContaining('start it') } });
    at.tenant.control.changeProvisioningJob(at.connection.rules.application, { code: 'Active' });
    await act(at, 'resume');
    expect(await at.settle()).toMatchObject({ result: 'rolled-back', frozen: false });
    expect(at.assigned()).toEqual(assigned);
    expect([memberIds(at, 'Crew'), memberIds(at, 'Deck')]).toEqual(members);
    expect((await at.ports.stores.connections.get(at.connection.rules.name)).pausedReason).toBeUndefined();
  });

  test('an abort that comes in the very moment of switching off does not leave it standing there', async () => {
    const at = await open();
    const { migrations } = at.ports.stores;
    const { id } = await at.start('disable-scim');
    for (const gate of ['coverage', 'disable']) {
      expect(await at.settle()).toMatchObject({ gate: { name: gate } });
      await at.approve();
    }
    await migrations.append(id, [
      { kind: 'abort', by: 'ada', reason: 'no' },
      { kind: 'begun', step: 'disable-connection' },
    ]);
    expect(await at.settle()).toMatchObject({ gate: { name: 'revocation' } });
    expect(await at.jobCode()).toBe('Paused');
  });

  test('killed after line upon line of its journal it comes back all the same', async () => {
    const at = await open();
    const [before, assigned] = [accountStates(at), at.assigned()];
    const members = [memberIds(at, 'Crew'), memberIds(at, 'Deck')];
    await at.start('remove-groups', ['Crew', 'Deck']);
    await at.settle();
    await at.approve();
    await at.look(12);
    let view = await rollback(at);
    for (let life = 0; view.status !== 'ended' && life < 300; life++) {
      if (view.status === 'paused') throw new Error(JSON.stringify(view.paused));
      at.dieAfter(1 + (life % 4));
      view = await at.look(1);
      await at.cycle();
      expect(accountStates(at)).toEqual(before);
    }
    expect(at.deaths()).toBeGreaterThan(4);
    expect(view).toMatchObject({ result: 'rolled-back' });
    expect(at.assigned()).toEqual(assigned);
    expect([memberIds(at, 'Crew'), memberIds(at, 'Deck')]).toEqual(members);
  });
});

describe('a directory group that is deleted meanwhile', () => {
  test('is named and left out, and everything else is as it was', async () => {
    const at = await open();
    const deck = memberIds(at, 'Deck');
    await at.start('remove-groups', ['Crew', 'Deck']);
    await at.settle();
    await at.approve();
    expect(now(await at.look(12))).toBe('canary');
    at.tenant.control.deleteGroup('Crew');
    at.tenant.control.clearRequests();
    await rollback(at);
    const view = await at.settle();
    expect(view).toMatchObject({ result: 'rolled-back', frozen: false });
    expect(view.resultText).toMatch(/1 group is assigned again.*deleted in the directory.*Crew/);
    expect(memberIds(at, 'Deck')).toEqual(deck);
    // Whoever was in the deleted group alone has no other way in than the direct assignment.
    expect(at.assigned()).toEqual(['Deck', ...people(1, 3), personName(6)]);
    expect(at.active()).toEqual(people(1, 6));
    const asked = at.tenant.control.requests().filter(({ method }) => method === 'POST');
    expect(asked.filter(({ path }) => path.endsWith('/appRoleAssignedTo'))).toHaveLength(1);
  });

  test('is not tried for ever where the directory shows it and does not find it', async () => {
    const at = await open();
    await at.start('remove-groups', ['Crew', 'Deck']);
    await at.settle();
    at.tenant.control.unassign({ principal: 'Crew' });
    const path = '/servicePrincipals/*/appRoleAssignedTo';
    at.tenant.control.addFault({ path, method: 'POST', times: 1000, effect: { kind: 'status', status: 404 } });
    await rollback(at);
    const view = await at.look(45);
    expect(view).toMatchObject({ status: 'paused' });
    expect(view.paused?.reason).toMatch(/does not find.*assign group Crew again, after 40 reads/);
    await at.operator.actOnMigration({ connection: at.connection.rules.name, verb: 'resume', by: 'ada' });
    expect(await at.look(2)).toMatchObject({ status: 'running' });
    at.tenant.control.clearFaults();
    expect(await at.settle()).toMatchObject({ result: 'rolled-back' });
  });
});
