import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { RefusedError } from '../../src/core/errors.ts';
import { brokenAt, type JournalEntry } from '../../src/core/migration/journal.ts';
import type { StoresUnderTest } from './stores.contract.ts';
import { aLink } from '../builders.ts';
import { aPlan, aRemoval, holding } from './plans.ts';

const LEASE = 60_000;
const started = (connection: string): JournalEntry => ({
  kind: 'started',
  connection,
  migration: 'remove-groups',
  groups: ['it'],
  by: 'ada',
  options: { twoPeople: false, approvalMs: 1000, accept: [] },
});
const paused: JournalEntry = { kind: 'paused', by: 'ada', reason: 'lunch' };
const ended = { kind: 'ended', result: 'aborted', by: 'ada', text: 'no', frozen: false } as const;
const rollback: JournalEntry = { kind: 'rollback', by: 'ada' };

/** What every store of migrations promises. */
export function describeMigrations(name: string, open: () => Promise<StoresUnderTest>): void {
  describe(`migrations on ${name}`, () => {
    let under: StoresUnderTest;
    let connection = '';
    let count = 0;
    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());
    beforeEach(() => {
      connection = `migrating-${++count}`;
    });

    test('one is open with its first line, found by its connection and listed newest first', async () => {
      const { migrations } = under.stores;
      const opened = await migrations.open(connection, [started(connection)]);
      expect(await migrations.get(opened.id)).toEqual(opened);
      expect(await migrations.openOf(connection)).toEqual(opened);
      expect(await migrations.list({ connection, limit: 5 })).toEqual([opened]);
      expect((await migrations.listOpen()).map(({ id }) => id)).toContain(opened.id);
      expect(await migrations.lines(opened.id)).toMatchObject([{ sequence: 1, entry: { kind: 'started' } }]);
      expect(await migrations.get('nobody')).toBeUndefined();
    });

    test('of many attempts to open one at once exactly one succeeds', async () => {
      const attempts = Array.from({ length: 6 }, (_, index) =>
        (index % 2 === 0 ? under.stores : under.others).migrations.open(connection, [started(connection)]),
      );
      const settled = await Promise.allSettled(attempts);
      expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const refused = settled.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
      expect(refused.every((reason) => reason instanceof RefusedError && reason.code === 'migration-open')).toBe(true);
    });

    test('of many attempts to open one each on connections beside one another exactly one succeeds', async () => {
      const names = Array.from({ length: 4 }, (_, index) => `${connection}-${index}`);
      const attempts = names.map((own, index) => {
        const beside = names.filter((other) => other !== own);
        return (index % 2 === 0 ? under.stores : under.others).migrations.open(own, [started(own)], { beside });
      });
      const settled = await Promise.allSettled(attempts);
      expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
      const refused = settled.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason] : []));
      expect(refused.every((reason) => reason instanceof RefusedError && reason.code === 'migration-open')).toBe(true);
    });

    test('one that was aborted is not opened again while a connection beside it has an open one', async () => {
      const { migrations } = under.stores;
      const beside = [`${connection}-beside`];
      const { id } = await migrations.open(connection, [started(connection)], { beside });
      await migrations.append(id, [ended]);
      const other = await under.others.migrations.open(`${connection}-beside`, [started(`${connection}-beside`)]);
      await expect(migrations.append(id, [rollback], { beside })).rejects.toMatchObject({ code: 'migration-open' });
      expect(await migrations.openOf(connection)).toBeUndefined();
      expect((await migrations.lines(id)).map(({ entry }) => entry.kind)).toEqual(['started', 'ended']);
      await migrations.append(other.id, [ended]);
      expect(await migrations.append(id, [rollback], { beside })).toHaveLength(1);
    });

    test('lines are chained whoever adds them at the same time, and can be read from a place on', async () => {
      const { id } = await under.stores.migrations.open(connection, [started(connection)]);
      await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          (index % 2 === 0 ? under.stores : under.others).migrations.append(id, [paused]),
        ),
      );
      const lines = await under.stores.migrations.lines(id);
      expect(lines.map(({ sequence }) => sequence)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
      expect(brokenAt(id, lines)).toBeUndefined();
      expect(await under.stores.migrations.lines(id, 7)).toEqual(lines.slice(7));
      expect(await under.stores.migrations.lines(id, 2, 3)).toEqual(lines.slice(2, 5));
    });

    test('how a journal ends is kept beside it, so that a last line left out is noticed', async () => {
      const { migrations } = under.stores;
      const { id } = await migrations.open(connection, [started(connection)]);
      const end = async () => {
        const last = (await migrations.lines(id)).at(-1);
        return last === undefined ? undefined : { lines: last.sequence, hash: last.hash };
      };
      expect(await migrations.journalEnd(id)).toEqual(await end());
      await under.others.migrations.append(id, [paused, ended]);
      expect(await migrations.journalEnd(id)).toMatchObject({ lines: 3 });
      await migrations.append(id, [rollback]);
      expect(await migrations.journalEnd(id)).toEqual(await end());
      expect(await migrations.journalEnd('nobody')).toBeUndefined();
    });

    test('what waited for one to be over waits no more once it is, and holds of other guards stay', async () => {
      const { migrations, cycles, holds } = under.stores;
      const { id } = await migrations.open(connection, [started(connection)]);
      const due = aRemoval(1, 'disable');
      const { id: cycle } = await cycles.open({
        connection,
        kind: 'initial',
        requestedBy: 'ada',
        migration: { id, mode: 'forward', groups: ['it'] },
      });
      await cycles.leaseGathering(cycle, 'w1', LEASE);
      const held = holding(due).findings.flatMap((finding) => [finding, { ...finding, guard: 'migration' as const }]);
      await cycles.savePlan(cycle, 'w1', aPlan(connection, [due]), { refused: false, findings: held });
      await cycles.close(cycle, 'held');
      const waiting = async () =>
        (await holds.list({ connection, ended: false, limit: 9 })).map(({ guard, state }) => `${guard} ${state}`);
      const [other, ...rest] = (await waiting()).toSorted().toReversed();
      expect(rest).toEqual(['migration waiting']);
      await migrations.append(id, [paused]);
      expect(await waiting()).toHaveLength(2);
      await migrations.append(id, [ended]);
      expect(await waiting()).toEqual([other]);
      const [lifted] = (await holds.list({ connection, ended: true, limit: 9 })).filter(
        ({ guard }) => guard === 'migration',
      );
      expect(lifted).toMatchObject({ state: 'lifted', endedAt: under.clock.now() });
      expect((await holds.get(lifted?.id ?? ''))?.history.at(-1)?.event).toBe('lifted');
    });

    test('a worker acts under its lease only, and another takes over when it ends', async () => {
      const { migrations } = under.stores;
      const { id } = await migrations.open(connection, [started(connection)]);
      expect(await migrations.lease(id, 'w1', LEASE)).toBe(true);
      expect(await under.others.migrations.lease(id, 'w2', LEASE)).toBe(false);
      expect(await migrations.append(id, [paused], { worker: 'w2' })).toBeUndefined();
      expect(await migrations.append(id, [paused], { worker: 'w1' })).toHaveLength(1);
      under.clock.advance(LEASE);
      expect(await under.others.migrations.lease(id, 'w2', LEASE)).toBe(true);
      expect(await migrations.append(id, [paused], { worker: 'w1' })).toBeUndefined();
      await under.others.migrations.release(id, 'w2');
      expect(await migrations.lease(id, 'w1', LEASE)).toBe(true);
    });

    test('what a look came to is not written over a word that was said since', async () => {
      const { migrations } = under.stores;
      const { id } = await migrations.open(connection, [started(connection)]);
      const kinds = ['paused', 'rollback'] as const;
      const done = { kind: 'done', step: 'survey' } as const;
      await under.others.migrations.append(id, [paused]);
      await under.others.migrations.append(id, [done]);
      expect(await migrations.append(id, [ended], { unlessSaid: { after: 1, kinds } })).toBeUndefined();
      expect(await migrations.openOf(connection)).toMatchObject({ id });
      expect(await migrations.append(id, [done], { unlessSaid: { after: 1, kinds: ['rollback'] } })).toHaveLength(1);
      expect(await migrations.append(id, [ended], { unlessSaid: { after: 2, kinds } })).toHaveLength(1);
      expect((await migrations.lines(id)).map(({ entry }) => entry.kind)).toEqual([
        'started',
        'paused',
        'done',
        'done',
        'ended',
      ]);
    });

    test('links follow in the same transaction as the line that tells of them', async () => {
      const { migrations, links } = under.stores;
      const { id } = await migrations.open(connection, [started(connection)]);
      await migrations.append(id, [paused], { links: [aLink('ann')] });
      expect((await links.find(connection, 'account', ['ann'])).get('ann')).toMatchObject({ resourceId: 'id-ann' });
    });

    test('an ended one takes no line and no lease any more, and another may be opened', async () => {
      const { migrations } = under.stores;
      const { id } = await migrations.open(connection, [started(connection)]);
      await migrations.append(id, [ended]);
      expect(await migrations.append(id, [paused])).toBeUndefined();
      expect(await migrations.lease(id, 'w1', LEASE)).toBe(false);
      expect(await migrations.openOf(connection)).toBeUndefined();
      expect((await migrations.get(id))?.endedAt).toBe(under.clock.now());
      const second = await migrations.open(connection, [started(connection)]);
      expect((await migrations.list({ connection, limit: 5 })).map((one) => one.id)).toEqual([second.id, id]);
    });

    test('one that was aborted is opened again by its rollback, with its journal unbroken, and by nothing else', async () => {
      const { migrations } = under.stores;
      const { id } = await migrations.open(connection, [started(connection)]);
      await migrations.append(id, [ended]);
      expect(await migrations.append(id, [paused, rollback])).toBeUndefined();
      expect(await under.others.migrations.append(id, [rollback])).toHaveLength(1);
      await migrations.append(id, [{ ...ended, result: 'rolled-back' }]);
      expect(await migrations.append(id, [rollback])).toBeUndefined();
      expect(brokenAt(id, await migrations.lines(id))).toBeUndefined();
      expect(await migrations.openOf(connection)).toBeUndefined();
    });

    test('one that was aborted stays ended once its connection has had another', async () => {
      const { migrations } = under.stores;
      const first = await migrations.open(connection, [started(connection)]);
      await migrations.append(first.id, [ended]);
      const second = await migrations.open(connection, [started(connection)]);
      expect(await migrations.append(first.id, [rollback])).toBeUndefined();
      await migrations.append(second.id, [ended]);
      expect(await migrations.append(first.id, [rollback])).toBeUndefined();
      expect(await migrations.append(second.id, [rollback])).toHaveLength(1);
      expect(await migrations.openOf(connection)).toMatchObject({ id: second.id });
      expect(await migrations.lease(second.id, 'w1', LEASE)).toBe(true);
    });

    test('cycles are suspended while one is open, but for its own', async () => {
      const { migrations, cycles } = under.stores;
      const { id } = await migrations.open(connection, [started(connection)]);
      const request = { connection, kind: 'initial', requestedBy: 'ada' } as const;
      await expect(cycles.open(request)).rejects.toMatchObject({ code: 'migration-open' });
      const own = await cycles.open({ ...request, migration: { id, mode: 'forward', groups: ['it'] } });
      expect(own.migration).toEqual({ id, mode: 'forward', groups: ['it'] });
      await cycles.close(own.id, 'succeeded');
      await migrations.append(id, [ended]);
      await cycles.close((await cycles.open(request)).id, 'cancelled');
    });

    test('M7: no cycle is opened for a connection that was switched off, and it stays so', async () => {
      const { connections, cycles } = under.stores;
      await connections.switchOff(connection);
      const { switchedOffAt } = await connections.get(connection);
      expect(switchedOffAt).toBe(under.clock.now());
      under.clock.advance(1000);
      await connections.switchOff(connection);
      expect((await connections.get(connection)).switchedOffAt).toBe(switchedOffAt);
      await connections.resume(connection);
      await expect(cycles.open({ connection, kind: 'initial', requestedBy: 'ada' })).rejects.toMatchObject({
        code: 'connection-off',
      });
    });
  });
}
