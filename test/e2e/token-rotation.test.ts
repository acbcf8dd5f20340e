import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import type { Rotation } from '../../src/ports/credential-desk.ts';
import type { ProviderOptions } from '../../src/sandbox/provider/provider.ts';
import { company, cycle, personName } from './company.ts';
import { closed, headgate, startWorld, type World } from './world.ts';

const BY = 'tester';
const OLD = 'old-token-0123456789';
const NEW = 'new-token-0123456789';
const SPARE = 'spare-token-0123456789';
const never = () => new AbortController().signal;

let world: World | undefined;
let operator: OperatorClient;

afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function begin(provider: ProviderOptions = {}, profile = 'generic'): Promise<World> {
  const credential = { kind: 'bearer', token_file: './acme-token', owner: personName(3) };
  const begun = await startWorld({
    organisation: company({ users: 20, direct: [1, 20] }),
    provider: { tokens: [OLD], ...provider },
    profile,
    config: { credentials: { key: Buffer.alloc(32, 7).toString('base64') } },
    connection: {},
  });
  world = begun;
  const text = readFileSync(begun.configFile, 'utf8');
  writeFileSync(
    begun.configFile,
    text.replace(
      /credential:\n +kind: bearer\n +token_file: .\/acme-token/,
      `credential: ${JSON.stringify(credential)}`,
    ),
  );
  operator = await begun.open();
  await cycle(operator);
  return begun;
}

function add(text: string, owner = personName(4)) {
  return operator.credentials.add({ connection: 'acme', secret: { text }, owner, by: BY }, never());
}

async function states(): Promise<readonly string[]> {
  const all = await operator.credentials.list('acme');
  return all.map(({ state, owner }) => `${state} ${owner.kind === 'user' ? owner.name : owner.kind}`);
}

function rotate(more: Partial<Parameters<OperatorClient['credentials']['rotate']>[0]> = {}): Promise<Rotation> {
  return operator.credentials.rotate({ connection: 'acme', by: BY, ...more }, never());
}

async function heldBy(id: string): Promise<readonly string[]> {
  const operations = await operator.operations(id, { states: ['held'], limit: 10 });
  return operations.map(({ heldBy: guard, operation }) => `${guard} ${operation.kind} ${operation.label}`);
}

