import { describe, expect, test } from 'vitest';
import type { Credential } from '../../../src/core/credential.ts';
import { UnauthorizedError } from '../../../src/core/errors.ts';
import { currentSecret, type KeyringPorts } from '../../../src/provisioning/credentials/keyring.ts';
import { aCredential } from '../../builders.ts';
import { only } from '../../only.ts';
import { aSecret } from '../fakes.ts';

function inUse(...known: readonly Partial<Credential>[]): Promise<string> {
  const stored = known.map((one, index) => ({ ...aCredential({ id: `c${index}`, ...one }), version: 1 }));
  const credentials = only<KeyringPorts['stores']['credentials']>({
    list: async () => stored,
    active: async () => stored.find(({ state }) => state === 'active'),
  });
  const vault = only<KeyringPorts['vault']>({ fingerprint: (secret) => `fp:${secret}` });
  const configured = { ...aSecret, read: async () => 'secret\n' };
  return currentSecret('acme', configured, { stores: { credentials }, vault }).then((secret) => secret.trim());
}

describe('a token that stands in the configured file', () => {
  test.each([
    { rule: 'nobody has looked at yet', known: [] },
    { rule: 'is in use', known: [{ fingerprint: 'fp:secret' }] },
    { rule: 'was replaced and may be in use again', known: [{ fingerprint: 'fp:secret', state: 'retiring' as const }] },
    { rule: 'is another than the one that ended', known: [{ fingerprint: 'fp:other', state: 'dead' as const }] },
  ])('and $rule is used', async ({ known }) => {
    expect(await inUse(...known)).toBe('secret');
  });

  test.each([
    { state: 'dead', says: 'fp:secret of acme was revoked' },
    { state: 'retired', says: 'fp:secret of acme was retired' },
  ] as const)('and is $state is not: nobody is held for it', async ({ state, says }) => {
    const ended = { fingerprint: 'fp:secret', state };
    await expect(inUse(ended)).rejects.toThrow(UnauthorizedError);
    await expect(inUse(ended)).rejects.toThrow(says);
    await expect(inUse({ fingerprint: 'fp:newer' }, ended)).rejects.toThrow(says);
  });
});
