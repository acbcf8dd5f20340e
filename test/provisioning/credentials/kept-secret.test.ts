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
