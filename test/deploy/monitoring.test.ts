import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseExposition, type ParsedFamily, type Sample } from '../adapters/prometheus/builders.ts';
import { eventually, startWorld, type World } from '../e2e/world.ts';
import {
  byText,
  documentedMetrics,
  readDashboards,
  readmeAnchors,
  readRules,
  readRuleTests,
  withVariables,
  type Chart,
} from './files.ts';
import { parsePromql, selects, type Selector } from './promql.ts';

/** Labels Prometheus adds while it scrapes. */
const SCRAPED = ['instance', 'job'];
const RULES = readRules();
const DASHBOARDS = readDashboards();
const EXPRESSIONS: readonly (readonly [where: string, expression: string])[] = [
  ...RULES.map(({ alert, expr }) => [`alert ${alert}`, expr] as const),
  ...DASHBOARDS.flatMap(({ file, charts }) =>
    charts.flatMap(({ title, targets }) =>
      targets.map(({ expr, refId }) => [`${file}: ${title} ${refId}`, withVariables(expr)] as const),
    ),
  ),
];

let world: World;
let families: ReadonlyMap<string, ParsedFamily>;
let samples: readonly Sample[];

beforeAll(async () => {
  world = await startWorld();
  const daemon = await world.daemon();
  // It answers while its workers still start; they and its token are the last to have their series.
  const body = await eventually(async () => {
    const text = await (await fetch(`${daemon.url}/metrics`)).text();
    const late = ['headgate_worker_slots{', 'headgate_credential_expiry_timestamp_seconds{'];
    return late.every((series) => text.includes(series)) ? text : undefined;
  });
  families = parseExposition(body);
  samples = [...families.values()].flatMap((family) => family.samples);
});

afterAll(() => world.close());

function familyOf(metric: string): ParsedFamily | undefined {
  return families.get(metric) ?? families.get(metric.replace(/_(bucket|sum|count)$/, ''));
}

function labelsOf(metric: string): readonly string[] {
  return [...new Set((familyOf(metric)?.samples ?? []).flatMap(({ labels }) => Object.keys(labels)))];
}

/** A selector without its conditions on what the scraper adds. */
function exported({ metric, matchers }: Selector): Selector {
  return { metric, matchers: matchers.filter(({ label }) => !SCRAPED.includes(label)) };
}

describe.each(EXPRESSIONS)('%s', (_where, expression) => {
  const { selectors, labels } = parsePromql(expression);

  test('asks only for series that a daemon exports from its start on', () => {
    const unknown = selectors.filter((selector) => !samples.some((sample) => selects(exported(selector), sample)));
    expect(unknown).toEqual([]);
  });

  test('groups and joins only by labels its metrics have', () => {
    const known = new Set([...SCRAPED, ...selectors.flatMap(({ metric }) => labelsOf(metric))]);
    expect(labels.filter((label) => !known.has(label))).toEqual([]);
  });
});

