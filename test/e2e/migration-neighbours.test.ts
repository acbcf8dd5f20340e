import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { startProvider } from '../../src/sandbox/provider/provider.ts';
import { company, memberCount, personName, writes } from './company.ts';
import { approve, start, still } from './migration-world.ts';
import { closed, startWorld, type World } from './world.ts';

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
