import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import type { OauthClient } from '../../src/sandbox/provider/credentials.ts';
import { company, cycle, personName } from './company.ts';
import { closed, startWorld, type World } from './world.ts';

const BY = 'tester';
const CLIENT = 'headgate';
const OLD = 'old-secret-0123456789';
const NEW = 'new-secret-0123456789';
const SPARE = 'spare-secret-0123456789';
const never = () => new AbortController().signal;

let world: World | undefined;
let operator: OperatorClient;

afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** A provider whose one client has the secrets a test gives and takes, as an administrator would. */
interface Begun {
  readonly world: World;
  give(secret: string): void;
  take(secret: string): void;
}

async function begin(): Promise<Begun> {
  const clients: OauthClient[] = [{ id: CLIENT, secret: OLD }];
  const begun = await startWorld({
    organisation: company({ users: 12, direct: [1, 12] }),
    provider: { oauthClients: clients },
    config: { credentials: { key: Buffer.alloc(32, 7).toString('base64') } },
  });
  world = begun;
  const credential = {
    kind: 'oauth_client_credentials',
    token_url: begun.provider.tokenUrl,
    client_id: CLIENT,
    client_secret_file: './acme-token',
    owner: personName(3),
  };
  const text = readFileSync(begun.configFile, 'utf8').replace(
    /credential:\n +kind: bearer\n +token_file: .\/acme-token/,
    `credential: ${JSON.stringify(credential)}`,
  );
  writeFileSync(begun.configFile, text);
  writeFileSync(`${begun.directory}/acme-token`, OLD, { mode: 0o600 });
  operator = await begun.open();
  expect(await cycle(operator)).toMatchObject({ result: 'succeeded' });
  return {
    world: begun,
    give: (secret) => void clients.push({ id: CLIENT, secret }),
    take: (secret) => void clients.splice(0, clients.length, ...clients.filter((one) => one.secret !== secret)),
  };
}

/** A process that has no access token yet: one that was given lives on after its secret is gone. */
async function startAgain(begun: Begun): Promise<void> {
  await operator.close();
  operator = await begun.world.open();
}

function add(text: string) {
  return operator.credentials.add({ connection: 'acme', secret: { text }, owner: personName(4), by: BY }, never());
}

async function states(): Promise<readonly string[]> {
  const all = await operator.credentials.list('acme');
  return all.map(({ state, refusedAt }) => `${state}${refusedAt === undefined ? '' : ', refused'}`);
}

describe('the secret of an OAuth client', () => {
  test('T3, T5: is rotated like a token, and the old one is retired when the token endpoint refuses it', async () => {
    const begun = await begin();
    begun.world.tenant.control.unassign({ principal: personName(3) });
    const held = await cycle(operator);
    expect(await operator.operations(held.id, { states: ['held'], limit: 10 })).toMatchObject([
      { heldBy: 'token-owner', operation: { kind: 'disable', label: personName(3) } },
    ]);
    begun.give(NEW);
    const added = { secret: { text: NEW }, owner: personName(4) };
    const promoted = await operator.credentials.rotate({ connection: 'acme', by: BY, added }, never());
    expect(promoted).toMatchObject({ waitsFor: 'cycle' });
    await closed(operator, promoted.cycle ?? '');
    const waiting = await operator.credentials.rotate({ connection: 'acme', by: BY }, never());
    expect(waiting).toMatchObject({ waitsFor: 'deletion', instruction: expect.stringMatching(/still accepts/) });
    begun.take(OLD);
    expect(await operator.credentials.rotate({ connection: 'acme', by: BY }, never())).toMatchObject({
      waitsFor: 'nothing',
    });
    expect(await states()).toEqual(['active', 'retired']);
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 1 });
    expect(begun.world.provider.canSignIn(personName(3))).toBe(false);
  });

  test('T6: that is refused is replaced once by a stored one, and never again by itself', async () => {
    const begun = await begin();
    const before = await operator.credentials.list('acme');
    for (const secret of [NEW, SPARE]) {
      begun.give(secret);
      await add(secret);
    }
    begun.take(OLD);
    await startAgain(begun);
    begun.world.tenant.control.unassign({ principal: personName(8) });
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 1 });
    expect(await states()).toEqual(['active', 'candidate', 'retiring, refused']);
    const [active] = await operator.credentials.list('acme');
    expect(active).toMatchObject({ activatedBy: 'switch', kind: 'oauth_client_credentials' });
    const old = await operator.credentials.show(before[0]?.fingerprint ?? '');
    expect(old.history.map(({ event }) => event).slice(-2)).toEqual(['refused', 'superseded']);
    begun.take(SPARE);
    await startAgain(begun);
    expect(await cycle(operator)).toMatchObject({ result: 'failed' });
    expect((await operator.status()).connections[0]?.state.quarantine).toMatchObject({ reason: 'credential-refused' });
    expect(await states()).toEqual(['active, refused', 'candidate', 'retiring, refused']);
  });

  test('T6: a stored one that is refused too is neither promoted nor switched to', async () => {
    const begun = await begin();
    const bad = await add('never-issued-0123');
    await expect(operator.credentials.promote(bad.fingerprint, BY, never())).rejects.toThrow(
      'is refused by the provider (401)',
    );
    begun.take(OLD);
    await startAgain(begun);
    expect(await cycle(operator)).toMatchObject({ result: 'failed' });
    expect(await states()).toEqual(['candidate, refused', 'active, refused']);
  });

  test('O2: that is revoked ends once the token endpoint refuses it, and its connection stands still', async () => {
    const begun = await begin();
    const [active] = await operator.credentials.list('acme');
    const fingerprint = active?.fingerprint ?? '';
    const how = { by: BY, deleted: false };
    await expect(operator.credentials.revoke(fingerprint, how, never())).rejects.toThrow('still accepts');
    begun.take(OLD);
    expect(await operator.credentials.revoke(fingerprint, how, never())).toMatchObject({ state: 'dead' });
    expect((await operator.status()).connections[0]?.state.pausedReason).toContain('waiting for a credential');
  });
});
