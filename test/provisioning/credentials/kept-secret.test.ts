import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { ConfigError, UnauthorizedError } from '../../../src/core/errors.ts';
import { keptWorld } from './kept-world.ts';

const folder = mkdtempSync(join(tmpdir(), 'kept-secret-'));
const file = join(folder, 'token');
afterAll(() => rmSync(folder, { recursive: true }));

const ADA = { kind: 'user', name: 'ada@contoso.com', anchor: 'ada' } as const;
const adas = { id: 'ada', secret: 'token-of-ada', owner: ADA, file };
const fresh = { id: 'new', secret: 'new-token', provenBy: 'c-1' };

describe('a token left in a file by reference', () => {
  beforeEach(() => writeFileSync(file, 'token-of-ada\n'));

  test('is used as long as its file holds it', async () => {
    const { inUse } = await keptWorld([adas]);
    expect(await inUse()).toBe('token-of-ada');
  });

  test('is not used once the file holds another one: nobody knows whose that is', async () => {
    const { inUse } = await keptWorld([adas]);
    writeFileSync(file, 'token-of-bob');
    await expect(inUse()).rejects.toThrow(UnauthorizedError);
    await expect(inUse()).rejects.toThrow(/the secret of credential [0-9a-f]{12} of acme is not here/);
  });

  test('is not used once the file holds one that was retired', async () => {
    const { inUse } = await keptWorld([adas, { id: 'old', secret: 'old-token', state: 'retired', file }]);
    writeFileSync(file, 'old-token');
    await expect(inUse()).rejects.toThrow(UnauthorizedError);
  });

  test('gives no other token of its file for one that was refused', async () => {
    const { rows, afterRefusal } = await keptWorld([adas]);
    writeFileSync(file, 'token-of-bob');
    expect(await afterRefusal('token-of-bob')).toBeUndefined();
    expect(await afterRefusal('token-of-ada')).toBeUndefined();
    expect(rows.get('ada')?.refusedAt).toBe(1);
  });

  test.each([
    { rule: 'one the provider takes', now: 'new-token' },
    { rule: 'rubbish', now: 'rubbish' },
  ])('is not judged by $rule that its file holds meanwhile: a person says that it was deleted', async ({ now }) => {
    const { accepted, tried, retire } = await keptWorld([{ ...adas, state: 'retiring' }, fresh]);
    accepted.add('new-token');
    writeFileSync(file, now);
    await expect(retire('ada')).rejects.toThrow('nobody can see whether it is refused');
    expect(await retire('ada', true)).toBe('retired');
    expect(tried).toEqual([]);
  });
});

/** The configured file is gone, or cannot be read. */
async function unreadable(): Promise<never> {
  throw new ConfigError('acme-token', []);
}

describe('a token whose file is gone', () => {
  beforeEach(() => rmSync(file, { force: true }));

  test.each([
    { rule: 'in the configuration', old: { source: 'configuration' }, configured: { read: unreadable } },
    { rule: 'by reference', old: { file } },
    { rule: 'by reference, as the configured one is', old: { file }, configured: { read: unreadable } },
  ] as const)('$rule ends once a person says that it was deleted', async ({ old, configured }) => {
    const remembered = { id: 'old', secret: 'old-token', state: 'retiring', ...old } as const;
    for (const end of ['retire', 'revoke'] as const) {
      const world = await keptWorld([remembered, fresh], configured);
      await expect(world[end]('old')).rejects.toThrow('nobody can see whether it is refused');
      expect(await world[end]('old', true)).toBe(end === 'retire' ? 'retired' : 'dead');
    }
  });

  test('by reference is what the refusal to send names', async () => {
    const { inUse } = await keptWorld([adas]);
    await expect(inUse()).rejects.toThrow(/cannot be read \(ENOENT\)/);
  });
});

describe('a token whose secret cannot be read any more', () => {
  beforeEach(() => rmSync(file, { force: true }));
  const lost = [
    { rule: 'stored under a key that is lost', gone: { keyLost: true } },
    { rule: 'left in a file that is gone', gone: { file } },
  ] as const;

  test.each(lost)('$rule ends once a person says that it was deleted', async ({ gone }) => {
    const remembered = { id: 'old', secret: 'old-token', state: 'retiring', ...gone } as const;
    for (const end of ['retire', 'revoke'] as const) {
      const world = await keptWorld([remembered, fresh]);
      await expect(world[end]('old')).rejects.toThrow('nobody can see whether it is refused');
      expect(await world[end]('old', true)).toBe(end === 'retire' ? 'retired' : 'dead');
    }
  });

  test.each(lost)('$rule is used again once it is handed over again, with nothing proved of it', async ({ gone }) => {
    const { add, inUse, rows } = await keptWorld([{ ...fresh, ...gone }], { read: unreadable });
    await expect(inUse()).rejects.toThrow(UnauthorizedError);
    expect(await add('new-token')).toMatchObject({ id: 'new', state: 'active', source: 'stored' });
    expect(await inUse()).toBe('new-token');
    expect(rows.get('new')).not.toHaveProperty('provenBy');
    await expect(add('new-token')).rejects.toThrow('has this token already');
  });

  test('in the configuration has no other owner by being handed over again than the configuration names', async () => {
    const configured = { read: unreadable, owner: ADA };
    const { add, rows } = await keptWorld([{ ...fresh, source: 'configuration', owner: ADA }], configured);
    await expect(add('new-token', 'bob@contoso.com')).rejects.toThrow('the configuration names ada@contoso.com');
    expect(rows.get('new')?.owner).toEqual(ADA);
    expect(await add('new-token', 'ada@contoso.com')).toMatchObject({ source: 'stored', owner: ADA });
  });

  test('in the configuration is the trouble of the connection, which is told, and not of what would be sent with it', async () => {
    const { inUse } = await keptWorld([], { read: unreadable });
    await expect(inUse()).rejects.toThrow(UnauthorizedError);
    await expect(inUse()).rejects.toMatchObject({ facts: { connection: 'acme', remedy: expect.any(String) } });
  });
});