describe('rotating a token', () => {
  test('T3, T5: the steps in their order, and the owner is held until the old one is retired', async () => {
    const { provider, tenant } = await begin();
    tenant.control.unassign({ principal: personName(3) });
    expect(await heldBy((await cycle(operator)).id)).toEqual([`token-owner disable ${personName(3)}`]);
    expect(await rotate()).toMatchObject({ waitsFor: 'new-token', done: [] });
    provider.addToken(NEW);
    const promoted = await rotate({ added: { secret: { text: NEW }, owner: personName(4) } });
    expect(promoted).toMatchObject({ waitsFor: 'cycle', cycle: expect.any(String) });
    expect(await states()).toEqual([`active ${personName(4)}`, `retiring ${personName(3)}`]);
    const proof = await closed(operator, promoted.cycle ?? '');
    // The new token alone lifts nothing.
    expect(await heldBy(proof.id)).toEqual([`token-owner disable ${personName(3)}`]);
    const waiting = await rotate();
    expect(waiting).toMatchObject({
      waitsFor: 'deletion',
      instruction: expect.stringMatching(/still accepts [0-9a-f]{12}; delete the token there/),
    });
    provider.revokeToken(OLD);
    expect(await rotate()).toMatchObject({
      waitsFor: 'nothing',
      done: [expect.stringMatching(/refuses [0-9a-f]{12}; it is retired, and its owner is free to go/)],
    });
    expect(await states()).toEqual([`active ${personName(4)}`, `retired ${personName(3)}`]);
    expect(await heldBy((await cycle(operator)).id)).toEqual([]);
    expect(provider.canSignIn(personName(3))).toBe(false);
    expect(provider.canSignIn(personName(4))).toBe(true);
    const [active] = await operator.credentials.list('acme');
    const { history } = await operator.credentials.show(active?.fingerprint ?? '');
    expect(history.map(({ event, by }) => `${event} by ${by}`)).toEqual([
      `added by ${BY}`,
      `probed by ${BY}`,
      `promoted by ${BY}`,
      'proved by headgate',
    ]);
  });

  test('T5: an old token is not retired before a full cycle, nor a candidate promoted that fails its probe', async () => {
    const { provider } = await begin();
    const bad = await add('never-issued-0123');
    await expect(operator.credentials.promote(bad.fingerprint, BY, never())).rejects.toThrow(
      'is refused by the provider (401)',
    );
    provider.addToken(NEW);
    const { fingerprint } = await add(NEW);
    await operator.credentials.promote(fingerprint, BY, never());
    const old = (await operator.credentials.list('acme')).find(({ state }) => state === 'retiring');
    provider.revokeToken(OLD);
    await expect(
      operator.credentials.retire(old?.fingerprint ?? '', { by: BY, deleted: true }, never()),
    ).rejects.toThrow('no full cycle of acme has succeeded with the new credential yet');
  });

  test('T5: where there is one token at a time, sending stops until the new one is in use', async () => {
    const { provider, tenant } = await begin({ behaviour: 'own' }, 'own');
    expect(await rotate({ pause: true })).toMatchObject({ model: 'cutover', waitsFor: 'new-token' });
    tenant.control.unassign({ principal: personName(9) });
    await expect(operator.startCycle({ connection: 'acme', kind: 'initial', requestedBy: BY })).rejects.toThrow(
      'waiting for a credential: the token is being rotated: headgate token rotate -c acme',
    );
    provider.addToken({ secret: NEW, owner: personName(4) });
    const promoted = await rotate({ added: { secret: { text: NEW }, owner: personName(4) } });
    await closed(operator, promoted.cycle ?? '');
    expect(await rotate()).toMatchObject({ waitsFor: 'nothing' });
    expect(await states()).toEqual([`active ${personName(4)}`, `retired ${personName(3)}`]);
    expect(provider.canSignIn(personName(9))).toBe(false);
  });

  test('T5: so where the new one is put into the file: with the next step sending goes on', async () => {
    const { provider, tenant, directory } = await begin({ behaviour: 'own' }, 'own');
    await rotate({ pause: true });
    tenant.control.unassign({ principal: personName(9) });
    provider.addToken({ secret: NEW, owner: personName(4) });
    writeFileSync(join(directory, 'acme-token'), NEW, { mode: 0o600 });
    const next = await rotate();
    expect(next).toMatchObject({ waitsFor: 'cycle', done: [expect.stringContaining('opened the full cycle')] });
    await closed(operator, next.cycle ?? '');
    expect(provider.canSignIn(personName(9))).toBe(false);
  });

  test('goes on in another process where it was left', async () => {
    const begun = await begin();
    const { provider } = begun;
    provider.addToken(NEW);
    await add(NEW);
    await operator.close();
    operator = await begun.open();
    const promoted = await rotate();
    expect(promoted.waitsFor).toBe('cycle');
    await closed(operator, promoted.cycle ?? '');
    await operator.close();
    operator = await begun.open();
    provider.revokeToken(OLD);
    expect(await rotate()).toMatchObject({ waitsFor: 'nothing' });
  });
});

