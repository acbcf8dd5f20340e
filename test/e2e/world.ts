import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stringify } from 'yaml';
import { openInProcess } from '../../src/main.ts';
import { createApiClient } from '../../src/cli/api-client.ts';
import { freePort } from '../../src/cli/demo/daemon.ts';
import { createOperatorClient, type OperatorClient } from '../../src/cli/operator-client.ts';
import { loadConfig, loadFile } from '../../src/config/load.ts';
import type { CycleView } from '../../src/ports/operator.ts';
import { generateOrganisation } from '../../src/sandbox/organisation/generate.ts';
import type { Organisation } from '../../src/sandbox/organisation/organisation.ts';
import { startProvider, type ProviderOptions, type SandboxProvider } from '../../src/sandbox/provider/provider.ts';
import {
  migrationApplication,
  readerApplication,
  type RegisteredApplication,
} from '../../src/sandbox/tenant/login/applications.ts';
import { startTenant, type Tenant, type TenantOptions } from '../../src/sandbox/tenant/tenant.ts';
import { postgresAvailable, redisAvailable, startPostgres, startRedis } from '../services.ts';

/** How state and queue are kept in a test. */
export type Platform = 'embedded' | 'servers';

/** Platforms the suites run on: embedded always, Redis with PostgreSQL where installed (in CI: always). */
export function platforms(): readonly Platform[] {
  return redisAvailable() && postgresAvailable() ? ['embedded', 'servers'] : ['embedded'];
}

export interface WorldOptions {
  readonly platform?: Platform;
  readonly organisation?: Organisation;
  readonly tenant?: Partial<TenantOptions>;
  readonly provider?: ProviderOptions;
  /** What Headgate takes the provider for; generic when absent. */
  readonly profile?: string;
  /** Another SCIM server instead of the sandbox's. */
  readonly scim?: { readonly url: string; readonly token: string };
  /** Configures the separate identity that may write to the directory, with these permissions or the ones it needs. */
  readonly migrations?: boolean | readonly string[];
  /** Merged over the configuration, top level by top level. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Merged over the one connection. */
  readonly connection?: Readonly<Record<string, unknown>>;
}

/** A tenant, a service provider, a database, a queue and a configuration that joins them. */
export interface World {
  readonly tenant: Tenant;
  readonly provider: SandboxProvider;
  readonly directory: string;
  readonly configFile: string;
  readonly redisUrl: string | undefined;
  /** Kills PostgreSQL and starts it again with what it had written. */
  crashPostgres(): Promise<void>;
  /** A Headgate inside the test process that works. Close it before another is opened. */
  open(): Promise<OperatorClient>;
  /** Runs a full cycle in this process to its end. */
  fullCycle(): Promise<CycleView>;
  /** A daemon in a process of its own, with its log collected; ready when this resolves. */
  daemon(options?: {
    readonly nodeArguments?: readonly string[];
    readonly role?: string;
    readonly port?: number;
  }): Promise<Daemon>;
  close(): Promise<void>;
}

export interface Daemon {
  readonly child: ChildProcess;
  readonly url: string;
  readonly output: () => string;
  /** Resolves when the process has ended, with how. */
  readonly ended: Promise<{ readonly code: number | null; readonly signal: NodeJS.Signals | null }>;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

export { freePort };

/** Asks again and again until the answer is there; the runner's own timeout ends it. */
export async function eventually<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await pause(25);
  }
}

/** A cycle, once it is closed. */
export function closed(operator: OperatorClient, id: string): Promise<CycleView> {
  return eventually(async () => {
    const cycle = await operator.getCycle(id);
    return cycle.phase === 'closed' ? cycle : undefined;
  });
}

