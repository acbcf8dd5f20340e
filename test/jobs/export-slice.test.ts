import { expect, test } from 'vitest';
import { exportSlice } from '../../jobs/export-slice.ts';
import { REMOVALS_KEEP_MS } from '../../src/core/plan-age.ts';
import type { Ports } from '../../src/ports/index.ts';
import type { OperationResult, SliceWork } from '../../src/ports/slices.ts';
import type { CycleStore } from '../../src/ports/stores.ts';
import type { CredentialOwner } from '../../src/core/credential.ts';
import { aCredential, NOW } from '../builders.ts';
import { aRemoval } from '../contract/plans.ts';
import { only } from '../only.ts';
import { aConnection, fakeDirectory, fakeProvider } from '../provisioning/fakes.ts';
import { silentLog } from '../silent-log.ts';

/** A slice that disables an account, by a plan of that age in ms; its connection is paused, or has a token of that owner. */
function lateSlice(age: number, owner?: CredentialOwner) {
  const told: { cancelled?: string; results?: readonly OperationResult[]; nudged: string[] } = { nudged: [] };
  const work: SliceWork = {
    id: 's',
    cycle: 'c',
    connection: 'acme',
    wave: 0,
    plannedAt: NOW - age,
    operations: [{ sequence: 0, operation: aRemoval(1, 'disable'), inDoubt: true, attempts: 1 }],
  };
  const cycles = only<CycleStore>({
    startSlice: async () => ({ state: 'started', work }),
    requestCancel: async (_cycle, reason) => {
      if (reason !== undefined) told.cancelled = reason;
      return true;
    },
    recordSlice: async (_slice, _worker, results) => {
      told.results = results;
      return true;
    },
  });
  const ports = only<Ports>({
    stores: only<Ports['stores']>({
      cycles,
      escrows: only<Ports['stores']['escrows']>({ lift: async () => 0 }),
      connections: only<Ports['stores']['connections']>({
        get: async () => ({
          connection: 'acme',
          schedulesPaused: false,
          ...(owner === undefined ? { pausedReason: 'for the test' } : {}),
        }),
      }),
      credentials: only<Ports['stores']['credentials']>({
        list: async () => [{ ...aCredential({ fingerprint: 'f:secret', ...(owner && { owner }) }), version: 1 }],
      }),
    }),
    queue: only<Ports['queue']>({ enqueue: async (name) => void told.nudged.push(name) }),
    connections: new Map([['acme', aConnection(fakeDirectory({ assignments: [] }), fakeProvider({}))]]),
    vault: only<Ports['vault']>({ fingerprint: (secret) => `f:${secret}` }),
    clock: { now: () => NOW },
    worker: { id: 'w', leaseMs: 1000, sliceSize: 10, window: 1 },
  });
  return { ports, told };
}

test('a removal that waited too long is put back, and its cycle is stopped with the reason', async () => {
  const { ports, told } = lateSlice(REMOVALS_KEEP_MS + 1);
  await exportSlice.run({ connection: 'acme', slice: 's' }, ports, silentLog, new AbortController().signal);
  expect(told).toEqual({
    cancelled: expect.stringContaining('may have it again'),
    results: [{ sequence: 0, state: 'in-doubt', attemptSpent: false }],
    nudged: ['advance-cycle'],
  });
});

test('one that did not waits for its connection, and its cycle stays', async () => {
  const { ports, told } = lateSlice(REMOVALS_KEEP_MS);
  await exportSlice.run({ connection: 'acme', slice: 's' }, ports, silentLog, new AbortController().signal);
  expect(told).toEqual({
    results: [{ sequence: 0, state: 'in-doubt', attemptSpent: false }],
    nudged: ['advance-cycle'],
  });
});

test('what would end the owner of a token that was not theirs when the plan was made is put back, and its cycle is stopped with the reason', async () => {
  const { ports, told } = lateSlice(0, {
    kind: 'user',
    name: 'ada@contoso.com',
    anchor: aRemoval(1, 'disable').anchor,
  });
  await exportSlice.run({ connection: 'acme', slice: 's' }, ports, silentLog, new AbortController().signal);
  expect(told).toEqual({
    cancelled: 'user1@contoso.com owns the active token f:secret of connection acme by now; the next cycle holds it',
    results: [{ sequence: 0, state: 'in-doubt', attemptSpent: false }],
    nudged: ['advance-cycle'],
  });
});
