import { expect, test, vi } from 'vitest';
import type { MigrationVerb } from '../../src/core/migration/permitted.ts';
import { company, people, personName } from '../e2e/company.ts';
import { useEntraWorlds, type EntraWorld } from './entra-world.ts';
import type { JournalEntry } from '../../src/core/migration/journal.ts';
import { useOwnWorlds, type OwnWorld } from './own-world.ts';

/*
 * People may say a word while a step looks or the end is being told. What that comes to was decided without the word.
 */
const openWorld = useEntraWorlds();
const openOwnWorld = useOwnWorlds();

/** Approved, so that the groups go next: 1 to 5 through Crew, 6 and 7 through Deck, 8 directly. */
async function open(): Promise<EntraWorld> {
  const organisation = company({ users: 8, groups: { Crew: [1, 5], Deck: [6, 7] }, direct: [8, 8] });
  const at = await openWorld({ organisation });
  await at.start('remove-groups', ['Crew', 'Deck']);
  await at.settle();
  await at.approve();
  return at;
}

function say(at: EntraWorld, verb: Exclude<MigrationVerb, 'approve'>) {
  return at.operator.actOnMigration({ connection: at.connection.rules.name, verb, by: 'ada' });
}

/** Looks, with a cycle of Entra's after each, until the newest line says this. */
async function until(at: EntraWorld, said: string): Promise<void> {
  while (!(await at.look(1)).latest.text.includes(said)) await at.cycle();
}

/** Somebody deletes the account of number 3 at the provider. */
function loseOne({ provider }: EntraWorld): void {
  const id = provider.accounts.find(personName(3))?.['id'];
  if (typeof id !== 'string') throw new Error('the account is not there');
  provider.change('DELETE', `/Users/${id}`);
}

/** Once, in the middle of the next look at who is assigned. */
function inTheLook({ connection: { directory } }: EntraWorld, happens: () => Promise<unknown>): void {
  const read = directory.readAssignments.bind(directory);
  vi.spyOn(directory, 'readAssignments').mockImplementationOnce(async (...asked) => {
    await happens();
    return read(...asked);
  });
}

/** Once, as the end is put together. */
function atTheEnd({ ports: { stores } }: EntraWorld, happens: () => Promise<unknown>): void {
  const list = stores.cycles.list.bind(stores.cycles);
  vi.spyOn(stores.cycles, 'list').mockImplementationOnce(async (...asked) => {
    await happens();
    return list(...asked);
  });
}

test('a rollback that is asked for during a look that ends in a question to a person is not paused by that', async () => {
  const at = await open();
  loseOne(at);
  inTheLook(at, () => say(at, 'rollback'));
  expect(await at.look(1)).toMatchObject({ mode: 'rollback' });
  expect(await at.settle()).toMatchObject({ mode: 'rollback', result: 'rolled-back' });
});

test('a rollback that is asked for while the end is put together is gone through', async () => {
  const at = await open();
  atTheEnd(at, () => say(at, 'rollback'));
  expect(await at.settle()).toMatchObject({ mode: 'rollback', result: 'rolled-back' });
  expect(at.assigned()).toEqual(['Crew', 'Deck', ...people(8, 8)].toSorted());
});

test('a pause that is asked for while the end is put together holds', async () => {
  const at = await open();
  atTheEnd(at, () => say(at, 'pause'));
  expect(await at.settle()).toMatchObject({ status: 'paused', paused: { by: 'ada' } });
  await say(at, 'resume');
  expect(await at.settle()).toMatchObject({ result: 'succeeded' });
});

test('a rollback that is asked for while a loss is found goes on, and leaves no freeze behind', async () => {
  const at = await open();
  await until(at, 'the groups are gone');
  loseOne(at);
  inTheLook(at, () => say(at, 'rollback'));
  await at.look(1);
  const view = await at.look(1);
  expect(view).toMatchObject({ mode: 'rollback', status: 'running' });
  expect(await at.ports.stores.connections.get(view.connection)).not.toHaveProperty('pausedReason');
});

