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

  test('and so it stays when sign-in is blocked', async () => {
    world.tenant.control.assign({ principal: personName(7) });
    world.tenant.control.updateUser(personName(7), { accountEnabled: false });
    expect(await held((await cycleOf('acme', 'incremental')).id)).toEqual([`token-owner: disable ${personName(7)}`]);
  });

  test('and when the user is deleted, and can no longer be found by name', async () => {
    world.tenant.control.softDeleteUser(personName(7));
    expect(await held((await cycleOf('acme', 'initial')).id)).toEqual([`token-owner: disable ${personName(7)}`]);
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
