import { describe, expect, test } from 'vitest';
import { createMetrics, type PrometheusMetrics } from '../../../src/adapters/prometheus/create-metrics.ts';
import { CYCLE_RESULTS_AND_LABELS } from './tables.ts';
import { parseExposition, valueOf } from './builders.ts';
import { silentLog } from '../../silent-log.ts';

function aRegistry(connections: readonly string[] = ['acme', 'globex']): PrometheusMetrics {
  return createMetrics({ version: '1.2.3', commit: 'abc123', connections, clock: { now: () => 0 }, log: silentLog });
}

async function text(metrics: PrometheusMetrics): Promise<string> {
  return (await metrics.render(false)).body;
}

/** What is so is 1. */
const SAYS_ONE = new Set(['headgate_build_info', 'headgate_config_last_reload_successful']);

/** Every family of ours, and whether it has series before anything happened. */
const FAMILIES: readonly (readonly [name: string, type: string])[] = [
  ['headgate_build_info', 'gauge'],
  ['headgate_cycles_total', 'counter'],
  ['headgate_cycle_duration_seconds', 'histogram'],
  ['headgate_cycle_phase_duration_seconds', 'histogram'],
  ['headgate_cycle_in_progress', 'gauge'],
  ['headgate_cycle_progress_ratio', 'gauge'],
  ['headgate_cycle_last_start_timestamp_seconds', 'gauge'],
  ['headgate_cycle_last_success_timestamp_seconds', 'gauge'],
  ['headgate_cycle_last_completion_timestamp_seconds', 'gauge'],
  ['headgate_cycle_next_run_timestamp_seconds', 'gauge'],
  ['headgate_cycle_interval_seconds', 'gauge'],
  ['headgate_cycle_consecutive_failures', 'gauge'],
  ['headgate_cycle_no_op_total', 'counter'],
  ['headgate_cycles_skipped_total', 'counter'],
  ['headgate_cycle_last_outcome', 'gauge'],
  ['headgate_plan_operations', 'gauge'],
  ['headgate_gate_blocked', 'gauge'],
  ['headgate_operations', 'gauge'],
  ['headgate_operations_total', 'counter'],
  ['headgate_operation_duration_seconds', 'histogram'],
  ['headgate_memberships_total', 'counter'],
  ['headgate_leaver_latency_seconds', 'histogram'],
  ['headgate_drift_findings', 'gauge'],
  ['headgate_objects', 'gauge'],
  ['headgate_connection_paused', 'gauge'],
  ['headgate_schedules_paused', 'gauge'],
  ['headgate_connection_throttled_until_timestamp_seconds', 'gauge'],
  ['headgate_http_client_requests_total', 'counter'],
  ['headgate_http_client_request_duration_seconds', 'histogram'],
  ['headgate_http_client_retries_total', 'counter'],
  ['headgate_http_client_throttled_total', 'counter'],
  ['headgate_http_client_throttle_wait_seconds_total', 'counter'],
  ['headgate_token_requests_total', 'counter'],
  ['headgate_source_up', 'gauge'],
  ['headgate_source_read_failures_total', 'counter'],
  ['process_cpu_user_seconds_total', 'counter'],
  ['nodejs_eventloop_lag_seconds', 'gauge'],
];

