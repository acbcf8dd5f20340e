import { randomUUID } from 'node:crypto';
import { createJobQueue, type OpenJobQueue } from './adapters/bullmq/job-queue.ts';
import { createWorkers, type Workers } from './adapters/bullmq/workers.ts';
import { createEntraWriter } from './adapters/entra/directory-writer.ts';
import { createEntraDirectory } from './adapters/entra/entra-directory.ts';
import type { EntraCredential } from './adapters/entra/options.ts';
import { openDatabase } from './adapters/postgres/database.ts';
import { openTracing } from './adapters/otel/open-tracing.ts';
import { createStores } from './adapters/postgres/stores.ts';
import { createMailChannel } from './adapters/mail/mail-channel.ts';
import { createWebhookChannel } from './adapters/webhook/webhook-channel.ts';
import { createVault } from './adapters/vault/vault.ts';
import { createMetrics, type PrometheusMetrics } from './adapters/prometheus/create-metrics.ts';
import type { ScimCredential } from './adapters/scim/credential.ts';
import { profileByName } from './adapters/scim/profiles/profile-by-name.ts';
import { createScimProvider } from './adapters/scim/provider.ts';
import type { Config, ConnectionConfig, DirectoryConfig, ProviderConfig, ProviderCredential } from './config/config.ts';
import { configuredSecret } from './config/configured-secret.ts';
import { createLiveConnections, type LiveConnections } from './live-connections.ts';
import type { Clock } from './ports/clock.ts';
import type { DirectorySource } from './ports/directory-source.ts';
import type { DirectoryWriter } from './ports/directory-writer.ts';
import type { Connection, Ports } from './ports/index.ts';
import type { JobDefinition } from './ports/job-queue.ts';
import type { Log } from './ports/log.ts';
import type { NotificationChannel } from './ports/notifications.ts';
import type { Metrics } from './ports/metrics.ts';
import type { ServiceProvider } from './ports/service-provider.ts';
import { currentSecret } from './provisioning/credentials/keyring.ts';
import { spareSecret, type SwitchPorts } from './provisioning/credentials/spare-secret.ts';
import { createGatherings } from './provisioning/gatherings.ts';
import { createPace } from './provisioning/pace.ts';
import { unlessSwitchedOff } from './provisioning/switched-off.ts';

/** Most operations in one slice. A slice costs some forty statements and jobs however long it is; pace keeps it to about a second. */
const SLICE = { redis: 1000, database: 500 } as const;
/** Slices of one connection out at a time: enough that none waits for the next, few enough that a stop is felt at once. */
const WINDOW = 4;

export const systemClock: Clock = { now: () => Date.now() };

/** Everything opened from one configuration, and how to let go of it. */
export interface Context {
  readonly ports: Ports;
  readonly prometheus: PrometheusMetrics;
  /** BullMQ's own queues of what is configured now, for the queue board. */
  readonly queues: OpenJobQueue['queues'];
  /** Begins to take jobs. */
  work(): Promise<void>;
  /**
   * Makes the connections those of another configuration. One whose settings are the same goes on undisturbed; for one
   * that changed every next step is taken with the new ones. Nothing has changed when this throws. Returns what is no
   * longer configured, to be stopped and then released.
   */
  reconfigure(next: Config): Promise<readonly Connection[]>;
  /** Lets go of a connection that is no longer configured, once its jobs in this process have ended. */
  release(connection: Connection, graceMs: number): Promise<void>;
  /** Stops taking jobs and lets those that run end, asking them to after `drainMs`. */
  stopWork(drainMs: number): Promise<void>;
  /** Closes everything in reverse of opening. Work is to be stopped first. */
  close(): Promise<void>;
}

export interface ContextOptions {
  readonly config: Config;
  readonly jobs: readonly JobDefinition<object, Ports>[];
  readonly log: Log;
  readonly version: string;
  /** The database broke under us: the process must end. */
  readonly onFatal: (error: Error) => void;
}

