import { describe, expect, test } from 'vitest';
import { createMetrics, type PrometheusMetrics } from '../../../src/adapters/prometheus/create-metrics.ts';
import { MIGRATION_STANDINGS } from '../../../src/adapters/prometheus/migration-reading.ts';
import type { CredentialState } from '../../../src/core/credential.ts';
import { stepsOf } from '../../../src/core/migration/migration.ts';
import type { JournalEntry } from '../../../src/core/migration/journal.ts';
import type { StoredCredential } from '../../../src/ports/credentials.ts';
import { done, journal, started } from '../../core/migration/builders.ts';
import { countDrift } from '../../../src/core/drift.ts';
import type { CycleResult } from '../../../src/core/cycle.ts';
import type { QueueCounts } from '../../../src/ports/job-queue.ts';
import type { CycleRecord } from '../../../src/ports/stores.ts';
import { aLog } from '../../http/builders.ts';
import {
  aCycleRecord,
  aVerdict,
  parseExposition,
  planCounts,
  queueWith,
  storesWith,
  valueOf,
  type StoreContents,
} from './builders.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const acme = { connection: 'acme' };
const initial = { connection: 'acme', cycle_type: 'initial' };

function aRegistry(log = aLog()): PrometheusMetrics {
  return createMetrics({
    version: '1',
    commit: '',
    connections: ['acme'],
    clock: { now: () => NOW },
    log,
    readTimeoutMs: 50,
  });
}

async function scrapeStore(contents: StoreContents): Promise<string> {
  const registry = aRegistry();
  registry.watch({ stores: storesWith(() => contents), channels: new Map(), queue: queueWith(async () => []) });
  return (await registry.render(false)).body;
}

function aQueue(overrides: Partial<QueueCounts> = {}): QueueCounts {
  const counts = { states: { waiting: 2, active: 1 }, paused: false, workers: 3, oldestWaitingMs: 1500 };
  return { queue: 'headgate-control', ...counts, completedTotal: 40, failedTotal: 4, ...overrides };
}

describe('migrations', () => {
  const STEPS = stepsOf('remove-groups', 'forward', 'headgate');
  const standings = (body: string) =>
    MIGRATION_STANDINGS.filter((state) => valueOf(body, 'headgate_migration_state', { ...acme, state }) === 1);

  test.each<[string, readonly JournalEntry[], string]>([
    ['at work', [], 'running'],
    [
      'watches the cycle it started',
      [
        ...done(...STEPS.slice(0, STEPS.indexOf('full-cycle'))),
        { kind: 'begun', step: 'full-cycle' },
        { kind: 'cycle', step: 'full-cycle', cycle: 'c' },
      ],
      'watching',
    ],
    ['waits at a gate', done('survey', 'assign-directly'), 'waiting'],
    ['is paused', [{ kind: 'paused', by: 'ada', reason: 'lunch' }], 'paused'],
  ])('one that %s', async (_name, entries, standing) => {
    const lines = journal(started(), ...entries);
    const body = await scrapeStore({ journal: lines });
    expect(standings(body)).toEqual([standing]);
    const progress = valueOf(body, 'headgate_migration_last_progress_timestamp_seconds', acme);
    expect(progress).toBe((lines.at(-1)?.at ?? 0) / 1000);
  });

  test('one whose journal is broken is shown as that, and how it stands once the journal is restored', async () => {
    const registry = aRegistry();
    const whole = journal(started(), { kind: 'paused', by: 'ada', reason: 'lunch' });
    let contents: StoreContents = { journal: whole.slice(1) };
    registry.watch({ stores: storesWith(() => contents), channels: new Map(), queue: queueWith(async () => []) });
    expect(standings((await registry.render(false)).body)).toEqual(['broken']);
    contents = { journal: whole };
    expect(standings((await registry.render(false)).body)).toEqual(['paused']);
  });

  test('later scrapes read only what is new, and nothing is shown once it has ended', async () => {
    const registry = aRegistry();
    let contents: StoreContents = { journal: journal(started()) };
    const stores = storesWith(() => contents);
    const from: number[] = [];
    const lines: typeof stores.migrations.lines = (id, after = 0) => {
      from.push(after);
      return stores.migrations.lines(id, after);
    };
    const source = { ...stores, migrations: { ...stores.migrations, lines } };
    registry.watch({ stores: source, channels: new Map(), queue: queueWith(async () => []) });
    await registry.render(false);
    contents = { journal: journal(started(), ...done('survey', 'assign-directly')) };
    expect(standings((await registry.render(false)).body)).toEqual(['waiting']);
    contents = {};
    const { body } = await registry.render(false);
    expect(standings(body)).toEqual([]);
    expect(valueOf(body, 'headgate_migration_last_progress_timestamp_seconds', acme)).toBe(0);
    expect(from).toEqual([0, 1]);
  });
});

