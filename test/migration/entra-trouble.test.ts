import { describe, expect, test } from 'vitest';
import type { Consent, MigrationKind } from '../../src/core/migration/migration.ts';
import type { MigrationReport } from '../../src/core/migration/report.ts';
import { company, people, personName } from '../e2e/company.ts';
import { useEntraWorlds, type EntraWorld, type EntraWorldOptions } from './entra-world.ts';
import { accountStates } from './surroundings.ts';

const openWorld = useEntraWorlds();

const KINDS: readonly MigrationKind[] = ['remove-groups', 'disable-scim'];

/** Reads after which a write is seen: one look at a step makes fewer. */
const BEHIND = 9;

/** Six people: 1 to 4 through Crew, 4 and 5 through Deck, 6 directly. */
async function open(vendor: EntraWorldOptions['vendor'] = 'uniqkey'): Promise<EntraWorld> {
  const organisation = company({ users: 6, groups: { Crew: [1, 4], Deck: [4, 5] }, direct: [6, 6] });
  return openWorld({ organisation, vendor });
}

/** From now on assignments and memberships are read as they were some reads ago. */
function lagBehind({ tenant: { control } }: EntraWorld): void {
  control.setLag({ kind: 'reads', reads: BEHIND });
  control.setCountLag({ kind: 'reads', reads: BEHIND });
}

interface Passage {
  readonly before: ReadonlyMap<unknown, unknown>;
  /** Where a person was asked, and what the accounts were then. */
  readonly stops: readonly (readonly [gate: string | undefined, accounts: ReadonlyMap<unknown, unknown>])[];
  readonly report: MigrationReport;
}

/** A migration of both groups through all its gates. */
async function goThrough(at: EntraWorld, kind: MigrationKind, accept: readonly Consent[] = []): Promise<Passage> {
  const before = accountStates(at);
  const stops: [string | undefined, ReadonlyMap<unknown, unknown>][] = [];
  await at.start(kind, kind === 'remove-groups' ? ['Crew', 'Deck'] : [], accept);
  for (let view = await at.settle(); view.status === 'waiting'; view = await at.settle()) {
    stops.push([view.gate?.name, accountStates(at)]);
    if (view.gate?.name === 'revocation') at.provider.revokeToken(at.provider.token ?? '');
    await at.approve();
  }
  return { before, stops, report: await at.operator.migrationReport(at.connection.rules.name) };
}

/** Nobody has noticed, everybody has a way in of their own, and the groups are gone. */
function expectUnharmed(at: EntraWorld, kind: MigrationKind, { before, stops, report }: Passage): void {
  expect(before.size).toBe(6);
  const gates = kind === 'remove-groups' ? ['coverage'] : ['coverage', 'disable', 'revocation'];
  expect(stops).toEqual(gates.map((gate) => [gate, before]));
  expect(accountStates(at)).toEqual(before);
  expect(at.assigned()).toEqual(people(1, 6));
  expect(at.provider.groups.size).toBe(0);
  expect(report).toMatchObject({
    result: 'succeeded',
    verdict: 'passed',
    chain: { sound: true },
    accounts: { lost: [], added: [] },
    groups: { left: [] },
  });
}

/** All that a migration could change. */
function worldOf(at: EntraWorld) {
  return { accounts: accountStates(at), assigned: at.assigned(), groups: at.groups() };
}

/** As far as the gate disable, and back. */
async function goBack(at: EntraWorld, accept: readonly Consent[] = []): Promise<MigrationReport> {
  await at.start('disable-scim', [], accept);
  await at.settle();
  await at.approve();
  const view = await at.settle();
  if (view.gate?.name !== 'disable' || at.provider.groups.size > 0)
    throw new Error(`not so far: ${JSON.stringify(view)}`);
  await at.operator.actOnMigration({ connection: at.connection.rules.name, verb: 'rollback', by: 'ada' });
  await at.settle();
  return at.operator.migrationReport(at.connection.rules.name);
}

