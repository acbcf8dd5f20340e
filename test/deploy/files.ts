import { readdirSync, readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { z } from 'zod';

const folder = new URL('../../deploy/', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, folder), 'utf8');

const rule = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z
    .string()
    .regex(/^\d+[mhd]$/)
    .optional(),
  labels: z.strictObject({ severity: z.enum(['critical', 'warning', 'info']) }),
  annotations: z.strictObject({ summary: z.string(), description: z.string(), runbook_url: z.string() }),
});
const rules = z.strictObject({ groups: z.array(z.strictObject({ name: z.string(), rules: z.array(rule) })) });
export type Rule = z.infer<typeof rule>;

/** Every alert of deploy/prometheus/rules.yaml. Throws on a key that no rule file has. */
export function readRules(): readonly Rule[] {
  return rules.parse(parse(read('prometheus/rules.yaml'))).groups.flatMap((group) => group.rules);
}

const ruleTests = z.object({
  tests: z.array(
    z.object({
      input_series: z.array(z.object({ series: z.string() })),
      promql_expr_test: z.array(
        z.object({ expr: z.string(), exp_samples: z.array(z.object({ labels: z.string() })).default([]) }),
      ),
    }),
  ),
});

/** The cases of deploy/prometheus/rules.test.yaml. */
export function readRuleTests(): z.infer<typeof ruleTests>['tests'] {
  return ruleTests.parse(parse(read('prometheus/rules.test.yaml'))).tests;
}

const source = z.object({ type: z.literal('prometheus'), uid: z.literal('${datasource}') });
const gridPos = z.object({ x: z.number(), y: z.number(), w: z.number(), h: z.number() });
const target = z.object({ datasource: source, expr: z.string(), legendFormat: z.string(), refId: z.string() });
const row = z.object({ type: z.literal('row'), id: z.number(), title: z.string(), gridPos });
const chart = z.object({
  type: z.enum(['timeseries', 'stat']),
  id: z.number(),
  title: z.string(),
  description: z.string(),
  datasource: source,
  gridPos,
  fieldConfig: z.object({ defaults: z.object({ unit: z.string() }) }),
  targets: z.array(target).min(1),
});
const variable = z.object({ name: z.string(), type: z.string(), definition: z.string().optional() });
const dashboard = z.object({
  uid: z.string(),
  title: z.string(),
  schemaVersion: z.number().min(38),
  templating: z.object({ list: z.array(variable) }),
  panels: z.array(z.union([row, chart])),
});
export type Chart = z.infer<typeof chart>;
export interface Dashboard extends z.infer<typeof dashboard> {
  readonly file: string;
  readonly text: string;
  readonly charts: readonly Chart[];
}

/** Every dashboard of deploy/grafana. */
export function readDashboards(): readonly Dashboard[] {
  return readdirSync(new URL('grafana/', folder)).map((file) => {
    const text = read(`grafana/${file}`);
    const board = dashboard.parse(JSON.parse(text));
    const charts = board.panels.filter((panel): panel is Chart => panel.type !== 'row');
    return { ...board, file, text, charts };
  });
}

/** An expression as Grafana sends it with everything chosen. */
export function withVariables(expression: string): string {
  return expression.replaceAll('$__rate_interval', '5m').replaceAll(/\$(connection|queue)\b/g, '.+');
}

/** The anchors of README.md's headings, as GitHub writes them. */
export function readmeAnchors(): readonly string[] {
  return [...readme().matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

export interface DocumentedMetric {
  readonly name: string;
  readonly type: string;
  readonly labels: readonly string[];
}

/** The table of metrics in README.md: name, type, labels, meaning. */
export function documentedMetrics(): readonly DocumentedMetric[] {
  const rows = readme().matchAll(/^\| `((?:headgate|bullmq)_\w+)` \| (\w+) \| ([^|]*) \| ([^|]{10,}) \|$/gm);
  return [...rows].map(([, name = '', type = '', labels = '']) => ({
    name,
    type,
    labels: [...labels.matchAll(/`(\w+)`/g)].map(([, label = '']) => label).toSorted(byText),
  }));
}

export function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}

function readme(): string {
  return readFileSync(new URL('../README.md', folder), 'utf8');
}
