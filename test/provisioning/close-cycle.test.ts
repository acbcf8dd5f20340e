import { describe, expect, test } from 'vitest';
import type { Credential } from '../../src/core/credential.ts';
import type { OperationCounts } from '../../src/core/cycle.ts';
import { HEALTHY, type Health } from '../../src/core/quarantine.ts';
import type { CredentialStore, StoredCredential } from '../../src/ports/credentials.ts';
import type { Ports } from '../../src/ports/index.ts';
import type { ConnectionStore, CycleRecord, CycleStore } from '../../src/ports/stores.ts';
import { closeCycle } from '../../src/provisioning/close-cycle.ts';
import { aCredential } from '../builders.ts';
import { only } from '../only.ts';
import { silentLog } from '../silent-log.ts';

const ON_TRIAL: Health = {
  state: 'half-open',
  reason: 'provider-down',
  cause: { code: 'transient', message: 'it was down' },
  beganAt: 1,
  probes: 1,
  nextProbeAt: 2,
};

function aRecord(phase: CycleRecord['phase'], more: Partial<CycleRecord> = {}): CycleRecord {
  return {
    id: 'cycle-1',
    connection: 'acme',
    kind: 'initial',
    phase,
    requestedBy: 'ada',
    createdAt: 10,
    attempts: 1,
    cancelRequested: false,
    notices: [],
    ...more,
  };
}

/** A cycle that is about to end, and what stands in the store at the moment it is seen to have ended. */
function ending(found: CycleRecord['phase'], known: Partial<Credential> = {}, counts: OperationCounts = {}) {
  let credential: StoredCredential = { ...aCredential({ state: 'active', ...known }), version: 1 };
  let health: Health = ON_TRIAL;
  const seenAtTheEnd: object[] = [];
  const now = () => ({ provenBy: credential.provenBy, health: health.state });
  const stores = only<Ports['stores']>({
    cycles: only<CycleStore>({
      get: async () => aRecord(found),
      async close() {
        seenAtTheEnd.push(now());
        return found !== 'closed';
      },
      counts: async () => counts,
    }),
    connections: only<ConnectionStore>({
      get: async () => ({
        connection: 'acme',
        schedulesPaused: false,
        ...(health.state === 'healthy' ? {} : { quarantine: health }),
      }),
      async changeHealth(_name, change) {
        const before = health;
        health = change(before);
        return { before, after: health };
      },
    }),
    credentials: only<CredentialStore>({
      active: async () => credential,
      async change([change]) {
        if (change !== undefined) credential = { ...change.after, version: 2 };
        return true;
      },
    }),
  });
  const ports = only<Ports>({
    stores,
    clock: { now: () => 20 },
    metrics: only<Ports['metrics']>({ cycleClosed: () => undefined }),
  });
  return { ports, seenAtTheEnd, now, refusedAt: () => credential.refusedAt };
}

describe('what the end of a cycle proves', () => {
  test('is remembered before anybody can see that it ended', async () => {
    const { ports, seenAtTheEnd } = ending('exporting');
    await closeCycle(ports, aRecord('exporting'), 'succeeded', silentLog);
    expect(seenAtTheEnd).toEqual([{ provenBy: 'cycle-1', health: HEALTHY.state }]);
  });

  test('is nothing once it was closed by somebody else', async () => {
    const { ports, now } = ending('closed');
    await closeCycle(ports, aRecord('exporting'), 'succeeded', silentLog);
    expect(now()).toEqual({ provenBy: undefined, health: 'half-open' });
  });

  test.each(['failed', 'refused', 'cancelled'] as const)('is nothing when it %s', async (result) => {
    const { ports, now } = ending('exporting');
    await closeCycle(ports, aRecord('exporting'), result, silentLog);
    expect(now()).toEqual({ provenBy: undefined, health: 'half-open' });
  });
});

describe('that the token was refused', () => {
  const REFUSED = { provenBy: 'cycle-0', refusedAt: 9 };
  const SENT = { 1: { exported: 1 } };
  const after = async (kind: CycleRecord['kind'], known: Partial<Credential>, counts: OperationCounts = {}) => {
    const { ports, refusedAt } = ending('exporting', known, counts);
    await closeCycle(ports, aRecord('exporting', { kind }), 'succeeded', silentLog);
    return refusedAt();
  };

  test.each([
    ['a full cycle', 'initial', {}],
    ['an audit', 'audit', {}],
    ['an incremental cycle that wrote something', 'incremental', SENT],
  ] as const)('is over once %s that was opened later has worked with it', async (_what, kind, counts) => {
    expect(await after(kind, REFUSED, counts)).toBeUndefined();
  });

  test('stands after an incremental cycle that wrote nothing: it may have asked nothing', async () => {
    expect(await after('incremental', REFUSED)).toBe(9);
  });

  test('stands when it was refused while the cycle was open', async () => {
    expect(await after('initial', { ...REFUSED, refusedAt: 11 })).toBe(11);
  });
});