describe('notifications', () => {
  test('channels that are configured and fail are counted', async () => {
    const registry = aRegistry();
    const channel = (name: string, failure?: string) => ({
      channel: name,
      delivered: 1,
      attempts: failure === undefined ? 0 : 1,
      ...(failure === undefined ? {} : { failure }),
    });
    const channels = [channel('mail', 'it did not answer'), channel('ops'), channel('former', 'it did not answer')];
    registry.watch({
      stores: storesWith(() => ({ channels })),
      channels: new Map([
        ['mail', 1],
        ['ops', 1],
      ]),
      queue: queueWith(async () => []),
    });
    expect(valueOf((await registry.render(false)).body, 'headgate_notification_channels_failing')).toBe(1);
  });
});

describe('credentials', () => {
  const name = 'headgate_credential_expiry_timestamp_seconds';
  const owner = { kind: 'user', name: 'ada@contoso.com' } as const;
  const credential = (fingerprint: string, state: CredentialState, expiresAt?: number): StoredCredential => ({
    id: `id-${fingerprint}`,
    connection: 'acme',
    kind: 'bearer',
    fingerprint,
    owner,
    state,
    source: 'stored',
    createdAt: 1,
    version: 1,
    ...(expiresAt === undefined ? {} : { expiresAt }),
  });

  test('tell when they expire until they have ended, and never whose they are', async () => {
    const registry = aRegistry();
    let credentials = [credential('f1', 'active', 5000), credential('f2', 'candidate'), credential('f3', 'dead', 9000)];
    registry.watch({
      stores: storesWith(() => ({ credentials })),
      channels: new Map(),
      queue: queueWith(async () => []),
    });
    const before = (await registry.render(false)).body;
    expect(valueOf(before, name, { ...acme, fingerprint: 'f1', state: 'active' })).toBe(5);
    expect(valueOf(before, name, { ...acme, fingerprint: 'f2', state: 'candidate' })).toBe(0);
    expect(before).not.toMatch(/f3|ada/);
    credentials = [credential('f1', 'retired', 5000), credential('f2', 'active')];
    const after = (await registry.render(false)).body;
    expect(after).not.toContain('f1');
    expect(valueOf(after, name, { ...acme, fingerprint: 'f2' })).toBe(0);
  });

  test('a connection that is added does not get the tokens of another', async () => {
    const registry = aRegistry();
    registry.watch({
      stores: storesWith(() => ({ credentials: [credential('f1', 'active', 5000)] })),
      channels: new Map(),
      queue: queueWith(async () => []),
    });
    await registry.render(false);
    await registry.setConnections(['acme', 'new']);
    registry.watch({ stores: storesWith(() => ({})), channels: new Map(), queue: queueWith(async () => []) });
    const samples = parseExposition((await registry.render(false)).body).get(name)?.samples ?? [];
    expect(samples).toEqual([]);
  });
});