test("a loss that is found as it is told to go back is told; Entra's job stands still, and a person is asked to start it", async () => {
  const at = await open();
  const { name } = at.connection.rules;
  await until(at, 'the groups are gone');
  loseOne(at);
  inTheLook(at, () => say(at, 'rollback'));
  await at.look(1);
  const { timeline } = await at.operator.migrationReport(name);
  expect(timeline.at(-1)?.text).toMatch(/^verify: 1 account that was active .*person3@.*provisioning was paused/);
  expect(await at.settle()).toMatchObject({
    status: 'paused',
    mode: 'rollback',
    paused: { reason: expect.stringMatching(/does not run \(Paused\).*Start provisioning/) },
  });
  expect(at.assigned()).toEqual(expect.arrayContaining(['Crew', 'Deck']));
});

test.each(['pause', 'abort'] as const)('a loss ends it whatever else is said meanwhile: %s', async (verb) => {
  const at = await open();
  await until(at, 'the groups are gone');
  loseOne(at);
  inTheLook(at, () => say(at, verb));
  expect(await at.look(1)).toMatchObject({ result: 'aborted', frozen: true });
});

/** The groups are gone, everybody is there, and a person has said yes to switching SCIM off. */
async function beforeTheEnd(): Promise<OwnWorld> {
  const at = await openOwnWorld(company({ users: 3, groups: { Crew: [1, 3] } }));
  await at.start('disable-scim');
  await at.live();
  await at.approve();
  expect(await at.live()).toMatchObject({ gate: { name: 'disable' } });
  await at.approve();
  return at;
}

/** Once, as such a line is about to be written. */
function asIsWritten(
  { stores: { migrations } }: OwnWorld,
  chosen: (entry: JournalEntry) => boolean,
  happens: () => Promise<unknown>,
) {
  const append = migrations.append.bind(migrations);
  let happened = false;
  vi.spyOn(migrations, 'append').mockImplementation(async (id, entries, how) => {
    if (!happened && entries.some(chosen)) {
      happened = true;
      await happens();
    }
    return append(id, entries, how);
  });
}

test.each([
  ['pause', { status: 'paused', mode: 'forward' }],
  ['abort', { result: 'aborted' }],
  ['rollback', { result: 'rolled-back' }],
] as const)('nothing is switched off once somebody was told that it is not to be: %s', async (verb, outcome) => {
  const at = await beforeTheEnd();
  const act = () => at.operator.actOnMigration({ connection: at.name, verb, by: 'ada' });
  asIsWritten(at, (entry) => entry.kind === 'begun' && entry.step === 'disable-connection', act);
  await at.live();
  expect(await at.live()).toMatchObject(outcome);
  expect(await at.stores.connections.get(at.name)).not.toHaveProperty('switchedOffAt');
});

test.each(['abort', 'rollback'] as const)('whoever asks too late is told so, however close it is: %s', async (verb) => {
  const at = await beforeTheEnd();
  asIsWritten(
    at,
    ({ kind }) => kind === verb,
    () => at.live(),
  );
  const said = at.operator.actOnMigration({ connection: at.name, verb, by: 'ada' });
  await expect(said).rejects.toThrow(/switched off already/);
  expect(await at.live()).toMatchObject({ gate: { name: 'revocation' } });
});

test('a rollback that is asked for just as it is aborted is no word too late', async () => {
  const at = await beforeTheEnd();
  asIsWritten(
    at,
    ({ kind }) => kind === 'rollback',
    async () => {
      await at.operator.actOnMigration({ connection: at.name, verb: 'abort', by: 'bob' });
      expect(await at.live()).toMatchObject({ result: 'aborted' });
    },
  );
  await at.operator.actOnMigration({ connection: at.name, verb: 'rollback', by: 'ada' });
  expect(await at.live()).toMatchObject({ result: 'rolled-back' });
});
