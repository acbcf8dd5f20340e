import { describe, expect, test } from 'vitest';
import type { Credential } from '../../../src/core/credential.ts';
import type { CredentialStore, StoredCredential } from '../../../src/ports/credentials.ts';
import { spareSecret, type SwitchPorts } from '../../../src/provisioning/credentials/spare-secret.ts';
import { aCredential } from '../../builders.ts';
import { only } from '../../only.ts';
import { silentLog } from '../../silent-log.ts';
import { aConnection, aSecret, fakeDirectory, fakeProvider } from '../fakes.ts';

/** A credential whose secret is its own name. */
function named(name: string, overrides: Partial<Credential> = {}): StoredCredential {
  const kept = { id: name, fingerprint: `fp:${name}`, source: 'stored' as const, state: 'candidate' as const };
  return { ...aCredential({ ...kept, ...overrides }), version: 1 };
}

/** As the real store: all or nothing, and only from the version that was read. */
function storeOf(...first: readonly StoredCredential[]) {
  let rows = first;
  const credentials = only<CredentialStore>({
    list: async () => rows,
    secret: async (id) => ({ kind: 'stored', sealed: id }),
    async change(changes) {
      const current = ({ after, from }: (typeof changes)[number]) =>
        rows.find(({ id }) => id === after.id)?.version === from;
      if (!changes.every(current)) return false;
      for (const { after } of changes)
        rows = rows.map((row) => (row.id === after.id ? { ...after, version: row.version + 1 } : row));
      return true;
    },
  });
  return { credentials, states: () => rows.map(({ id, state }) => `${id} ${state}`) };
}

/** A process that shares the store with others, and does `probing` while it probes. */
function aProcess(credentials: CredentialStore, probing: () => Promise<void> = async () => undefined) {
  const provider = {
    ...fakeProvider({}),
    probe: async () => {
      await probing();
      return 'accepted' as const;
    },
  };
  const connection = { ...aConnection(fakeDirectory({ assignments: [] }), provider), credential: aSecret };
  const vault = only<SwitchPorts['vault']>({
    fingerprint: (secret) => `fp:${secret}`,
    open: async (sealed) => sealed,
  });
  const ports: SwitchPorts = {
    stores: { credentials },
    vault,
    clock: { now: () => 1 },
    connections: new Map([['acme', connection]]),
  };
  return (refused: string) => spareSecret('acme', refused, ports, silentLog);
}

/** Resolves once as many have come as are waited for. */
function meeting(size: number): () => Promise<void> {
  let arrived = 0;
  let open: () => void = () => undefined;
  const all = new Promise<void>((resolve) => {
    open = resolve;
  });
  return () => {
    if ((arrived += 1) === size) open();
    return all;
  };
}

describe('T6: two processes that are refused at once', () => {
  test('switch once and both go on with what was switched to', async () => {
    const { credentials, states } = storeOf(named('old', { state: 'active' }), named('new'));
    const both = meeting(2);
    const found = await Promise.all([1, 2].map(() => aProcess(credentials, both)('old')));
    expect(found).toEqual(['new', 'new']);
    expect(states()).toEqual(['old retiring', 'new active']);
  });

  test('never switch twice, whatever else is stored', async () => {
    const { credentials, states } = storeOf(named('old', { state: 'active' }), named('new'), named('newer'));
    let others: Promise<string | undefined> | undefined;
    const late = aProcess(credentials, async () => void (await (others ??= aProcess(credentials)('old'))));
    expect(await late('old')).toBe('new');
    expect(states()).toEqual(['old retiring', 'new active', 'newer candidate']);
  });

  test('the one that comes after the switch uses what was switched to', async () => {
    const { credentials, states } = storeOf(
      named('old', { state: 'retiring', refusedAt: 1 }),
      named('new', { state: 'active', activatedBy: 'switch' }),
      named('newer'),
    );
    expect(await aProcess(credentials)('old')).toBe('new');
    expect(states()).toEqual(['old retiring', 'new active', 'newer candidate']);
  });

  test('has nothing to use where what was switched to is refused as well', async () => {
    const { credentials } = storeOf(
      named('old', { state: 'retiring', refusedAt: 1 }),
      named('new', { state: 'active', activatedBy: 'switch', refusedAt: 1 }),
    );
    expect(await aProcess(credentials)('old')).toBeUndefined();
  });
});
