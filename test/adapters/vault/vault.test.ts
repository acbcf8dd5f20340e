import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { createVault } from '../../../src/adapters/vault/vault.ts';
import { RefusedError } from '../../../src/core/errors.ts';

const KEY = randomBytes(32).toString('base64');
const vault = createVault({ key: async () => `${KEY}\n` });

describe('the vault', () => {
  test('T1: gives a secret back, and what it stores does not hold it', async () => {
    const sealed = await vault.seal('s3cret-token', 'acme/1');
    expect(await vault.open(sealed, 'acme/1')).toBe('s3cret-token');
    expect(sealed).not.toContain('s3cret-token');
    expect(sealed).not.toContain(Buffer.from('s3cret-token').toString('base64url'));
    expect(await vault.seal('s3cret-token', 'acme/1')).not.toBe(sealed);
  });

  test('opens nothing that was moved to another credential', async () => {
    const sealed = await vault.seal('s3cret-token', 'acme/1');
    await expect(vault.open(sealed, 'acme/2')).rejects.toThrow('it was altered in the database');
  });

  test('opens nothing that was altered', async () => {
    const parts = (await vault.seal('s3cret-token', 'acme/1')).split('.');
    const text = Buffer.from(parts[3] ?? '', 'base64url');
    text[0] = (text[0] ?? 0) ^ 1;
    parts[3] = text.toString('base64url');
    await expect(vault.open(parts.join('.'), 'acme/1')).rejects.toThrow(RefusedError);
  });

  test('says that the key is another one', async () => {
    const other = createVault({ key: async () => randomBytes(32).toString('hex') });
    const sealed = await vault.seal('s3cret-token', 'acme/1');
    await expect(other.open(sealed, 'acme/1')).rejects.toThrow(/it was stored under key [0-9a-f]{8}, the key now is/);
  });

  test.each(['short', 'x'.repeat(44), '', Buffer.alloc(31).toString('base64')])('refuses the key "%s"', async (key) => {
    await expect(createVault({ key: async () => key }).seal('s', 'p')).rejects.toThrow('is not 32 bytes');
  });

  test('stores nothing without a key, and still names secrets', async () => {
    const keyless = createVault({});
    await expect(keyless.seal('s', 'p')).rejects.toMatchObject({
      message: expect.stringContaining('was started without an encryption key'),
      facts: {
        remedy: expect.stringMatching(
          /credentials\.key_file has been set since, restart the daemon: a reload does not/,
        ),
      },
    });
    expect(keyless.fingerprint('s3cret-token')).toBe(vault.fingerprint('s3cret-token'));
    expect(keyless.fingerprint('s3cret-token')).toMatch(/^[0-9a-f]{12}$/);
    expect(keyless.fingerprint('s3cret-tokem')).not.toBe(vault.fingerprint('s3cret-token'));
  });

  test('reads a secret by reference, and says which file has none', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'headgate-vault-'));
    try {
      await writeFile(join(directory, 'token'), 'by-reference\n');
      await writeFile(join(directory, 'empty'), '\n');
      expect(await vault.readReference(join(directory, 'token'))).toBe('by-reference');
      await expect(vault.readReference(join(directory, 'empty'))).rejects.toThrow('is empty');
      await expect(vault.readReference(join(directory, 'none'))).rejects.toThrow('cannot be read (ENOENT)');
    } finally {
      await rm(directory, { recursive: true });
    }
  });
});