describe('at the start', () => {
  test.each(FAMILIES)('%s is there as %s, with series', async (name, type) => {
    const family = parseExposition(await text(aRegistry())).get(name);
    expect(family?.type).toBe(type);
    expect(family?.samples.length).toBeGreaterThan(0);
  });

  test('the families of the queue are announced before it is known', async () => {
    const families = parseExposition(await text(aRegistry()));
    for (const name of [
      'bullmq_job_count',
      'bullmq_job_completed_total',
      'bullmq_job_failed_total',
      'bullmq_queue_paused',
      'bullmq_job_wait_seconds',
      'bullmq_job_run_seconds',
      'bullmq_jobs_stalled_total',
      'headgate_worker_slots',
    ]) {
      expect(families.has(name)).toBe(true);
    }
  });

  test('every series of ours is 0, so that an alert sees the first event', async () => {
    const ours = [...parseExposition(await text(aRegistry()))].filter(([name]) => name.startsWith('headgate_'));
    const samples = ours.flatMap(([, family]) => family.samples).filter(({ name }) => !SAYS_ONE.has(name));
    expect(samples.length).toBeGreaterThan(200);
    expect(samples.filter(({ value }) => value !== 0)).toEqual([]);
  });

  test('each family explains itself, in base units and without labels that scrapers set themselves', async () => {
    const families = [...parseExposition(await text(aRegistry()))];
    const ours = families.filter(([name]) => /^(headgate|bullmq)_/.test(name));
    expect(ours.length).toBeGreaterThan(30);
    const faults = ours.filter(
      ([name, { help, type, samples }]) =>
        !/^[A-Z1].{10,}\.$/.test(help) ||
        /_(ms|milliseconds|minutes|percent)(_|$)/.test(name) ||
        (type === 'counter') !== name.endsWith('_total') ||
        samples.some(({ labels }) => ['job', 'instance', 'user', 'anchor'].some((label) => label in labels)),
    );
    expect(faults).toEqual([]);
  });

  test('what is running is told', async () => {
    const labels = { version: '1.2.3', commit: 'abc123', node: process.version };
    expect(valueOf(await text(aRegistry()), 'headgate_build_info', labels)).toBe(1);
  });

  test('two of them share nothing', async () => {
    const first = aRegistry();
    first.metrics.cycleSkipped('acme', 'paused');
    expect(
      valueOf(await text(aRegistry()), 'headgate_cycles_skipped_total', { connection: 'acme', reason: 'paused' }),
    ).toBe(0);
  });
});

describe('the two formats', () => {
  test('text is 0.0.4 and ends with a line feed', async () => {
    const { contentType, body } = await aRegistry().render(false);
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(body.endsWith('\n')).toBe(true);
    expect(body).not.toContain('# EOF');
  });

  test('OpenMetrics names counters without _total, their samples with it, and ends with EOF', async () => {
    const { contentType, body } = await aRegistry().render(true);
    expect(contentType).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(body.endsWith('\n# EOF\n')).toBe(true);
    expect(body).not.toContain('\n\n');
    const family = parseExposition(body).get('headgate_cycles');
    expect(family?.type).toBe('counter');
    expect(new Set(family?.samples.map(({ name }) => name))).toEqual(new Set(['headgate_cycles_total']));
  });

  test('a counter whose short name is taken keeps its whole name, and so do the queries on it', async () => {
    const registry = aRegistry();
    registry.metrics.operation('acme', 'user', 'create', 'success', 1);
    const { body } = await registry.render(true);
    const families = parseExposition(body);
    expect(families.get('headgate_operations')?.samples.map(({ name }) => name)).not.toContain(
      'headgate_operations_total',
    );
    const labels = { connection: 'acme', resource: 'user', action: 'create', outcome: 'success' };
    expect(valueOf(body, 'headgate_operations_total', labels)).toBe(1);
  });

  test('asking for one never changes the other, not even at the same time', async () => {
    const registry = aRegistry();
    const names = async (openMetrics: boolean) => [
      ...parseExposition((await registry.render(openMetrics)).body).keys(),
    ];
    const before = { text: await names(false), open: await names(true) };
    expect(before.text).toContain('headgate_cycles_total');
    const again = await Promise.all([names(true), names(false), names(true), names(false)]);
    expect(again).toEqual([before.open, before.text, before.open, before.text]);
  });
});

