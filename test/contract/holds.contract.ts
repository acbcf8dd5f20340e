import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { withDecisions } from '../../src/core/holds.ts';
import { linkAfter } from '../../src/core/link-after.ts';
import type { Operation } from '../../src/core/operation.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import type { HoldRecord } from '../../src/ports/hold-store.ts';
import { theProfile } from '../builders.ts';
import { aCreate, ALLOWED, anchorOf, aPlan, aRemoval, exported, holding } from './plans.ts';
import type { StoresUnderTest } from './stores.contract.ts';

const LEASE = 60_000;
const HOUR = 3_600_000;

export function describeHolds(name: string, open: () => Promise<StoresUnderTest>): void {
  describe(`holds on ${name}`, () => {
    let under: StoresUnderTest;
    let connection = '';
    let connections = 0;

    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());
    beforeEach(() => {
      connection = `held-${++connections}`;
    });

    const leavers = (...numbers: readonly number[]) => numbers.map((number) => aRemoval(number, 'disable'));

    /** Plans a cycle as the daemon does, with the approvals that were read before `meanwhile`. */
    async function planned(
      operations: readonly Operation[],
      verdict: Verdict = ALLOWED,
      meanwhile: () => Promise<unknown> = async () => undefined,
    ): Promise<string> {
      const { cycles, holds } = under.stores;
      const { id } = await cycles.open({ connection, kind: 'initial', requestedBy: 'ada' });
      await cycles.leaseGathering(id, 'w1', LEASE);
      const plan = aPlan(connection, operations);
      const judged = withDecisions(plan, verdict, await holds.decided(connection), under.clock.now());
      await meanwhile();
      expect(await cycles.savePlan(id, 'w1', plan, judged)).toBe(true);
      return id;
    }

    /** Sends what may go and closes the cycle; returns how many operations went. */
    async function carriedOut(id: string): Promise<number> {
      const { cycles } = under.stores;
      let count = 0;
      for (const wave of [0, 1, 3, 4] as const) {
        for (const slice of await cycles.cutSlices(id, wave, 100, 100, under.clock.now())) {
          const start = await cycles.startSlice(slice, 'w1', LEASE);
          if (start.state !== 'started') throw new Error(`the slice is ${start.state}`);
          const results = start.work.operations.map((one) => {
            const answer = { resourceId: `resource-${one.sequence}`, requests: 1 };
            return exported(one, linkAfter(one.operation, answer, undefined, theProfile()));
          });
          count += results.length;
          await cycles.recordSlice(slice, 'w1', results);
        }
      }
      await cycles.close(id, 'succeeded');
      return count;
    }

    async function only(): Promise<HoldRecord> {
      const found = await under.stores.holds.list({ connection, ended: false, limit: 10 });
      const [hold] = found;
      if (hold === undefined || found.length > 1) throw new Error(`${found.length} holds are open`);
      return hold;
    }

    async function approve(until = under.clock.now() + HOUR): Promise<void> {
      const { id, digest } = await only();
      const decision = { kind: 'approved', by: 'ada', reason: 'meant', digest: digest.slice(0, 8), until } as const;
      expect(await under.others.holds.decide(id, decision)).toMatchObject({ outcome: 'decided' });
    }

    test('opens with the plan that holds, stays the same while the same is held, and lifts with the plan that does not', async () => {
      const held = leavers(1, 2);
      await under.stores.cycles.close(await planned(held, holding(...held)), 'held');
      const first = await only();
      expect(first).toMatchObject({ guard: 'too-many-removals', state: 'waiting', operations: 2 });
      await under.stores.cycles.close(await planned(held, holding(...held)), 'held');
      expect(await only()).toMatchObject({ id: first.id, digest: first.digest, changedAt: first.changedAt });
      await under.stores.cycles.close(await planned([aCreate(9)]), 'succeeded');
      expect(await under.stores.holds.list({ connection, ended: false, limit: 10 })).toEqual([]);
      const shown = await under.others.holds.get(first.id);
      expect(shown?.hold).toMatchObject({ state: 'lifted', endedAt: under.clock.now() });
      expect(shown?.history.map(({ event }) => event)).toEqual(['opened', 'lifted']);
    });

    test('what it keeps back is told by guard, until it ends', async () => {
      const { holds } = under.stores;
      const held = leavers(1, 2);
      await carriedOut(await planned(held, holding(...held)));
      const { id } = await only();
      const standing = await holds.standing(connection, ['too-many-removals', 'group-cliff']);
      expect(standing).toMatchObject([{ id, guard: 'too-many-removals', state: 'waiting', operations: 2 }]);
      expect(Object.keys(standing[0]?.pieces ?? {})).toHaveLength(2);
      expect(await holds.standing(connection, ['group-cliff'])).toEqual([]);
      expect(await holds.standing('another', ['too-many-removals'])).toEqual([]);
      await carriedOut(await planned([]));
      expect(await holds.standing(connection, ['too-many-removals'])).toEqual([]);
    });

    test('an approval lets exactly what was held go, and the hold ends as carried out', async () => {
      const held = leavers(1, 2);
      expect(await carriedOut(await planned([...held, aCreate(9)], holding(...held)))).toBe(1);
      await approve();
      const { id } = await only();
      expect(await carriedOut(await planned(held, holding(...held)))).toBe(2);
      const shown = await under.stores.holds.get(id);
      expect(shown?.hold.state).toBe('carried-out');
      expect(shown?.history).toMatchObject([
        { event: 'opened' },
        { event: 'approved', by: 'ada', reason: 'meant' },
        { event: 'carried-out' },
      ]);
    });

    test('more than was approved makes it wait again, and nothing goes', async () => {
      const held = leavers(1, 2);
      await carriedOut(await planned(held, holding(...held)));
      await approve();
      const more = leavers(1, 2, 3);
      expect(await carriedOut(await planned(more, holding(...more)))).toBe(0);
      expect(await only()).toMatchObject({ state: 'waiting', operations: 3 });
      expect((await only()).decision).toBeUndefined();
    });

    test('an approval taken back while the plan was made lets nothing go', async () => {
      const held = leavers(1, 2);
      await carriedOut(await planned(held, holding(...held)));
      await approve();
      const { id, digest } = await only();
      const reject = { kind: 'rejected', by: 'bob', reason: 'no', digest } as const;
      const cycle = await planned(held, holding(...held), () => under.others.holds.decide(id, reject));
      expect(await carriedOut(cycle)).toBe(0);
      expect(await only()).toMatchObject({ state: 'rejected', decision: { by: 'bob', reason: 'no' } });
    });

    async function takeBack(): Promise<string | undefined> {
      const { id, digest } = await only();
      const outcome = await under.others.holds.decide(id, { kind: 'rejected', by: 'bob', reason: 'no', digest });
      if (outcome.outcome !== 'decided') throw new Error(`the hold is ${outcome.outcome}`);
      return outcome.stopped;
    }

    test('an approval taken back after the plan was stored stops the cycle that was to carry it out', async () => {
      const { cycles } = under.stores;
      const held = leavers(1, 2, 3);
      await carriedOut(await planned(held, holding(...held)));
      await approve();
      const id = await planned(held, holding(...held));
      const [started = '', waiting = ''] = await cycles.cutSlices(id, 0, 2, 1, under.clock.now());
      await cycles.startSlice(started, 'w1', LEASE);
      expect(await takeBack()).toBe(id);
      expect(await cycles.get(id)).toMatchObject({
        cancelRequested: true,
        cancelReason: expect.stringContaining('taken back'),
      });
      expect(await cycles.startSlice(waiting, 'w1', LEASE)).toEqual({ state: 'over' });
      await cycles.recordSlice(started, 'w1', [{ sequence: 0, state: 'pending', attemptSpent: false }]);
      expect(await cycles.cutSlices(id, 0, 9, 9, under.clock.now())).toEqual([]);
      expect(await cycles.close(id, 'cancelled')).toBe(true);
      expect(await cycles.counts(id)).toEqual({ 0: { cancelled: 3 } });
      expect((await only()).state).toBe('rejected');
      expect(await carriedOut(await planned(held, holding(...held)))).toBe(0);
    });

    test('what was rejected is told while it waits again because more is held, and stands again when less is', async () => {
      const { holds } = under.stores;
      const held = leavers(1, 2);
      const more = leavers(1, 2, 3);
      await carriedOut(await planned(held, holding(...held)));
      await takeBack();
      await carriedOut(await planned(more, holding(...more)));
      const [waiting] = await holds.standing(connection, ['too-many-removals']);
      expect(waiting).toMatchObject({ state: 'waiting', operations: 3 });
      expect(Object.keys(waiting?.rejected ?? {})).toHaveLength(2);
      const fewer = leavers(2);
      await carriedOut(await planned(fewer, holding(...fewer)));
      expect(await only()).toMatchObject({ state: 'rejected', operations: 1, decision: { by: 'bob' } });
    });

    test('a rejection stops no cycle that has nothing of it left to send', async () => {
      const held = leavers(1, 2);
      const id = await planned([...held, aCreate(9)], holding(...held));
      expect(await takeBack()).toBeUndefined();
      expect((await under.stores.cycles.get(id))?.cancelRequested).toBe(false);
      expect(await carriedOut(id)).toBe(1);
      expect(await takeBack()).toBeUndefined();
    });

    test('an approval that expired while the plan was made lets nothing go', async () => {
      const held = leavers(1, 2);
      await carriedOut(await planned(held, holding(...held)));
      await approve(under.clock.now() + 1);
      const cycle = await planned(held, holding(...held), async () => under.clock.advance(2));
      expect(await carriedOut(cycle)).toBe(0);
      expect((await only()).state).toBe('waiting');
    });

    test('nobody decides about what changed, what ended, or what is not there', async () => {
      const { holds } = under.stores;
      const held = leavers(1, 2);
      await carriedOut(await planned(held, holding(...held)));
      const { id, digest } = await only();
      const decision = { kind: 'approved', by: 'ada', reason: 'x', until: under.clock.now() + HOUR } as const;
      expect((await holds.decide(id, { ...decision, digest: 'deadbeef' })).outcome).toBe('changed');
      await carriedOut(await planned([]));
      expect((await holds.decide(id, { ...decision, digest })).outcome).toBe('ended');
      expect((await holds.decide('999999', { ...decision, digest })).outcome).toBe('unknown');
      expect((await holds.decide('no-number', { ...decision, digest })).outcome).toBe('unknown');
    });

    test('removals count within the window, unless approved for their number or undone', async () => {
      const { holds } = under.stores;
      const since = under.clock.now();
      const anchors = async (from: number) => (await holds.pastRemovals(connection, from)).map(({ anchor }) => anchor);
      await carriedOut(await planned(leavers(1, 2)));
      expect(await anchors(since)).toEqual([anchorOf(1), anchorOf(2)]);
      expect(await under.stores.holds.pastRemovals(connection, since)).toMatchObject([
        { kind: 'disable', effect: 'suspend', cause: 'unassigned' },
        { kind: 'disable' },
      ]);
      await carriedOut(await planned([aCreate(1)]));
      expect(await anchors(since)).toEqual([anchorOf(2)]);
      const held = leavers(3, 4);
      await carriedOut(await planned(held, holding(...held)));
      await approve();
      await carriedOut(await planned(held, holding(...held)));
      expect(await anchors(since)).toEqual([anchorOf(2)]);
      under.clock.advance(2 * HOUR);
      expect(await anchors(since + HOUR)).toEqual([]);
    });

    test('what was sent and never answered counts as removed', async () => {
      const { cycles, holds } = under.stores;
      const id = await planned(leavers(5));
      const [slice = ''] = await cycles.cutSlices(id, 0, 1, 10, under.clock.now());
      await cycles.startSlice(slice, 'w1', LEASE);
      const past = await holds.pastRemovals(connection, under.clock.now() - HOUR);
      expect(past.map(({ anchor }) => anchor)).toEqual([anchorOf(5)]);
      under.clock.advance(2 * LEASE);
      await cycles.close(id, 'failed');
      expect(await holds.pastRemovals(connection, under.clock.now() - HOUR)).toHaveLength(1);
    });
  });
}
