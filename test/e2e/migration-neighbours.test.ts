import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { startProvider } from '../../src/sandbox/provider/provider.ts';
import { company, memberCount, personName, writes } from './company.ts';
import { approve, assignedTo, OPTIONS, start, still } from './migration-world.ts';
import { closed, eventually, startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** People 1 to 4 through Crew, 7 and 8 directly, and room for a second connection. */
async function prepare(): Promise<World> {
  world = await startWorld({
    organisation: company({ users: 9, groups: { Crew: [1, 4] }, direct: [7, 8] }),
    migrations: true,
  });
  return world;
}

function addConnection({ configFile }: World, different: object): void {
  const file = parse(readFileSync(configFile, 'utf8'));
  const [acme] = file.connections;
  writeFileSync(configFile, stringify({ ...file, connections: [acme, { ...acme, ...different }] }));
}

/** A second application, to which `principal` is assigned. */
function addApplication({ tenant: { control } }: World, principal: string) {
  const appId = 'c0ffee00-0000-4000-8004-0000000000aa';
  const other = control.createApplication({ appId, displayName: 'Acme EU', appRoles: [] });
  control.assign({ principal, application: other.id });
  return other;
}

async function run(operator: OperatorClient, connection: string): Promise<string | undefined> {
  const { id } = await operator.startCycle({ connection, kind: 'initial', requestedBy: 'test' });
  return (await closed(operator, id)).result;
}

test('a SCIM group that another connection uses as well goes only when that is accepted by name', async () => {
  const at = await prepare();
  addConnection(at, { name: 'acme-eu', application: addApplication(at, 'Crew').appId });
  const operator = await at.open();
  expect([await run(operator, 'acme'), await run(operator, 'acme-eu')]).toEqual(['succeeded', 'succeeded']);
  expect(at.provider.groups.size).toBe(1);
  const sent = writes(at).length;
  await expect(start(operator, 'remove-groups', ['Crew'])).rejects.toThrow(/^shared-group: .*Crew.*acme-eu/);
  expect(writes(at).length).toBe(sent);
  await start(operator, 'remove-groups', ['Crew'], { accept: ['shared-group'] });
  const gate = await still(operator);
  expect(gate.findings.map(({ code }) => code)).toContain('shared-group');
  await approve(operator, 'coverage');
  expect(await still(operator)).toMatchObject({ result: 'succeeded' });
});

test('one that another connection comes to use once it was approved is not emptied', async () => {
  const at = await prepare();
  const other = addApplication(at, personName(9));
  addConnection(at, { name: 'acme-eu', application: other.appId });
  const operator = await at.open();
  expect([await run(operator, 'acme'), await run(operator, 'acme-eu')]).toEqual(['succeeded', 'succeeded']);
  await start(operator, 'remove-groups', ['Crew']);
  await still(operator);
  at.tenant.control.assign({ principal: 'Crew', application: other.id });
  expect(await run(operator, 'acme-eu')).toBe('succeeded');
  await approve(operator, 'coverage');
  expect((await still(operator)).paused?.reason).toMatch(/^shared-group: .*acme-eu/);
  expect(memberCount(at, 'Crew')).toBe(4);
});

/** `acme` and `beta` on one application, each with a provider of its own and everybody in it. */
async function openTwo() {
  const at = await prepare();
  const other = await startProvider({ tokens: ['beta-token-1'], behaviour: 'uniqkey' });
  writeFileSync(join(at.directory, 'beta-token'), 'beta-token-1', { mode: 0o600 });
  const provider = { profile: 'uniqkey', url: other.url, credential: { kind: 'bearer', token_file: './beta-token' } };
  addConnection(at, { name: 'beta', provider });
  const operator = await at.open();
  expect([await run(operator, 'acme'), await run(operator, 'beta')]).toEqual(['succeeded', 'succeeded']);
  const ask = (connection: string) => ({
    connection,
    kind: 'remove-groups' as const,
    groups: ['Crew'],
    options: { ...OPTIONS, accept: ['group-elsewhere' as const] },
    requestedBy: 'ada',
  });
  const { migrations } = operator;
  const signal = new AbortController().signal;
  return {
    at,
    migrations,
    close: () => other.close(),
    plan: (connection: string) => migrations.plan(ask(connection), signal),
    begin: (connection: string) => migrations.start(ask(connection), signal),
    act: (connection: string, verb: 'abort' | 'rollback') => migrations.actOnMigration({ connection, verb, by: 'ada' }),
    /** Says yes at the gate and waits for the end. */
    carryOut: async (connection: string) => {
      const stood = await stands(connection);
      const { name, digest = '' } = stood.gate ?? {};
      if (name === undefined) throw new Error(JSON.stringify(stood));
      await migrations.approve({ connection, gate: name, digest, by: 'bob' });
      return stands(connection);
    },
    stands,
  };

  /** The migration once it stands still. */
  function stands(connection: string) {
    return eventually(async () => {
      const view = await migrations.migrationStatus(connection);
      return view.status === 'running' ? undefined : view;
    });
  }
}

test('of two connections on one application only one is in a migration at a time, however they are started', async () => {
  const { begin, plan, act, stands, close } = await openTwo();
  const both = await Promise.allSettled(['acme', 'beta'].map(begin));
  const [first, second] = both[0]?.status === 'fulfilled' ? ['acme', 'beta'] : ['beta', 'acme'];
  expect(both.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(await stands(first)).toMatchObject({ gate: { name: 'coverage' } });
  const refusal = `connection ${first} provisions from the same application as ${second} and has an open migration`;
  await expect(begin(second)).rejects.toThrow(refusal);
  const [obstacle] = (await plan(second)).obstacles;
  expect(obstacle).toMatchObject({ code: 'not-ready', text: expect.stringContaining(refusal) });

  await act(first, 'rollback');
  expect(await stands(first)).toMatchObject({ result: 'rolled-back', frozen: false });
  await begin(second);
  expect(await stands(second)).toMatchObject({ gate: { name: 'coverage' } });
  await close();
});

test('one that was aborted is not rolled back over what another connection on its application does, or has done since', async () => {
  const { at, begin, act, stands, carryOut, close } = await openTwo();
  await begin('acme');
  await stands('acme');
  await act('acme', 'abort');
  expect(await stands('acme')).toMatchObject({ result: 'aborted' });
  await begin('beta');
  await expect(act('acme', 'rollback')).rejects.toThrow(/^connection beta provisions .* has an open migration/);
  expect(await carryOut('beta')).toMatchObject({ result: 'succeeded' });
  const assigned = assignedTo(at);
  await expect(act('acme', 'rollback')).rejects.toThrow(/^connection beta .* has taken out Crew since/);
  expect(await stands('acme')).toMatchObject({ result: 'aborted' });
  expect(assignedTo(at)).toEqual(assigned);
  await close();
});

test('one that was aborted is rolled back where the other connection has gone back, too', async () => {
  const { at, begin, act, stands, close } = await openTwo();
  const assigned = assignedTo(at);
  await begin('acme');
  await stands('acme');
  await act('acme', 'abort');
  await stands('acme');
  await begin('beta');
  await stands('beta');
  await act('beta', 'rollback');
  expect(await stands('beta')).toMatchObject({ result: 'rolled-back' });
  await act('acme', 'rollback');
  expect(await stands('acme')).toMatchObject({ result: 'rolled-back', frozen: false });
  expect(assignedTo(at)).toEqual(assigned);
  await close();
});

test('another connection on the same application, whose group goes by the unassigning, is named and asked about', async () => {
  const at = await prepare();
  const beta = await startProvider({ tokens: ['beta-token-1'], behaviour: 'uniqkey' });
  writeFileSync(join(at.directory, 'beta-token'), 'beta-token-1', { mode: 0o600 });
  const provider = { profile: 'uniqkey', url: beta.url, credential: { kind: 'bearer', token_file: './beta-token' } };
  addConnection(at, { name: 'beta', provider });
  const operator = await at.open();
  expect([await run(operator, 'acme'), await run(operator, 'beta')]).toEqual(['succeeded', 'succeeded']);
  await expect(start(operator, 'remove-groups', ['Crew'])).rejects.toThrow(/^group-elsewhere: .*Crew.*beta/);
  await start(operator, 'remove-groups', ['Crew'], { accept: ['group-elsewhere'] });
  expect((await still(operator)).findings).toMatchObject([{ code: 'group-elsewhere' }]);
  await beta.close();
});

test('whoever uses the token that is to be revoked is named before anything is begun, and at the gate', async () => {
  const at = await prepare();
  addConnection(at, { name: 'acme-eu', application: addApplication(at, personName(9)).appId });
  const operator = await at.open();
  expect([await run(operator, 'acme'), await run(operator, 'acme-eu')]).toEqual(['succeeded', 'succeeded']);
  await expect(start(operator, 'disable-scim')).rejects.toThrow(/^shared-token: acme-eu uses the same token as acme/);
  await start(operator, 'disable-scim', [], { accept: ['shared-token'] });
  await approve(operator, 'coverage');
  await approve(operator, 'disable');
  const gate = await still(operator);
  expect(gate.gate?.name).toBe('revocation');
  expect(gate.findings.find(({ code }) => code === 'shared-token')?.text).toContain('acme-eu');
});
