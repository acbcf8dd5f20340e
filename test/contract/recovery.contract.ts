import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { escrowAfter, putAside, type Escrow } from '../../src/core/escrow.ts';
import { afterTrouble, claimProbe, HEALTHY, type Health } from '../../src/core/quarantine.ts';
import { aCreate, ALLOWED, aPlan, aRemoval, holding } from './plans.ts';
import type { StoresUnderTest } from './stores.contract.ts';

const REFUSED = { code: 'EntryConflict', message: 'taken', status: 409, detail: 'the name is taken' } as const;
const DELAYS = { firstMs: 1_000, longestMs: 8_000 };
const TROUBLE = { reason: 'provider-down', cause: { code: 'Timeout', message: 'no answer' } } as const;
const HOUR = 3_600_000;

/** What is remembered of failures over cycles, and of how connections are. */
export function describeRecoveryStores(name: string, open: () => Promise<StoresUnderTest>): void {
  describe(`escrows and quarantines on ${name}`, () => {
    let under: StoresUnderTest;
    let connection = '';
    let connections = 0;

    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());
    beforeEach(() => {
      connection = `globex-${++connections}`;
    });

    function anEscrow(number: number): Escrow {
      return escrowAfter(aCreate(number), REFUSED, undefined, 'cycle', under.clock.now());
    }

    test('a need is kept as it is, by connection, and replaced by its next failure', async () => {
      const { escrows } = under.stores;
      const [first, second] = [anEscrow(1), anEscrow(2)];
      await escrows.put(connection, [first, second]);
      await escrows.put(`${connection}-other`, [anEscrow(3)]);
      expect(await under.others.escrows.load(connection)).toEqual([first, second]);
      expect(await escrows.find(connection, [aCreate(2), aRemoval(1, 'disable'), aCreate(3)])).toEqual([second]);
      const again = escrowAfter(aCreate(1), REFUSED, first, 'next', under.clock.now() + HOUR);
      await escrows.put(connection, [again]);
      expect(await escrows.list(connection, { who: 'user1@contoso.com', limit: 9 })).toEqual([again]);
      expect(await escrows.list(connection, { who: 'User1@CONTOSO.com', limit: 9 })).toEqual([again]);
      expect(await escrows.list(connection, { who: first.anchor, limit: 9 })).toEqual([again]);
      expect(await escrows.list(connection, { limit: 1 })).toHaveLength(1);
    });

    test('totals tell how many there are, how many wait, and since when', async () => {
      const { escrows } = under.stores;
      const now = under.clock.now();
      expect(await escrows.totals(connection, now)).toEqual({ accounts: 0, groups: 0, waiting: 0 });
      await escrows.put(connection, [anEscrow(1), { ...anEscrow(2), dueAt: now }]);
      expect(await escrows.totals(connection, now)).toEqual({ accounts: 2, groups: 0, waiting: 1, oldest: now });
    });

    test('what was fulfilled is forgotten, and nothing else', async () => {
      const { escrows } = under.stores;
      expect(await escrows.lift(connection, [aCreate(1)])).toBe(0);
      await escrows.put(connection, [anEscrow(1), anEscrow(2)]);
      expect(await escrows.lift(connection, [aCreate(1), aRemoval(2, 'disable'), aCreate(9)])).toBe(1);
      expect((await escrows.load(connection)).map(({ label }) => label)).toEqual(['user2@contoso.com']);
    });

    test('a person makes a need due, or drops it, and who and why are kept', async () => {
      const { escrows } = under.stores;
      const at = under.clock.now();
      await escrows.put(connection, [anEscrow(1), anEscrow(2), anEscrow(3)]);
      expect(await escrows.retry({ connection, who: 'USER2@contoso.com', by: 'ada', at })).toBe(1);
      expect(await escrows.totals(connection, at)).toMatchObject({ accounts: 3, waiting: 2 });
      const dropped = { connection, who: anEscrow(1).anchor, by: 'ada', reason: 'created by hand', at };
      expect(await escrows.drop(dropped)).toBe(1);
      expect(await escrows.drop(dropped)).toBe(0);
      expect(await escrows.retry({ connection, by: 'bob', at })).toBe(2);
      await escrows.recordAct(connection, { act: 'quarantine-release', subject: connection, at, by: 'bob' });
      const [need1, need2] = [1, 2].map((number) => `account create ${anEscrow(number).anchor}`);
      expect(await escrows.acts(connection, 10)).toEqual([
        { act: 'quarantine-release', subject: connection, at, by: 'bob' },
        { act: 'escrow-retry', subject: 'all (2)', at, by: 'bob' },
        { act: 'escrow-drop', subject: need1, at, by: 'ada', reason: 'created by hand' },
        { act: 'escrow-retry', subject: need2, at, by: 'ada' },
      ]);
      expect(await escrows.acts(connection, 1)).toHaveLength(1);
    });

    test('a plan is stored with what is put aside as escrowed, told why, and never cut; a hold comes first', async () => {
      const { cycles } = under.stores;
      const operations = [aRemoval(3, 'disable'), aCreate(1), aCreate(2)];
      const [, held, waiting] = operations;
      if (held === undefined || waiting === undefined) throw new Error('unreachable');
      const { id } = await cycles.open({ connection, kind: 'initial', requestedBy: 'ada' });
      await cycles.leaseGathering(id, 'w1', HOUR);
      const aside = putAside(operations, [anEscrow(1), anEscrow(2)], under.clock.now());
      await cycles.savePlan(id, 'w1', aPlan(connection, operations), holding(held), undefined, { aside });
      const stored = await cycles.operations(id, { limit: 9 });
      expect(stored.map(({ state, failure }) => [state, failure])).toEqual([
        ['pending', undefined],
        ['held', undefined],
        ['escrowed', REFUSED],
      ]);
      expect((await cycles.get(id))?.putAside).toBe(1);
      expect(await cycles.cutSlices(id, 1, 9, 9, under.clock.now())).toEqual([]);
      await cycles.close(id, 'cancelled');
      const next = await cycles.open({ connection, kind: 'initial', requestedBy: 'ada' });
      await cycles.leaseGathering(next.id, 'w1', HOUR);
      await cycles.savePlan(next.id, 'w1', aPlan(connection, operations), ALLOWED);
      expect((await cycles.get(next.id))?.putAside).toBeUndefined();
    });

    test('how a connection is changes by one after the other, and shows until it is healthy', async () => {
      const { connections: store } = under.stores;
      const now = under.clock.now();
      const same = (health: Health) => health;
      expect(await store.changeHealth(connection, same)).toEqual({ before: HEALTHY, after: HEALTHY });
      await store.changeHealth(connection, (health) => afterTrouble(health, TROUBLE, now, DELAYS));
      expect((await under.others.connections.get(connection)).quarantine).toMatchObject({
        ...TROUBLE,
        state: 'quarantined',
      });
      // Of many that want to probe exactly one may.
      const later = now + DELAYS.firstMs;
      const claims = await Promise.all(
        Array.from({ length: 6 }, (_, index) =>
          (index % 2 === 0 ? store : under.others.connections).changeHealth(connection, (health) =>
            claimProbe(health, later, later + 60_000),
          ),
        ),
      );
      expect(claims.filter(({ before, after }) => JSON.stringify(before) !== JSON.stringify(after))).toHaveLength(1);
      await store.pause(connection, 'maintenance');
      await store.changeHealth(connection, () => HEALTHY);
      const state = await store.get(connection);
      expect([state.quarantine, state.pausedReason]).toEqual([undefined, 'maintenance']);
    });

    test('the pace seen last is kept for every process to show', async () => {
      const pace = { operationsPerSecond: 12.5, concurrency: 4, requestsPerSecond: 3, at: under.clock.now() };
      await under.stores.connections.setPace(connection, { ...pace, operationsPerSecond: 1 });
      await under.stores.connections.setPace(connection, pace);
      expect(await under.others.connections.get(connection)).toEqual({ connection, schedulesPaused: false, pace });
    });
  });
}