describe('the Redis of the queue', () => {
  test.each([
    [{ evicts: false, persists: true }, 1, 1],
    [{ evicts: true, persists: true }, 0, 1],
    [{ evicts: false, persists: false }, 1, 0],
  ])('that is %j', async (durability, policy, appendOnly) => {
    const registry = aRegistry();
    registry.watch({
      stores: storesWith(() => ({})),
      channels: new Map(),
      queue: queueWith(async () => [], [], durability),
    });
    const { body } = await registry.render(false);
    expect(valueOf(body, 'headgate_redis_eviction_policy_ok')).toBe(policy);
    expect(valueOf(body, 'headgate_redis_append_only_ok')).toBe(appendOnly);
  });
});

describe('what the store knows', () => {
  test('the whole backlog of the open cycle, over all waves', async () => {
    const body = await scrapeStore({
      cycles: [aCycleRecord({ phase: 'exporting' })],
      counts: { 0: { exported: 2, 'in-doubt': 1 }, 1: { pending: 90, 'in-flight': 4, held: 2, escrowed: 1 } },
    });
    const states = Object.fromEntries(
      (parseExposition(body).get('headgate_operations')?.samples ?? []).map(({ labels, value }) => [
        labels['state'],
        value,
      ]),
    );
    expect(states).toEqual({
      pending: 90,
      'in-flight': 4,
      'in-doubt': 1,
      exported: 2,
      escrowed: 1,
      held: 2,
      cancelled: 0,
    });
    expect(valueOf(body, 'headgate_cycle_progress_ratio', acme)).toBeCloseTo(5 / 100);
    expect(valueOf(body, 'headgate_cycle_in_progress', initial)).toBe(1);
    expect(valueOf(body, 'headgate_cycle_in_progress', { ...initial, cycle_type: 'incremental' })).toBe(0);
  });

  test('no cycle is in progress once the newest is closed, though its held operations still show', async () => {
    const body = await scrapeStore({ cycles: [aCycleRecord()], counts: { 0: { held: 7 } } });
    expect(valueOf(body, 'headgate_cycle_in_progress', initial)).toBe(0);
    expect(valueOf(body, 'headgate_cycle_progress_ratio', acme)).toBe(0);
    expect(valueOf(body, 'headgate_operations', { ...acme, state: 'held' })).toBe(7);
  });

  test('what the newest audit found, by kind; nothing before the first', async () => {
    const kind = (name: string) => ({ ...acme, kind: name });
    const body = await scrapeStore({ drift: { ...countDrift([]), 'member-added': 3 } });
    expect(valueOf(body, 'headgate_drift_findings', kind('member-added'))).toBe(3);
    expect(valueOf(body, 'headgate_drift_findings', kind('account-deleted'))).toBe(0);
    expect(valueOf(await scrapeStore({}), 'headgate_drift_findings', kind('member-added'))).toBe(0);
  });

  test('a cycle that has no plan yet has made no progress', async () => {
    const body = await scrapeStore({ cycles: [aCycleRecord({ phase: 'gathering' })] });
    expect(valueOf(body, 'headgate_cycle_progress_ratio', acme)).toBe(0);
  });

  test('the last success is known after a restart, behind later failures', async () => {
    const failed = aCycleRecord({ id: 'c2', createdAt: 8_000_000, closedAt: 9_000_000, result: 'failed' });
    const body = await scrapeStore({ cycles: [failed, aCycleRecord()] });
    expect(valueOf(body, 'headgate_cycle_last_success_timestamp_seconds', initial)).toBe(2000);
    expect(valueOf(body, 'headgate_cycle_last_completion_timestamp_seconds', initial)).toBe(9000);
    expect(valueOf(body, 'headgate_cycle_last_start_timestamp_seconds', initial)).toBe(8000);
  });

  test('so are, behind hundreds of cycles, a last success, what the last plan holds, and how the last cycle of a rarer kind ended', async () => {
    const failed = (number: number): CycleRecord => {
      const { plannedAt: _unread, ...unplanned } = aCycleRecord({ createdAt: 9_000_000 + number, result: 'failed' });
      return { ...unplanned, id: `i${number}`, kind: 'incremental' };
    };
    const cycles = [
      ...Array.from({ length: 300 }, (_, index) => failed(300 - index)),
      aCycleRecord({ id: 'f2', createdAt: 6_000_000, closedAt: 7_000_000, result: 'failed' }),
      aCycleRecord({ id: 'i0', kind: 'incremental', createdAt: 4_000_000, closedAt: 5_000_000 }),
      aCycleRecord({ id: 'f1' }),
    ];
    const body = await scrapeStore({ cycles, counts: { 0: { held: 7 } } });
    expect(valueOf(body, 'headgate_operations', { ...acme, state: 'held' })).toBe(7);
    const success = 'headgate_cycle_last_success_timestamp_seconds';
    expect(valueOf(body, success, { ...acme, cycle_type: 'incremental' })).toBe(5000);
    expect(valueOf(body, success, initial)).toBe(2000);
    expect(valueOf(body, 'headgate_cycle_last_outcome', { ...initial, outcome: 'failed' })).toBe(1);
  });

  test('a last success stays known when it is too old to be read again', async () => {
    const contents: { cycles: CycleRecord[] } = { cycles: [aCycleRecord()] };
    const registry = aRegistry();
    registry.watch({ stores: storesWith(() => contents), channels: new Map(), queue: queueWith(async () => []) });
    await registry.render(false);
    contents.cycles = Array.from({ length: 50 }, () => aCycleRecord({ result: 'failed', closedAt: 9_000_000 }));
    const { body } = await registry.render(false);
    expect(valueOf(body, 'headgate_cycle_last_success_timestamp_seconds', initial)).toBe(2000);
  });

  test.each<[string, readonly (CycleResult | undefined)[], number]>([
    ['none yet', [], 0],
    ['the newest succeeded', ['succeeded', 'failed'], 0],
    ['single objects failed, the cycle did not', ['entry-level-errors', 'failed'], 0],
    ['two failed', ['failed', 'failed', 'succeeded'], 2],
    ['a refused plan is a failure', ['refused', 'failed', 'succeeded'], 2],
    ['a cancelled one says nothing', ['failed', 'cancelled', 'failed', 'succeeded'], 2],
    ['an open one says nothing yet', [undefined, 'failed', 'succeeded'], 1],
    ['nothing ever succeeded', ['failed', 'failed', 'failed'], 3],
  ])('failures in a row: %s', async (_rule, results, expected) => {
    const cycles = results.map((result): CycleRecord => {
      const { result: _result, ...open } = aCycleRecord();
      return result === undefined ? { ...open, phase: 'exporting' } : { ...open, result };
    });
    expect(valueOf(await scrapeStore({ cycles }), 'headgate_cycle_consecutive_failures', acme)).toBe(expected);
  });

  test('failures in a row stay known behind any number of cycles on demand', async () => {
    const failed = [1, 2, 3].map((n) => aCycleRecord({ id: `f${n}`, result: 'failed' }));
    const contents: { cycles: readonly CycleRecord[] } = { cycles: failed };
    const registry = aRegistry();
    registry.watch({ stores: storesWith(() => contents), channels: new Map(), queue: queueWith(async () => []) });
    await registry.render(false);
    const asked = Array.from({ length: 12 }, (_, n) => aCycleRecord({ id: `d${n}`, kind: 'on-demand' }));
    contents.cycles = [...asked, ...failed];
    expect(valueOf((await registry.render(false)).body, 'headgate_cycle_consecutive_failures', acme)).toBe(3);
  });

  test('how the newest closed cycle of each kind ended, and only that', async () => {
    const body = await scrapeStore({
      cycles: [
        aCycleRecord({ result: 'entry-level-errors' }),
        aCycleRecord({ kind: 'incremental', result: 'refused' }),
        aCycleRecord({ result: 'succeeded' }),
      ],
    });
    const ended = (parseExposition(body).get('headgate_cycle_last_outcome')?.samples ?? [])
      .filter(({ value }) => value === 1)
      .map(({ labels }) => `${labels['cycle_type']} ${labels['outcome']}`);
    expect(ended.toSorted()).toEqual(['incremental refused', 'initial entry_level_errors']);
  });

  test('the newest plan shows its operations, and 0 for a kind that only the plan before had', async () => {
    const contents: { now: StoreContents } = {
      now: { cycles: [aCycleRecord({ planCounts: planCounts({ 'account.create': 5, 'account.disable': 2 }) })] },
    };
    const registry = aRegistry();
    registry.watch({ stores: storesWith(() => contents.now), channels: new Map(), queue: queueWith(async () => []) });
    const planned = async (operation: string) =>
      valueOf((await registry.render(false)).body, 'headgate_plan_operations', { ...acme, operation });
    expect([await planned('account.create'), await planned('account.disable')]).toEqual([5, 2]);
    contents.now = { cycles: [aCycleRecord({ planCounts: planCounts({ 'account.create': 1 }) })] };
    expect([await planned('account.create'), await planned('account.disable')]).toEqual([1, 0]);
    expect(await planned('group.members')).toBe(0);
  });

  test.each(['hold', 'refuse'] as const)(
    'guards that %s block their gates, until a plan passes them',
    async (effect) => {
      const contents: { now: StoreContents } = {
        now: { cycles: [aCycleRecord({ verdict: aVerdict(effect, ['too-many-removals', 'protected-accounts']) })] },
      };
      const registry = aRegistry();
      registry.watch({ stores: storesWith(() => contents.now), channels: new Map(), queue: queueWith(async () => []) });
      const blocked = async () =>
        (parseExposition((await registry.render(false)).body).get('headgate_gate_blocked')?.samples ?? [])
          .filter(({ value }) => value === 1)
          .map(({ labels }) => labels['gate']);
      expect(new Set(await blocked())).toEqual(new Set(['protected-accounts', 'too-many-removals']));
      contents.now = { cycles: [aCycleRecord({ verdict: { refused: false, findings: [] } })] };
      expect(await blocked()).toEqual([]);
    },
  );

  test.each([
    ['is still reading', {}],
    ['failed before it had a plan', { closedAt: 3_000_000, result: 'failed' as const }],
  ])('a cycle that %s hides nothing the plan before it holds', async (_what, ending) => {
    const {
      planCounts: _counts,
      plannedAt: _plannedAt,
      result: _result,
      closedAt: _closedAt,
      ...unplanned
    } = aCycleRecord({ id: 'cycle-2' });
    const phase = 'result' in ending ? 'closed' : 'gathering';
    const held = aCycleRecord({
      verdict: aVerdict('hold', ['too-many-removals']),
      planCounts: planCounts({ 'account.disable': 60 }),
    });
    const registry = aRegistry();
    const cycles = [{ ...unplanned, phase, ...ending } as const, held];
    const stores = storesWith(() => ({ cycles }));
    const asked: string[] = [];
    const counts = async (id: string) => {
      asked.push(id);
      return { 0: { held: 60 } };
    };
    registry.watch({
      stores: { ...stores, cycles: { ...stores.cycles, counts } },
      channels: new Map(),
      queue: queueWith(async () => []),
    });
    const { body } = await registry.render(false);
    expect(asked).toEqual(['cycle-1']);
    expect(valueOf(body, 'headgate_operations', { ...acme, state: 'held' })).toBe(60);
    expect(valueOf(body, 'headgate_plan_operations', { ...acme, operation: 'account.disable' })).toBe(60);
    expect(valueOf(body, 'headgate_gate_blocked', { ...acme, gate: 'too-many-removals' })).toBe(1);
    expect(valueOf(body, 'headgate_cycle_progress_ratio', acme)).toBe(0);
    // Later scrapes look back less far: after enough failures no plan is among what they read.
    cycles.pop();
    const later = (await registry.render(false)).body;
    expect(valueOf(later, 'headgate_operations', { ...acme, state: 'held' })).toBe(60);
    expect(valueOf(later, 'headgate_gate_blocked', { ...acme, gate: 'too-many-removals' })).toBe(1);
  });

  test('accounts and groups: in scope by the newest full plan, provisioned and disabled by the links', async () => {
    const planCounts = {
      linkedAccounts: 0,
      linkedGroups: 0,
      linkedMembers: 0,
      operations: {},
      membersAdded: 0,
      membersRemoved: 0,
    };
    const body = await scrapeStore({
      cycles: [
        aCycleRecord({ kind: 'incremental', planCounts: { entitledUsers: 1, entitledGroups: 0, ...planCounts } }),
        aCycleRecord({ planCounts: { entitledUsers: 30, entitledGroups: 3, unmappedUsers: 2, ...planCounts } }),
      ],
      links: { 'account.active': 28, 'account.disabled': 5, 'account.deleted': 9, 'group.active': 2 },
    });
    const objects = (parseExposition(body).get('headgate_objects')?.samples ?? []).map(({ labels, value }) => [
      `${labels['resource']} ${labels['state']}`,
      value,
    ]);
    expect(Object.fromEntries(objects)).toEqual({
      'user in_scope': 30,
      'user provisioned': 28,
      'user disabled': 5,
      'user unmapped': 2,
      'group in_scope': 3,
      'group provisioned': 2,
      'group disabled': 0,
    });
  });

  test('pauses and throttling, and their end', async () => {
    const contents: { now: StoreContents } = {
      now: { pausedReason: 'credentials refused', schedulesPaused: true, throttledUntil: 5_000 },
    };
    const registry = aRegistry();
    registry.watch({ stores: storesWith(() => contents.now), channels: new Map(), queue: queueWith(async () => []) });
    const gauges = async () => {
      const { body } = await registry.render(false);
      const names = ['connection_paused', 'schedules_paused', 'connection_throttled_until_timestamp_seconds'];
      return names.map((name) => valueOf(body, `headgate_${name}`, acme));
    };
    expect(await gauges()).toEqual([1, 1, 5]);
    contents.now = {};
    expect(await gauges()).toEqual([0, 0, 0]);
  });
});