/** What every adapter shares. */
interface Shared {
  readonly log: Log;
  readonly metrics: Metrics;
  readonly now: () => number;
}
function entraCredential({ credential }: Pick<DirectoryConfig, 'credential'>): EntraCredential {
  switch (credential.kind) {
    case 'client_secret':
      return { kind: credential.kind, secret: () => credential.secret.read() };
    case 'certificate':
      return {
        kind: credential.kind,
        certificate: () => credential.certificate.read(),
        privateKey: () => credential.privateKey.read(),
      };
    case 'managed_identity':
      return credential;
    case 'workload_identity':
      return { kind: credential.kind, assertion: () => credential.token.read() };
    default:
      return credential satisfies never;
  }
}

function openDirectory(directory: DirectoryConfig, shared: Shared): DirectorySource {
  const { tenant, client, cloud, endpoints } = directory;
  const overrides = endpoints === undefined ? {} : { endpoints };
  return createEntraDirectory({
    tenant,
    client,
    cloud,
    credential: entraCredential(directory),
    ...overrides,
    ...shared,
  });
}

function openWriter(directory: DirectoryConfig, shared: Shared): DirectoryWriter | undefined {
  const { tenant, migration, cloud, endpoints } = directory;
  if (migration === undefined) return undefined;
  const overrides = endpoints === undefined ? {} : { endpoints };
  const { client } = migration;
  return createEntraWriter({ tenant, client, cloud, credential: entraCredential(migration), ...overrides, ...shared });
}

function scimCredential(
  credential: ProviderCredential,
  current: () => Promise<string>,
  spare: (refused: string) => Promise<string | undefined>,
): ScimCredential {
  switch (credential.kind) {
    case 'bearer':
      return { kind: credential.kind, token: current, spare };
    case 'oauth_client_credentials': {
      const { tokenUrl, clientId, scope } = credential;
      const scoped = scope === undefined ? {} : { scope };
      return { kind: credential.kind, tokenUrl, clientId, clientSecret: current, spare, ...scoped };
    }
    default:
      return credential satisfies never;
  }
}

function concurrencyOf({ profile, concurrency }: ProviderConfig): number {
  return concurrency ?? profileByName(profile).rate.concurrency;
}

function openProvider({ name, provider }: ConnectionConfig, keyring: SwitchPorts, shared: Shared): ServiceProvider {
  const credential = configuredSecret(provider);
  return createScimProvider({
    connection: name,
    url: provider.url,
    profile: profileByName(provider.profile),
    credential: scimCredential(
      provider.credential,
      () => currentSecret(name, credential, keyring),
      (refused) => spareSecret({ connection: name, place: credential.place }, refused, keyring, shared.log),
    ),
    concurrency: concurrencyOf(provider),
    timeoutMs: provider.timeoutSeconds * 1000,
    ...(provider.requestsPerSecond === undefined ? {} : { requestsPerSecond: provider.requestsPerSecond }),
    ...shared,
  });
}

/** The database's URL as the adapter takes it. */
async function databaseUrl({ database }: Config): Promise<string> {
  return database.kind === 'embedded' ? `file:${database.path}` : database.url.read();
}

/** The ways to people a configuration names. */
function openChannels({ notifications: { mail, webhooks } }: Config): ReadonlyMap<string, NotificationChannel> {
  const posted = webhooks.map(({ name, url, secret }) =>
    createWebhookChannel({ name, url, secret: () => secret.read(), now: () => systemClock.now() }),
  );
  const mailed =
    mail === undefined
      ? []
      : [
          createMailChannel({
            name: 'mail',
            server: () => mail.server.read(),
            from: mail.from,
            to: mail.to,
            digestMs: mail.digestMinutes * 60_000,
          }),
        ];
  return new Map([...mailed, ...posted].map((channel) => [channel.name, channel]));
}

