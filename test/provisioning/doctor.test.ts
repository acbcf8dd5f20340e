import { describe, expect, test } from 'vitest';
import { createVault } from '../../src/adapters/vault/vault.ts';
import type { CredentialOwner } from '../../src/core/credential.ts';
import { TransientError } from '../../src/core/errors.ts';
import { checkClock, checkNativeJobs, checkTokens } from '../../src/provisioning/doctor.ts';
import type { JournalEntry } from '../../src/core/migration/journal.ts';
import type { ConnectionState } from '../../src/ports/stores.ts';
import { aCredential, aUser, theRules } from '../builders.ts';
import { done, journal, started } from '../core/migration/builders.ts';
import { aConnection, fakeDirectory, fakeProvider } from './fakes.ts';

const signal = new AbortController().signal;
const NOW = Date.parse('2026-11-22T08:00:00Z');

/** What is told of a token in use with this owner, where the directory knows a1 alone, or does not answer. */
function told(
  owner: CredentialOwner,
  state: 'active' | 'retired' = 'active',
  away = false,
  expiresAt?: number,
  configured = true,
) {
  const directory = {
    ...fakeDirectory({ assignments: [] }),
    findUser: async (idOrName: string) => {
      if (away) throw new TransientError('Microsoft Graph is away');
      return idOrName === 'a1' ? aUser('a1') : undefined;
    },
  };
  const read = async () => 'the secret in use';
  const named: CredentialOwner = configured ? owner : { kind: 'unknown' };
  const credential = { kind: 'bearer', place: 'here', owner: named, read } as const;
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
        connections: { get: unused },
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
      remedy: expect.stringContaining('change provider.credential.owner of acme in the configuration'),
    },
  ]);
});

test('an owner who was known, and is gone, is one too', async () => {
  expect(await told({ kind: 'user', name: 'ada@contoso.com', anchor: 'gone' })).toMatchObject([
    {
      warns: true,
      detail:
        'ada@contoso.com is not in the directory any more: guard token-owner holds the account they had, and any of that name',
    },
  ]);
});

test('an owner a person has named is one that a person names anew', async () => {
  const [line] = await told({ kind: 'user', name: 'ada@contoso.com' }, 'active', false, undefined, false);
  expect(line?.remedy).toMatch(/headgate token owner \w+ <user> -c acme/);
  expect(line?.remedy).not.toContain('configuration');
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

/** What is told of Entra's own job as the engine, with a migration open whose journal this is. */
async function toldOfEngine(
  active: readonly string[],
  state: Partial<ConnectionState> = {},
  ...entries: readonly JournalEntry[]
) {
  const directory = {
    ...fakeDirectory({ assignments: [] }),
    readNativeJobs: async () => ({ known: true, active }) as const,
  };
  const stores = {
    connections: { get: async () => ({ connection: 'acme', schedulesPaused: false, ...state }) },
    migrations: {
      openOf: async () => (entries.length === 0 ? undefined : { id: 'm1', connection: 'acme', createdAt: NOW }),
      journalEnd: async () => undefined,
      lines: async () => journal(...entries),
    },
  };
  const [line] = await checkNativeJobs(theRules({ engine: 'entra' }), directory, stores, signal);
  return line;
}

const UP_TO_SWITCHING_OFF = [started('disable-scim', {}, 'entra'), ...done('survey', 'verify')];
const PAUSED_JOB: JournalEntry = {
  kind: 'native-job',
  step: 'disable-connection',
  job: { id: 'job', code: 'Paused' },
};

describe("Entra's own job, where it is the engine,", () => {
  test('that stands still is a failure, and is to be started', async () => {
    expect(await toldOfEngine([])).toMatchObject({ ok: false, remedy: 'start it in Entra.' });
    expect(await toldOfEngine([], {}, ...UP_TO_SWITCHING_OFF)).toMatchObject({ ok: false });
  });

  test('that a migration has paused stands still as it should, and nobody is told to start it', async () => {
    const line = await toldOfEngine([], {}, ...UP_TO_SWITCHING_OFF, PAUSED_JOB);
    const detail = 'stands still: paused by the migration, as it should be; do not start it';
    expect(line).toMatchObject({ ok: true, detail });
    expect(line).not.toHaveProperty('remedy');
  });

  test('is to be started again where the migration that had paused it is being rolled back', async () => {
    const entries: readonly JournalEntry[] = [...UP_TO_SWITCHING_OFF, PAUSED_JOB, { kind: 'rollback', by: 'ada' }];
    expect(await toldOfEngine([], {}, ...entries)).toMatchObject({ ok: false, remedy: 'start it in Entra.' });
  });

  test('of a connection that was switched off stands still as it should', async () => {
    const detail = 'stands still: switched off by a migration, as it should be; do not start it';
    expect(await toldOfEngine([], { switchedOffAt: NOW })).toMatchObject({ ok: true, detail });
  });

  test('of a connection that was switched off must not run', async () => {
    const line = { ok: false, remedy: expect.stringContaining('stop it in Entra') };
    expect(await toldOfEngine(['job Active'], { switchedOffAt: NOW })).toMatchObject(line);
  });

  test('of a paused connection is not to be started before the cause of the pause is mended', async () => {
    const line = { ok: false, remedy: expect.stringContaining('once that is mended') };
    expect(await toldOfEngine([], { pausedReason: 'migration m1 was aborted: ann is gone' })).toMatchObject(line);
  });
});

describe('doctor and the clock', () => {
  test.each<[string, number, boolean, string]>([
    ['one that agrees, as far as can be told', 2_000, true, "agrees with the database's"],
    ['one that is ahead', 184_000, false, "184 s ahead of the database's"],
    ['one that is behind', -184_000, false, "184 s behind the database's"],
  ])('%s', async (_what, ahead, ok, detail) => {
    const check = await checkClock({ clockAheadMs: async () => ahead });
    expect(check).toMatchObject({ name: 'clock', required: false, ok, detail });
  });
});