/** Starts everything on free ports in a directory of its own. */
export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const directory = await mkdtemp(join(tmpdir(), 'headgate-e2e-'));
  const organisation = options.organisation ?? generateOrganisation({ seed: 7, users: 40, groups: 6 });
  const writer = migrationApplication(
    typeof options.migrations === 'object' ? { permissions: options.migrations } : {},
  );
  const tenant = await startTenant({ organisation, applications: [readerApplication(), writer], ...options.tenant });
  const provider = await startProvider(options.provider ?? {});
  const servers =
    options.platform === 'servers' ? { redis: await startRedis(), postgres: await startPostgres() } : undefined;
  const [application] = tenant.applications();
  const [principal] = [...organisation.servicePrincipals.values(organisation.version())];
  const secret = (name: string, value: string) => writeFileSync(join(directory, name), value, { mode: 0o600 });
  secret('entra-secret', application?.secrets[0]?.value ?? '');
  secret('migration-secret', writer.secrets[0]?.value ?? '');
  secret('acme-token', options.scim?.token ?? provider.token ?? '');
  const configFile = join(directory, 'headgate.yaml');
  const port = await freePort();
  const settings = {
    database: { url: servers?.postgres.url ?? 'file:./data' },
    ...(servers === undefined ? {} : { queue: { url: servers.redis.url } }),
    directory: {
      kind: 'entra',
      tenant: tenant.tenantId,
      client: application?.clientId,
      credential: { kind: 'client_secret', secret_file: './entra-secret' },
      endpoints: { login: tenant.url, graph: tenant.graphUrl },
      ...(options.migrations === undefined ? {} : { migration: identityOf(writer) }),
    },
    connections: [
      {
        name: 'acme',
        application: principal?.appId,
        provider: {
          profile: options.profile ?? 'generic',
          url: options.scim?.url ?? provider.url,
          credential: { kind: 'bearer', token_file: './acme-token' },
        },
        ...options.connection,
      },
    ],
    http: { port },
    worker: { leaseSeconds: 5, drainSeconds: 5 },
    ...options.config,
  };
  writeFileSync(configFile, stringify(settings));
  const opened = new Set<() => Promise<void>>();
  const open = async () => {
    const transport = await openInProcess(
      loadConfig(configFile, process.env),
      { work: true, migrationsOf: 'all', reread: () => loadFile(configFile, process.env) },
      'test',
    );
    const client = createOperatorClient(createApiClient(transport));
    const close = async () => {
      opened.delete(close);
      await client.close();
    };
    opened.add(close);
    return { ...client, close };
  };
  return {
    tenant,
    provider,
    directory,
    configFile,
    redisUrl: servers?.redis.url,
    async crashPostgres() {
      if (servers === undefined) throw new Error('this world has no PostgreSQL');
      await servers.postgres.crash();
    },
    open,
    async fullCycle() {
      const operator = await open();
      try {
        const started = await operator.startCycle({ connection: 'acme', kind: 'initial', requestedBy: 'test' });
        return await closed(operator, started.id);
      } finally {
        await operator.close();
      }
    },
    async daemon(how = {}) {
      const file = how.port === undefined ? configFile : withPort(configFile, how.port);
      const daemon = await startDaemonProcess(file, how.port ?? port, how.nodeArguments ?? [], how.role ?? 'all');
      const close = async () => {
        opened.delete(close);
        await daemon.stop('SIGKILL');
      };
      opened.add(close);
      return daemon;
    },
    async close() {
      for (const close of opened) await close();
      await Promise.all([tenant.close(), provider.close(), servers?.redis.stop(), servers?.postgres.stop()]);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** As `directory.migration` of the configuration. Reads need not be apart in a test: replicas are moved by hand. */
function identityOf({ clientId }: RegisteredApplication): object {
  const credential = { kind: 'client_secret', secret_file: './migration-secret' };
  return { client: clientId, credential, settleSeconds: 0 };
}

/** A copy of a configuration file that listens on another port, for a second daemon beside the first. */
function withPort(configFile: string, port: number): string {
  const copy = configFile.replace(/\.yaml$/, `-${port}.yaml`);
  writeFileSync(copy, readFileSync(configFile, 'utf8').replace(/^( +)port: \d+$/m, `$1port: ${port}`));
  return copy;
}

async function startDaemonProcess(
  configFile: string,
  port: number,
  nodeArguments: readonly string[],
  role: string,
): Promise<Daemon> {
  const child = spawn(
    process.execPath,
    [...nodeArguments, 'dist/src/cli/main.js', 'serve', '--role', role, '--config', configFile],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  );
  let said = '';
  child.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (said += chunk.toString()));
  const ended = once(child, 'exit').then(([code, signal]: (number | NodeJS.Signals | null)[]) => ({
    code: typeof code === 'number' ? code : null,
    signal: typeof signal === 'string' ? signal : null,
  }));
  const url = `http://127.0.0.1:${port}`;
  await eventually(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return true;
    return fetch(`${url}/livez`).then(
      ({ ok }) => (ok ? true : undefined),
      () => undefined,
    );
  });
  return {
    child,
    url,
    output: () => said,
    ended,
    async stop(signal = 'SIGTERM') {
      child.kill(signal);
      await ended;
    },
  };
}

export interface CommandOutcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line in a process of its own. */
export async function headgate(argv: readonly string[], cwd: string): Promise<CommandOutcome> {
  const entry = new URL('../../dist/src/cli/main.js', import.meta.url).pathname;
  const child = spawn(process.execPath, [entry, ...argv], { cwd, stdio: ['ignore', 'pipe', 'pipe'] });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  await once(child, 'close');
  return { code: child.exitCode ?? -1, stdout, stderr };
}