describe('a provider that refuses every token', () => {
  const old = { id: 'old', secret: 'old-token', state: 'retiring' } as const;

  test.each(['retire', 'revoke'] as const)('proves none dead: %s wants the one in use to be taken', async (end) => {
    const { accepted, rows, ...world } = await keptWorld([old, fresh]);
    await expect(world[end]('old')).rejects.toMatchObject({
      message: expect.stringMatching(
        /^the service provider of acme refuses [0-9a-f]{12}, and does not take [0-9a-f]{12}, .* either/,
      ),
      facts: { remedy: expect.stringContaining('--deleted-at-provider') },
    });
    expect(rows.get('old')?.state).toBe('retiring');
    accepted.add('new-token');
    expect(await world[end]('old')).toBe(end === 'retire' ? 'retired' : 'dead');
  });

  test('lets a person say that the old one was deleted', async () => {
    const { retire } = await keptWorld([old, fresh]);
    expect(await retire('old', true)).toBe('retired');
  });

  test('is believed of the one in use, which nothing else can prove', async () => {
    const { accepted, tried, revoke } = await keptWorld([fresh]);
    accepted.add('other');
    expect(await revoke('new')).toBe('dead');
    expect(tried).toEqual(['new-token']);
  });

  test('is believed where the secret of the one in use is not here', async () => {
    const { retire } = await keptWorld([old, { ...fresh, file: join(folder, 'none') }]);
    expect(await retire('old')).toBe('retired');
  });
});

describe('a token of another place than the connection has now', () => {
  const away = { id: 'old', secret: 'old-token', place: 'there' } as const;
  const installed = {
    id: 'new',
    secret: 'new-token',
    source: 'configuration',
    place: 'here',
    provenBy: 'c-1',
  } as const;
  const read = async () => 'new-token';

  test('is not sent to this one in place of the one that is refused here', async () => {
    const { tried, afterRefusal } = await keptWorld([{ ...away, state: 'retiring' }, installed], { read });
    expect(await afterRefusal('new-token')).toBeUndefined();
    expect(tried).toEqual([]);
  });

  test('is not proved dead here: it ends once a person says that it was deleted there', async () => {
    const { accepted, tried, retire } = await keptWorld([{ ...away, state: 'retiring' }, installed], { read });
    accepted.add('new-token');
    await expect(retire('old')).rejects.toThrow('nobody can see whether it is refused');
    expect(await retire('old', true)).toBe('retired');
    expect(tried).toEqual([]);
  });

  test('is not tried here, and it is said how it can be, or how it ends', async () => {
    const { tried, promote } = await keptWorld([{ ...away, state: 'candidate' }, installed], { read });
    await expect(promote('old')).rejects.toMatchObject({
      message: expect.stringContaining('not for the address acme has now'),
      facts: { remedy: expect.stringMatching(/headgate token add -c acme; .*--deleted-at-provider$/) },
    });
    expect(tried).toEqual([]);
  });

  test('is not used, also where it was the one in use', async () => {
    const { inUse } = await keptWorld([away]);
    await expect(inUse()).rejects.toThrow(UnauthorizedError);
    await expect(inUse()).rejects.toThrow('is for another address than the connection has now');
  });

  test('is used here once it is handed over again, with nothing proved of it', async () => {
    const { add, inUse, rows } = await keptWorld([{ ...away, provenBy: 'c-1', probedAt: 1 }], {
      read: unreadable,
    });
    expect(await add('old-token')).toMatchObject({ id: 'old', state: 'active', place: 'here' });
    expect(await inUse()).toBe('old-token');
    expect(rows.get('old')).not.toHaveProperty('provenBy');
    await expect(add('old-token')).rejects.toThrow('has this token already');
  });

  test('is replaced by what the configuration names, and goes nowhere', async () => {
    const { survey, rows, afterRefusal, tried } = await keptWorld([away], { read });
    await survey();
    expect([...rows.values()].map(({ state, place }) => [state, place])).toEqual([
      ['retiring', 'there'],
      ['active', 'here'],
    ]);
    expect(await afterRefusal('new-token')).toBeUndefined();
    expect(tried).toEqual([]);
  });
});

describe('the place of a token', () => {
  test('is that of the connection when somebody first looks', async () => {
    const { survey, rows } = await keptWorld([{ id: 'old', secret: 'old-token' }], { read: unreadable });
    await survey();
    expect(rows.get('old')).toMatchObject({ place: 'here', version: 2 });
    await survey();
    expect(rows.get('old')?.version).toBe(2);
  });

  test('is that of the connection when it is handed over', async () => {
    const { add } = await keptWorld([]);
    expect(await add('new-token')).toMatchObject({ state: 'candidate', place: 'here' });
  });
});
