import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WAVE, type Operation, type SentWrite, type Wave } from '../../src/core/operation.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import { RefusedError } from '../../src/core/errors.ts';
import type { LinkMemory } from '../../src/core/link.ts';
import type { OperationResult, SliceWork } from '../../src/ports/slices.ts';
import type { Stores } from '../../src/ports/stores.ts';
import type { CycleKind } from '../../src/core/cycle.ts';
import { aCreate, aLink, ALLOWED, anchorOf, aPlan, aRemoval, escrowed, exported, holding } from './plans.ts';

/** A clock that stands until it is moved. */
export interface HandClock {
  now(): number;
  advance(ms: number): void;
}

export function aHandClock(start = 1_800_000_000_000): HandClock {
  let now = start;
  return {
    now: () => now,
    advance: (ms) => {
      now += ms;
    },
  };
}

/** What the contract needs of an implementation: two views of one store, as two processes would have them. */
export interface StoresUnderTest {
  readonly stores: Stores;
  readonly others: Stores;
  readonly clock: HandClock;
  close(): Promise<void>;
}

const LEASE = 60_000;
const LOCKED = { code: 'TooManyRequests', message: 'the provider has locked it', status: 429 };

function fail(): never {
  throw new Error('an operation was planned');
}

const FAR = 100;

