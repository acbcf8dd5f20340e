import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import type { Rotation } from '../../src/ports/credential-desk.ts';
import { startProvider, type SandboxProvider } from '../../src/sandbox/provider/provider.ts';
import { company, personName } from './company.ts';
import { closed, startWorld, type World } from './world.ts';

const settings = z.looseObject({ connections: z.array(z.looseObject({ provider: z.looseObject({}) })) });
const OLD = 'old-token-0123456789';
const NEW = 'new-token-0123456789';
const BY = 'tester';
const never = () => new AbortController().signal;

let world: World;
let beta: SandboxProvider;
let operator: OperatorClient;

/** acme is provisioned by Headgate; beta, whose token person7 generated, by Entra itself. */
beforeAll(async () => {
  world = await startWorld({
    organisation: company({ users: 20, groups: {}, direct: [1, 20] }),
    config: { credentials: { key: Buffer.alloc(32, 7).toString('base64') } },
  });
  beta = await startProvider({ tokens: [OLD] });
  writeFileSync(join(world.directory, 'beta-token'), OLD, { mode: 0o600 });
  const file = settings.parse(parse(readFileSync(world.configFile, 'utf8')));
  const [acme] = file.connections;
  const credential = { kind: 'bearer', token_file: './beta-token', owner: personName(7) };
  const provider = { ...acme?.provider, url: beta.url, credential };
  const accompanied = { ...acme, name: 'beta', engine: 'entra', provider };
  writeFileSync(world.configFile, stringify({ ...file, connections: [acme, accompanied] }));
  operator = await world.open();
  await fullCycle();
  world.tenant.control.unassign({ principal: personName(7) });
});
afterAll(async () => {
  await world.close();
  await beta.close();
});

async function fullCycle() {
  const { id } = await operator.startCycle({ connection: 'acme', kind: 'initial', requestedBy: BY });
  return closed(operator, id);
}

async function held(id: string): Promise<readonly string[]> {
  const operations = await operator.operations(id, { states: ['held'], limit: 100 });
  return operations.map(({ operation, heldBy }) => `${heldBy}: ${operation.kind} ${operation.label}`);
}

function rotate(more: Partial<Parameters<OperatorClient['credentials']['rotate']>[0]> = {}): Promise<Rotation> {
  return operator.credentials.rotate({ connection: 'beta', by: BY, ...more }, never());
}

const HELD = [`token-owner: disable ${personName(7)}`];

// One story: each test begins where the one before it ended.
describe('T3, T5: rotating a token of a connection that Entra itself provisions', () => {
  test('the steps out of the hold say that Entra needs the new token, too', async () => {
    const held7 = await fullCycle();
    expect(await held(held7.id)).toEqual(HELD);
    expect(held7.verdict?.findings[0]?.remedy).toMatch(
      /^1\. .*headgate token rotate -c beta.*give it to Entra's own job.*headgate token rotate -c beta --installed-in-entra; 2\. /,
    );
  });

  test('it begins by saying that Entra goes on with the old token', async () => {
    expect(await rotate()).toMatchObject({
      waitsFor: 'new-token',
      instruction: expect.stringMatching(/leave the old one in place, because Entra's own job still works with it/),
    });
  });

  test('once the new one is in use here, it waits for a person to give it to Entra, and opens no cycle', async () => {
    beta.addToken(NEW);
    const promoted = await rotate({ added: { secret: { text: NEW }, owner: personName(4) } });
    expect(promoted).toMatchObject({
      waitsFor: 'entra',
      instruction: expect.stringMatching(
        /Secret Token.*Test Connection.*headgate token rotate -c beta --installed-in-entra/,
      ),
    });
    expect(await rotate()).toMatchObject({ waitsFor: 'entra', done: [] });
  });

  test('until then the old token is not retired, and its owner is held', async () => {
    const old = (await operator.credentials.list('beta')).find(({ state }) => state === 'retiring');
    const ending = operator.credentials.retire(old?.fingerprint ?? '', { by: BY, deleted: false }, never());
    await expect(ending).rejects.toMatchObject({
      message: expect.stringContaining("nobody has said yet that Entra's own job has the new credential of beta"),
      remedy: expect.stringContaining('headgate token rotate -c beta --installed-in-entra'),
    });
    expect(await held((await fullCycle()).id)).toEqual(HELD);
  });

  test('the word is worth nothing while the provider refuses the new token', async () => {
    beta.revokeToken(NEW);
    await expect(rotate({ installed: true })).rejects.toThrow('is refused by the provider (401)');
    beta.addToken(NEW);
    expect(await rotate()).toMatchObject({ waitsFor: 'entra' });
  });

  test('with the word, and a read with the new one, it waits for the old one to be deleted', async () => {
    expect(await rotate({ installed: true })).toMatchObject({
      waitsFor: 'deletion',
      done: [expect.stringMatching(/^tester says that Entra's own job has [0-9a-f]{12}, and the provider takes it$/)],
    });
    expect(await held((await fullCycle()).id)).toEqual(HELD);
  });

  test('and once it was, the owner is free to go', async () => {
    beta.revokeToken(OLD);
    expect(await rotate()).toMatchObject({ waitsFor: 'nothing' });
    expect(await held((await fullCycle()).id)).toEqual([]);
    expect(world.provider.canSignIn(personName(7))).toBe(false);
    const [active] = await operator.credentials.list('beta');
    const { history } = await operator.credentials.show(active?.fingerprint ?? '');
    expect(history.at(-1)).toMatchObject({ event: 'installed-in-entra', by: BY });
  });

  test('where Headgate provisions, a full cycle is the proof, and nobody’s word', async () => {
    const given = operator.credentials.rotate({ connection: 'acme', by: BY, installed: true }, never());
    await expect(given).rejects.toThrow('acme is not provisioned by Entra itself');
  });
});
