import { Counter, Gauge, type Registry } from 'prom-client';
import type { Clock } from '../../ports/clock.ts';
import type { Log } from '../../ports/log.ts';
import type { Metrics, WorkerMetrics } from '../../ports/metrics.ts';
import { boundRead } from './bounded-read.ts';
import { createChannelFamilies } from './channel-families.ts';
import { createConfigFamilies } from './config-families.ts';
import { createCycleFamilies } from './cycle-families.ts';
import { createExposition, type Rendered } from './exposition.ts';
import { createOperationFamilies } from './operation-families.ts';
import { createQueueFamilies, readQueue, type ReadableQueue } from './queue-families.ts';
import { createRequestFamilies } from './request-families.ts';
import { addSeries, removeSeries } from './series.ts';
import { createStoreFamilies, createStoreReader } from './store-families.ts';
import type { ReadableStores } from './store-reading.ts';
import { createWorkerFamilies } from './worker-families.ts';

export interface MetricsOptions {
  readonly version: string;
  /** Commit the program was built from; empty when not known. */
  readonly commit: string;
  /** Configured connections: every series exists for each of them from the start. */
  readonly connections: readonly string[];
  readonly clock: Clock;
  readonly log: Log;
  /** How long a scrape waits for the store and for the queue before it goes on without. Default 3 seconds. */
  readonly readTimeoutMs?: number;
}

/** What is read when a scrape comes, because another process may have changed it. `Stores` and `JobQueue` fit. */
export interface MetricsSource {
  readonly stores: ReadableStores;
  readonly queue: ReadableQueue;
  /** The configured channels of notifications by name. */
  readonly channels: Pick<ReadonlyMap<string, unknown>, 'has'>;
}

export interface PrometheusMetrics {
  readonly metrics: Metrics;
  readonly workers: WorkerMetrics;
  /** Starts reading the store and the queue at each scrape. May be called once both are open. */
  readonly watch: (source: MetricsSource) => void;
  /** Gives the connections configured now their series, and takes those of others away. */
  readonly setConnections: (connections: readonly string[]) => Promise<void>;
  /** Tells whether a new configuration could be put into force, at a time in ms since the epoch. */
  readonly configReloaded: (successful: boolean, at: number) => void;
  /** The whole exposition, in text format 0.0.4 or OpenMetrics 1.0.0. Never fails because the store or queue does. */
  readonly render: (openMetrics: boolean) => Promise<Rendered>;
}

/** Creates all metric families on a registry of their own, every known series at 0. */
export function createMetrics(options: MetricsOptions): PrometheusMetrics {
  let { connections } = options;
  const { registry, render } = createExposition();
  showBuild(registry, options);
  const cycles = createCycleFamilies(registry, connections);
  const { times, ...cycleMetrics } = cycles;
  const operations = createOperationFamilies(registry, connections);
  const requests = createRequestFamilies(registry, connections);
  const refresh = createRefresh(registry, options, () => connections, times);
  const configReloaded = createConfigFamilies(registry, options.clock.now());
  return {
    metrics: { ...cycleMetrics, ...operations, ...requests },
    workers: createWorkerFamilies(registry),
    watch: refresh.watch,
    configReloaded,
    async setConnections(names) {
      const before = connections;
      const [like] = before;
      // What a scrape under way still shows of a removed connection must not bring its series back.
      connections = names;
      await refresh.settled();
      for (const name of names) if (like !== undefined && !before.includes(name)) await addSeries(registry, like, name);
      for (const name of before.filter((known) => !names.includes(known))) {
        await removeSeries(registry, 'connection', name);
        times.forget(name);
      }
    },
    render: async (openMetrics) => {
      await refresh.run();
      return render(openMetrics);
    },
  };
}

function showBuild(registry: Registry, { version, commit }: MetricsOptions): void {
  const build = new Gauge({
    name: 'headgate_build_info',
    help: 'Always 1; what is running is in the labels.',
    labelNames: ['version', 'commit', 'node'],
    registers: [registry],
  });
  build.set({ version, commit, node: process.version }, 1);
}

/**
 * Reads store and queue before each render, and asks whether they take writes. A read that fails or is too slow leaves its
 * gauges as they were, which is told by `headgate_source_up` and counted, so that nobody takes an old figure for a new one.
 */
function createRefresh(
  registry: Registry,
  options: MetricsOptions,
  connections: () => readonly string[],
  times: Parameters<typeof createStoreFamilies>[2],
) {
  const { clock, log, readTimeoutMs = 3000 } = options;
  const showConnection = createStoreFamilies(registry, connections(), times, () => clock.now());
  const showChannels = createChannelFamilies(registry);
  const showQueue = createQueueFamilies(registry, connections, () => clock.now());
  const up = new Gauge({
    name: 'headgate_source_up',
    help: '1 when the last scrape could read the store or the queue, and it takes writes; else its gauges may show what was read before.',
    labelNames: ['source'],
    registers: [registry],
  });
  const failures = new Counter({
    name: 'headgate_source_read_failures_total',
    help: 'Scrapes that could not read the store or the queue, or not in time.',
    labelNames: ['source'],
    registers: [registry],
  });
  for (const source of ['store', 'queue']) {
    up.set({ source }, 0);
    failures.inc({ source }, 0);
  }
  let reads: readonly (() => Promise<void>)[] = [];
  let underway: Promise<void> = Promise.resolve();
  const bounded = (source: 'store' | 'queue', read: () => Promise<void>) => {
    const attempt = boundRead(read, readTimeoutMs);
    let wasUp = true;
    return async (): Promise<void> => {
      const outcome = await attempt();
      up.set({ source }, outcome.ok ? 1 : 0);
      if (!outcome.ok) failures.inc({ source });
      // Once per outage: scrapes come every few seconds.
      if (!outcome.ok && wasUp) log.warn({ source, err: outcome.cause }, 'metrics could not be read');
      wasUp = outcome.ok;
    };
  };
  return {
    watch: ({ stores, queue, channels }: MetricsSource): void => {
      const readConnections = createStoreReader(stores, connections, () => clock.now());
      reads = [
        bounded('store', async () => {
          showChannels((await stores.notifications.channels()).filter(({ channel }) => channels.has(channel)));
          for (const [connection, reading] of await readConnections()) {
            if (connections().includes(connection)) showConnection(connection, reading);
          }
          await stores.ping();
        }),
        bounded('queue', async () => {
          showQueue(await readQueue(queue));
          await queue.ping();
        }),
      ];
    },
    run: (): Promise<void> => {
      const run = Promise.all(reads.map((read) => read())).then(() => undefined);
      underway = run;
      return run;
    },
    /** Resolves when no read that began before still shows what it found. */
    settled: (): Promise<void> => underway,
  };
}