export function describeStores(name: string, open: () => Promise<StoresUnderTest>): void {
  describe(`stores on ${name}`, () => {
    let under: StoresUnderTest;
    let connection = '';
    let connections = 0;

    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());
    beforeEach(() => {
      connection = `acme-${++connections}`;
    });

    function request(): Parameters<Stores['cycles']['open']>[0] {
      return { connection, kind: 'initial', requestedBy: 'ada' };
    }

    async function exporting(operations: readonly Operation[], verdict: Verdict = ALLOWED): Promise<string> {
      const { cycles } = under.stores;
      const cycle = await cycles.open(request());
      await cycles.leaseGathering(cycle.id, 'w1', LEASE);
      expect(await cycles.savePlan(cycle.id, 'w1', aPlan(connection, operations), verdict)).toBe(true);
      return cycle.id;
    }

    function cut(cycle: string, wave: Wave = 1, slices = FAR, size = 2): Promise<readonly string[]> {
      return under.stores.cycles.cutSlices(cycle, wave, slices, size, under.clock.now());
    }

    async function start(slice: string | undefined, worker = 'w1', stores = under.stores): Promise<SliceWork> {
      if (slice === undefined) throw new Error('no slice was cut');
      const started = await stores.cycles.startSlice(slice, worker, LEASE);
      if (started.state !== 'started') throw new Error(`the slice is ${started.state}`);
      return started.work;
    }

    async function states(cycle: string): Promise<readonly string[]> {
      const found = await under.stores.cycles.operations(cycle, { limit: 1_000 });
      return found.map((operation) => operation.state);
    }

    describe('cycles', () => {
      test('a cycle on demand knows whom it is about, and moves no baseline', async () => {
        const { cycles } = under.stores;
        const subject = { resource: 'user', anchor: anchorOf(1), name: 'ada@contoso.com' } as const;
        const { id } = await cycles.open({ ...request(), kind: 'on-demand', subject });
        expect(await cycles.get(id)).toMatchObject({ kind: 'on-demand', subject });
        await cycles.leaseGathering(id, 'w1', LEASE);
        await cycles.savePlan(id, 'w1', { ...aPlan(connection, []), kind: 'on-demand' }, ALLOWED);
        await cycles.close(id, 'succeeded');
        expect(await cycles.baseline(connection)).toBeUndefined();
      });

      test('whoever a cycle sent something for that moved no baseline is unsettled, until a later one does', async () => {
        const { cycles } = under.stores;
        const watermark = { users: 'u', groups: 'g', selection: 's', takenAt: 0 };
        const commit = async () => {
          const { id } = await cycles.open(request());
          await cycles.leaseGathering(id, 'w1', LEASE);
          const staged = { watermark, assignments: [], again: [], rulesDigest: 'r' };
          await cycles.savePlan(id, 'w1', aPlan(connection, []), ALLOWED, staged);
          await cycles.close(id, 'succeeded');
        };
        const send = async (numbers: readonly number[], inDoubt: readonly number[], unsent: readonly number[]) => {
          const id = await exporting([...numbers, ...inDoubt, ...unsent].map(aCreate));
          const sent = numbers.length + inDoubt.length;
          const work = await start((await cut(id, 1, 1, sent))[0]);
          const results = work.operations.map((operation, position) =>
            position < numbers.length
              ? exported(operation)
              : ({ sequence: operation.sequence, state: 'in-doubt', attemptSpent: true } as const),
          );
          await cycles.recordSlice(work.id, 'w1', results);
          await cycles.close(id, 'cancelled');
        };
        const unsettled = async () => (await cycles.baseline(connection))?.unsettled.map(({ anchor }) => anchor);
        await send([1], [], []);
        await commit();
        expect(await unsettled()).toEqual([]);
        await send([2], [3], [4]);
        await send([5], [], []);
        expect(await unsettled()).toEqual([2, 3, 5].map(anchorOf));
        await commit();
        expect(await unsettled()).toEqual([]);
      });

      test('an opened cycle is gathering, open, and the newest of its connection', async () => {
        const { cycles } = under.stores;
        const first = await cycles.open({ ...request(), expectedDigest: 'abc' });
        expect(first).toEqual({
          id: first.id,
          connection,
          kind: 'initial',
          phase: 'gathering',
          requestedBy: 'ada',
          createdAt: under.clock.now(),
          expectedDigest: 'abc',
          notices: [],
          cancelRequested: false,
          attempts: 0,
        });
        expect(await cycles.get(first.id)).toEqual(first);
        expect(await cycles.openCycle(connection)).toEqual(first);
        await cycles.close(first.id, 'cancelled');
        expect(await cycles.openCycle(connection)).toBeUndefined();
        const second = await cycles.open(request());
        const listed = await cycles.list({ connection, limit: 10 });
        expect(listed.map((cycle) => cycle.id)).toEqual([second.id, first.id]);
        expect(await cycles.list({ connection, limit: 1 })).toHaveLength(1);
        const kinds = async (kind: CycleKind) => (await cycles.list({ connection, kind, limit: 10 })).length;
        expect([await kinds(first.kind), await kinds('audit')]).toEqual([2, 0]);
        const ended = await cycles.list({ connection, result: 'cancelled', limit: 10 });
        expect(ended.map((cycle) => cycle.id)).toEqual([first.id]);
        const open = (await cycles.listOpen()).filter((cycle) => cycle.connection === connection);
        expect(open.map((cycle) => cycle.id)).toEqual([second.id]);
      });

      test('only a cycle whose plan was stored is listed as planned, however it ended', async () => {
        const { cycles } = under.stores;
        const id = await exporting([]);
        await cycles.close(id, 'failed');
        const unread = await cycles.open(request());
        await cycles.close(unread.id, 'refused', undefined, { plan: aPlan(connection, []) });
        const planned = await cycles.list({ connection, planned: true, limit: 10 });
        expect(planned.map((cycle) => cycle.id)).toEqual([id]);
      });

      test('an unknown cycle is undefined and nothing can be done to it', async () => {
        const { cycles } = under.stores;
        expect(await cycles.get('nobody')).toBeUndefined();
        expect(await cycles.requestCancel('nobody')).toBe(false);
        expect(await cycles.close('nobody', 'failed')).toBe(false);
        expect(await cycles.counts('nobody')).toEqual({});
        expect(await cycles.cutSlices('nobody', 1, 1, 1, 0)).toEqual([]);
        expect(await cycles.startSlice('nobody', 'w1', LEASE)).toEqual({ state: 'over' });
        expect(await cycles.recordSlice('nobody', 'w1', [])).toBe(false);
      });

      test('of many attempts to open a cycle at once exactly one succeeds', async () => {
        const attempts = Array.from({ length: 8 }, (_, index) =>
          (index % 2 === 0 ? under.stores : under.others).cycles.open(request()),
        );
        const settled = await Promise.allSettled(attempts);
        expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
        const refusals = settled.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
        expect(refusals.every((reason) => reason instanceof RefusedError && reason.code === 'cycle-open')).toBe(true);
        const [opened] = settled.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value.id] : []));
        const named = (reason: unknown) =>
          reason instanceof RefusedError && reason.facts.remedy?.includes(`headgate cycle cancel ${opened}`);
        expect(refusals.filter(named)).toHaveLength(7);
        expect(await under.stores.cycles.list({ connection, limit: 10 })).toHaveLength(1);
      });

      test('gathering belongs to one worker until its lease ends, and taking it over is counted', async () => {
        const { cycles } = under.stores;
        const { id } = await cycles.open(request());
        expect(await cycles.leaseGathering(id, 'w1', LEASE)).toBe(true);
        expect(await cycles.leaseGathering(id, 'w1', LEASE)).toBe(true);
        expect(await under.others.cycles.leaseGathering(id, 'w2', LEASE)).toBe(false);
        expect((await cycles.get(id))?.attempts).toBe(1);
        under.clock.advance(LEASE);
        expect(await under.others.cycles.leaseGathering(id, 'w2', LEASE)).toBe(true);
        expect((await cycles.get(id))?.attempts).toBe(2);
        expect(await cycles.savePlan(id, 'w1', aPlan(connection, [aCreate(1)]), ALLOWED)).toBe(false);
        expect(await cycles.counts(id)).toEqual({});
      });

      test('a lease of no length gives gathering up at once', async () => {
        const { cycles } = under.stores;
        const { id } = await cycles.open(request());
        await cycles.leaseGathering(id, 'w1', LEASE);
        await cycles.leaseGathering(id, 'w1', 0);
        expect(await cycles.leaseGathering(id, 'w2', LEASE)).toBe(true);
      });

      test('a saved plan moves the cycle to exporting, once, with every operation in order', async () => {
        const { cycles } = under.stores;
        const operations = Array.from({ length: 5 }, (_, index) => aCreate(index));
        const plan = aPlan(connection, operations);
        const { id } = await cycles.open(request());
        await cycles.leaseGathering(id, 'w1', LEASE);
        expect(await cycles.savePlan(id, 'w1', plan, ALLOWED)).toBe(true);
        expect(await cycles.savePlan(id, 'w1', plan, ALLOWED)).toBe(false);
        const saved = await cycles.get(id);
        expect(saved).toMatchObject({
          phase: 'exporting',
          plannedAt: under.clock.now(),
          planDigest: plan.digest,
          planCounts: plan.counts,
          notices: plan.notices,
          verdict: ALLOWED,
        });
        const found = await cycles.operations(id, { limit: 100 });
        expect(found.map((operation) => operation.operation)).toEqual(operations);
        expect(found.map((operation) => operation.sequence)).toEqual([0, 1, 2, 3, 4]);
        expect(await cycles.counts(id)).toEqual({ 1: { pending: 5 } });
        expect(await cycles.leaseGathering(id, 'w1', LEASE)).toBe(false);
      });

      test('a refused plan and a plan other than the expected one are not saved', async () => {
        const { cycles } = under.stores;
        const plan = aPlan(connection, [aCreate(1)]);
        const { id } = await cycles.open({ ...request(), expectedDigest: 'other' });
        await cycles.leaseGathering(id, 'w1', LEASE);
        await expect(cycles.savePlan(id, 'w1', plan, ALLOWED)).rejects.toMatchObject({ code: 'plan-stale' });
        await expect(cycles.savePlan(id, 'w1', plan, { refused: true, findings: [] })).rejects.toMatchObject({
          code: 'guard',
        });
        expect(await cycles.get(id)).toMatchObject({ phase: 'gathering' });
        expect(await cycles.counts(id)).toEqual({});
      });

      test('a plan says when and under what configuration it was made, and its slices do', async () => {
        const { cycles } = under.stores;
        const { id } = await cycles.open(request());
        await cycles.leaseGathering(id, 'w1', LEASE);
        const plan = aPlan(connection, [aCreate(1)]);
        expect(await cycles.savePlan(id, 'w1', plan, ALLOWED, undefined, { under: 'rules-1' })).toBe(true);
        const made = { plannedUnder: 'rules-1', plannedAt: under.clock.now() };
        expect(await cycles.get(id)).toMatchObject(made);
        under.clock.advance(1);
        expect(await start((await cut(id))[0])).toMatchObject(made);
      });

      test('a cycle that could not be incremental keeps why it looked at everything, also when it was refused', async () => {
        const { cycles } = under.stores;
        const everything = 'the watermark has expired';
        const { id } = await cycles.open({ ...request(), kind: 'incremental' });
        expect((await cycles.get(id))?.everything).toBeUndefined();
        await cycles.leaseGathering(id, 'w1', LEASE);
        expect(await cycles.savePlan(id, 'w1', aPlan(connection, []), ALLOWED, undefined, { everything })).toBe(true);
        expect(await cycles.get(id)).toMatchObject({ kind: 'initial', everything });
        await cycles.close(id, 'succeeded');
        const refused = await cycles.open({ ...request(), kind: 'incremental' });
        await cycles.close(refused.id, 'refused', undefined, { everything });
        expect(await cycles.get(refused.id)).toMatchObject({ everything });
      });

      test('a password is sent, and not shown', async () => {
        const password = { path: 'password', before: null, after: '4711-Start!' };
        const create: Operation = { ...aCreate(1), attributes: [password] };
        const id = await exporting([create]);
        const [shown] = await under.stores.cycles.operations(id, { limit: 1 });
        expect(shown?.operation).toMatchObject({ attributes: [{ path: 'password', after: '[redacted]' }] });
        expect(await under.stores.cycles.operationsOf(connection, create.anchor, 1)).toEqual([shown]);
        expect((await start((await cut(id))[0])).operations[0]?.operation).toEqual(create);
      });

      test('values no directory should hold come back as they were', async () => {
        const odd: Operation = { ...aCreate(1), label: 'nul \u0000 lone \ud800 "quote" \\ {curly} ☃ 🏳️‍🌈' };
        const id = await exporting([odd]);
        expect((await under.stores.cycles.operations(id, { limit: 1 }))[0]?.operation).toEqual(odd);
        const work = await start((await cut(id))[0]);
        const link = aLink(1, { label: odd.label });
        const [item] = work.operations;
        if (item === undefined) throw new Error('no operation');
        await under.stores.cycles.recordSlice(work.id, 'w1', [exported(item, link)]);
        expect(await under.stores.links.load(connection)).toEqual([link]);
      });

      test('held operations and whatever follows them on the same resource are held; the rest goes on', async () => {
        const disable = aRemoval(1, 'disable');
        const id = await exporting([disable, aRemoval(2, 'disable'), aRemoval(1, 'delete')], holding(disable));
        const found = await under.stores.cycles.operations(id, { limit: 10 });
        expect(found.map(({ state, heldBy }) => ({ state, heldBy }))).toEqual([
          { state: 'held', heldBy: 'too-many-removals' },
          { state: 'pending', heldBy: undefined },
          { state: 'held', heldBy: 'too-many-removals' },
        ]);
        const work = await start((await cut(id, 0))[0]);
        expect(work.operations.map((operation) => operation.sequence)).toEqual([1]);
        expect(await cut(id, 4)).toEqual([]);
      });

      test('a phase moves on only from where it is believed to be', async () => {
        const { cycles } = under.stores;
        const { id } = await cycles.open(request());
        expect(await cycles.setPhase(id, 'exporting', 'verifying')).toBe(false);
        expect(await cycles.setPhase(id, 'gathering', 'planning')).toBe(true);
        expect(await cycles.setPhase(id, 'gathering', 'planning')).toBe(false);
        expect((await cycles.get(id))?.phase).toBe('planning');
      });

      test('closing happens once, keeps result, failure, plan and verdict, and cancels what waits', async () => {
        const { cycles } = under.stores;
        const { id } = await cycles.open(request());
        const plan = aPlan(connection, [aCreate(1)]);
        const verdict: Verdict = { refused: true, findings: [] };
        const failure = { message: 'guard: no', remedy: 'look' };
        expect(await cycles.close(id, 'refused', failure, { plan, verdict })).toBe(true);
        expect(await cycles.close(id, 'succeeded')).toBe(false);
        expect(await cycles.get(id)).toMatchObject({
          phase: 'closed',
          result: 'refused',
          failure,
          verdict,
          planDigest: plan.digest,
          closedAt: under.clock.now(),
        });
        expect(await cycles.requestCancel(id)).toBe(false);
        const second = await exporting([aCreate(1), aCreate(2)]);
        await cut(second, 1, 1, 1);
        expect(await cycles.close(second, 'cancelled')).toBe(true);
        expect(await cycles.counts(second)).toEqual({ 1: { cancelled: 2 } });
        expect(await cycles.openSlices(second)).toEqual([]);
      });

      test('progress and a wish to cancel are remembered', async () => {
        const { cycles } = under.stores;
        const { id } = await cycles.open(request());
        await cycles.setProgress(id, { what: 'users', done: 3, total: 10 });
        expect(await cycles.requestCancel(id)).toBe(true);
        expect(await cycles.get(id)).toMatchObject({
          progress: { what: 'users', done: 3, total: 10 },
          cancelRequested: true,
        });
      });
    });

    describe('slices', () => {
      test('a wave is cut into slices of the given size, each operation once', async () => {
        const id = await exporting(Array.from({ length: 5 }, (_, index) => aCreate(index)));
        const slices = [...(await cut(id, 1, 2, 2)), ...(await cut(id, 1, 2, 2))];
        expect(slices).toHaveLength(3);
        expect(await cut(id)).toEqual([]);
        expect([...(await under.stores.cycles.openSlices(id))].toSorted()).toEqual([...slices].toSorted());
        const works = await Promise.all(slices.map((slice) => start(slice)));
        expect(works.flatMap((work) => work.operations.map(({ sequence }) => sequence))).toEqual([0, 1, 2, 3, 4]);
        expect(works[0]).toMatchObject({ cycle: id, connection, wave: 1 });
      });

      test('two workers cutting and starting at once never get the same operation', async () => {
        const id = await exporting(Array.from({ length: 40 }, (_, index) => aCreate(index)));
        const now = under.clock.now();
        const cuts = Array.from({ length: 10 }, (_, index) =>
          (index % 2 === 0 ? under.stores : under.others).cycles.cutSlices(id, 1, 3, 2, now),
        );
        const slices = (await Promise.all(cuts)).flat();
        expect(new Set(slices).size).toBe(slices.length);
        const starts = await Promise.all(
          slices.flatMap((slice) => [
            under.stores.cycles.startSlice(slice, 'w1', LEASE),
            under.others.cycles.startSlice(slice, 'w2', LEASE),
          ]),
        );
        const started = starts.flatMap((found) => (found.state === 'started' ? [found.work] : []));
        expect(started).toHaveLength(slices.length);
        const sequences = started.flatMap((work) => work.operations.map(({ sequence }) => sequence));
        expect(sequences.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 40 }, (_, index) => index));
        expect(await under.stores.cycles.counts(id)).toEqual({ 1: { 'in-flight': 40 } });
      });

      test('two operations of one resource are never out at the same time', async () => {
        const again: Operation = { ...aCreate(1), key: 'again' };
        const id = await exporting([aCreate(1), again, aCreate(2)]);
        const [slice, ...more] = await cut(id, 1, FAR, 10);
        expect(more).toEqual([]);
        const work = await start(slice);
        expect(work.operations.map(({ sequence }) => sequence)).toEqual([0, 2]);
        expect(await cut(id)).toEqual([]);
        await under.stores.cycles.recordSlice(
          work.id,
          'w1',
          work.operations.map((item) => exported(item)),
        );
        const next = await start((await cut(id))[0]);
        expect(next.operations.map(({ sequence }) => sequence)).toEqual([1]);
      });

      test('a wave is not cut while an earlier one is not settled', async () => {
        const id = await exporting([aRemoval(1, 'disable'), aCreate(2)]);
        expect(await cut(id, 1)).toEqual([]);
        const work = await start((await cut(id, 0))[0]);
        expect(await cut(id, 1)).toEqual([]);
        await under.stores.cycles.recordSlice(
          work.id,
          'w1',
          work.operations.map((item) => escrowed(item)),
        );
        expect(await cut(id, 1)).toHaveLength(1);
      });

      test('a cycle that is to be cancelled is not cut any more', async () => {
        const id = await exporting([aCreate(1)]);
        await under.stores.cycles.requestCancel(id);
        expect(await cut(id)).toEqual([]);
      });

      test('of a cycle that is to be cancelled a slice nobody began is begun by nobody, and one under way is recorded', async () => {
        const { cycles } = under.stores;
        const id = await exporting(Array.from({ length: 4 }, (_, index) => aCreate(index)));
        const [first, second] = await cut(id, 1, 2, 2);
        const work = await start(first);
        expect(await cycles.requestCancel(id, 'its connection was removed')).toBe(true);
        expect(await cycles.openSlices(id)).toEqual([first]);
        expect(await cycles.startSlice(String(second), 'w2', LEASE)).toEqual({ state: 'over' });
        const results = work.operations.map((item) => escrowed(item));
        expect(await cycles.recordSlice(work.id, 'w1', results)).toBe(true);
        expect(await cycles.get(id)).toMatchObject({
          cancelRequested: true,
          cancelReason: 'its connection was removed',
        });
        expect(await cycles.counts(id)).toEqual({ 1: { escrowed: 2, pending: 2 } });
      });

      test('an operation that must wait is cut when its time has come, and the store says when that is', async () => {
        const { cycles } = under.stores;
        const id = await exporting([aCreate(1), aCreate(2)]);
        expect(await cycles.waitingUntil(id, 1, under.clock.now())).toBeUndefined();
        const work = await start((await cut(id))[0]);
        const until = under.clock.now() + 5_000;
        const results = work.operations.map(({ sequence }, index) => ({
          sequence,
          state: 'pending' as const,
          notBefore: until + index * 1_000,
          attemptSpent: index === 1,
        }));
        expect(await cycles.recordSlice(work.id, 'w1', results)).toBe(true);
        const found = await cycles.operations(id, { limit: 10 });
        expect(found.map(({ attempts, state }) => ({ attempts, state }))).toEqual([
          { attempts: 0, state: 'pending' },
          { attempts: 1, state: 'pending' },
        ]);
        expect(await cut(id)).toEqual([]);
        expect(await cycles.waitingUntil(id, 1, under.clock.now())).toBe(until);
        under.clock.advance(5_000);
        expect(await cycles.waitingUntil(id, 1, under.clock.now())).toBeUndefined();
        const next = await start((await cut(id))[0]);
        expect(next.operations.map(({ sequence, inDoubt }) => ({ sequence, inDoubt }))).toEqual([
          { sequence: 0, inDoubt: false },
        ]);
        expect(await cycles.waitingUntil(id, 1, under.clock.now())).toBe(until + 1_000);
      });

      test('what each attempt has sent is kept to the byte, after what the attempts before it sent', async () => {
        const { cycles } = under.stores;
        const id = await exporting([aCreate(1), aCreate(2)]);
        const write = (why: string): SentWrite => ({
          method: 'POST',
          path: '/Users',
          body: { z: 'é\'"]', a: [{ b: [] }] },
          outcome: 'failed',
          why,
        });
        const attempts: readonly OperationResult['sent'][] = [
          [],
          [write('1')],
          [],
          undefined,
          [write('2'), write('3')],
        ];
        for (const sent of attempts) {
          const work = await start((await cut(id))[0]);
          const results = work.operations.map(({ sequence }) => {
            const told = sequence === 0 && sent !== undefined ? { sent } : {};
            return { sequence, state: 'pending' as const, attemptSpent: true, ...told };
          });
          expect(await cycles.recordSlice(work.id, 'w1', results)).toBe(true);
        }
        const [told, untold] = await cycles.operations(id, { limit: 10 });
        expect(JSON.stringify(told?.sent)).toBe(JSON.stringify(['1', '2', '3'].map(write)));
        expect(untold).not.toHaveProperty('sent');
      });

      test('what waits for its own resource is put off, with what builds on it, and nothing else is', async () => {
        const { cycles } = under.stores;
        const id = await exporting([
          ...[1, 2, 3].map((index) => aCreate(index)),
          aRemoval(1, 'delete'),
          aRemoval(3, 'delete'),
        ]);
        const work = await start((await cut(id, 1, 1, 3))[0]);
        const now = under.clock.now();
        const waits = { state: 'pending' as const, attemptSpent: false, waitsFor: LOCKED };
        const results = [
          { ...waits, sequence: 0, notBefore: now + 61_000 },
          { ...waits, sequence: 1, notBefore: now + 59_000 },
          // An outage of the provider is nothing of its own.
          { sequence: 2, state: 'pending' as const, attemptSpent: true, notBefore: now + 61_000 },
        ];
        expect(await cycles.recordSlice(work.id, 'w1', results)).toBe(true);
        expect(await cycles.putOff(id, 1, now + 60_000)).toBe(2);
        expect(await cycles.putOff(id, 1, now + 60_000)).toBe(0);
        const left = await cycles.operations(id, { limit: 10 });
        expect(left.map(({ sequence, state, failure }) => [sequence, state, failure?.code])).toEqual([
          [0, 'cancelled', 'TooManyRequests'],
          [1, 'pending', 'TooManyRequests'],
          [2, 'pending', undefined],
          [3, 'cancelled', 'TooManyRequests'],
          [4, 'pending', undefined],
        ]);
        expect(await cycles.counts(id)).toEqual({
          1: { cancelled: 1, pending: 2 },
          [WAVE.delete]: { cancelled: 1, pending: 1 },
        });
      });

      test('what its own resource refused may be passed over, due or not, and nothing else is', async () => {
        const { clock, stores } = under;
        const { cycles } = stores;
        const id = await exporting([1, 2, 3, 4].map((index) => aCreate(index)));
        const passing = (): Promise<readonly string[]> => cycles.cutSlices(id, 1, FAR, 10, clock.now(), 'refused');
        const work = await start((await cut(id, 1, 1, 3))[0]);
        const notBefore = clock.now() + 1_000;
        const refused = { attemptSpent: false, waitsFor: LOCKED, notBefore };
        await cycles.recordSlice(work.id, 'w1', [
          { ...refused, sequence: 0, state: 'pending' },
          // What may have happened must be settled, whatever its resource answers.
          { ...refused, sequence: 1, state: 'in-doubt' },
          { sequence: 2, state: 'pending', attemptSpent: true, notBefore },
        ]);
        clock.advance(1_000);
        const others = await start((await passing())[0]);
        expect(others.operations.map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
        expect(await passing()).toEqual([]);
        expect(await cycles.putOff(id, 1, 0)).toBe(1);
        expect((await cycles.operations(id, { limit: 1 }))[0]).toMatchObject({ state: 'cancelled', failure: LOCKED });
      });

      test('what its own resource refused is not passed over once a person has ended its wait', async () => {
        const { clock, stores } = under;
        const id = await exporting([aCreate(1)]);
        const work = await start((await cut(id))[0]);
        const refused = { state: 'pending' as const, attemptSpent: false, waitsFor: LOCKED };
        const results = [{ ...refused, sequence: 0, notBefore: clock.now() + 1_000 }];
        await stores.cycles.recordSlice(work.id, 'w1', results);
        expect(await stores.connections.resume(connection)).toBe(true);
        expect(await stores.cycles.putOff(id, 1, 0)).toBe(0);
        expect(await stores.cycles.cutSlices(id, 1, 1, 1, clock.now(), 'refused')).toHaveLength(1);
      });

      test('what waits for its own resource is not put off while it is being sent again', async () => {
        const { cycles } = under.stores;
        const id = await exporting([aCreate(1)]);
        const work = await start((await cut(id))[0]);
        const waits = { sequence: 0, state: 'pending' as const, attemptSpent: false, waitsFor: LOCKED };
        await cycles.recordSlice(work.id, 'w1', [{ ...waits, notBefore: under.clock.now() + 1000 }]);
        under.clock.advance(1000);
        const again = await start((await cut(id))[0]);
        expect(await cycles.putOff(id, 1, 0)).toBe(0);
        await cycles.recordSlice(
          again.id,
          'w1',
          again.operations.map((item) => exported(item)),
        );
        expect(await cycles.operations(id, { limit: 1 })).toMatchObject([{ state: 'exported' }]);
        expect((await cycles.operations(id, { limit: 1 }))[0]).not.toHaveProperty('failure');
      });

      test('a started slice is leased: even the same worker may not start it twice', async () => {
        const { cycles } = under.stores;
        const id = await exporting([aCreate(1)]);
        const [slice] = await cut(id);
        const work = await start(slice);
        const leased = { state: 'leased', until: under.clock.now() + LEASE };
        expect(await cycles.startSlice(work.id, 'w2', LEASE)).toEqual(leased);
        expect(await cycles.startSlice(work.id, 'w1', LEASE)).toEqual(leased);
        under.clock.advance(LEASE / 2);
        expect(await cycles.renewSlice(work.id, 'w2', LEASE)).toBe(false);
        expect(await cycles.renewSlice(work.id, 'w1', LEASE)).toBe(true);
        under.clock.advance(LEASE / 2);
        expect((await cycles.startSlice(work.id, 'w2', LEASE)).state).toBe('leased');
      });

      test('a slice whose worker died is taken over with every operation in doubt', async () => {
        const id = await exporting([aCreate(1), aCreate(2)]);
        const first = await start((await cut(id))[0]);
        expect(first.operations.map(({ inDoubt }) => inDoubt)).toEqual([false, false]);
        expect(await states(id)).toEqual(['in-flight', 'in-flight']);
        under.clock.advance(LEASE);
        const second = await start(first.id, 'w2', under.others);
        expect(second.operations.map(({ inDoubt }) => inDoubt)).toEqual([true, true]);
        expect(await states(id)).toEqual(['in-doubt', 'in-doubt']);
        const results = first.operations.map((item) => exported(item));
        expect(await under.stores.cycles.renewSlice(first.id, 'w1', LEASE)).toBe(false);
        expect(await under.stores.cycles.recordSlice(first.id, 'w1', results)).toBe(false);
        expect(await states(id)).toEqual(['in-doubt', 'in-doubt']);
        expect(await under.others.cycles.recordSlice(first.id, 'w2', results)).toBe(true);
        expect(await states(id)).toEqual(['exported', 'exported']);
      });

      test('what a closed cycle left in doubt is settled once, with its link, unless something newer was exported', async () => {
        const { cycles, links } = under.stores;
        const doubtful = async (...numbers: readonly number[]) => {
          const id = await exporting(numbers.map(aCreate));
          const work = await start((await cut(id, 1, 1, numbers.length))[0]);
          const results = work.operations.map(
            ({ sequence }) => ({ sequence, state: 'in-doubt', attemptSpent: true }) as const,
          );
          await cycles.recordSlice(work.id, 'w1', results);
          expect(await cycles.leftInDoubt(connection)).toEqual([]);
          await cycles.close(id, 'cancelled');
          return id;
        };
        const id = await doubtful(1, 2, 3, 4);
        const newer = await exporting([aCreate(4)]);
        const [last] = await cut(newer);
        const work = await start(last);
        await cycles.recordSlice(
          work.id,
          'w1',
          work.operations.map((item) => exported(item)),
        );
        await cycles.close(newer, 'succeeded');
        const left = await cycles.leftInDoubt(connection);
        expect(left.map(({ cycle, operation, inDoubt }) => [cycle, operation.anchor, inDoubt])).toEqual(
          [1, 2, 3].map((number) => [id, anchorOf(number), true]),
        );
        const [first, second, third] = left;
        if (first === undefined || second === undefined || third === undefined) throw new Error('three are left');
        const done = { resourceId: 'resource-1', requests: 1 };
        const failure = { code: 'RejectedError', message: 'no' };
        const results = [
          { sequence: first.sequence, state: 'exported', exported: done, durationMs: 0, link: aLink(1) },
          { sequence: second.sequence, state: 'pending', attemptSpent: false },
          { sequence: third.sequence, state: 'in-doubt', failure },
        ] as const;
        await cycles.recordLeft(id, results);
        expect(await states(id)).toEqual(['exported', 'cancelled', 'in-doubt', 'in-doubt']);
        expect(await cycles.operations(id, { limit: 1, states: ['in-doubt'] })).toMatchObject([{ failure }]);
        expect((await cycles.leftInDoubt(connection)).map(({ sequence }) => sequence)).toEqual([third.sequence]);
        await cycles.recordLeft(id, [{ ...results[0], link: aLink(1, { state: 'disabled' }) }]);
        const link = (await links.find(connection, 'account', [anchorOf(1)])).get(anchorOf(1));
        expect(link).toMatchObject({ state: 'active', resourceId: 'resource-1' });
      });

      test('a released lease is lost to its worker at once, and the next one finds everything in doubt', async () => {
        const { cycles } = under.stores;
        const id = await exporting([aCreate(1)]);
        const work = await start((await cut(id))[0], 'dead');
        expect(await cycles.releaseLeases('w2')).toBeGreaterThanOrEqual(1);
        expect(await cycles.renewSlice(work.id, 'dead', LEASE)).toBe(false);
        expect(
          await cycles.recordSlice(
            work.id,
            'dead',
            work.operations.map((item) => exported(item)),
          ),
        ).toBe(false);
        const again = await start(work.id, 'w2');
        expect(again.operations.map(({ inDoubt }) => inDoubt)).toEqual([true]);
      });

      test('a released gathering lease can be taken by another worker', async () => {
        const { cycles } = under.stores;
        const { id } = await cycles.open(request());
        await cycles.leaseGathering(id, 'dead', LEASE);
        await cycles.releaseLeases('w2');
        expect(await cycles.leaseGathering(id, 'w2', LEASE)).toBe(true);
      });

      test('an operation put back in doubt stays in doubt until it is settled', async () => {
        const id = await exporting([aCreate(1)]);
        const work = await start((await cut(id))[0]);
        const doubt = { sequence: 0, state: 'in-doubt', attemptSpent: true } as const;
        await under.stores.cycles.recordSlice(work.id, 'w1', [doubt]);
        expect(await states(id)).toEqual(['in-doubt']);
        const again = await start((await cut(id))[0]);
        expect(again.operations).toMatchObject([{ inDoubt: true, attempts: 1 }]);
        expect(await states(id)).toEqual(['in-doubt']);
      });

      test('a record is written once, counts attempts, and says what the provider answered', async () => {
        const { cycles } = under.stores;
        const id = await exporting([aCreate(1), aCreate(2)]);
        const work = await start((await cut(id))[0]);
        const [first, second] = work.operations;
        if (first === undefined || second === undefined) throw new Error('two operations were planned');
        expect(await cycles.recordSlice(work.id, 'w1', [exported(first), escrowed(second)])).toBe(true);
        expect(await cycles.recordSlice(work.id, 'w1', [exported(first), escrowed(second)])).toBe(false);
        expect(await cycles.startSlice(work.id, 'w1', LEASE)).toEqual({ state: 'over' });
        expect(await cycles.operations(id, { limit: 10 })).toMatchObject([
          {
            state: 'exported',
            attempts: 1,
            settledAt: under.clock.now(),
            exported: { resourceId: 'resource-user1@contoso.com', requests: 1 },
          },
          { state: 'escrowed', attempts: 1, failure: { code: 'RejectedError', status: 400 } },
        ]);
        expect(await cycles.counts(id)).toEqual({ 1: { exported: 1, escrowed: 1 } });
        expect(await cycles.openSlices(id)).toEqual([]);
      });

      test('an operation of a started slice that nobody reports on is in doubt', async () => {
        const id = await exporting([aCreate(1), aCreate(2)]);
        const work = await start((await cut(id))[0]);
        await under.stores.cycles.recordSlice(
          work.id,
          'w1',
          work.operations.slice(0, 1).map((item) => exported(item)),
        );
        expect(await states(id)).toEqual(['exported', 'in-doubt']);
      });

      test('a result for an operation of another slice is refused and nothing of it is kept', async () => {
        const id = await exporting([aCreate(1), aCreate(2)]);
        const [one] = await cut(id, 1, 2, 1);
        const work = await start(one);
        const foreign = { sequence: 1, state: 'pending', attemptSpent: false } as const;
        const results = [...work.operations.map((item) => exported(item, aLink(1))), foreign];
        await expect(under.stores.cycles.recordSlice(work.id, 'w1', results)).rejects.toThrow(
          '1 of 2 results are not of its operations',
        );
        expect(await states(id)).toEqual(['in-flight', 'pending']);
        expect(await under.stores.links.load(connection)).toEqual([]);
      });

      test('answers that arrive after the cycle was closed are kept, with their links', async () => {
        const { cycles, links } = under.stores;
        const id = await exporting([aCreate(1), aCreate(2)]);
        const work = await start((await cut(id))[0]);
        await cycles.close(id, 'cancelled');
        expect(await states(id)).toEqual(['in-flight', 'in-flight']);
        const [first] = work.operations;
        if (first === undefined) throw new Error('two operations were planned');
        const back = { sequence: 1, state: 'pending', attemptSpent: false } as const;
        expect(await cycles.recordSlice(work.id, 'w1', [exported(first, aLink(1)), back])).toBe(true);
        expect(await states(id)).toEqual(['exported', 'cancelled']);
        expect(await links.load(connection)).toEqual([aLink(1)]);
      });

      test('a slice of a closed cycle is over, and what a dead worker left in flight is in doubt', async () => {
        const id = await exporting([aCreate(1)]);
        const work = await start((await cut(id))[0], 'dead');
        under.clock.advance(LEASE);
        await under.stores.cycles.close(id, 'failed');
        expect(await states(id)).toEqual(['in-doubt']);
        expect(await under.stores.cycles.startSlice(work.id, 'w1', LEASE)).toEqual({ state: 'over' });
      });
    });

    describe('operations', () => {
      test('are paged by sequence and chosen by state', async () => {
        const { cycles } = under.stores;
        const id = await exporting(Array.from({ length: 6 }, (_, index) => aCreate(index)));
        const work = await start((await cut(id, 1, 1, 2))[0]);
        await cycles.recordSlice(
          work.id,
          'w1',
          work.operations.map((item) => exported(item)),
        );
        const page = await cycles.operations(id, { after: 1, limit: 3 });
        expect(page.map(({ sequence }) => sequence)).toEqual([2, 3, 4]);
        const done = await cycles.operations(id, { states: ['exported', 'escrowed'], limit: 10 });
        expect(done.map(({ sequence }) => sequence)).toEqual([0, 1]);
        expect(await cycles.operations(id, { states: [], limit: 10 })).toEqual([]);
      });

      test('belong to a cycle whose id may be looked for by its beginning', async () => {
        const { cycles } = under.stores;
        const first = await exporting([aCreate(1)]);
        await cycles.close(first, 'succeeded');
        const second = await exporting([aCreate(2)]);
        expect(await cycles.idsBeginningWith(first.slice(0, 13), 10)).toEqual([first]);
        expect((await cycles.idsBeginningWith('', 2)).slice(0, 2)).toEqual([second, first]);
        for (const none of ['%', '_', `${first}x`, "'"]) expect(await cycles.idsBeginningWith(none, 10)).toEqual([]);
      });

      test('of one user are found over all cycles of the connection, newest first', async () => {
        const { cycles } = under.stores;
        const first = await exporting([aCreate(1), aCreate(2)]);
        await cycles.close(first, 'succeeded');
        const second = await exporting([aRemoval(1, 'disable')]);
        const found = await cycles.operationsOf(connection, anchorOf(1), 10);
        expect(found.map(({ cycle, operation }) => `${cycle} ${operation.kind}`)).toEqual([
          `${second} disable`,
          `${first} create`,
        ]);
        expect(await cycles.operationsOf('another', anchorOf(1), 10)).toEqual([]);
        expect(await cycles.operationsOf(connection, anchorOf(1), 1)).toHaveLength(1);
      });
    });

    describe('links', () => {
      async function record(results: (work: SliceWork) => Parameters<Stores['cycles']['recordSlice']>[2], count = 3) {
        const id = await exporting(Array.from({ length: count }, (_, index) => aCreate(index)));
        const [slice] = await cut(id, 1, 1, count);
        const work = await start(slice);
        await under.stores.cycles.recordSlice(work.id, 'w1', results(work));
        await under.stores.cycles.close(id, 'succeeded');
      }

      /** Saves a plan without operations, and with it what links are to remember. */
      async function remembering(memories: readonly LinkMemory[]) {
        const { cycles } = under.stores;
        const { id } = await cycles.open(request());
        await cycles.leaseGathering(id, 'w1', LEASE);
        expect(await cycles.savePlan(id, 'w1', aPlan(connection, []), ALLOWED, undefined, { memories })).toBe(true);
        await cycles.close(id, 'failed');
      }

      test('follow from recorded results: written, replaced, dropped, counted', async () => {
        const { links } = under.stores;
        await record((work) => work.operations.map((item, index) => exported(item, aLink(index))));
        expect(await links.load(connection)).toEqual([aLink(0), aLink(1), aLink(2)]);
        expect(await links.counts(connection)).toMatchObject({ 'account.active': 3 });
        const disabled = aLink(1, { state: 'disabled', cause: 'unassigned' });
        await record(({ operations: [a, b, c] }) => {
          if (a === undefined || b === undefined || c === undefined) throw new Error('three operations were planned');
          return [escrowed(a, true), exported(b, disabled), escrowed(c)];
        });
        expect(await links.load(connection)).toEqual([disabled, aLink(2)]);
        expect(await links.counts(connection)).toMatchObject({ 'account.active': 1, 'account.disabled': 1 });
        expect(await links.load('another')).toEqual([]);
      });

      test('accounts and SCIM groups of one anchor are apart, and members come back', async () => {
        const { links } = under.stores;
        const group = aLink(0, { resource: 'group', members: [anchorOf(7), anchorOf(8)] });
        await record(({ operations: [a, b, c] }) => {
          if (a === undefined || b === undefined || c === undefined) throw new Error('three operations were planned');
          return [exported(a, aLink(0)), exported(b, group), exported(c)];
        });
        expect(await links.find(connection, 'group', [anchorOf(0)])).toEqual(new Map([[anchorOf(0), group]]));
        expect(await links.find(connection, 'account', [anchorOf(0), anchorOf(9)])).toEqual(
          new Map([[anchorOf(0), aLink(0)]]),
        );
        expect(await links.find(connection, 'account', [])).toEqual(new Map());
      });

      test('of groups forget members whose account is gone or another one', async () => {
        const { links } = under.stores;
        const members = [0, 1, 2, 3].map(anchorOf);
        const groups = [7, 8].map((at) => aLink(at, { resource: 'group', members: at === 7 ? members : [] }));
        await record(
          ({ operations }) =>
            operations.map((item, index) => exported(item, index < 4 ? aLink(index) : groups[index - 4])),
          6,
        );
        await record(({ operations: [a, b, c] }) => {
          if (a === undefined || b === undefined || c === undefined) throw new Error('three operations were planned');
          const another = { ...exported(b, aLink(1, { resourceId: 'another' })), replaces: true };
          return [escrowed(a, true), another, exported(c, aLink(2, { label: 'new' }))];
        });
        const found = await links.find(connection, 'group', [anchorOf(7), anchorOf(8)]);
        expect([...found.values()].map((link) => link.members)).toEqual([[2, 3].map(anchorOf), []]);
      });

      test('are those of another store once restored, with everything they remember', async () => {
        const { links } = under.stores;
        const next = { action: 'disable', cause: 'unassigned', dueAt: 9, reason: 'lost its only path' } as const;
        const departure = { causes: [{ cause: 'unassigned', since: 5 }], next } as const;
        const memory = { paths: [{ group: 'g1', name: 'IT' }], awaiting: [anchorOf(7)] };
        const others = [
          aLink(1),
          aLink(2, memory),
          aLink(5, { ...memory, departure }),
          aLink(3, { state: 'disabled', cause: 'unassigned' }),
          aLink(4, { resource: 'group', members: [anchorOf(1)] }),
        ];
        await links.restore('copied', others);
        const loaded = await links.load('copied');
        expect(loaded).toHaveLength(others.length);
        expect(loaded).toEqual(expect.arrayContaining(others));
        expect(await links.due('copied', 9)).toEqual([anchorOf(5)]);
      });

      test('remember what they know of their users apart from what the exporter writes', async () => {
        const { links } = under.stores;
        await record((work) => work.operations.map((item, index) => exported(item, aLink(index))));
        const paths = [{ group: 'g1', name: 'IT' }, {}];
        const memory = { paths, awaiting: [anchorOf(7)] };
        await remembering([
          { resource: 'account', anchor: anchorOf(1), ...memory, departure: null },
          { resource: 'account', anchor: anchorOf(99), ...memory, departure: null },
        ]);
        const found = await links.find(connection, 'account', [anchorOf(1)]);
        expect(found.get(anchorOf(1))).toEqual({ ...aLink(1), ...memory });
        expect(await links.awaiting(connection, [anchorOf(7), anchorOf(8)])).toEqual([anchorOf(1)]);
        expect(await links.reachedThrough(connection, ['g1'])).toEqual([anchorOf(1)]);
        expect(await links.reachedThrough(connection, ['g2'])).toEqual([]);
        const { resourceId } = aLink(1);
        const owners = await links.ownersOf(connection, 'account', [resourceId, 'nobody']);
        expect(owners.map(({ anchor }) => anchor)).toEqual([anchorOf(1)]);
        expect(await links.ownersOf(connection, 'group', [resourceId])).toEqual([]);
        await record((work) => work.operations.map((item, index) => exported(item, aLink(index, { label: 'new' }))));
        expect((await links.find(connection, 'account', [anchorOf(1)])).get(anchorOf(1))).toEqual({
          ...aLink(1, { label: 'new' }),
          ...memory,
        });
        expect(await links.load(connection)).toHaveLength(3);
      });

      test('remember how their users left and whose removal is due, until they are entitled again', async () => {
        const { links } = under.stores;
        await record((work) => work.operations.map((item, index) => exported(item, aLink(index))));
        const leaving = (number: number, dueAt?: number): LinkMemory => {
          const next = {
            action: 'disable',
            cause: 'unassigned',
            dueAt: dueAt ?? 0,
            reason: 'lost the only path',
          } as const;
          const departure = {
            causes: [{ cause: 'unassigned', since: 5 }],
            ...(dueAt === undefined ? {} : { next }),
          } as const;
          return { resource: 'account', anchor: anchorOf(number), paths: [{}], awaiting: [], departure };
        };
        await remembering([leaving(0, 2_000), leaving(1, 1_000), leaving(2)]);
        expect(await links.due(connection, 999)).toEqual([]);
        expect(await links.due(connection, 1_000)).toEqual([anchorOf(1)]);
        expect((await links.due(connection, 3_000)).toSorted()).toEqual([anchorOf(0), anchorOf(1)]);
        const { total, links: first } = await links.leaving(connection, 1);
        expect(total).toBe(2);
        expect(first).toEqual([{ ...aLink(1), paths: [{}], departure: leaving(1, 1_000).departure }]);
        expect((await links.load(connection)).map(({ departure }) => departure?.causes[0]?.since)).toEqual([5, 5, 5]);

        await record((work) => [exported(work.operations[0] ?? fail(), aLink(0, { state: 'disabled' }))], 1);
        expect(await links.due(connection, 2_000)).toContain(anchorOf(0));
        await record((work) => [exported(work.operations[0] ?? fail(), aLink(0, { state: 'deleted' }))], 1);
        expect(await links.due(connection, 2_000)).toEqual([anchorOf(1)]);
        await remembering([{ ...leaving(1), departure: null }]);
        expect((await links.find(connection, 'account', [anchorOf(1)])).get(anchorOf(1))?.departure).toBeUndefined();
        expect(await links.leaving(connection, 10)).toEqual({ total: 0, links: [] });
      });

      test('are found by anchor or by the name they were last known under, without case, while they live', async () => {
        const { links } = under.stores;
        const group = aLink(7, { resource: 'group', label: "Ada's crew" });
        await record((work) => [
          exported(work.operations[0] ?? fail(), aLink(0)),
          exported(work.operations[1] ?? fail(), group),
          exported(work.operations[2] ?? fail(), aLink(2, { state: 'deleted' })),
        ]);
        expect(await links.named(connection, aLink(0).label.toUpperCase())).toEqual([aLink(0)]);
        expect(await links.named(connection, anchorOf(0))).toEqual([aLink(0)]);
        expect(await links.named(connection, "ada's CREW")).toEqual([group]);
        expect(await links.named(connection, aLink(2).label)).toEqual([]);
        expect(await links.named(connection, '%')).toEqual([]);
      });

      test('are loaded whole when there are more than one chunk holds', async () => {
        const { links } = under.stores;
        await record((work) => work.operations.map((item, index) => exported(item, aLink(index))), 45_000);
        const loaded = await links.load(connection);
        expect(loaded).toHaveLength(45_000);
        expect(new Set(loaded.map(({ anchor }) => anchor)).size).toBe(45_000);
        expect(loaded[44_999]).toEqual(aLink(44_999));
        const anchors = loaded.map(({ anchor }) => anchor);
        expect((await links.find(connection, 'account', anchors)).size).toBe(45_000);
      });
    });

    describe('connections', () => {
      test('a connection never heard of is neither paused nor throttled', async () => {
        expect(await under.stores.connections.get(connection)).toEqual({ connection, schedulesPaused: false });
      });

      test('what connections work on is told to processes that do not have them, until one is switched off', async () => {
        const { connections } = under.stores;
        const told = async (since: number) => {
          const all = await under.others.connections.told(since);
          return all.filter((one) => one.connection.startsWith(connection));
        };
        const begun = under.clock.now();
        const shared = { application: 'app', tenant: 'contoso', provider: 'digest' };
        const one = { connection: `${connection}-one`, ...shared };
        const two = { connection: `${connection}-two`, ...shared };
        await connections.tell([]);
        await connections.tell([one, two]);
        expect(await told(begun)).toEqual([one, two]);
        under.clock.advance(3_600_001);
        const again = { ...one, application: 'another' };
        await connections.tell([again]);
        expect(await told(begun)).toEqual([again, two]);
        expect(await told(begun + 1)).toEqual([again]);
        await connections.switchOff(again.connection);
        expect(await told(begun)).toEqual([two]);
      });

      test('a pause keeps its first reason until it is lifted', async () => {
        const { connections } = under.stores;
        const at = under.clock.now();
        expect(await connections.pause(connection, 'the credential was refused')).toBe(true);
        under.clock.advance(1_000);
        expect(await connections.pause(connection, 'something that followed from it')).toBe(false);
        expect(await connections.get(connection)).toEqual({
          connection,
          schedulesPaused: false,
          pausedReason: 'the credential was refused',
          pausedAt: at,
        });
        expect(await connections.resume(connection)).toBe(true);
        expect(await connections.resume(connection)).toBe(false);
        expect((await connections.get(connection)).pausedReason).toBeUndefined();
      });

      test('why it is paused changes by what it was paused for, since when it is paused does not', async () => {
        const { connections } = under.stores;
        const at = under.clock.now();
        await connections.changePause(connection, (reason) => `lost ${reason ?? 'nothing'}`);
        expect(await connections.get(connection)).toMatchObject({ pausedReason: 'lost nothing', pausedAt: at });
        under.clock.advance(1_000);
        await Promise.all(
          ['Ada', 'Ben'].map((who) => connections.changePause(connection, (reason) => `${reason ?? ''}, ${who}`)),
        );
        const { pausedReason, pausedAt } = await connections.get(connection);
        expect(['lost nothing, Ada, Ben', 'lost nothing, Ben, Ada']).toContain(pausedReason);
        expect(pausedAt).toBe(at);
        await connections.changePause(connection, (reason) => reason);
        expect(await connections.get(connection)).toMatchObject({ pausedReason, pausedAt: at });
        await connections.changePause(connection, () => undefined);
        expect(await connections.get(connection)).toEqual({ connection, schedulesPaused: false });
      });

      test('what a provider asked to wait ends when somebody says so', async () => {
        const { connections } = under.stores;
        await connections.throttle(connection, under.clock.now() + 900_000_000);
        expect(await connections.resume(connection)).toBe(true);
        expect((await connections.get(connection)).throttledUntil).toBeUndefined();
        expect(await connections.resume(connection)).toBe(false);
      });

      test('a shorter wait does not undo a longer one', async () => {
        const { connections } = under.stores;
        await connections.throttle(connection, 5_000);
        await connections.throttle(connection, 3_000);
        expect((await connections.get(connection)).throttledUntil).toBe(5_000);
        await connections.setSchedulesPaused(connection, true);
        expect(await connections.get(connection)).toEqual({
          connection,
          schedulesPaused: true,
          throttledUntil: 5_000,
        });
        await connections.setSchedulesPaused(connection, false);
        expect((await connections.get(connection)).schedulesPaused).toBe(false);
      });
    });

    test('the store tells how far the clock here is ahead of its own', async () => {
      const { stores, clock } = under;
      const before = await stores.clockAheadMs();
      // The clock of a test stands still at another time than the database's.
      const there = clock.now() - before;
      expect(there).toBeGreaterThan(Date.UTC(2026, 0));
      expect(there).toBeLessThan(Date.UTC(2100, 0));
      clock.advance(3_600_000);
      expect(await stores.clockAheadMs()).toBeGreaterThan(before);
    });

    test('the store answers a ping', async () => {
      await expect(under.stores.ping()).resolves.toBeUndefined();
    });
  });
}
