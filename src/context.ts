import { randomUUID } from 'node:crypto';
import { bulkhead } from 'cockatiel';
import { createJobQueue, type OpenJobQueue } from './adapters/bullmq/job-queue.ts';
import { createWorkers, type Workers } from './adapters/bullmq/workers.ts';
import { createEntraWriter } from './adapters/entra/directory-writer.ts';
import { createEntraDirectory } from './adapters/entra/entra-directory.ts';
import type { EntraCredential } from './adapters/entra/options.ts';
import { openDatabase } from './adapters/postgres/database.ts';
import { createStores } from './adapters/postgres/stores.ts';
import { createMailChannel } from './adapters/mail/mail-channel.ts';
import { createWebhookChannel } from './adapters/webhook/webhook-channel.ts';
import { createVault } from './adapters/vault/vault.ts';
import { createMetrics, type PrometheusMetrics } from './adapters/prometheus/create-metrics.ts';
import type { ScimCredential } from './adapters/scim/credential.ts';
import { profileByName } from './adapters/scim/profiles/profile-by-name.ts';
import { createScimProvider } from './adapters/scim/provider.ts';
import type { Config, ConnectionConfig, DirectoryConfig, ProviderCredential } from './config/config.ts';
import { configuredSecret } from './config/configured-secret.ts';
import { rulesOf } from './config/rules.ts';
import { CYCLE_KINDS } from './core/cycle.ts';
import { StartupError } from './core/errors.ts';
import { compileMapping } from './core/mapping/compile-mapping.ts';
import type { Clock } from './ports/clock.ts';
import type { DirectorySource } from './ports/directory-source.ts';
import type { DirectoryWriter } from './ports/directory-writer.ts';
import type { Connection, Gatherings, Ports } from './ports/index.ts';
import type { JobDefinition, ScheduledCycle } from './ports/job-queue.ts';
import type { Log } from './ports/log.ts';
import type { NotificationChannel } from './ports/notifications.ts';
import type { Metrics } from './ports/metrics.ts';
import { currentSecret } from './provisioning/credentials/keyring.ts';
import { spareSecret, type SwitchPorts } from './provisioning/credentials/spare-secret.ts';
import type { ConnectionStore } from './ports/stores.ts';
import { createPace } from './provisioning/pace.ts';
import { unlessSwitchedOff } from './provisioning/switched-off.ts';

/** Most operations in one slice. A slice costs some forty statements and jobs however long it is; pace keeps it to about a second. */
const SLICE = { redis: 1000, database: 500 } as const;
/** Slices of one connection out at a time: enough that none waits for the next, few enough that a stop is felt at once. */
const WINDOW = 4;
/** Cycles one process prepares at a time: each holds what it read of its tenant in memory. */
const GATHERINGS = 16;

export const systemClock: Clock = { now: () => Date.now() };

/** Everything opened from one configuration, and how to let go of it. */
export interface Context {
  readonly ports: Ports;
  readonly prometheus: PrometheusMetrics;
  /** BullMQ's own queues, for the queue board. */
  readonly queues: OpenJobQueue['queues'];
  /** Begins to take jobs. */
  work(): Promise<Workers>;
  /** Closes everything in reverse of opening. Workers are to be closed first. */
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
      return { kind: credential.kind, tokenUrl, clientId, clientSecret: current, ...scoped };
    }
    default:
      return credential satisfies never;
  }
}

function openConnection(
  config: ConnectionConfig,
  directory: DirectorySource,
  keyring: SwitchPorts,
  shared: Shared,
  states: ConnectionStore,
): Connection {
  const rules = rulesOf(config);
  const compiled = compileMapping(rules.mapping);
  // The configuration was checked with the same function, so this is a defect rather than a mistake of the operator.
  if ('problems' in compiled) throw new StartupError(`the mapping of connection ${rules.name} cannot be used`);
  const profile = profileByName(config.provider.profile);
  const concurrency = config.provider.concurrency ?? profile.rate.concurrency;
  const credential = configuredSecret(config.provider.credential);
  const provider = createScimProvider({
    connection: rules.name,
    url: config.provider.url,
    profile,
    credential: scimCredential(
      config.provider.credential,
      () => currentSecret(rules.name, credential, keyring),
      (refused) => spareSecret(rules.name, refused, keyring, shared.log),
    ),
    concurrency,
    timeoutMs: config.provider.timeoutSeconds * 1000,
    ...(config.provider.requestsPerSecond === undefined
      ? {}
      : { requestsPerSecond: config.provider.requestsPerSecond }),
    ...shared,
  });
  const switchable = unlessSwitchedOff(provider, rules.name, states, shared.now);
  const { firstProbeSeconds, longestProbeSeconds } = config.quarantine;
  const probes = { firstMs: firstProbeSeconds * 1000, longestMs: longestProbeSeconds * 1000 };
  return { rules, mapping: compiled.mapping, directory, provider: switchable, credential, concurrency, probes };
}

/** The cycles the configuration asks for on schedule. */
export function schedulesOf(config: Config): readonly Omit<ScheduledCycle, 'nextRun'>[] {
  return config.connections.flatMap(({ name, schedule }) => {
    const patterns = { initial: schedule.full, incremental: schedule.incremental, audit: schedule.audit };
    return CYCLE_KINDS.flatMap((kind) => {
      const pattern = patterns[kind];
      return pattern === undefined ? [] : [{ connection: name, kind, pattern, timezone: schedule.timezone }];
    });
  });
}

/** The database's URL as the adapter takes it. */
async function databaseUrl({ database }: Config): Promise<string> {
  return database.kind === 'embedded' ? `file:${database.path}` : database.url.read();
}

function createGatherings(): Gatherings {
  const slots = bulkhead(GATHERINGS, Number.POSITIVE_INFINITY);
  return { run: (work) => slots.execute(work) };
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
  const shared: Shared = { log, metrics: prometheus.metrics, now: () => systemClock.now() };
  const database = await openDatabase({ url: await databaseUrl(config), log, onFatal });
  const opened: (() => Promise<void>)[] = [() => database.close()];
  const closeAll = async () => {
    for (const close of opened.toReversed()) await close();
  };
  try {
    const directory = openDirectory(config.directory, shared);
    opened.push(() => directory.close());
    const stores = createStores({ database, clock: systemClock });
    const key = config.credentials.key;
    const vault = createVault(key === undefined ? {} : { key: () => key.read() });
    const writer = openWriter(config.directory, shared);
    if (writer !== undefined) opened.push(() => writer.close());
    const connections = new Map<string, Connection>();
    for (const settings of config.connections) {
      const connection = openConnection(
        settings,
        directory,
        { stores, vault, connections, clock: systemClock },
        shared,
        stores.connections,
      );
      opened.push(() => connection.provider.close());
      connections.set(settings.name, connection);
    }
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
      ...redis,
    });
    opened.push(() => queue.close());
    const slice = SLICE[config.queue.kind];
    const ports: Ports = {
      stores,
      vault,
      channels,
      queue,
      connections,
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
    prometheus.watch({ stores: ports.stores, queue: ports.queue });
    return {
      ports,
      prometheus,
      queues: queue.queues,
      work: () =>
        createWorkers({
          queue,
          definitions: options.jobs,
          ports,
          connections: names,
          log,
          metrics: prometheus.workers,
          // A dead worker's jobs come back when its slices do: one setting says how long silence is believed.
          lockMs: ports.worker.leaseMs,
        }),
      close: closeAll,
    };
  } catch (error) {
    await closeAll();
    throw error;
  }
}
