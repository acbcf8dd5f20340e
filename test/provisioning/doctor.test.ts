import { expect, test } from 'vitest';
import { createVault } from '../../src/adapters/vault/vault.ts';
import type { CredentialOwner } from '../../src/core/credential.ts';
import { TransientError } from '../../src/core/errors.ts';
import { checkTokens } from '../../src/provisioning/doctor.ts';
import { aCredential } from '../builders.ts';
import { aConnection, fakeDirectory, fakeProvider } from './fakes.ts';

const signal = new AbortController().signal;
const NOW = Date.parse('2026-11-22T08:00:00Z');

/** What is told of a token in use with this owner, where the directory knows nobody, or does not answer. */
function told(owner: CredentialOwner, state: 'active' | 'retired' = 'active', away = false, expiresAt?: number) {
  const directory = {
    ...fakeDirectory({ assignments: [] }),
    findUser: async () => {
      if (away) throw new TransientError('Microsoft Graph is away');
      return undefined;
    },
  };
  const read = async () => 'the secret in use';
  const credential = { kind: 'bearer', owner, read } as const;
  const vault = createVault({});
  const fingerprint = vault.fingerprint('the secret in use');
  const lasts = expiresAt === undefined ? {} : { expiresAt };
  const base = aCredential({ id: 'c1', connection: 'acme' });
  const stored = { ...base, ...lasts, owner, state, fingerprint, version: 1 };
  const unused = (): never => {
    throw new Error('nothing is written here');
  };
  return checkTokens(
    {
      connections: new Map([['acme', { ...aConnection(directory, fakeProvider({})), credential }]]),
      vault,
      clock: { now: () => NOW },
      stores: {
        credentials: { list: async () => [stored], active: unused, secret: unused, history: unused, change: unused },
      },
    },
    signal,
  );
}

test('an owner the directory does not know is a warning that says what to do', async () => {
  expect(await told({ kind: 'user', name: 'ada@contoso.com' })).toMatchObject([
    {
      area: 'acme: token',
      ok: true,
      warns: true,
      detail: expect.stringContaining('ada@contoso.com is not in the directory'),
      remedy: expect.stringMatching(/provider\.credential\.owner .*headgate token owner \w+ <owner>/),
    },
  ]);
});

test.each<[string, Parameters<typeof told>]>([
  ['one the directory knows', [{ kind: 'user', name: 'ada@contoso.com', anchor: 'a1' }]],
  ['a service account', [{ kind: 'service-account' }]],
  ['one whose token is retired', [{ kind: 'user', name: 'ada@contoso.com' }, 'retired']],
  ['one nobody can look up, which another check says', [{ kind: 'user', name: 'ada@contoso.com' }, 'active', true]],
])('%s is none', async (_who, owner) => {
  expect(await told(...owner)).toEqual([]);
});

test.each([
  ['over', NOW, { ok: false, detail: 'expired 2026-11-22' }],
  ['near', NOW + 86_400_000, { ok: true, warns: true, detail: 'expires 2026-11-23' }],
])('a token whose last day is %s is told of with what to do', async (_when, expiresAt, line) => {
  const remedy = expect.stringContaining('headgate token rotate -c acme');
  expect(await told({ kind: 'service-account' }, 'active', false, expiresAt)).toMatchObject([{ ...line, remedy }]);
});

test('a token that is good for a while is not told of', async () => {
  expect(await told({ kind: 'service-account' }, 'active', false, NOW + 90 * 86_400_000)).toEqual([]);
});
