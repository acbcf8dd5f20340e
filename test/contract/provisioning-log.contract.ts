import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { CycleKind, CycleResult } from '../../src/core/cycle.ts';
import type { LinkMemory } from '../../src/core/link.ts';
import type { LogEntry } from '../../src/core/log-entry.ts';
import { WAVE, type Operation } from '../../src/core/operation.ts';
import type { Skip, Skips } from '../../src/core/skip.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import type { LogFilter } from '../../src/ports/provisioning-log.ts';
import type { OperationResult, SliceWork } from '../../src/ports/slices.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { aCreate, aLink, ALLOWED, anchorOf, aPlan, aRemoval, escrowed, exported, holding } from './plans.ts';
import type { StoresUnderTest } from './stores.contract.ts';

const LEASE = 60_000;
const DAY = 86_400_000;
const ALL = { limit: 100 };

type Outcome = (operation: SliceWork['operations'][number]) => OperationResult;

function aMembership(group: string, add: readonly number[]): Operation {
  return {
    key: `3:group:members:${group}`,
    wave: WAVE.members,
    resource: 'group',
    kind: 'members',
    anchor: group,
    label: 'Lock Keepers',
    reason: { code: 'members-differ', text: `members: ${add.length} to add` },
    add: add.map(anchorOf),
    remove: [],
  };
}