describe('what the store knows of trouble', () => {
  test.each([
    ['never in trouble', undefined, { closed: 1, open: 0, half_open: 0 }],
    ['in quarantine', 'quarantined', { closed: 0, open: 1, half_open: 0 }],
    ['on trial', 'half-open', { closed: 0, open: 0, half_open: 1 }],
  ] as const)('the circuit breaker of a connection that is %s', async (_what, state, shown) => {
    const cause = { code: 'Timeout', message: 'no answer' } as const;
    const since = { beganAt: 1_000, probes: 0, nextProbeAt: 61_000 };
    const quarantine =
      state === undefined ? {} : ({ quarantine: { state, reason: 'provider-down', cause, ...since } } as const);
    const registry = aRegistry();
    registry.watch({ stores: storesWith(() => quarantine), channels: new Map(), queue: queueWith(async () => []) });
    const { body } = await registry.render(false);
    const of = (word: string) => valueOf(body, 'headgate_circuit_breaker_state', { ...acme, state: word });
    expect({ closed: of('closed'), open: of('open'), half_open: of('half_open') }).toEqual(shown);
  });

  test('a quarantine by reason until it is over, escrows since the oldest, and the pace', async () => {
    const contents: { now: StoreContents } = {
      now: {
        quarantine: {
          state: 'quarantined',
          reason: 'provider-down',
          cause: { code: 'Timeout', message: 'no answer' },
          beganAt: 1_000,
          probes: 0,
          nextProbeAt: 61_000,
        },
        escrows: { accounts: 3, groups: 1, waiting: 2, oldest: 7_000 },
        pace: { operationsPerSecond: 12.5, concurrency: 4, at: 1_000 },
      },
    };
    const registry = aRegistry();
    registry.watch({ stores: storesWith(() => contents.now), channels: new Map(), queue: queueWith(async () => []) });
    const gauges = async () => {
      const { body } = await registry.render(false);
      const of = (name: string, labels = {}) => valueOf(body, `headgate_${name}`, { ...acme, ...labels });
      return [
        of('connection_quarantined', { reason: 'provider-down' }),
        of('connection_quarantined', { reason: 'credential-refused' }),
        of('connection_next_probe_timestamp_seconds'),
        of('escrowed_objects', { resource: 'user' }),
        of('escrowed_objects', { resource: 'group' }),
        of('escrow_oldest_timestamp_seconds'),
        of('connection_pace_operations_per_second'),
        of('connection_concurrency'),
      ];
    };
    expect(await gauges()).toEqual([1, 0, 61, 3, 1, 7, 12.5, 4]);
    contents.now = {};
    expect(await gauges()).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });
});

