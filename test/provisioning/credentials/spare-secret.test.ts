import { describe, expect, test } from 'vitest';
import type { Credential } from '../../../src/core/credential.ts';
import type { OperationState } from '../../../src/core/operation.ts';
import type { CredentialStore, StoredCredential } from '../../../src/ports/credentials.ts';
import type { OperationRecord } from '../../../src/ports/stores.ts';
import { spareSecret, type SwitchPorts } from '../../../src/provisioning/credentials/spare-secret.ts';
import { aCredential } from '../../builders.ts';
import { anchorOf, aRemoval } from '../../contract/plans.ts';
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

interface Going {
  /** Done while it probes. */
  readonly probing?: () => Promise<void>;
  /** What cycles do, or have done, with the account of whoever is asked about. */
  readonly operations?: readonly Pick<OperationRecord, 'operation' | 'state'>[];
  /** Where the provider is that refused. */
  readonly place?: string;
}

/** A process that shares the store with others. */
function aProcess(
  credentials: CredentialStore,
  { probing = async () => undefined, operations = [], place = aSecret.place }: Going = {},
) {
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
    stores: {
      credentials,
      cycles: {
        operationsOf: async (_connection, anchor) =>
          operations
            .filter(({ operation }) => operation.anchor === anchor)
            .map((one) => ({ cycle: 'c1', sequence: 1, attempts: 0, ...one })),
      },
    },
    vault,
    clock: { now: () => 1 },
    connections: new Map([['acme', connection]]),
  };
  return (refused: string) => spareSecret({ connection: 'acme', place }, refused, ports, silentLog);
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
    const found = await Promise.all([1, 2].map(() => aProcess(credentials, { probing: both })('old')));
    expect(found).toEqual(['new', 'new']);
    expect(states()).toEqual(['old retiring', 'new active']);
  });

  test('never switch twice, whatever else is stored', async () => {
    const { credentials, states } = storeOf(named('old', { state: 'active' }), named('new'), named('newer'));
    let others: Promise<string | undefined> | undefined;
    const late = aProcess(credentials, { probing: async () => void (await (others ??= aProcess(credentials)('old'))) });
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

describe('T2: a stored token whose owner a cycle under way removes', () => {
  const BOB = { kind: 'user', name: 'bob@contoso.com', anchor: anchorOf(1) } as const;
  const begin = (state: OperationState, owner: Credential['owner'] = BOB) => {
    const { credentials, states } = storeOf(named('old', { state: 'active' }), named('new', { owner }));
    const operations = [{ operation: aRemoval(1, 'disable'), state }];
    return { secret: aProcess(credentials, { operations })('old'), states };
  };

  test.each(['pending', 'in-flight', 'in-doubt'] as const)('is not switched to: the removal is %s', async (state) => {
    const { secret, states } = begin(state);
    expect(await secret).toBeUndefined();
    expect(states()).toEqual(['old active', 'new candidate']);
  });

  test.each(['held', 'cancelled', 'exported'] as const)('is switched to where that is %s', async (state) => {
    expect(await begin(state).secret).toBe('new');
  });

  test('is switched to where somebody else is removed', async () => {
    expect(await begin('pending', { ...BOB, anchor: anchorOf(2) }).secret).toBe('new');
  });
});

describe('a provider at another address than the connection has by now, which refuses the token of old', () => {
  test('is sent no other one', async () => {
    const { credentials } = storeOf(
      named('old', { state: 'retiring', place: 'there' }),
      named('new', { state: 'active', place: aSecret.place }),
    );
    expect(await aProcess(credentials, { place: 'there' })('old')).toBeUndefined();
    expect(await aProcess(credentials)('old')).toBe('new');
  });
});
