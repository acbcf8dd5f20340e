import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Link } from '../../src/core/link.ts';
import { WAVE, type Operation, type Wave } from '../../src/core/operation.ts';
import { aCreate, aLink, ALLOWED, anchorOf, aPlan, aRemoval } from './plans.ts';
import type { StoresUnderTest } from './stores.contract.ts';

const LEASE = 60_000;
const watermark = { users: 'u', groups: 'g', selection: 's', takenAt: 0 };

/** What is promised of listing links, and of forgetting them by a person's decision. */
export function describeLinks(name: string, open: () => Promise<StoresUnderTest>): void {
  describe(`links on ${name}`, () => {
    let under: StoresUnderTest;
    let connection = '';
    let connections = 0;
    const group = (members: readonly string[]) => aLink(9, { resource: 'group', label: 'Crew', members });
    const act = () => ({ subject: 'all of them', at: under.clock.now(), by: 'ada', reason: 'built anew' });

    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());
    beforeEach(async () => {
      connection = `linked-${++connections}`;
      const links = [
        aLink(1),
        aLink(2, { state: 'disabled' }),
        aLink(3, { state: 'deleted' }),
        group([1, 2].map(anchorOf)),
      ];
      await under.stores.links.restore(connection, links);
      await under.stores.links.restore(`${connection}-other`, [aLink(1)]);
    });

    async function commitCycle(): Promise<void> {
      const { cycles } = under.stores;
      const { id } = await cycles.open({ connection, kind: 'initial', requestedBy: 'ada' });
      await cycles.leaseGathering(id, 'w1', LEASE);
      const staged = { watermark, assignments: [], again: [], rulesDigest: 'r' };
      await cycles.savePlan(id, 'w1', aPlan(connection, []), ALLOWED, staged);
      await cycles.close(id, 'succeeded');
    }

    async function names(): Promise<readonly string[]> {
      return (await under.others.links.list(connection, { limit: 9 })).map(({ label }) => label);
    }

    test('are listed page by page, accounts first, without what is known to be deleted', async () => {
      const { links } = under.stores;
      const first = await links.list(connection, { limit: 2 });
      expect(first).toEqual([aLink(1), aLink(2, { state: 'disabled' })]);
      const after = { resource: 'account', anchor: anchorOf(2) } as const;
      expect(await links.list(connection, { after, limit: 2 })).toEqual([group([1, 2].map(anchorOf))]);
    });

    test('are forgotten with their memberships and the baseline, and who did so and why is kept', async () => {
      const { links, cycles, escrows } = under.stores;
      await commitCycle();
      expect(await cycles.baseline(connection)).toBeDefined();
      await links.forget(connection, [aLink(1)], act());
      expect(await links.load(connection)).toEqual([
        aLink(2, { state: 'disabled' }),
        aLink(3, { state: 'deleted' }),
        group([anchorOf(2)]),
      ]);
      expect(await links.counts(connection)).toMatchObject({ 'account.disabled': 1, 'group.active': 1 });
      expect((await links.counts(connection))['account.active'] ?? 0).toBe(0);
      expect(await cycles.baseline(connection)).toBeUndefined();
      expect(await escrows.acts(connection, 5)).toEqual([{ act: 'links-forgotten', ...act() }]);
      expect(await links.load(`${connection}-other`)).toEqual([aLink(1)]);
    });

    test('are forgotten with what was left in doubt for them, so that nobody settles it later; a creation is still looked for', async () => {
      const { links, cycles } = under.stores;
      const doubtful = async (wave: Wave, operations: readonly Operation[]) => {
        const { id } = await cycles.open({ connection, kind: 'initial', requestedBy: 'ada' });
        await cycles.leaseGathering(id, 'w1', LEASE);
        await cycles.savePlan(id, 'w1', aPlan(connection, operations), ALLOWED);
        for (const slice of await cycles.cutSlices(id, wave, 1, 10, under.clock.now())) {
          await cycles.startSlice(slice, 'w1', LEASE);
          await cycles.recordSlice(slice, 'w1', []);
        }
        await cycles.close(id, 'cancelled');
        return id;
      };
      const id = await doubtful(WAVE.disable, [aRemoval(1, 'disable'), aRemoval(2, 'disable')]);
      await doubtful(WAVE.accounts, [aCreate(1)]);
      const left = async () =>
        (await under.others.cycles.leftInDoubt(connection)).map(({ operation }) => [operation.kind, operation.anchor]);
      const create = ['create', anchorOf(1)];
      expect(await left()).toEqual([['disable', anchorOf(1)], ['disable', anchorOf(2)], create]);
      await links.forget(connection, [aLink(1)], act());
      expect(await left()).toEqual([['disable', anchorOf(2)], create]);
      expect((await cycles.operations(id, { limit: 10 })).map(({ state }) => state)).toEqual(['cancelled', 'in-doubt']);
    });

    test.each<[rule: string, changed: Link]>([
      ['one leads to something else by now', aLink(2, { resourceId: 'another' })],
      ['one is known to be deleted by now', aLink(3)],
      ['one is not there any more', aLink(7)],
    ])('are all kept when %s', async (_rule, changed) => {
      await commitCycle();
      const before = await names();
      await expect(under.stores.links.forget(connection, [aLink(1), changed], act())).rejects.toMatchObject({
        code: 'plan-stale',
      });
      expect(await names()).toEqual(before);
      expect(await under.stores.cycles.baseline(connection)).toBeDefined();
      expect(await under.stores.escrows.acts(connection, 5)).toEqual([]);
    });

    test('are all kept while a cycle or a migration is open, and once the connection was switched off', async () => {
      const { links, cycles, migrations, connections: states } = under.stores;
      const before = await names();
      const refused = (code: string) =>
        expect(under.others.links.forget(connection, [aLink(1)], act())).rejects.toMatchObject({ code });
      const cycle = await cycles.open({ connection, kind: 'initial', requestedBy: 'ada' });
      await refused('cycle-open');
      await cycles.close(cycle.id, 'cancelled');
      const options = { twoPeople: false, approvalMs: 1000, accept: [] };
      const started = {
        kind: 'started',
        connection,
        migration: 'remove-groups',
        groups: ['it'],
        by: 'ada',
        options,
      } as const;
      const migration = await migrations.open(connection, [started]);
      await refused('migration-open');
      await migrations.append(migration.id, [
        { kind: 'ended', result: 'aborted', by: 'ada', text: 'no', frozen: false },
      ]);
      await states.switchOff(connection);
      await refused('connection-off');
      expect(await names()).toEqual(before);
      expect(await links.list(connection, { limit: 9 })).toHaveLength(3);
    });

    test('are forgotten once, and with no cycle beside, however many ask at the same time', async () => {
      const attempts = await Promise.allSettled([
        under.stores.links.forget(connection, [aLink(1)], act()),
        under.others.links.forget(connection, [aLink(1)], act()),
        under.stores.cycles.open({ connection, kind: 'initial', requestedBy: 'ada' }),
      ]);
      const forgotten = attempts.slice(0, 2).filter(({ status }) => status === 'fulfilled').length;
      expect(forgotten).toBeLessThanOrEqual(1);
      expect(await under.stores.escrows.acts(connection, 5)).toHaveLength(forgotten);
      expect(await names()).toHaveLength(3 - forgotten);
    });
  });
}