describe('what the queue knows', () => {
  test("is shown under BullMQ's names, each family once however many queues there are", async () => {
    const registry = aRegistry();
    const queues = [
      aQueue(),
      aQueue({ queue: 'headgate-connection-acme', paused: true, workers: 0, oldestWaitingMs: 0 }),
    ];
    registry.watch({ stores: storesWith(() => ({})), channels: new Map(), queue: queueWith(async () => queues) });
    const { body } = await registry.render(false);
    const queue = 'headgate-control';
    expect(valueOf(body, 'bullmq_job_count', { queue, state: 'waiting' })).toBe(2);
    expect(valueOf(body, 'bullmq_job_completed_total', { queue })).toBe(40);
    expect(valueOf(body, 'bullmq_job_failed_total', { queue })).toBe(4);
    expect(valueOf(body, 'bullmq_queue_workers', { queue })).toBe(3);
    expect(valueOf(body, 'bullmq_queue_oldest_waiting_age_seconds', { queue })).toBe(1.5);
    expect(valueOf(body, 'bullmq_queue_paused', { queue })).toBe(0);
    expect(valueOf(body, 'bullmq_queue_paused', { queue: 'headgate-connection-acme' })).toBe(1);
  });

  test('totals are shown as the queue keeps them, not added up scrape by scrape', async () => {
    const registry = aRegistry();
    registry.watch({ stores: storesWith(() => ({})), channels: new Map(), queue: queueWith(async () => [aQueue()]) });
    await registry.render(false);
    const { body } = await registry.render(true);
    expect(valueOf(body, 'bullmq_job_completed_total', { queue: 'headgate-control' })).toBe(40);
  });

  test.each([
    ['every five minutes', '*/5 * * * *', 300],
    ['once a week', '0 3 * * 0', 7 * 24 * 3600],
    ['office hours on workdays: the weekend is the longest wait', '0 8-18 * * 1-5', (62 - 0) * 3600],
    ['every minute of the day: the night is the longest wait', '* 8-17 * * *', 14 * 3600 + 60],
    ['once a month', '0 0 1 * *', 31 * 24 * 3600],
  ])('the interval of a schedule: %s', async (_what, pattern, seconds) => {
    const registry = aRegistry();
    const schedule = { connection: 'acme', kind: 'initial' as const, pattern, timezone: 'UTC', nextRun: NOW + 60_000 };
    registry.watch({
      stores: storesWith(() => ({})),
      channels: new Map(),
      queue: queueWith(async () => [], [schedule]),
    });
    const { body } = await registry.render(false);
    expect(valueOf(body, 'headgate_cycle_interval_seconds', initial)).toBe(seconds);
    expect(valueOf(body, 'headgate_cycle_next_run_timestamp_seconds', initial)).toBe(NOW / 1000 + 60);
    expect(valueOf(body, 'headgate_cycle_interval_seconds', { ...initial, cycle_type: 'incremental' })).toBe(0);
  });

  test('a paused schedule has no next run', async () => {
    const registry = aRegistry();
    const schedule = { connection: 'acme', kind: 'initial' as const, pattern: '0 3 * * 0', timezone: 'UTC' };
    registry.watch({
      stores: storesWith(() => ({})),
      channels: new Map(),
      queue: queueWith(async () => [], [schedule]),
    });
    expect(valueOf((await registry.render(false)).body, 'headgate_cycle_next_run_timestamp_seconds', initial)).toBe(0);
  });
});

