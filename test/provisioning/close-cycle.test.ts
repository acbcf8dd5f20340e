import { describe, expect, test } from 'vitest';
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

function aRecord(phase: CycleRecord['phase']): CycleRecord {
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
  };
}

/** A cycle that is about to end, and what stands in the store at the moment it is seen to have ended. */
function ending(found: CycleRecord['phase']) {
  let credential: StoredCredential = { ...aCredential({ state: 'active' }), version: 1 };
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
      counts: async () => ({}),
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
  return { ports, seenAtTheEnd, now };
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