describe('a refused token', () => {
  test('T6: pauses the connection, which goes on with a new one, and nothing is lost (O2)', async () => {
    const { provider, tenant } = await begin();
    provider.revokeToken(OLD);
    tenant.control.unassign({ principal: personName(8) });
    expect(await cycle(operator)).toMatchObject({ result: 'failed' });
    expect((await operator.status()).connections[0]?.state.quarantine).toMatchObject({ reason: 'credential-refused' });
    provider.addToken(NEW);
    const { fingerprint } = await add(NEW);
    await operator.credentials.promote(fingerprint, BY, never());
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 1 });
    expect(provider.canSignIn(personName(8))).toBe(false);
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 0 });
  });

  test('T6: is replaced once by a stored one that passes its probe, and never again by itself', async () => {
    const { provider, tenant } = await begin();
    for (const token of [NEW, SPARE]) {
      provider.addToken(token);
      await add(token);
    }
    provider.revokeToken(OLD);
    tenant.control.unassign({ principal: personName(8) });
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', total: 1 });
    expect((await states()).map((state) => state.split(' ')[0])).toEqual(['active', 'candidate', 'retiring']);
    provider.revokeToken(SPARE);
    expect(await cycle(operator)).toMatchObject({ result: 'failed' });
    expect((await operator.status()).connections[0]?.state.quarantine).toMatchObject({ reason: 'credential-refused' });
    expect((await states()).map((state) => state.split(' ')[0])).toEqual(['active', 'candidate', 'retiring']);
  });

  test('T2, T6: a stored one whose owner this very cycle removes is not switched to; put to use it holds them', async () => {
    const { provider, tenant } = await begin();
    provider.addToken({ secret: NEW, owner: personName(4) });
    const { fingerprint } = await add(NEW);
    tenant.control.unassign({ principal: personName(4) });
    provider.faults.set({ fault: 'expiredToken', method: 'PATCH', times: 1 });
    expect(await cycle(operator)).toMatchObject({ result: 'failed' });
    expect((await states()).map((state) => state.split(' ')[0])).toEqual(['candidate', 'active']);
    expect(provider.canSignIn(personName(4))).toBe(true);
    await operator.credentials.promote(fingerprint, BY, never());
    expect(await heldBy((await cycle(operator)).id)).toEqual([`token-owner disable ${personName(4)}`]);
    expect(provider.canSignIn(personName(4))).toBe(true);
  });

  test('T6: a stored one that is refused too is not switched to', async () => {
    const { provider } = await begin();
    await add('never-issued-0123');
    provider.revokeToken(OLD);
    expect(await cycle(operator)).toMatchObject({ result: 'failed' });
    expect((await states()).map((state) => state.split(' ')[0])).toEqual(['candidate', 'active']);
  });
});

describe('a token left in a file by reference', () => {
  test('T3: gives way to another one in its file only when that is handed over, with whose it is', async () => {
    const begun = await begin();
    const { provider, directory } = begun;
    const file = join(directory, 'reference');
    writeFileSync(file, NEW, { mode: 0o600 });
    for (const token of [NEW, SPARE]) provider.addToken(token);
    const handedOver = (owner: string) => rotate({ added: { secret: { file }, owner } });
    const first = await handedOver(personName(4));
    await closed(operator, first.cycle ?? '');
    await operator.close();
    writeFileSync(file, SPARE);
    operator = await begun.open();
    expect(await cycle(operator)).toMatchObject({ result: 'failed' });
    expect((await operator.status()).connections[0]?.state.quarantine).toMatchObject({ reason: 'credential-refused' });
    expect(await states()).toEqual([`active ${personName(4)}`, `retiring ${personName(3)}`]);
    const second = await handedOver(personName(5));
    expect(await closed(operator, second.cycle ?? '')).toMatchObject({ result: 'succeeded' });
    expect(await states()).toEqual([
      `active ${personName(5)}`,
      `retiring ${personName(4)}`,
      `retiring ${personName(3)}`,
    ]);
  });
});

describe('a token that cannot be read', () => {
  test('stops its connection, which people are told of; it goes on once the token is handed over again', async () => {
    const begun = await begin();
    const { provider, tenant, directory } = begun;
    const file = join(directory, 'reference');
    writeFileSync(file, NEW, { mode: 0o600 });
    provider.addToken(NEW);
    const promoted = await rotate({ added: { secret: { file }, owner: personName(4) } });
    await closed(operator, promoted.cycle ?? '');
    await operator.close();
    rmSync(file);
    operator = await begun.open();
    tenant.control.unassign({ principal: personName(8) });
    expect(await cycle(operator)).toMatchObject({ result: 'failed' });
    expect((await operator.status()).connections[0]?.state.quarantine).toMatchObject({
      reason: 'credential-refused',
      cause: { message: expect.stringContaining('reference cannot be read (ENOENT)') },
    });
    expect(await rotate({ added: { secret: { text: NEW } } })).toMatchObject({ waitsFor: 'cycle' });
    expect(await states()).toEqual([`active ${personName(4)}`, `retiring ${personName(3)}`]);
    await closed(operator, (await rotate()).cycle ?? '');
    expect(provider.canSignIn(personName(8))).toBe(false);
  });
});