describe('when the store or the queue does not answer', () => {
  test('the scrape is answered, says so, counts it, keeps what it knew, and the log tells once', async () => {
    const log = aLog();
    const registry = aRegistry(log);
    let counts: () => Promise<readonly QueueCounts[]> = async () => [aQueue()];
    registry.watch({ stores: storesWith(() => ({})), channels: new Map(), queue: queueWith(() => counts()) });
    const shown = async () => {
      const { body } = await registry.render(false);
      const source = { source: 'queue' };
      return {
        up: valueOf(body, 'headgate_source_up', source),
        failures: valueOf(body, 'headgate_source_read_failures_total', source),
        workers: valueOf(body, 'bullmq_queue_workers', { queue: 'headgate-control' }),
        store: valueOf(body, 'headgate_source_up', { source: 'store' }),
      };
    };
    expect(await shown()).toEqual({ up: 1, failures: 0, workers: 3, store: 1 });
    counts = () => Promise.reject(new Error('gone'));
    expect(await shown()).toEqual({ up: 0, failures: 1, workers: 3, store: 1 });
    expect(await shown()).toEqual({ up: 0, failures: 2, workers: 3, store: 1 });
    expect(log.lines.map(({ fields }) => fields)).toMatchObject([{ source: 'queue', err: new Error('gone') }]);
    counts = async () => [aQueue({ workers: 5 })];
    expect(await shown()).toEqual({ up: 1, failures: 2, workers: 5, store: 1 });
    counts = () => Promise.reject(new Error('gone again'));
    await shown();
    expect(log.lines).toHaveLength(2);
  });

  test('a read that never ends is waited for in bounds and not started again', async () => {
    const registry = aRegistry();
    let started = 0;
    let finish: (counts: readonly QueueCounts[]) => void = () => undefined;
    const counts = () => {
      started += 1;
      return new Promise<readonly QueueCounts[]>((resolve) => (finish = resolve));
    };
    registry.watch({ stores: storesWith(() => ({})), channels: new Map(), queue: queueWith(counts) });
    const up = async () => valueOf((await registry.render(false)).body, 'headgate_source_up', { source: 'queue' });
    expect(await up()).toBe(0);
    expect(await up()).toBe(0);
    expect(started).toBe(1);
    const third = up();
    finish([aQueue()]);
    expect(await third).toBe(1);
  });

  test('what can be read and takes no writes is down, and shows what was read', async () => {
    const registry = aRegistry();
    const refused = () => Promise.reject(new Error('read-only'));
    registry.watch({
      stores: { ...storesWith(() => ({ pausedReason: 'maintenance' })), ping: refused },
      channels: new Map(),
      queue: { ...queueWith(async () => [aQueue()]), ping: refused },
    });
    const { body } = await registry.render(false);
    for (const source of ['store', 'queue']) expect(valueOf(body, 'headgate_source_up', { source })).toBe(0);
    expect(valueOf(body, 'bullmq_queue_workers', { queue: 'headgate-control' })).toBe(3);
  });

  test('before anything is watched both are down, not up', async () => {
    const { body } = await aRegistry().render(false);
    expect(valueOf(body, 'headgate_source_up', { source: 'store' })).toBe(0);
  });
});