describe('what happens is counted', () => {
  test.each(CYCLE_RESULTS_AND_LABELS)('a cycle that ended as %s counts as %s', async (result, outcome) => {
    const registry = aRegistry();
    registry.metrics.cycleClosed('acme', 'initial', result, 42, 90_000);
    const body = await text(registry);
    const labels = { connection: 'acme', cycle_type: 'initial' };
    expect(valueOf(body, 'headgate_cycles_total', { ...labels, outcome })).toBe(1);
    expect(valueOf(body, 'headgate_cycle_duration_seconds_sum', labels)).toBe(42);
    expect(valueOf(body, 'headgate_cycle_last_completion_timestamp_seconds', labels)).toBe(90);
    const success = valueOf(body, 'headgate_cycle_last_success_timestamp_seconds', labels);
    expect(success).toBe(result === 'succeeded' ? 90 : 0);
  });

  test('times only rise, whatever order they are told in', async () => {
    const registry = aRegistry();
    registry.metrics.cycleStarted('acme', 'incremental', 60_000);
    registry.metrics.cycleStarted('acme', 'incremental', 30_000);
    const labels = { connection: 'acme', cycle_type: 'incremental' };
    expect(valueOf(await text(registry), 'headgate_cycle_last_start_timestamp_seconds', labels)).toBe(60);
  });

  test('phases, skipped cycles and operations carry their labels', async () => {
    const registry = aRegistry();
    registry.metrics.cyclePhase('acme', 'initial', 'import', 3);
    registry.metrics.cycleSkipped('globex', 'overlap');
    registry.metrics.operation('acme', 'user', 'disable', 'success', 0.2);
    registry.metrics.operation('acme', 'user', 'disable', 'escrowed', 0.3);
    const body = await text(registry);
    const phase = { connection: 'acme', cycle_type: 'initial', phase: 'import' };
    expect(valueOf(body, 'headgate_cycle_phase_duration_seconds_sum', phase)).toBe(3);
    expect(valueOf(body, 'headgate_cycles_skipped_total', { connection: 'globex', reason: 'overlap' })).toBe(1);
    const action = { connection: 'acme', resource: 'user', action: 'disable' };
    expect(valueOf(body, 'headgate_operations_total', { ...action, outcome: 'success' })).toBe(1);
    expect(valueOf(body, 'headgate_operations_total', { ...action, outcome: 'escrowed' })).toBe(1);
    expect(valueOf(body, 'headgate_operation_duration_seconds_count', action)).toBe(2);
  });

  test('cycles on demand have series like the others, in the spelling of labels', async () => {
    const registry = aRegistry();
    const labels = { connection: 'acme', cycle_type: 'on_demand' };
    const before = await text(registry);
    expect(before).not.toContain('on-demand');
    expect(valueOf(before, 'headgate_cycles_total', { ...labels, outcome: 'succeeded' })).toBe(0);
    expect(valueOf(before, 'headgate_cycle_in_progress', labels)).toBe(0);
    registry.metrics.cycleStarted('acme', 'on-demand', 60_000);
    registry.metrics.cyclePhase('acme', 'on-demand', 'import', 1);
    registry.metrics.cycleClosed('acme', 'on-demand', 'succeeded', 2, 90_000);
    const after = await text(registry);
    expect(after).not.toContain('on-demand');
    expect(valueOf(after, 'headgate_cycles_total', { ...labels, outcome: 'succeeded' })).toBe(1);
    expect(valueOf(after, 'headgate_cycle_last_start_timestamp_seconds', labels)).toBe(60);
  });

  test('memberships are counted one by one', async () => {
    const registry = aRegistry();
    registry.metrics.memberships('acme', 'added', 3);
    registry.metrics.memberships('acme', 'removed', 2);
    registry.metrics.memberships('acme', 'removed', 0);
    const body = await text(registry);
    const counted = ['added', 'removed'].map((change) =>
      valueOf(body, 'headgate_memberships_total', { connection: 'acme', change }),
    );
    expect(counted).toEqual([3, 2]);
  });

  test.each([{}, { 'account.create': 0 }])('a plan of %j is no operation at all', async (operations) => {
    const registry = aRegistry();
    registry.metrics.planned('acme', operations);
    expect(valueOf(await text(registry), 'headgate_cycle_no_op_total', { connection: 'acme' })).toBe(1);
  });

  test('requests, retries, waits and tokens', async () => {
    const registry = aRegistry();
    registry.metrics.request('graph', '', 'GET', 200, 0.1);
    registry.metrics.request('scim', 'acme', 'PATCH', 'error', 30);
    registry.metrics.request('scim', 'acme', 'PATCH', 418, 1);
    registry.metrics.retry('scim', 'acme', 'throttled');
    registry.metrics.throttled('scim', 'acme', 7);
    registry.metrics.throttled('scim', 'acme', 5);
    registry.metrics.tokenRequest('graph', 'failure');
    const body = await text(registry);
    const scim = { api: 'scim', connection: 'acme' };
    const requests = 'headgate_http_client_requests_total';
    expect(valueOf(body, requests, { api: 'graph', connection: '', method: 'GET', code: '200' })).toBe(1);
    expect(valueOf(body, requests, { ...scim, method: 'PATCH', code: 'error' })).toBe(1);
    expect(valueOf(body, requests, { ...scim, method: 'PATCH', code: '418' })).toBe(1);
    expect(valueOf(body, 'headgate_http_client_request_duration_seconds_sum', { ...scim, method: 'PATCH' })).toBe(31);
    expect(valueOf(body, 'headgate_http_client_retries_total', { ...scim, reason: 'throttled' })).toBe(1);
    expect(valueOf(body, 'headgate_http_client_throttled_total', scim)).toBe(2);
    expect(valueOf(body, 'headgate_http_client_throttle_wait_seconds_total', scim)).toBe(12);
    expect(valueOf(body, 'headgate_token_requests_total', { api: 'graph', outcome: 'failure' })).toBe(1);
  });
});