describe('ending a token at once', () => {
  test('O2: a revoked one is dead once the provider refuses it, and its connection stands still', async () => {
    const { provider } = await begin();
    const [active] = await operator.credentials.list('acme');
    const fingerprint = active?.fingerprint ?? '';
    const how = { by: BY, deleted: false };
    await expect(operator.credentials.revoke(fingerprint, how, never())).rejects.toThrow('still accepts');
    provider.revokeToken(OLD);
    expect(await operator.credentials.revoke(fingerprint, how, never())).toMatchObject({ state: 'dead' });
    expect((await operator.status()).connections[0]?.state.pausedReason).toContain(
      `waiting for a credential: ${fingerprint} was revoked`,
    );
  });

  test('T3: one whose secret is gone needs a person who says that it was deleted', async () => {
    const { provider, directory } = await begin();
    provider.addToken(NEW);
    writeFileSync(join(directory, 'acme-token'), NEW, { mode: 0o600 });
    await cycle(operator);
    await cycle(operator);
    const old = (await operator.credentials.list('acme')).find(({ state }) => state === 'retiring');
    const reference = old?.fingerprint ?? '';
    await expect(operator.credentials.retire(reference, { by: BY, deleted: false }, never())).rejects.toThrow(
      'nobody can see whether it is refused',
    );
    expect(await operator.credentials.retire(reference, { by: BY, deleted: true }, never())).toMatchObject({
      state: 'retired',
    });
  });
});

/** Every byte of every file below a folder. */
function contents(folder: string): string {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name !== 'acme-token')
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

describe('O6: a token handed to the command line', () => {
  test('is in no output, and nowhere in the data directory in clear; nor is the address of the provider told', async () => {
    const begun = await begin();
    const { provider, directory, configFile } = begun;
    provider.addToken(NEW);
    await operator.close();
    const daemon = await begun.daemon();
    writeFileSync(join(directory, 'handed'), `${NEW}\n`);
    const run = (...argv: readonly string[]) => headgate([...argv, '--config', configFile], directory);
    const added = await run(
      'token',
      'add',
      '-c',
      'acme',
      '--token-file',
      './handed',
      '--owner',
      personName(4),
      '--json',
    );
    expect(added).toMatchObject({ code: 0, stderr: expect.stringContaining('Candidate') });
    const { fingerprint } = z.object({ fingerprint: z.string() }).parse(JSON.parse(added.stdout));
    const promoted = await run('token', 'promote', fingerprint);
    expect(promoted).toMatchObject({ code: 0, stderr: expect.stringContaining('is in use') });
    const listed = await run('token', 'list');
    expect(listed.stdout).toMatch(new RegExp(`${fingerprint} +active +${personName(4)} +stored`));
    const rotated = await run('token', 'rotate', '-c', 'acme', '--wait');
    expect(rotated).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('Waits for: the old token to be deleted at the service provider'),
    });
    provider.revokeToken(OLD);
    const complete = await run('token', 'rotate', '-c', 'acme');
    expect(complete).toMatchObject({ code: 0, stdout: expect.stringContaining('Complete') });
    const shown = await run('token', 'show', fingerprint);
    const status = await run('status', '--json');
    const configured = await run('config', 'show');
    const tried = await run('probe', 'acme');
    expect([status, configured, tried].map(({ code }) => code)).toEqual([0, 0, 0]);
    expect(configured.stdout).toContain(`url: ${new URL(provider.url).origin}/[redacted]`);
    const metrics = await (await fetch(`${daemon.url}/metrics`)).text();
    expect(metrics).toContain('headgate_operations');
    writeFileSync(join(directory, 'handed'), '');
    await daemon.stop();
    const runs = [added, promoted, listed, rotated, complete, shown, status, configured, tried];
    const spoken = runs.map(({ stdout, stderr }) => stdout + stderr).join('\n');
    const said = `${spoken}\n${metrics}\n${daemon.output()}`;
    for (const secret of [NEW, OLD, provider.url]) expect(said).not.toContain(secret);
    expect(contents(directory)).not.toContain(NEW);
  });
});
