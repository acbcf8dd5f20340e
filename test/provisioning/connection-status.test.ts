import { describe, expect, test } from 'vitest';
import { connectionStatus, pendingRemoval } from '../../src/provisioning/connection-status.ts';
import type { CycleRecord, CycleStore, OperationRecord } from '../../src/ports/stores.ts';
import type { StatusMigrations } from '../../src/provisioning/migration-status.ts';
import type { JournalEntry, JournalLine } from '../../src/core/migration/journal.ts';
import type { Link } from '../../src/core/link.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import { withHoldingGuards } from '../../src/provisioning/holding-guards.ts';
import { aLink } from '../builders.ts';
import { aRemoval } from '../contract/plans.ts';
import { aSurvey, done, journal, started } from '../core/migration/builders.ts';
import { aConnection, fakeDirectory, fakeProvider } from './fakes.ts';

function closed(id: string, overrides: Partial<CycleRecord> = {}): CycleRecord {
  return {
    id,
    connection: 'acme',
    kind: 'initial',
    phase: 'closed',
    requestedBy: 'schedule',
    createdAt: 0,
    notices: [],
    cancelRequested: false,
    attempts: 1,
    result: 'succeeded',
    ...overrides,
  };
}

const NO_MIGRATIONS: StatusMigrations = {
  list: async () => [],
  lines: async () => [],
  journalEnd: async () => undefined,
};

/** The newest migration is m1 with this journal, and has ended unless said otherwise. */
function newestMigration(lines: readonly JournalLine[], read: (count: number) => void = () => undefined) {
  return {
    ...NO_MIGRATIONS,
    list: async () => [{ id: 'm1', connection: 'acme', createdAt: 0, endedAt: 7 }],
    lines: async (_id, after = 0, most = Infinity) => {
      const found = lines.slice(after, after + most);
      read(found.length);
      return found;
    },
    journalEnd: async () => ({ lines: lines.length, hash: lines.at(-1)?.hash ?? '' }),
  } satisfies StatusMigrations;
}

/** The status where cycles are as given, newest first, and every cycle with a stored plan has one held. */
function statusOf(
  cycles: readonly CycleRecord[],
  leaving: readonly Link[] = [],
  operations: readonly OperationRecord[] = [],
  migrations: StatusMigrations = NO_MIGRATIONS,
  escrows = { accounts: 0, groups: 0, waiting: 0 },
) {
  const stores = {
    cycles: {
      list: async ({ kind, result, planned, limit }: Parameters<CycleStore['list']>[0]) =>
        cycles
          .filter((cycle) => kind === undefined || cycle.kind === kind)
          .filter((cycle) => result === undefined || cycle.result === result)
          .filter((cycle) => planned !== true || cycle.plannedAt !== undefined)
          .slice(0, limit),
      operationsOf: async () => operations,
    },
    links: { counts: async () => ({}), leaving: async () => ({ total: leaving.length, links: leaving }) },
    connections: { get: async () => ({ connection: 'acme', schedulesPaused: false }) },
    escrows: { totals: async () => escrows },
    holds: { list: async () => [] },
    credentials: { list: async () => [] },
    migrations,
  };
  const connection = aConnection(fakeDirectory({ assignments: [] }), fakeProvider({}));
  const view = async (cycle: CycleRecord) => ({
    ...cycle,
    counts: cycle.plannedAt === undefined ? {} : { 1: { held: 1, escrowed: 2 } },
    settled: 0,
    total: 0,
  });
  return connectionStatus(connection, stores, view, 0);
}

test.each([
  ['failed while it read', closed('new', { result: 'failed' })],
  ['was refused', closed('new', { result: 'refused', planDigest: 'd' })],
])('what is held stays in sight when the next cycle %s', async (_how, newest) => {
  const status = await statusOf([newest, closed('old', { plannedAt: 5 })]);
  expect(status).toMatchObject({ lastCycle: { id: 'new' }, lastPlanned: { id: 'old' }, held: 1 });
});

test('what is held stays in sight however many cycles could not read the directory since', async () => {
  const failing = Array.from({ length: 60 }, (_, n) => closed(`failing-${n}`, { result: 'failed' }));
  const status = await statusOf([...failing, closed('old', { plannedAt: 5 })]);
  expect(status).toMatchObject({ lastPlanned: { id: 'old' }, held: 1 });
});

test('what has failed is what is in escrow, and no more once a person has dropped it', async () => {
  const cycles = [closed('new', { plannedAt: 9 })];
  const waiting = { accounts: 2, groups: 1, waiting: 3 };
  expect(await statusOf(cycles, [], [], NO_MIGRATIONS, waiting)).toMatchObject({ escrowed: 3, escrows: waiting });
  expect(await statusOf(cycles)).toMatchObject({ escrowed: 0 });
});

test('what is held is counted from the newest plan', async () => {
  const status = await statusOf([closed('new', { plannedAt: 9 }), closed('old', { plannedAt: 5 })]);
  expect(status.lastPlanned?.id).toBe('new');
});

test('the last success is the newest cycle with nothing escrowed, however many ended otherwise since', async () => {
  const failing = Array.from({ length: 60 }, (_, n) => closed(`failing-${n}`, { result: 'entry-level-errors' }));
  const others = [closed('on-demand', { kind: 'on-demand' }), closed('audit', { kind: 'audit' })];
  const status = await statusOf([...others, ...failing, closed('good'), closed('older')]);
  expect(status).toMatchObject({ lastCycle: { id: 'on-demand' }, lastSuccess: { id: 'good' } });
  expect(await statusOf(failing)).not.toHaveProperty('lastSuccess');
});

