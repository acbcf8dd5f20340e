import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

type Labels = Readonly<Partial<Record<string, string | number>>>;
type Family = Counter | Gauge | Histogram;

function familiesOf(registry: Registry): readonly Family[] {
  return registry.getMetricsAsArray().flatMap(({ name }) => {
    const metric = registry.getSingleMetric(name);
    return metric instanceof Counter || metric instanceof Gauge || metric instanceof Histogram ? [metric] : [];
  });
}

/** A label that names something of one connection alone: another connection has no such series. */
const OF_ONE_CONNECTION = 'fingerprint';

/** The series of a family with that value in a label, each once: a histogram tells one for every bucket. */
async function seriesWith(family: Family, label: string, value: string): Promise<readonly Labels[]> {
  const { values } = await family.get();
  const found = values.filter(({ labels }) => Reflect.get(labels, label) === value);
  const series = found.map(({ labels }): Labels => {
    const { le: _bucket, ...rest } = { le: undefined, ...labels };
    return rest;
  });
  return [...new Map(series.map((labels) => [JSON.stringify(labels), labels])).values()];
}

/** Removes every series that has this value in this label, in all families. */
export async function removeSeries(registry: Registry, label: string, value: string): Promise<void> {
  for (const family of familiesOf(registry)) {
    for (const labels of await seriesWith(family, label, value)) family.remove(labels);
  }
}

/**
 * Gives a connection the series another one has, all at 0, so that an alert never meets a missing one. A series it has
 * already is left as it is.
 */
export async function addSeries(registry: Registry, like: string, connection: string): Promise<void> {
  for (const family of familiesOf(registry)) {
    const present = await seriesWith(family, 'connection', connection);
    const known = new Set(present.map((labels) => JSON.stringify(labels)));
    for (const labels of await seriesWith(family, 'connection', like)) {
      if (OF_ONE_CONNECTION in labels) continue;
      const own = { ...labels, connection };
      if (known.has(JSON.stringify(own))) continue;
      if (family instanceof Histogram) family.zero(own);
      else if (family instanceof Counter) family.inc(own, 0);
      else family.set(own, 0);
    }
  }
}
