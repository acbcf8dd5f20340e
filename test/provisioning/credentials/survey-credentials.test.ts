import { describe, expect, test } from 'vitest';
import { isLive } from '../../../src/core/credential.ts';
import { ConfigError } from '../../../src/core/errors.ts';
import type { CredentialStore, StoredCredential } from '../../../src/ports/credentials.ts';
import {
  gatherCredentials,
  keepCredentials,
  type Asked,
  type CredentialPorts,
} from '../../../src/provisioning/credentials/survey-credentials.ts';
import { aCredential, aUser } from '../../builders.ts';
import { only } from '../../only.ts';
import { anOwnerProcess, printOf } from './owner-process.ts';
import { aConnection, aSecret, fakeDirectory, fakeProvider } from '../fakes.ts';

/** A connection whose configured token belongs to ada, in a directory that knows `people`. */
function aProcess(people: readonly string[]) {
  let rows: readonly StoredCredential[] = [];
  const written: string[] = [];
  const users = Object.fromEntries(people.map((name) => [name, aUser(name)]));
  const provider = fakeProvider({});
  const owner = { kind: 'user', name: 'ada@contoso.com' } as const;
  const ports: CredentialPorts = {
    connections: new Map([
      [
        'acme',
        { ...aConnection(fakeDirectory({ assignments: [], users }), provider), credential: { ...aSecret, owner } },
      ],
    ]),
    vault: only<CredentialPorts['vault']>({ fingerprint: (secret) => `fp:${secret}` }),
    clock: { now: () => 1 },
    stores: {
      connections: only<CredentialPorts['stores']['connections']>({}),
      credentials: only<CredentialStore>({
        list: async () => rows,
        async change(changes) {
          rows = changes.map(({ after, from = 0 }) => ({ ...after, version: from + 1 }));
          written.push(...changes.map(({ event }) => event));
          return true;
        },
      }),
    },
  };
  const owners = async (signal?: AbortSignal, whom?: Asked) =>
    (await keepCredentials(ports, signal, whom)).map((one) => one.owner);
  return { owners, written, users };
}

const asked = new AbortController().signal;

describe('the owner of a configured token', () => {
  test('is not said to be absent before the directory was asked', async () => {
    const { owners } = aProcess([]);
    expect(await owners()).toEqual([{ kind: 'user', name: 'ada@contoso.com' }]);
  });

  test('is absent once the directory was asked and knows nobody of that name, which is written once', async () => {
    const { owners, written } = aProcess([]);
    const absent = [{ kind: 'user', name: 'ada@contoso.com', absent: true }];
    expect(await owners(asked)).toEqual(absent);
    expect(await owners(asked)).toEqual(absent);
    expect(await owners()).toEqual(absent);
    expect(written).toEqual(['installed']);
  });

  test('is known by id, and absent no more, as soon as the directory has them', async () => {
    const { owners, users, written } = aProcess([]);
    await owners(asked);
    users['ada'] = aUser('ada');
    expect(await owners(asked)).toEqual([{ kind: 'user', name: 'ada@contoso.com', anchor: 'ada' }]);
    expect(written).toEqual(['installed', 'owner-found']);
  });

  test('who is deleted is told as absent by the next full cycle, under the id of old, whoever has the name since', async () => {
    const { owners, users, written } = aProcess(['ada']);
    const ada = { kind: 'user', name: 'ada@contoso.com', anchor: 'ada' };
    await owners(asked);
    delete users['ada'];
    users['new'] = aUser('new', { attributes: { userPrincipalName: 'ada@contoso.com' } });
    expect(await owners(asked)).toEqual([ada]);
    expect(await owners(asked, 'everybody')).toEqual([{ ...ada, absent: true }]);
    expect(await owners(asked, 'everybody')).toEqual([{ ...ada, absent: true }]);
    expect(written).toEqual(['installed', 'owner-absent']);
    users['ada'] = aUser('ada');
    expect(await owners(asked)).toEqual([ada]);
    expect(written).toEqual(['installed', 'owner-absent', 'owner-found']);
  });
});

describe('a token handed over with an owner, and put into the file beside the name of another', () => {
  const BOB = { kind: 'user', name: 'bob@contoso.com', anchor: 'bob' } as const;
  const known = aCredential({ fingerprint: printOf('secret'), place: aSecret.place, source: 'stored', owner: BOB });
  const stored = { ...known, version: 1 };
  const beside = (name: string) => anOwnerProcess({ configured: { owner: { kind: 'user', name } }, stored: [stored] });

  test('holds both, and nothing of it is changed', async () => {
    const { ports, written } = beside('ada@contoso.com');
    await keepCredentials(ports, asked);
    expect(written).toEqual([]);
    const guarded = await gatherCredentials(ports, asked);
    expect(guarded).toMatchObject([
      { owner: BOB },
      { owner: { name: 'ada@contoso.com', anchor: 'ada' }, named: 'in-configuration', besides: 'bob@contoso.com' },
    ]);
    expect(guarded[0]).not.toHaveProperty('named');
  });

  test.each([
    ['the same, written differently', 'BOB@contoso.com'],
    ['the same, by object id', 'bob'],
  ])('holds one where that is %s', async (_how, name) => {
    const { ports } = beside(name);
    expect(await gatherCredentials(ports, asked)).toMatchObject([{ owner: BOB }]);
  });

  test('has another owner once a person says so, whoever stands in the file', async () => {
    const { ports, desk } = beside('bob@contoso.com');
    const { owner } = await desk.setOwner(stored.id, 'ada@contoso.com', 'ida', asked);
    expect(owner).toMatchObject({ anchor: 'ada' });
    expect(await gatherCredentials(ports, asked)).toMatchObject([{ owner }, { besides: 'ada@contoso.com' }]);
  });
});

describe('a configured token that cannot be read just now', () => {
  const owner = { kind: 'user', name: 'bob@contoso.com' } as const;
  const read = async () => {
    throw new ConfigError('headgate.yaml', []);
  };
  const guarded = async (stored: readonly StoredCredential[], switchedOff = false) => {
    const { ports } = anOwnerProcess({ configured: { owner, read }, stored, switchedOff });
    return (await gatherCredentials(ports, asked)).filter(isLive).map((one) => one.owner);
  };
  const known = (state: StoredCredential['state'], name = 'ada') => ({
    ...aCredential({ state, owner: { kind: 'user', name: `${name}@contoso.com`, anchor: name } }),
    version: 1,
  });
  const bob = { ...owner, anchor: 'bob' };

  test('holds the owner the configuration names, where every token that is known has ended', async () => {
    expect(await guarded([known('retired')])).toEqual([bob]);
  });

  test('holds them besides the owner of one that is on its way out', async () => {
    expect(await guarded([known('retiring')])).toEqual([{ ...bob, name: 'ada@contoso.com', anchor: 'ada' }, bob]);
  });

  test('is the one that was read last: that is in use', async () => {
    expect(await guarded([known('active', 'bob')])).toEqual([bob]);
  });

  test('holds the owner of the one that was read last as well as whom the configuration names by now', async () => {
    expect(await guarded([known('active')])).toEqual([{ ...bob, name: 'ada@contoso.com', anchor: 'ada' }, bob]);
  });

  test('holds nobody where the connection was switched off: it has none any more', async () => {
    expect(await guarded([known('dead')], true)).toEqual([]);
  });
});