/** What must not happen unnoticed, and the alert that tells of it with a metric it cannot do without. */
const DUE: readonly (readonly [what: string, alert: string, metric: string])[] = [
  ['no process runs', 'HeadgateDown', 'headgate_build_info'],
  ['no cycle has succeeded for two intervals', 'HeadgateCycleStale', 'headgate_cycle_last_success_timestamp_seconds'],
  ['no cycle has ever succeeded', 'HeadgateCycleNeverSucceeded', 'headgate_cycle_last_success_timestamp_seconds'],
  ['a cycle hangs', 'HeadgateCycleStuck', 'headgate_cycle_in_progress'],
  ['cycles fail one after the other', 'HeadgateCycleFailing', 'headgate_cycle_consecutive_failures'],
  ['somebody assigned gets no account', 'HeadgateUsersUnmapped', 'headgate_objects'],
  ['a connection is in quarantine', 'HeadgateQuarantined', 'headgate_connection_quarantined'],
  ['a guard waits for a person', 'HeadgateGateWaiting', 'headgate_gate_blocked'],
  ['operations fail', 'HeadgateOperationsFailing', 'headgate_operations_total'],
  ['more and more is in escrow', 'HeadgateEscrowGrowing', 'headgate_operations'],
  ['something stays in escrow', 'HeadgateEscrowOld', 'headgate_escrow_oldest_timestamp_seconds'],
  ['accounts are taken away', 'HeadgateUnexpectedRemovals', 'headgate_operations_total'],
  ['memberships are taken away', 'HeadgateUnexpectedRemovals', 'headgate_memberships_total'],
  ['the other side throttles', 'HeadgateThrottled', 'headgate_http_client_throttled_total'],
  ['jobs wait too long', 'HeadgateQueueLatency', 'bullmq_queue_oldest_waiting_age_seconds'],
  ['nobody takes jobs', 'HeadgateQueueNoWorkers', 'bullmq_queue_workers'],
  ['a queue is paused', 'HeadgateQueuePaused', 'bullmq_queue_paused'],
  ['jobs lose their process', 'HeadgateJobsStalled', 'bullmq_jobs_stalled_total'],
  ['a token expires soon', 'HeadgateCredentialExpiring', 'headgate_credential_expiry_timestamp_seconds'],
  ['a token expires at once', 'HeadgateCredentialNearlyExpired', 'headgate_credential_expiry_timestamp_seconds'],
  ['a configuration was refused', 'HeadgateConfigReloadFailed', 'headgate_config_last_reload_successful'],
  ['Redis may evict keys', 'HeadgateRedisUnsafe', 'headgate_redis_eviction_policy_ok'],
  ['Redis keeps nothing on disk', 'HeadgateRedisUnsafe', 'headgate_redis_append_only_ok'],
  ['Redis does not answer', 'HeadgateSourceDown', 'headgate_source_up'],
  ['notifications do not arrive', 'HeadgateNotificationsFailing', 'headgate_notification_channels_failing'],
  ['the journal of a migration is broken', 'HeadgateMigrationJournalBroken', 'headgate_migration_state'],
  ['a migration stands still', 'HeadgateMigrationStalled', 'headgate_migration_last_progress_timestamp_seconds'],
];

describe('somebody is told when', () => {
  test.each(DUE)('%s', (_what, alert, metric) => {
    const asked = RULES.filter((rule) => rule.alert === alert).flatMap(({ expr }) => parsePromql(expr).selectors);
    expect(asked.map((selector) => selector.metric)).toContain(metric);
  });
});

