import { collectDefaultMetrics, Gauge, Registry, type Metric, type OpenMetricsContentType } from 'prom-client';

/** One answer to a scrape, ready to be sent. */
export interface Rendered {
  readonly contentType: string;
  readonly body: string;
}

/** A registry of its own (nothing global) that can be rendered in both exposition formats. */
export interface Exposition {
  /** Where metric families are registered. */
  readonly registry: Registry;
  /** Text format 0.0.4, or OpenMetrics 1.0.0. Concurrent calls are answered one after the other. */
  readonly render: (openMetrics: boolean) => Promise<Rendered>;
}

/** Creates the registry with Node's own process families (`process_*`, `nodejs_*`) already in it. */
export function createExposition(): Exposition {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  let last: Promise<unknown> = Promise.resolve();
  return {
    registry,
    render: (openMetrics) => {
      const answer = last.then(() => (openMetrics ? renderOpenMetrics(registry) : renderText(registry)));
      // The chain only orders renders; whoever asked for a failed one is told by `answer` itself.
      last = answer.catch(() => undefined);
      return answer;
    },
  };
}

async function renderText(registry: Registry): Promise<Rendered> {
  return { contentType: registry.contentType, body: await registry.metrics() };
}

/**
 * prom-client drops `_total` from a counter's own name while it renders OpenMetrics and leaves it so, which would rename
 * the family in every later text scrape. Hence the names are put back, and renders never overlap.
 */
async function renderOpenMetrics(registry: Registry): Promise<Rendered> {
  const metrics = registry.getMetricsAsArray();
  const names = metrics.map((metric) => metric.name);
  const view = new Registry<OpenMetricsContentType>();
  view.setContentType(Registry.OPENMETRICS_CONTENT_TYPE);
  for (const name of names) {
    const metric = registry.getSingleMetric(name);
    if (metric === undefined) continue;
    if (clashes(name, names)) await copyUnderFullName(metric, name, view);
    else view.registerMetric(metric);
  }
  try {
    return { contentType: view.contentType, body: await view.metrics() };
  } finally {
    metrics.forEach((metric, index) => {
      metric.name = names[index] ?? metric.name;
    });
  }
}

/**
 * OpenMetrics names a counter's family without `_total`, and names must be unique. `headgate_operations_total` (sent so
 * far) would meet `headgate_operations` (waiting now).
 */
function clashes(name: string, names: readonly string[]): boolean {
  return name.endsWith('_total') && names.includes(name.slice(0, -'_total'.length));
}

/** As a gauge a family keeps its whole name, so that queries are the same in both formats. */
async function copyUnderFullName(metric: Metric, name: string, view: Registry<OpenMetricsContentType>): Promise<void> {
  const { help, values } = await metric.get();
  const labelNames = [...new Set(values.flatMap(({ labels }) => Object.keys(labels)))];
  const copy = new Gauge({ name, help, labelNames, registers: [view] });
  for (const { labels, value } of values) copy.set(labels, value);
}