describe('a directory whose replicas lag behind', () => {
  test.each(KINDS)('M3, M13: %s waits for them, assigns nobody twice and leaves nobody out', async (kind) => {
    const at = await open();
    lagBehind(at);
    at.tenant.control.clearRequests();
    expectUnharmed(at, kind, await goThrough(at, kind));
    const assigned = at.tenant.control
      .requests()
      .filter(({ method, path }) => method === 'POST' && path.endsWith('/appRoleAssignedTo'));
    expect(assigned).toHaveLength(5);
  });

  test('M9: the way back waits for them, too', async () => {
    const at = await open();
    const was = worldOf(at);
    lagBehind(at);
    expect(await goBack(at)).toMatchObject({ verdict: 'restored' });
    expect(worldOf(at)).toEqual(was);
  });

  test('M3: what is assigned and never shown takes no group away, however many cycles Entra runs', async () => {
    const at = await open();
    at.tenant.control.setLag({ kind: 'held' });
    await at.start('remove-groups', ['Crew', 'Deck']);
    for (let times = 0; times < 30; times++) {
      expect(await at.look(1)).toMatchObject({ status: 'running' });
      await at.cycle();
    }
    expect(at.assigned()).toEqual(['Crew', 'Deck', ...people(1, 6)].toSorted());
    expect(at.provider.groups.find('Crew')?.['members']).toHaveLength(4);
    expect(at.active()).toEqual(people(1, 6));
  });
});

describe('a provider that hides who is in a group', () => {
  test.each(KINDS)('M5: %s asks about it, and goes through to the end', async (kind) => {
    const at = await open('aws-identity-center');
    const groups = kind === 'remove-groups' ? ['Crew', 'Deck'] : [];
    await expect(at.start(kind, groups)).rejects.toThrow(/members-unreadable: .*Crew and Deck: .*cannot be seen/);
    const passage = await goThrough(at, kind, ['members-unreadable']);
    expectUnharmed(at, kind, passage);
    const { report } = passage;
    // M8: an auditor reads what could not be checked, and that somebody meant it.
    expect(report.accepted).toEqual(['members-unreadable']);
    expect(report.findings).toContainEqual(
      expect.objectContaining({ code: 'members-unreadable', text: expect.stringContaining('cannot be seen') }),
    );
  });

  test('M3, M5: also where replicas lag behind at once', async () => {
    const at = await open('aws-identity-center');
    lagBehind(at);
    const passage = await goThrough(at, 'disable-scim', ['members-unreadable']);
    expect(passage.report.accepted).toEqual(['members-unreadable']);
    expectUnharmed(at, 'disable-scim', passage);
  });

  test('M9: comes back with everybody Entra had put into the groups', async () => {
    const at = await open('aws-identity-center');
    const was = worldOf(at);
    expect(await goBack(at, ['members-unreadable'])).toMatchObject({ verdict: 'restored' });
    expect(worldOf(at)).toEqual(was);
  });
});

describe('a provider whose groups cannot be read at all', () => {
  const silent = (at: EntraWorld) =>
    at.provider.faults.set({ fault: 'failBefore', value: 403, method: 'GET', path: '^/Groups' });

  test.each(KINDS)('M5: %s is refused before anything is sent', async (kind) => {
    const at = await open();
    silent(at);
    const assigned = at.assigned();
    await expect(at.start(kind, kind === 'remove-groups' ? ['Crew'] : [])).rejects.toThrow(/403/);
    expect(at.assigned()).toEqual(assigned);
  });

  test('M5: from some moment on it stops there and takes no group away', async () => {
    const at = await open();
    const before = accountStates(at);
    await at.start('disable-scim');
    expect(await at.settle()).toMatchObject({ gate: { name: 'coverage' } });
    silent(at);
    await at.approve();
    expect(await at.settle()).toMatchObject({ status: 'paused' });
    expect(at.assigned()).toEqual(['Crew', 'Deck', ...people(1, 6)].toSorted());
    expect(at.groups()).toEqual({ Crew: people(1, 4), Deck: [personName(4), personName(5)] });
    at.provider.faults.clear();
    await at.operator.actOnMigration({ connection: at.connection.rules.name, verb: 'resume', by: 'ada' });
    expect(await at.settle()).toMatchObject({ gate: { name: 'disable' } });
    expect(accountStates(at)).toEqual(before);
  });
});