describe('the alert rules', () => {
  test('have names of their own, with the prefix, in one spelling', () => {
    const names = RULES.map(({ alert }) => alert);
    expect(names.length).toBeGreaterThan(20);
    expect(names.filter((name) => !/^Headgate([A-Z][a-z]+)+$/.test(name))).toEqual([]);
    expect(new Set(names).size).toBe(names.length);
  });

  test('say what is wrong and what to do, in sentences, and point at a section of the README', () => {
    const anchors = readmeAnchors().map((anchor) => `README.md#${anchor}`);
    const faults = RULES.filter(
      ({ annotations: { summary, description, runbook_url } }) =>
        !/^.{15,120}\.$/.test(summary) || !/^.{60,}\.$/.test(description) || !anchors.includes(runbook_url),
    );
    expect(faults.map(({ alert }) => alert)).toEqual([]);
  });

  test('name in their text only labels that are left of their series', () => {
    const faults = RULES.filter(({ expr, annotations: { summary, description } }) => {
      const named = [...`${summary} ${description}`.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label);
      const { selectors, labels } = parsePromql(expr);
      const aggregated = / by \(/.test(expr);
      const left = aggregated ? labels : [...SCRAPED, ...selectors.flatMap(({ metric }) => labelsOf(metric))];
      return named.some((label) => !left.includes(label));
    });
    expect(faults.map(({ alert }) => alert)).toEqual([]);
  });

  test('are each shown to fire, and to keep still, by a case for promtool', () => {
    const cases = readRuleTests().flatMap((given) => given.promql_expr_test);
    const named = (expr: string): string => /alertname="(\w+)"/.exec(expr)?.[1] ?? '';
    const firing = new Set(cases.filter((given) => given.exp_samples.length > 0).map(({ expr }) => named(expr)));
    expect([...firing].toSorted(byText)).toEqual(RULES.map(({ alert }) => alert).toSorted(byText));
  });

  test('are tried on series that exist', () => {
    const series = readRuleTests().flatMap((given) => given.input_series.map((input) => input.series));
    const selectors = series.flatMap((text) => parsePromql(text).selectors).map(withoutNames);
    expect(selectors.length).toBeGreaterThan(50);
    expect(selectors.filter((selector) => !samples.some((sample) => selects(exported(selector), sample)))).toEqual([]);
  });
});

/** Connections, queues and gates of the cases are invented. */
function withoutNames({ metric, matchers }: Selector): Selector {
  return { metric, matchers: matchers.filter(({ label }) => !['connection', 'queue', 'fingerprint'].includes(label)) };
}

describe.each(DASHBOARDS)('the dashboard $file', ({ file, uid, text, templating, charts, panels }) => {
  test('is named after its file and can be filtered by data source and connection', () => {
    expect(`${uid}.json`).toBe(file);
    expect(templating.list.map(({ name }) => name).slice(0, 2)).toEqual(['datasource', 'connection']);
  });

  test('fills its variables from series that are exported', () => {
    const asked = templating.list.flatMap(({ definition }) => (definition === undefined ? [] : [definition]));
    for (const definition of asked) {
      const [, expression = '', label = ''] = /^label_values\((.+), (\w+)\)$/.exec(definition) ?? [];
      const [selector] = parsePromql(withVariables(expression)).selectors;
      const found = samples.filter((sample) => selector !== undefined && selects(selector, sample));
      expect(found.map(({ labels }) => labels[label]).filter((value) => value !== undefined)).not.toEqual([]);
    }
  });

  test('names no host', () => {
    expect(text).not.toMatch(/https?:|\/\/|\b\d+\.\d+\.\d+\.\d+\b|localhost/);
  });

  test('explains every panel and gives it a unit', () => {
    const unexplained = (chart: Chart): boolean =>
      chart.title === '' || !/^.{20,}\.$/.test(chart.description) || chart.fieldConfig.defaults.unit === '';
    expect(charts.length).toBeGreaterThan(10);
    expect(charts.filter(unexplained).map(({ title }) => title)).toEqual([]);
  });

  test('gives every panel an id and a place of its own', () => {
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
    const cells = panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)} ${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(panels.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
  });

  test('names in legends only labels that the expression leaves', () => {
    const faults = charts.flatMap(({ title, targets }) =>
      targets
        .filter(({ expr, legendFormat }) => {
          const { labels } = parsePromql(withVariables(expr));
          const named = [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, label = '']) => label);
          return named.some((label) => !labels.includes(label));
        })
        .map(({ legendFormat }) => `${title}: ${legendFormat}`),
    );
    expect(faults).toEqual([]);
  });
});

describe("the README's table of metrics", () => {
  test('holds what a daemon exports, with type and labels, and nothing else', () => {
    const ours = [...families].filter(([name]) => /^(headgate|bullmq)_/.test(name));
    const actual = ours.map(([name, { type }]) => ({
      name,
      type,
      labels: labelsOf(name)
        .filter((label) => label !== 'le')
        .toSorted(byText),
    }));
    expect(actual.length).toBeGreaterThan(40);
    const inOrder = (a: { readonly name: string }, b: { readonly name: string }) => byText(a.name, b.name);
    expect([...documentedMetrics()].toSorted(inOrder)).toEqual(actual.toSorted(inOrder));
  });
});