test('a connection without a cycle holds nothing and has failed nothing', async () => {
  expect(await statusOf([])).toMatchObject({ held: 0, escrowed: 0 });
});

test('removals to come are named with what will be done, when and why', async () => {
  const next = { action: 'disable', cause: 'unassigned', dueAt: 9, reason: 'group IT was unassigned' } as const;
  const departure = { causes: [{ cause: 'unassigned', since: 1 }], next } as const;
  expect((await statusOf([], [aLink('ada', { departure })])).leaving).toEqual({
    total: 1,
    next: [
      {
        resource: 'account',
        label: 'ada@contoso.com',
        action: 'disable',
        dueAt: 9,
        reason: 'group IT was unassigned',
      },
    ],
  });
});

test.each([
  ['held', 'too-many-removals'],
  ['pending', undefined],
] as const)('of a removal whose newest operation is %s it is told whether a guard holds it', async (state, guard) => {
  const next = { action: 'disable', cause: 'unassigned', dueAt: 9, reason: 'group IT was unassigned' } as const;
  const link = aLink('ada', { departure: { causes: [], next } });
  const stored = { cycle: 'c', sequence: 0, operation: aRemoval(1, 'disable'), attempts: 0 };
  const newest: OperationRecord = { ...stored, state, ...(guard === undefined ? {} : { heldBy: guard }) };
  const older: OperationRecord = { ...stored, state: 'held', heldBy: 'group-cliff' };
  const status = await statusOf([], [link], [newest, older]);
  expect(status.leaving?.next.map(({ heldBy }) => heldBy)).toEqual([guard]);
});

test('a held operation is shown with every guard that holds it, and none that was overruled', async () => {
  const held = { cycle: 'c', sequence: 0, operation: aRemoval(1, 'disable'), attempts: 0, state: 'held' } as const;
  const finding = { effect: 'hold', message: 'm', remedy: 'r', numbers: {}, operations: [held.operation.key] } as const;
  const verdict: Verdict = {
    refused: false,
    findings: [
      { ...finding, guard: 'token-owner' },
      { ...finding, guard: 'too-many-removals' },
      { ...finding, guard: 'group-cliff', approved: { hold: '1', by: 'ada', until: 9 } },
    ],
  };
  const cycles = { get: async () => closed('c', { verdict }) };
  const [shown, sent] = await withHoldingGuards(cycles, [held, { ...held, state: 'exported' }]);
  expect(shown?.guards).toEqual(['token-owner', 'too-many-removals']);
  expect(sent?.guards).toBeUndefined();
});

test.each([
  ['is to be disabled and still active', 'active', 'disable', true],
  ['was disabled as it was to be', 'disabled', 'disable', false],
  ['was disabled and is to be deleted', 'disabled', 'delete', true],
  ['was deleted', 'deleted', 'delete', false],
] as const)('an account that %s: something is to come only of what is not done', (_how, state, action, toCome) => {
  const next = { action, cause: 'unassigned', dueAt: 5, reason: 'lost the only path' } as const;
  const link = { ...aLink('ada'), state, departure: { causes: [], next } };
  expect(pendingRemoval(link) !== undefined).toBe(toCome);
});

test('users whom the newest full cycle could not map stay in sight after incremental ones, which do not look at them', async () => {
  const notice = {
    code: 'mapping-failed',
    text: '2 users could not be mapped: no userName',
    anchors: ['a', 'b'],
  } as const;
  const full = closed('full', { plannedAt: 5, notices: [notice] });
  const later = closed('later', { kind: 'incremental', plannedAt: 9 });
  expect((await statusOf([later, full])).unmapped).toEqual({ cycle: 'full', plannedAt: 5, text: notice.text });
  expect((await statusOf([closed('mended', { plannedAt: 9 }), full])).unmapped).toBeUndefined();
});

describe('a migration that has ended', () => {
  const surveyed: JournalEntry = { kind: 'surveyed', purpose: 'start', survey: aSurvey() };
  const ended = (result: 'aborted' | 'succeeded' | 'rolled-back'): JournalEntry => ({
    kind: 'ended',
    result,
    by: 'ada',
    text: 'by request',
    frozen: false,
  });
  const statusAfter = async (...entries: readonly JournalEntry[]) =>
    (await statusOf([], [], [], newestMigration(journal(...entries)))).abortedMigration;

  test('by being aborted is told of while it may be rolled back', async () => {
    const told = { id: 'm1', kind: 'disable-scim', at: 7 };
    expect(await statusAfter(started('disable-scim'), surveyed, ended('aborted'))).toEqual(told);
  });

  test.each([
    ['otherwise', [surveyed, ended('succeeded')]],
    ['by being rolled back', [surveyed, { kind: 'rollback', by: 'ada' }, ended('rolled-back')]],
    ['before it had looked at anything', [ended('aborted')]],
  ] as const)('%s is not told of', async (_how, entries) => {
    expect(await statusAfter(started(), ...entries)).toBeUndefined();
  });

  test('is told of without reading the whole of its journal', async () => {
    const long = Array.from({ length: 40 }, () => done('assign-directly')).flat();
    let lines = 0;
    const migrations = newestMigration(journal(started(), surveyed, ...long, ended('aborted')), (count) => {
      lines += count;
    });
    expect((await statusOf([], [], [], migrations)).abortedMigration).toBeDefined();
    expect(lines).toBeLessThan(20);
  });

  test('is told of however late it came to look around', async () => {
    const troubles = Array.from({ length: 25 }, (): JournalEntry => ({
      kind: 'seen',
      step: 'survey',
      complete: false,
      text: 'trouble: away',
    }));
    expect(await statusAfter(started(), ...troubles, surveyed, ended('aborted'))).toBeDefined();
  });
});