/** Opens every adapter a configuration names. What was opened is closed again when something later cannot be. */
export async function openContext(options: ContextOptions): Promise<Context> {
  const { config, log, onFatal } = options;
  const names = config.connections.map(({ name }) => name);
  const prometheus = createMetrics({
    version: options.version,
    commit: '',
    connections: names,
    clock: systemClock,
    log,
  });
  const database = await openDatabase({ url: await databaseUrl(config), log, onFatal });
  const opened: (() => Promise<void>)[] = [() => database.close()];
  const tracing = await openTracing(config.telemetry, options.version, log);
  if (tracing !== undefined) opened.push(() => tracing.close());
  const metrics = tracing?.metrics(prometheus.metrics) ?? prometheus.metrics;
  const shared: Shared = { log, metrics, now: () => systemClock.now() };
  const closeAll = async () => {
    for (const close of opened.toReversed()) await close();
  };
  try {
    const stores = createStores({ database, clock: systemClock });
    const key = config.credentials.key;
    const vault = createVault(key === undefined ? {} : { key: () => key.read() });
    const writer = openWriter(config.directory, shared);
    if (writer !== undefined) opened.push(() => writer.close());
    const directory = openDirectory(config.directory, shared);
    opened.push(() => directory.close());
    const live: LiveConnections = createLiveConnections(directory, {
      openProvider: (settings) => {
        const keyring = { stores, vault, connections: live.all, clock: systemClock };
        const provider = openProvider(settings, keyring, shared);
        return unlessSwitchedOff(provider, settings.name, stores.connections, shared.now);
      },
      concurrencyOf,
    });
    opened.push(() => live.close());
    live.adopt(config, live.prepare(config));
    const redis = config.queue.kind === 'redis' ? { redisUrl: await config.queue.url.read() } : {};
    const channels = openChannels(config);
    for (const channel of channels.values()) opened.push(() => channel.close());
    const queue = await createJobQueue({
      definitions: options.jobs,
      connections: names,
      scheduled: { name: 'start-cycle', payload: ({ connection, kind }) => ({ connection, kind }) },
      database,
      clock: systemClock,
      log,
      notifications: channels.size > 0,
      ...(tracing === undefined ? {} : { telemetry: tracing.telemetry }),
      ...redis,
    });
    opened.push(() => queue.close());
    const slice = SLICE[config.queue.kind];
    const ports: Ports = {
      stores,
      vault,
      channels,
      queue,
      connections: live.all,
      clock: systemClock,
      metrics: prometheus.metrics,
      worker: { id: randomUUID(), leaseMs: config.worker.leaseSeconds * 1000, sliceSize: slice, window: WINDOW },
      pace: createPace(slice),
      gatherings: createGatherings(),
      migration: {
        settleMs: (config.directory.migration?.settleSeconds ?? 0) * 1000,
        ...(writer === undefined ? {} : { writer }),
      },
    };
    // Its lock on the directory proves that every other worker of an embedded database is dead.
    if (database.kind === 'embedded') await ports.stores.cycles.releaseLeases(ports.worker.id);
    prometheus.watch({ stores, queue, channels });
    let workers: Workers | undefined;
    const startWorkers = () =>
      createWorkers({
        queue,
        definitions: options.jobs,
        ports,
        connections: [...live.all.keys()],
        log,
        metrics: prometheus.workers,
        // A dead worker's jobs come back when its slices do: one setting says how long silence is believed.
        lockMs: ports.worker.leaseMs,
      });
    return {
      ports,
      prometheus,
      queues: queue.queues,
      async work() {
        workers = await startWorkers();
      },
      async reconfigure(next) {
        const connections = live.prepare(next);
        const added = [...connections.keys()].filter((name) => !live.all.has(name));
        for (const name of added) await queue.addConnection(name);
        const gone = live.adopt(next, connections);
        // Those of a removed connection stay until its last cycle is told.
        await prometheus.setConnections([...live.all.keys(), ...gone.map(({ rules }) => rules.name)]);
        for (const name of added) await workers?.addConnection(name);
        return gone;
      },
      async release({ rules, provider }, graceMs) {
        await workers?.removeConnection(rules.name, graceMs);
        await queue.removeConnection(rules.name);
        await live.discard(provider);
      },
      async stopWork(drainMs) {
        await workers?.close(drainMs);
      },
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