export function describeProvisioningLog(name: string, open: () => Promise<StoresUnderTest>): void {
  describe(`the provisioning log on ${name}`, () => {
    let under: StoresUnderTest;
    let connection = '';
    let connections = 0;

    beforeAll(async () => {
      under = await open();
    });
    afterAll(() => under.close());
    beforeEach(() => {
      connection = `log-${++connections}`;
      // Each test at a time of its own: pruning looks at every connection.
      under.clock.advance(1000 * DAY);
    });

    const log = (): Stores['log'] => under.stores.log;

    function read(filter: Partial<LogFilter> = {}) {
      return log().read({ connection, ...ALL, ...filter });
    }

    async function lines(filter: Partial<LogFilter> = {}): Promise<readonly string[]> {
      return (await read(filter)).entries.map(({ kind, subject, outcome }) => `${kind} ${subject.name} ${outcome}`);
    }

    /** Opens a cycle, plans, and sends every wave, one slice each. */
    async function sendAll(id: string, outcome: Outcome): Promise<void> {
      const { cycles } = under.stores;
      for (const wave of [0, 1, 2, 3, 4] as const) {
        const [slice] = await cycles.cutSlices(id, wave, 1, 100, under.clock.now());
        if (slice === undefined) continue;
        const start = await cycles.startSlice(slice, 'w1', LEASE);
        if (start.state !== 'started') throw new Error(start.state);
        await cycles.recordSlice(
          slice,
          'w1',
          start.work.operations.map((item) => outcome(item)),
        );
      }
    }

    async function plan(
      operations: readonly Operation[],
      verdict: Verdict = ALLOWED,
      kind: CycleKind = 'initial',
      kept: { readonly memories?: readonly LinkMemory[]; readonly skips?: Skips } = {},
    ): Promise<string> {
      const { cycles } = under.stores;
      const cycle = await cycles.open({ connection, kind, requestedBy: 'ada' });
      await cycles.leaseGathering(cycle.id, 'w1', LEASE);
      await cycles.savePlan(cycle.id, 'w1', { ...aPlan(connection, operations), kind }, verdict, undefined, kept);
      return cycle.id;
    }

    async function cycle(
      operations: readonly Operation[],
      {
        outcome = exported,
        result = 'succeeded',
        skips,
      }: { outcome?: Outcome; result?: CycleResult; skips?: Skips } = {},
      verdict: Verdict = ALLOWED,
    ): Promise<string> {
      const id = await plan(operations, verdict, 'initial', skips === undefined ? {} : { skips });
      await sendAll(id, outcome);
      await under.stores.cycles.close(id, result);
      return id;
    }

    test('a reference says whom it led to, also when they are gone, by the links of its own connection', async () => {
      const former = [{ path: 'manager', resourceId: 'resource-2' }];
      const change = {
        key: '1:account:update:1',
        wave: WAVE.accounts,
        resource: 'account',
        kind: 'update',
        anchor: anchorOf(1),
        label: 'user1@contoso.com',
        reason: { code: 'attributes-differ', text: 'manager differs' },
        resourceId: 'resource-1',
        attributes: [],
        references: [{ path: 'manager', to: anchorOf(3) }],
        former,
      } as const;
      await under.stores.links.restore(connection, [aLink(1), aLink(2, { state: 'deleted' }), aLink(3)]);
      await under.stores.links.restore(`${connection}-other`, [aLink(9, { resourceId: 'resource-2' })]);
      await cycle([change]);
      const from = { resourceId: 'resource-2', anchor: anchorOf(2), name: 'user2@contoso.com' };
      const to = { anchor: anchorOf(3), name: 'user3@contoso.com' };
      expect((await read()).entries).toMatchObject([{ changes: [], references: [{ path: 'manager', from, to }] }]);
    });

    test('an entry says who, what, before and after, why, how it ended, and by which request', async () => {
      const id = await cycle([aCreate(1)], {
        outcome: (item) => ({
          ...exported(item, aLink(1)),
          state: 'exported',
          exported: { resourceId: 'resource-1', requests: 2, requestId: 'req-9', note: 'adopted' },
          durationMs: 12.4,
        }),
      });
      const { entries } = await read();
      expect(entries).toEqual([
        {
          at: under.clock.now(),
          connection,
          cycle: id,
          cycleKind: 'initial',
          requestedBy: 'ada',
          sequence: 0,
          resource: 'account',
          kind: 'create',
          subject: { anchor: anchorOf(1), name: 'user1@contoso.com' },
          resourceId: 'resource-1',
          reason: { code: 'entitled', text: 'assigned directly' },
          changes: [{ path: 'userName', before: null, after: 'user1@contoso.com' }],
          outcome: 'exported',
          note: 'adopted',
          attempts: 1,
          requests: 2,
          durationMs: 12,
          requestId: 'req-9',
        },
      ] satisfies readonly LogEntry[]);
    });

    test('a failure keeps its code, status, request id and duration', async () => {
      await cycle([aCreate(1)], {
        outcome: ({ sequence }) => ({
          sequence,
          state: 'escrowed',
          durationMs: 7,
          failure: { code: 'UnprocessableEntity', message: 'no', status: 422, requestId: 'req-1' },
        }),
      });
      const [entry] = (await read()).entries;
      expect(entry).toMatchObject({
        outcome: 'escrowed',
        failure: { code: 'UnprocessableEntity', message: 'no', status: 422 },
        requestId: 'req-1',
        durationMs: 7,
      });
    });

    test('what was held, failed or cancelled is told, newest first; what still waits is not', async () => {
      const removal = aRemoval(1, 'disable');
      const id = await plan([removal, aCreate(2)], holding(removal));
      expect(await lines()).toEqual(['disable user1@contoso.com held']);
      expect((await read()).entries[0]).toMatchObject({ heldBy: 'too-many-removals' });
      under.clock.advance(1000);
      await under.stores.cycles.close(id, 'cancelled');
      under.clock.advance(1000);
      await cycle([aCreate(2)], { outcome: escrowed });
      expect(await lines()).toEqual([
        'create user2@contoso.com escrowed',
        'create user2@contoso.com cancelled',
        'disable user1@contoso.com held',
      ]);
    });

    test('an operation in doubt when its cycle closes is told as such', async () => {
      const id = await plan([aCreate(1)]);
      await sendAll(id, ({ sequence }) => ({ sequence, state: 'in-doubt', attemptSpent: true }));
      expect(await lines()).toEqual([]);
      await under.stores.cycles.close(id, 'cancelled');
      expect(await lines()).toEqual(['create user1@contoso.com in-doubt']);
    });

    test('filters choose by kind, outcome, cycle, time, user and group', async () => {
      const link: Outcome = (item) => exported(item, item.operation.kind === 'create' ? aLink(1) : undefined);
      const first = await cycle([aCreate(1), aMembership('g-1', [1])], { outcome: link });
      const later = under.clock.now() + 5000;
      under.clock.advance(5000);
      await cycle([aCreate(2), aCreate(3)], { outcome: escrowed });
      expect(await lines({ kinds: ['members'] })).toEqual(['members Lock Keepers exported']);
      expect(await lines({ outcomes: ['escrowed'] })).toHaveLength(2);
      expect(await lines({ cycle: first })).toHaveLength(2);
      expect(await lines({ since: later })).toHaveLength(2);
      expect(await lines({ until: later })).toHaveLength(2);
      expect(await lines({ user: 'USER1@contoso.com' })).toEqual([
        'members Lock Keepers exported',
        'create user1@contoso.com exported',
      ]);
      expect(await lines({ user: anchorOf(1), kinds: ['create'] })).toEqual(['create user1@contoso.com exported']);
      expect(await lines({ user: 'user3@contoso.com' })).toEqual(['create user3@contoso.com escrowed']);
      expect(await lines({ group: 'lock keepers' })).toEqual(['members Lock Keepers exported']);
      expect(await lines({ user: 'nobody@contoso.com' })).toEqual([]);
      expect(await lines({ connection: 'another' })).toEqual([]);
    });

    test('members are named where a link knows them', async () => {
      await cycle([aCreate(1), aMembership('g-1', [1, 2])], {
        outcome: (item) => exported(item, item.operation.kind === 'create' ? aLink(1) : undefined),
      });
      const [entry] = (await read({ kinds: ['members'] })).entries;
      expect(entry?.members).toEqual({
        added: 2,
        removed: 0,
        add: [{ anchor: anchorOf(1), name: 'user1@contoso.com' }, { anchor: anchorOf(2) }],
        remove: [],
      });
    });

    test('pages lead through everything once, back in time', async () => {
      await cycle([aCreate(1), aCreate(2), aCreate(3)]);
      under.clock.advance(1000);
      await cycle([aCreate(4), aCreate(5)]);
      const seen: string[] = [];
      let page = await read({ limit: 2 });
      for (;;) {
        seen.push(...page.entries.map(({ subject }) => subject.name));
        if (page.older === undefined) break;
        page = await read({ limit: 2, before: page.older });
      }
      expect(seen).toEqual([5, 4, 3, 2, 1].map((number) => `user${number}@contoso.com`));
    });

    test('following shows everything exactly once, oldest first, a moment after it was settled', async () => {
      await cycle([aCreate(1)]);
      under.clock.advance(10_000);
      let { newer } = await read({ limit: 1 });
      const next = async () => {
        const page = await read({ limit: 2, after: newer });
        newer = page.newer;
        return page.entries.map(({ subject }) => subject.name);
      };
      expect(await next()).toEqual([]);
      await cycle([aCreate(2), aCreate(3), aCreate(4)]);
      expect(await next()).toEqual([]);
      under.clock.advance(10_000);
      expect(await next()).toEqual(['user2@contoso.com', 'user3@contoso.com']);
      expect(await next()).toEqual(['user4@contoso.com']);
      expect(await next()).toEqual([]);
    });

    describe('of those whom cycles pass over', () => {
      const blocked = (number: number, changes: Partial<Skip> = {}): Skip => ({
        resource: 'account',
        anchor: anchorOf(number),
        name: `User${number}@contoso.com`,
        code: 'NotEffectivelyEntitled',
        text: 'sign-in is blocked in the directory',
        ...changes,
      });
      const groupless: Skip = {
        resource: 'group',
        anchor: 'g-1',
        name: 'Lock Keepers',
        code: 'GroupsNotSupported',
        text: 'the provider has no groups',
      };
      const passingOver = (
        skipped: readonly Skip[],
        rest: Partial<Skips> = {},
        operations: readonly Operation[] = [],
      ) => cycle(operations, { skips: { skipped, tellAll: false, ...rest } });

      test('an entry says who and why, numbered after the operations of the cycle', async () => {
        const id = await passingOver([blocked(2)], {}, [aCreate(1)]);
        expect((await read({ outcomes: ['skipped'] })).entries).toEqual([
          {
            at: under.clock.now(),
            connection,
            cycle: id,
            cycleKind: 'initial',
            requestedBy: 'ada',
            sequence: 1,
            resource: 'account',
            kind: 'skip',
            subject: { anchor: anchorOf(2), name: 'User2@contoso.com' },
            reason: { code: 'NotEffectivelyEntitled', text: 'sign-in is blocked in the directory' },
            changes: [],
            outcome: 'skipped',
            attempts: 0,
          },
        ] satisfies readonly LogEntry[]);
        expect(await lines()).toEqual(['skip User2@contoso.com skipped', 'create user1@contoso.com exported']);
      });

      test('filters find them by user, group, cycle, outcome and time, and no kind of operation does', async () => {
        const first = await passingOver([blocked(1), groupless], {}, [aCreate(3)]);
        under.clock.advance(5000);
        const later = under.clock.now();
        const second = await passingOver([blocked(1), blocked(2), groupless]);
        const [one, two, group] = ['User1@contoso.com', 'User2@contoso.com', 'Lock Keepers'].map(
          (subject) => `skip ${subject} skipped`,
        );
        expect(await lines({ user: 'user1@CONTOSO.com' })).toEqual([one]);
        expect(await lines({ user: anchorOf(2) })).toEqual([two]);
        expect(await lines({ group: 'lock keepers' })).toEqual([group]);
        expect(await lines({ cycle: second })).toEqual([two]);
        expect(await lines({ cycle: first, outcomes: ['skipped'] })).toEqual([group, one]);
        expect(await lines({ since: later })).toEqual([two]);
        expect(await lines({ until: later, outcomes: ['skipped', 'escrowed'] })).toEqual([group, one]);
        expect(await lines({ kinds: ['create'] })).toEqual(['create user3@contoso.com exported']);
        expect(await lines({ kinds: ['create'], outcomes: ['skipped'] })).toEqual([]);
        expect(await lines({ outcomes: ['exported'] })).toEqual(['create user3@contoso.com exported']);
        expect(await lines({ connection: 'another', outcomes: ['skipped'] })).toEqual([]);
      });

      test('somebody deleted and made anew under the same name is found beside the account of old', async () => {
        await cycle([aCreate(1)], { outcome: (item) => exported(item, aLink(1)) });
        await passingOver([blocked(2, { name: 'user1@contoso.com' })]);
        expect(await lines({ user: 'user1@contoso.com' })).toEqual([
          'skip user1@contoso.com skipped',
          'create user1@contoso.com exported',
        ]);
      });

      test('the same reason is told once, also by cycles that look at a few, and again when it changed', async () => {
        const told = async (...args: Parameters<typeof passingOver>) => {
          const id = await passingOver(...args);
          return (await read({ cycle: id })).entries.map(({ subject, reason }) => `${subject.anchor} ${reason.code}`);
        };
        const anchors = [anchorOf(1), anchorOf(2)];
        const filtered = blocked(2, { code: 'EntrySynchronizationSkipped', text: 'left out' });
        expect(await told([blocked(1), blocked(2), groupless])).toHaveLength(3);
        expect(await told([blocked(1), blocked(2), groupless])).toEqual([]);
        expect(await told([blocked(1), filtered], { among: anchors })).toEqual([
          `${anchorOf(2)} EntrySynchronizationSkipped`,
        ]);
        expect(await told([blocked(1), filtered, groupless])).toEqual([]);
      });

      test('who was provisioned in between is told of again, and nobody ends whom a cycle did not look at', async () => {
        await passingOver([blocked(1), blocked(2)]);
        await passingOver([], { among: [anchorOf(1)] });
        const again = await passingOver([blocked(1), blocked(2)]);
        expect(await lines({ cycle: again })).toEqual(['skip User1@contoso.com skipped']);
      });

      test('who is asked for by name is told of again', async () => {
        await passingOver([blocked(1), blocked(2)]);
        const asked = await passingOver([blocked(1)], { among: [anchorOf(1)], tellAll: true });
        expect(await lines({ cycle: asked })).toEqual(['skip User1@contoso.com skipped']);
        expect(await lines({ cycle: await passingOver([blocked(1), blocked(2)]) })).toEqual([]);
      });

      test('each connection tells of its own', async () => {
        await passingOver([blocked(1)]);
        connection = `log-${++connections}`;
        await passingOver([blocked(1)]);
        expect(await lines()).toEqual(['skip User1@contoso.com skipped']);
      });

      test('thousands are told once each, and one who changes among them alone', async () => {
        const many = Array.from({ length: 2_500 }, (_, index) => blocked(index));
        await passingOver(many);
        expect((await read({ limit: 5_000 })).entries).toHaveLength(2_500);
        const changed = many.map((skip, index) => (index === 1_700 ? blocked(1_700, { text: 'left out' }) : skip));
        expect(await lines({ cycle: await passingOver(changed) })).toEqual(['skip User1700@contoso.com skipped']);
      });

      test('pages and following lead through operations and skips alike, each once', async () => {
        await passingOver([blocked(9)]);
        under.clock.advance(10_000);
        let { newer } = await read({ limit: 1 });
        await passingOver([blocked(9), blocked(3), blocked(4)], {}, [aCreate(1), aCreate(2)]);
        under.clock.advance(10_000);
        const followed: string[] = [];
        for (const expected of [3, 1, 0]) {
          const page = await read({ limit: 3, after: newer });
          expect(page.entries).toHaveLength(expected);
          followed.push(...page.entries.map(({ sequence }) => `${sequence}`));
          newer = page.newer;
        }
        expect(followed).toEqual(['0', '1', '2', '3']);
        const back: number[] = [];
        let page = await read({ limit: 2 });
        for (;;) {
          back.push(...page.entries.map(({ sequence }) => sequence));
          if (page.older === undefined) break;
          page = await read({ limit: 2, before: page.older });
        }
        expect(back).toEqual([3, 2, 1, 0, 0]);
      });

      test('names no directory should hold come back as they were, and are found', async () => {
        const name = 'Nul \u0000 lone \ud800 "quote" \\ ☃';
        await passingOver([blocked(1, { name })]);
        expect((await read()).entries[0]?.subject.name).toBe(name);
        expect(await lines({ user: anchorOf(1) })).toHaveLength(1);
      });

      test('they are forgotten with their cycle, a few rows at a time, and then told of again', async () => {
        const keeping = { logBefore: under.clock.now(), unchangedBefore: under.clock.now() };
        while ((await log().prune(keeping, 1000)) > 0);
        await passingOver(
          [1, 2, 3].map((number) => blocked(number)),
          {},
          [aCreate(4)],
        );
        await cycle([]);
        under.clock.advance(8 * DAY);
        await cycle([]);
        const soon = { logBefore: under.clock.now() - 90 * DAY, unchangedBefore: under.clock.now() - 7 * DAY };
        expect(await log().prune(soon, 100)).toBe(1);
        expect(await lines()).toHaveLength(4);
        const all = { logBefore: under.clock.now(), unchangedBefore: under.clock.now() };
        expect(await log().prune(all, 2)).toBe(2);
        expect(await log().prune(all, 2)).toBe(2);
        expect(await log().prune(all, 2)).toBe(1);
        expect(await lines()).toEqual([]);
        expect(await lines({ cycle: await passingOver([blocked(1)]) })).toHaveLength(1);
      });
    });

    describe('retention', () => {
      const old = () => ({ logBefore: under.clock.now() - 90 * DAY, unchangedBefore: under.clock.now() - 7 * DAY });
      const kept = async () => (await under.stores.cycles.list({ connection, limit: 100 })).map(({ id }) => id);
      async function pruneAll(most = 100): Promise<number> {
        let total = 0;
        for (;;) {
          const gone = await log().prune(old(), most);
          if (gone === 0) return total;
          expect(gone).toBeLessThanOrEqual(most + 1);
          total += gone;
        }
      }

      test('forgets old cycles with their operations, a few rows at a time', async () => {
        await pruneAll();
        await cycle([aCreate(1), aCreate(2), aCreate(3)]);
        under.clock.advance(91 * DAY);
        const recent = await cycle([aCreate(4)]);
        expect(await log().prune(old(), 2)).toBe(2);
        expect(await pruneAll(2)).toBe(2);
        expect(await kept()).toEqual([recent]);
        expect(await lines()).toEqual(['create user4@contoso.com exported']);
      });

      test('forgets cycles without operations sooner', async () => {
        await pruneAll();
        const changed = await cycle([aCreate(1)]);
        await cycle([]);
        under.clock.advance(8 * DAY);
        const newest = await cycle([]);
        await pruneAll();
        expect(await kept()).toEqual([newest, changed]);
      });

      test('never forgets the last success, the newest of its kind, or one that is open', async () => {
        await pruneAll();
        const success = await cycle([aCreate(1)]);
        const failed = await cycle([aCreate(2)], { result: 'failed' });
        const open = await plan([aCreate(3)]);
        under.clock.advance(91 * DAY);
        await pruneAll();
        expect(await kept()).toEqual([open, failed, success]);
      });

      /** A cycle whose baseline is the connection's from then on. */
      async function baseCycle(): Promise<string> {
        const { cycles } = under.stores;
        const { id } = await cycles.open({ connection, kind: 'initial', requestedBy: 'ada' });
        await cycles.leaseGathering(id, 'w1', LEASE);
        const watermark = { users: 'u', groups: 'g', selection: 's', takenAt: 0 };
        const staged = { watermark, assignments: [], again: [], rulesDigest: 'r' };
        await cycles.savePlan(id, 'w1', aPlan(connection, []), ALLOWED, staged);
        await cycles.close(id, 'succeeded');
        return id;
      }

      test('takes the baseline along when it forgets what was changed since: nobody else would be looked at again', async () => {
        await pruneAll();
        const { cycles } = under.stores;
        await baseCycle();
        await cycle([aCreate(1)], { result: 'failed' });
        under.clock.advance(DAY);
        await cycle([aCreate(2)], { result: 'failed' });
        under.clock.advance(89.5 * DAY);
        const looked = (await cycles.baseline(connection))?.unsettled.map(({ anchor }) => anchor);
        expect(looked).toEqual([anchorOf(1), anchorOf(2)]);
        await pruneAll();
        expect(await cycles.baseline(connection)).toBeUndefined();
      });

      test('never forgets the cycle that incremental cycles build on', async () => {
        await pruneAll();
        const base = await baseCycle();
        const next = await cycle([]);
        const last = await cycle([]);
        under.clock.advance(91 * DAY);
        await pruneAll();
        expect(await kept()).toEqual([last, base]);
        expect(await under.stores.cycles.baseline(connection)).toBeDefined();
        expect(next).not.toBe(last);
      });
    });

    describe('when a leaver was last seen entitled', () => {
      const leaver = aRemoval(1, 'disable');
      const since = async (id: string) => (await log().lastSeenEntitled(id, [anchorOf(1)])).get(anchorOf(1));

      test('is the start of the last committed cycle before', async () => {
        await cycle([aCreate(1)]);
        under.clock.advance(1000);
        await cycle([]);
        const seen = under.clock.now();
        under.clock.advance(1000);
        await cycle([], { result: 'failed' });
        under.clock.advance(1000);
        expect(await since(await cycle([leaver]))).toBe(seen);
      });

      test('goes back to before the first cycle that planned the removal, when it was held or failed since', async () => {
        await cycle([leaver]);
        under.clock.advance(1000);
        await cycle([aCreate(1)]);
        const seen = under.clock.now();
        under.clock.advance(1000);
        await cycle([leaver], {}, holding(leaver));
        under.clock.advance(1000);
        await cycle([leaver], { outcome: escrowed, result: 'entry-level-errors' });
        under.clock.advance(1000);
        expect(await since(await cycle([leaver]))).toBe(seen);
      });

      test('goes back to before the cycle that noticed it, when the removal had to wait for its delay', async () => {
        const seen = under.clock.now();
        await cycle([aCreate(1)], { outcome: (item) => exported(item, aLink(1)) });
        under.clock.advance(1000);
        const noticing = await plan([], ALLOWED, 'initial', {
          memories: [
            {
              resource: 'account',
              anchor: anchorOf(1),
              paths: [],
              awaiting: [],
              departure: { causes: [{ cause: 'unassigned', since: under.clock.now() + 500 }] },
            },
          ],
        });
        under.clock.advance(1000);
        await under.stores.cycles.close(noticing, 'succeeded');
        under.clock.advance(DAY);
        await cycle([]);
        under.clock.advance(DAY);
        expect(await since(await cycle([leaver]))).toBe(seen);
      });

      test('is not known without an earlier cycle', async () => {
        expect(await since(await cycle([leaver]))).toBeUndefined();
      });
    });
  });
}