describe('what the workers of this process do', () => {
  const queue = 'headgate-control';

  test('a queue that is served has all its series at 0 before its first job', async () => {
    const registry = aRegistry();
    registry.workers.slots(queue, 4);
    const body = await text(registry);
    expect(valueOf(body, 'headgate_worker_slots', { queue, state: 'total' })).toBe(4);
    const others = [
      ['headgate_worker_slots', { state: 'busy' }],
      ['bullmq_job_wait_seconds_count', {}],
      ['bullmq_job_run_seconds_count', {}],
      ['bullmq_jobs_stalled_total', {}],
    ] as const;
    expect(others.map(([name, labels]) => valueOf(body, name, { queue, ...labels }))).toEqual([0, 0, 0, 0]);
  });

  test('slots are busy while jobs run, and what ran is measured', async () => {
    const registry = aRegistry();
    registry.workers.slots(queue, 4);
    registry.workers.jobStarted(queue, 0.2);
    registry.workers.jobStarted(queue);
    registry.workers.jobEnded(queue, 7);
    registry.workers.jobStalled(queue);
    const body = await text(registry);
    expect(valueOf(body, 'headgate_worker_slots', { queue, state: 'busy' })).toBe(1);
    expect(valueOf(body, 'bullmq_job_wait_seconds_count', { queue })).toBe(1);
    expect(valueOf(body, 'bullmq_job_wait_seconds_sum', { queue })).toBe(0.2);
    expect(valueOf(body, 'bullmq_job_run_seconds_sum', { queue })).toBe(7);
    expect(valueOf(body, 'bullmq_jobs_stalled_total', { queue })).toBe(1);
  });

  test('a worker that stops taking jobs has no slots, while its last job is still busy', async () => {
    const registry = aRegistry();
    registry.workers.slots(queue, 4);
    registry.workers.jobStarted(queue, 0);
    registry.workers.slots(queue, 0);
    const body = await text(registry);
    expect(valueOf(body, 'headgate_worker_slots', { queue, state: 'total' })).toBe(0);
    expect(valueOf(body, 'headgate_worker_slots', { queue, state: 'busy' })).toBe(1);
  });
});

describe('when the configured connections change', () => {
  test('a new one has every series another has, at 0, and what is counted for it counts', async () => {
    const registry = aRegistry(['acme']);
    registry.metrics.cycleClosed('acme', 'initial', 'succeeded', 3, 5000);
    await registry.setConnections(['acme', 'new']);
    const samples = [...parseExposition(await text(registry)).values()].flatMap((family) => family.samples);
    const of = (connection: string) =>
      samples
        .filter(({ labels }) => labels['connection'] === connection)
        .map(({ name, labels }) => JSON.stringify([name, { ...labels, connection: '' }]));
    expect(of('new').toSorted()).toEqual(of('acme').toSorted());
    expect(samples.filter(({ labels, value }) => labels['connection'] === 'new' && value !== 0)).toEqual([]);
    registry.metrics.cycleClosed('new', 'initial', 'succeeded', 3, 9000);
    const labels = { connection: 'new', cycle_type: 'initial' };
    expect(valueOf(await text(registry), 'headgate_cycle_last_success_timestamp_seconds', labels)).toBe(9);
  });

  test('one that is gone has no series left, and shows its times again when it comes back', async () => {
    const registry = aRegistry(['acme', 'globex']);
    registry.metrics.cycleStarted('globex', 'initial', 5000);
    await registry.setConnections(['acme']);
    expect(await text(registry)).not.toContain('globex');
    await registry.setConnections(['acme', 'globex']);
    registry.metrics.cycleStarted('globex', 'initial', 5000);
    const labels = { connection: 'globex', cycle_type: 'initial' };
    expect(valueOf(await text(registry), 'headgate_cycle_last_start_timestamp_seconds', labels)).toBe(5);
  });

  test('it is told whether the newest configuration is in force, and since when', async () => {
    const registry = aRegistry();
    registry.configReloaded(true, 7000);
    registry.configReloaded(false, 9000);
    const body = await text(registry);
    expect(valueOf(body, 'headgate_config_last_reload_successful', {})).toBe(0);
    expect(valueOf(body, 'headgate_config_last_reload_success_timestamp_seconds', {})).toBe(7);
  });
});
