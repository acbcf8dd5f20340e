import { expect, test } from 'vitest';
import { company, people, personName } from '../e2e/company.ts';
import { useEntraWorlds } from './entra-world.ts';
import { firstTime, wholeLineName } from './journal-deaths.ts';
import { endOf } from './own-lives.ts';
import { useOwnWorlds, type OwnWorld } from './own-world.ts';
import { waitingForCredential, withoutCredentialWait } from '../../src/core/pause-reason.ts';
import { accountStates } from './surroundings.ts';

const openWorld = useOwnWorlds();
const openEntraWorld = useEntraWorlds();

/** People 1 to 4 through Crew, 4 and 5 through Deck. */
const organisation = () => company({ users: 5, groups: { Crew: [1, 4], Deck: [4, 5] } });

/** Rolled back from the coverage gate, as far as the last assignment that is withdrawn; nobody has looked at the end yet. */
async function withdrawn(): Promise<OwnWorld> {
  const at = await openWorld(organisation());
  await at.start('remove-groups', ['Crew', 'Deck']);
  expect(await at.live()).toMatchObject({ gate: { name: 'coverage' } });
  await at.operator.actOnMigration({ connection: at.name, verb: 'rollback', by: 'ada' });
  at.dieRightAfter((entry) => entry.kind === 'done' && entry.step === 'withdraw-assignments');
  await at.live();
  at.dieRightAfter(() => false);
  expect(at.assigned()).toEqual(['Crew', 'Deck']);
  return at;
}

async function runCycle(at: OwnWorld): Promise<void> {
  await at.stores.cycles.open({ connection: at.name, kind: 'initial', requestedBy: 'test' });
  await at.live();
}

/** The same for every connection. */
async function toldOf(at: OwnWorld): Promise<unknown> {
  return JSON.parse(JSON.stringify(await endOf(at)).replaceAll(at.name, 'acme'));
}

test('whom a rollback leaves without any way in is named, it is not restored, and no cycle takes them before a person looked', async () => {
  const at = await withdrawn();
  const before = accountStates(at);
  at.tenant.control.unassign({ principal: 'Crew' });
  const view = await at.live();
  expect(view).toMatchObject({ result: 'rolled-back', frozen: true });
  for (const name of people(1, 3)) expect(view.resultText).toContain(name);
  expect(view.resultText).not.toContain(personName(4));
  expect(view.resultText).toMatch(/3 people have no way in any more/);
  expect(await at.operator.migrationReport(at.name)).toMatchObject({ verdict: 'failed', passed: false });
  const { pausedReason } = await at.stores.connections.get(at.name);
  expect(pausedReason).toMatch(/^migration .* was rolled back: .*person1@/);
  await runCycle(at);
  expect(accountStates(at)).toEqual(before);

  at.tenant.control.assign({ principal: 'Crew' });
  await at.stores.connections.resume(at.name);
  await runCycle(at);
  expect(accountStates(at)).toEqual(before);
});

test('killed between the freeze and the end of a rollback it ends as one that nobody harms', async () => {
  const unharmed = await withdrawn();
  unharmed.tenant.control.unassign({ principal: 'Crew' });
  await unharmed.live();
  const end = await toldOf(unharmed);
  expect(end).toMatchObject({ result: 'rolled-back', frozen: true, paused: true, verdict: 'failed', lost: [] });

  const at = await withdrawn();
  at.tenant.control.unassign({ principal: 'Crew' });
  at.dieBefore(({ kind }) => kind === 'ended');
  expect(await at.live()).toMatchObject({ status: 'running', mode: 'rollback' });
  expect((await at.stores.connections.get(at.name)).pausedReason).toContain('was rolled back');
  at.dieBefore(() => false);
  await at.live();
  expect(await toldOf(at)).toEqual(end);
});

test.each([
  ['nobody kills it', false],
  ['killed between the freeze and the end', true],
])(
  'where the connection was paused for a new token, that token does not end the freeze of a rollback: %s',
  async (_, killed) => {
    const at = await withdrawn();
    const { connections } = at.stores;
    const before = accountStates(at);
    await connections.pause(at.name, waitingForCredential('the token is being rotated'));
    at.tenant.control.unassign({ principal: 'Crew' });
    if (killed) {
      at.dieBefore(({ kind }) => kind === 'ended');
      await at.live();
      at.dieBefore(() => false);
    }
    expect(await at.live()).toMatchObject({ result: 'rolled-back', frozen: true });
    const { pausedReason } = await connections.get(at.name);
    expect(pausedReason).toMatch(
      /^migration .* was rolled back: .*person1@.*waiting for a credential: the token is being/,
    );
    expect(pausedReason?.split('was rolled back')).toHaveLength(2);
    // What putting a token to use lifts.
    await connections.changePause(at.name, withoutCredentialWait);
    await runCycle(at);
    expect(accountStates(at)).toEqual(before);
  },
);

