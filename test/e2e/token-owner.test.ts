import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { startProvider, type SandboxProvider } from '../../src/sandbox/provider/provider.ts';
import { company, cycle, personName, userNames } from './company.ts';
import { closed, startWorld, type World } from './world.ts';

const settings = z.looseObject({ connections: z.array(z.looseObject({ provider: z.looseObject({}) })) });

let world: World;
let beta: SandboxProvider;
let operator: OperatorClient;

beforeAll(async () => {
  world = await startWorld({ organisation: company({ users: 30, groups: {}, direct: [1, 30] }) });
  beta = await startProvider({ tokens: ['beta-token-1'] });
  writeFileSync(join(world.directory, 'beta-token'), 'beta-token-1', { mode: 0o600 });
  const file = settings.parse(parse(readFileSync(world.configFile, 'utf8')));
  const [acme] = file.connections;
  const provider = {
    ...acme?.provider,
    url: beta.url,
    credential: { kind: 'bearer', token_file: './beta-token', owner: personName(7) },
  };
  writeFileSync(world.configFile, stringify({ ...file, connections: [acme, { ...acme, name: 'beta', provider }] }));
  operator = await world.open();
  await cycle(operator);
});
afterAll(async () => {
  await world.close();
  await beta.close();
});

async function cycleOf(connection: string, kind: 'initial' | 'incremental') {
  const { id } = await operator.startCycle({ connection, kind, requestedBy: 'test' });
  return closed(operator, id);
}

async function held(id: string): Promise<readonly string[]> {
  const operations = await operator.operations(id, { states: ['held'], limit: 100 });
  return operations.map(({ operation, heldBy }) => `${heldBy}: ${operation.kind} ${operation.label}`);
}

// One story: each test begins where the one before it ended.
describe('T2: the owner of a token leaves', () => {
  test('another connection’s token holds the account here; everybody else goes on', async () => {
    for (const n of [7, 8]) world.tenant.control.unassign({ principal: personName(n) });
    const full = await cycleOf('acme', 'initial');
    expect(await held(full.id)).toEqual([`token-owner: disable ${personName(7)}`]);
    expect(full.verdict?.findings[0]?.message).toMatch(
      new RegExp(`^disable ${personName(7)}: the user owns the active token [0-9a-f]{12} of connection beta`),
    );
    expect(userNames(world, false)).toEqual([personName(8)]);
  });

  test('so does an incremental cycle', async () => {
    const incremental = await cycleOf('acme', 'incremental');
    expect(incremental.kind).toBe('incremental');
    expect(await held(incremental.id)).toEqual([`token-owner: disable ${personName(7)}`]);
  });

  test('and one on demand', async () => {
    const ask = { connection: 'acme', requestedBy: 'test', signal: new AbortController().signal };
    const started = await operator.provision({ ...ask, idOrName: personName(7) });
    expect((await closed(operator, started.id)).kind).toBe('on-demand');
    expect(await held(started.id)).toEqual([`token-owner: disable ${personName(7)}`]);
    expect(world.provider.canSignIn(personName(7))).toBe(true);
  });

  test('and so it stays when sign-in is blocked', async () => {
    world.tenant.control.assign({ principal: personName(7) });
    world.tenant.control.updateUser(personName(7), { accountEnabled: false });
    expect(await held((await cycleOf('acme', 'incremental')).id)).toEqual([`token-owner: disable ${personName(7)}`]);
  });

  test('and when the user is deleted, and can no longer be found by name', async () => {
    world.tenant.control.softDeleteUser(personName(7));
    const full = await cycleOf('acme', 'initial');
    expect(await held(full.id)).toEqual([`token-owner: disable ${personName(7)}`]);
    expect(full.verdict?.findings.map(({ effect, message }) => `${effect}: ${message}`)).toEqual([
      expect.stringContaining(`hold: disable ${personName(7)}`),
      expect.stringContaining(`warn: the directory does not know ${personName(7)}, the owner of the active token`),
    ]);
    expect(world.provider.canSignIn(personName(7))).toBe(true);
  });

  test('T3: a new token in the file does not lift the hold: the old one may still be accepted', async () => {
    beta.addToken('beta-token-2');
    writeFileSync(join(world.directory, 'beta-token'), 'beta-token-2', { mode: 0o600 });
    const full = await cycleOf('acme', 'initial');
    expect(await held(full.id)).toEqual([`token-owner: disable ${personName(7)}`]);
    expect(full.verdict?.findings[0]?.message).toMatch(/the active token [0-9a-f]{12} .* and the retiring token/);
  });
});

describe('T2: the owner of a token is to be no administrator any more', () => {
  let role: World;
  let asked: OperatorClient;

  beforeAll(async () => {
    const attributes = [{ source: 'employeeType', target: 'userType' }];
    role = await startWorld({
      organisation: company({
        users: 6,
        direct: [1, 6],
        properties: { 1: { employeeType: 'Admin' }, 2: { employeeType: 'Admin' } },
      }),
      connection: { mapping: { extends: 'default', attributes } },
    });
    const file = settings.parse(parse(readFileSync(role.configFile, 'utf8')));
    const [acme] = file.connections;
    const provider = {
      ...acme?.provider,
      credential: { kind: 'bearer', token_file: './acme-token', owner: personName(1) },
    };
    writeFileSync(role.configFile, stringify({ ...file, connections: [{ ...acme, provider }] }));
    asked = await role.open();
    await cycle(asked);
    for (const n of [1, 2]) role.tenant.control.updateUser(personName(n), { employeeType: 'Member' });
  });
  afterAll(() => role.close());

  const userType = (n: number) => role.provider.accounts.find(personName(n))?.['userType'];

  async function heldIn(id: string): Promise<readonly string[]> {
    const operations = await asked.operations(id, { states: ['held'], limit: 100 });
    return operations.map(({ operation, heldBy }) => `${heldBy}: ${operation.kind} ${operation.label}`);
  }

  // On demand first: it moves no baseline, so that the incremental cycle still has the change before it.
  test.each(['on-demand', 'incremental', 'initial'] as const)('%s: the change is held', async (kind) => {
    const begun =
      kind === 'on-demand'
        ? asked.provision({
            connection: 'acme',
            idOrName: personName(1),
            requestedBy: 'test',
            signal: new AbortController().signal,
          })
        : asked.startCycle({ connection: 'acme', kind, requestedBy: 'test' });
    const ended = await closed(asked, (await begun).id);
    expect(ended.kind).toBe(kind);
    expect(await heldIn(ended.id)).toEqual([`token-owner: update ${personName(1)}`]);
    expect(ended.verdict?.findings[0]?.message).toMatch(/^change the role of person1@.* owns the active token/);
    expect(userType(1)).toBe('Admin');
    expect(userType(2)).toBe(kind === 'on-demand' ? 'Admin' : 'Member');
  });
});