test('mended before the next process looks, a rollback ends restored and leaves the connection paused for what it was before', async () => {
  const at = await withdrawn();
  await at.stores.connections.pause(at.name, 'audit (by ada)');
  at.tenant.control.unassign({ principal: 'Crew' });
  at.dieBefore(({ kind }) => kind === 'ended');
  await at.live();
  at.dieBefore(() => false);
  at.tenant.control.assign({ principal: 'Crew' });
  await at.live();
  expect(await endOf(at)).toMatchObject({ result: 'rolled-back', verdict: 'restored', frozen: false });
  expect((await at.stores.connections.get(at.name)).pausedReason).toBe('audit (by ada)');
});

test('killed so and mended before the next process looks, a rollback ends restored and the connection goes on', async () => {
  const at = await withdrawn();
  at.tenant.control.unassign({ principal: 'Crew' });
  at.dieBefore(({ kind }) => kind === 'ended');
  await at.live();
  at.dieBefore(() => false);
  at.tenant.control.assign({ principal: 'Crew' });
  await at.live();
  expect(await endOf(at)).toMatchObject({ result: 'rolled-back', verdict: 'restored', frozen: false, paused: false });
});

test('whoever is blocked or deleted while it goes back keeps no connection paused: the next cycle takes them, as always', async () => {
  const at = await withdrawn();
  at.tenant.control.disableUser(personName(1));
  at.tenant.control.softDeleteUser(personName(5));
  expect(await at.live()).toMatchObject({ result: 'rolled-back', frozen: false });
  expect((await at.stores.connections.get(at.name)).pausedReason).toBeUndefined();
});

test("with Entra's engine a rollback that leaves people without any way in pauses Entra's job as well", async () => {
  const at = await openEntraWorld({ organisation: organisation() });
  await at.start('remove-groups', ['Crew', 'Deck']);
  expect(await at.settle()).toMatchObject({ gate: { name: 'coverage' } });
  await at.operator.actOnMigration({ connection: at.connection.rules.name, verb: 'rollback', by: 'ada' });
  at.dieRightAfter((entry) => entry.kind === 'done' && entry.step === 'withdraw-assignments');
  while (at.deaths() === 0) {
    await at.look(1);
    if (at.deaths() === 0) await at.cycle();
  }
  expect(at.assigned()).toEqual(['Crew', 'Deck']);
  at.tenant.control.unassign({ principal: 'Crew' });
  const view = await at.look(2);
  expect(view).toMatchObject({ result: 'rolled-back', frozen: true });
  expect(view.resultText).toMatch(/3 people have no way in any more.*person1@.*Entra's own provisioning was paused/);
  expect(await at.jobCode()).toBe('Paused');
});

test.each(['nobody kills it', 'killed before each line', 'killed right after each line'] as const)(
  'from whom an assignment was withdrawn while their group went they are given it back and named: %s',
  async (when) => {
    const at = await openWorld(organisation());
    const before = accountStates(at);
    await at.start('remove-groups', ['Crew', 'Deck']);
    expect(await at.live()).toMatchObject({ gate: { name: 'coverage' } });
    await at.operator.actOnMigration({ connection: at.name, verb: 'rollback', by: 'ada' });
    const lines = firstTime(wholeLineName);
    let gone = false;
    at.dieBefore((entry) => {
      // Between the look that shows the group assigned and the requests that rest on it.
      if (!gone && entry.kind === 'called' && entry.step === 'withdraw-assignments') {
        gone = true;
        at.tenant.control.unassign({ principal: 'Crew' });
      }
      return when === 'killed before each line' && lines.is(entry);
    });
    if (when === 'killed right after each line') at.dieRightAfter(lines.is);
    for (let life = 0; life < 100 && (await at.operator.migrationStatus(at.name)).status === 'running'; life++)
      await at.live();
    const view = await at.operator.migrationStatus(at.name);
    expect(view).toMatchObject({ result: 'rolled-back', frozen: false });
    expect(at.assigned()).toEqual(['Deck', ...people(1, 3)]);
    expect(view.resultText).toMatch(/3 direct assignments of the migration are left.*person1@.*person2@.*person3@/);
    const { verdict, requests, chain } = await at.operator.migrationReport(at.name);
    expect([verdict, chain.sound]).toEqual(['failed', true]);
    const again = requests.filter(({ what }) => what.endsWith('directly again'));
    expect(new Set(again.map(({ what }) => what)).size).toBe(3);
    expect(again.every(({ outcome }) => ['done', 'already-so', 'proved', 'repeated'].includes(outcome))).toBe(true);
    at.dieBefore(() => false);
    at.dieRightAfter(() => false);
    await runCycle(at);
    expect(accountStates(at)).toEqual(before);
  },
);
