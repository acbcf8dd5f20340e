import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import { parse, stringify } from 'yaml';
import { generic } from '../../src/adapters/scim/profiles/generic.ts';
import { createApiClient } from '../../src/cli/api-client.ts';
import { createOperatorClient, type OperatorClient } from '../../src/cli/operator-client.ts';
import { freePort } from '../../src/cli/demo/daemon.ts';
import { connectToDaemon, daemonLives } from '../../src/cli/transport.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { CycleView } from '../../src/ports/operator.ts';
import { writeConfiguration } from '../../src/sandbox/sandbox-files.ts';
import { startPostgres, startRedis } from '../services.ts';
import { bareLoop, readWrites } from './bare-loop.ts';
import { built, startProgram, type Program } from './process.ts';
import type { TenantAddresses } from './tenant-main.ts';

export type Platform = 'redis' | 'embedded';

/** What a cycle of a whole tenant cost. Times in ms. */
export interface CycleFigures {
  readonly platform: Platform;
  readonly accounts: number;
  readonly writes: number;
  readonly exportMs: number;
  readonly cycleMs: number;
  readonly bareMs: number;
  /** Processor time of the daemon while it exported, and of the bare loop: what other programs take away does not count. */
  readonly exportCpuMs: number | undefined;
  readonly bareCpuMs: number;
  /** A second full cycle in which nothing changed. */
  readonly quietMs: number;
  readonly quietWrites: number;
  /** Peak resident memory of the daemon, in bytes; undefined where the system does not tell. */
  readonly peakBytes: number | undefined;
}

export interface CycleBenchOptions {
  readonly platform: Platform;
  readonly tenant: Program;
  /** Passed to node before the daemon's own arguments, such as --cpu-prof. */
  readonly nodeArguments: readonly string[];
}

/** What the profile `generic` allows, unless the configuration says otherwise. */
const CONCURRENCY = generic.rate.concurrency;
const TOKEN = 'bench-token-0123456789';
/** How often the benchmark asks whether a cycle is over: rare enough not to be what is measured. */
const ASK_MS = 250;

/** A cycle that takes longer has stopped for good: the benchmark must end by itself. */
const LONGEST_CYCLE_MS = 240_000;

interface Daemon {
  readonly operator: OperatorClient;
  readonly pid: number;
  stop(): Promise<void>;
}

function startProvider(): Promise<Program> {
  return startProgram([built('../../src/sandbox/provider/main.js'), '--token', TOKEN]);
}

function urlOf(provider: Program): string {
  const { url }: { readonly url: string } = JSON.parse(provider.said);
  return url;
}

/** The provider's own log, not the daemon's word, says what was sent in a cycle. */
async function forget(provider: Program): Promise<void> {
  const response = await request(new URL('/_sandbox/requests', urlOf(provider)), { method: 'DELETE' });
  await response.body.dump();
}

async function writesSeen(provider: Program): Promise<number> {
  const { body } = await request(new URL('/_sandbox/requests', urlOf(provider)));
  const { requests }: { readonly requests: readonly { readonly method: string }[] } = JSON.parse(await body.text());
  return requests.filter(({ method }) => method !== 'GET').length;
}

/** Redis and PostgreSQL as their documentation recommends, or nothing for the embedded default. */
async function startServers(platform: Platform) {
  if (platform === 'embedded') return { settings: {}, stop: async () => {} };
  const [redis, postgres] = [await startRedis(), await startPostgres({ fsync: 'on' })];
  return {
    settings: { database: { url: postgres.url }, queue: { url: redis.url } },
    stop: async () => void (await Promise.all([redis.stop(), postgres.stop()])),
  };
}

async function configure(
  directory: string,
  tenant: Program,
  provider: Program,
  settings: object,
): Promise<Config & { file: string }> {
  const addresses: TenantAddresses = JSON.parse(tenant.said);
  const file = await writeConfiguration(directory, {
    ...addresses,
    scim: urlOf(provider),
    scimToken: TOKEN,
    profile: 'generic',
    httpPort: await freePort(),
  });
  const written: object = parse(await readFile(file, 'utf8'));
  await writeFile(file, stringify({ ...written, ...settings, log: { level: 'error' } }));
  return { ...loadConfig(file, {}), file };
}

async function startDaemon(config: Config & { file: string }, nodeArguments: readonly string[], writesFile: string) {
  const recorder = built('./record-writes.js');
  const argv = [
    ...nodeArguments,
    '--import',
    recorder,
    built('../../src/cli/main.js'),
    'serve',
    '--config',
    config.file,
  ];
  const env = { ...process.env, HEADGATE_BENCH_WRITES: writesFile };
  const child = spawn(process.execPath, argv, { stdio: 'inherit', env });
  const kill = () => child.kill('SIGKILL');
  process.on('exit', kill);
  const ended = once(child, 'exit').then(() => process.off('exit', kill));
  while (!(await daemonLives(config.http))) {
    if (child.exitCode !== null) throw new Error('the daemon ended before it was ready');
    await pause(ASK_MS);
  }
  const operator = createOperatorClient(createApiClient(await connectToDaemon(config)));
  return {
    operator,
    pid: child.pid ?? 0,
    async stop() {
      await operator.close();
      child.kill('SIGTERM');
      await ended;
    },
  } satisfies Daemon;
}

/** Processor time a process has taken so far, in ms; undefined where the system does not tell. */
async function cpuMs(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // Fields 14 and 15 (proc(5)), in hundredths of a second; the second field is a name that may hold spaces.
  const [user, system] = stat?.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14).map(Number) ?? [];
  return user === undefined || system === undefined ? undefined : (user + system) * 10;
}

async function fullCycle({ operator, pid }: Daemon): Promise<{ cycle: CycleView; exportCpuMs: number | undefined }> {
  const started = await operator.startCycle({ connection: 'acme', kind: 'initial', requestedBy: 'bench' });
  let before: number | undefined;
  for (;;) {
    await pause(ASK_MS);
    if (Date.now() - started.createdAt > LONGEST_CYCLE_MS) throw new Error('the cycle does not come to an end');
    const cycle = await operator.getCycle(started.id);
    if (cycle.phase === 'exporting') before ??= await cpuMs(pid);
    if (cycle.phase !== 'closed') continue;
    // Colliding names of the generated organisation stay held, and a cycle with nothing else to do says so.
    if (cycle.result !== 'succeeded' && cycle.result !== 'held')
      throw new Error(`the cycle ended as ${cycle.result}: ${cycle.failure?.message}`);
    const after = await cpuMs(pid);
    return { cycle, exportCpuMs: before === undefined || after === undefined ? undefined : after - before };
  }
}

async function peakBytes(pid: number): Promise<number | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const kilobytes = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1];
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024;
}

/**
 * One initial cycle and a second one in which nothing changed, then the bare loop with the very same writes against a
 * provider of its own. Tenant, provider and daemon are processes of their own.
 */
export async function benchCycles(options: CycleBenchOptions): Promise<CycleFigures> {
  const directory = await mkdtemp(join(tmpdir(), 'headgate-bench-'));
  const servers = await startServers(options.platform);
  const writesFile = join(directory, 'writes.jsonl');
  try {
    const provider = await startProvider();
    const config = await configure(directory, options.tenant, provider, servers.settings);
    const daemon = await startDaemon(config, options.nodeArguments, writesFile);
    const { cycle: first, exportCpuMs } = await fullCycle(daemon);
    await forget(provider);
    const { cycle: second } = await fullCycle(daemon);
    const quietWrites = await writesSeen(provider);
    const peak = await peakBytes(daemon.pid);
    await daemon.stop();
    await provider.stop();
    const writes = await readWrites(writesFile);
    const fresh = await startProvider();
    const cpuBefore = process.cpuUsage();
    const bareMs = await bareLoop(new URL(urlOf(fresh)).origin, TOKEN, writes, CONCURRENCY);
    const bareCpu = process.cpuUsage(cpuBefore);
    await fresh.stop();
    return {
      platform: options.platform,
      accounts: first.planCounts?.entitledUsers ?? 0,
      writes: writes.length,
      exportMs: (first.closedAt ?? 0) - (first.plannedAt ?? 0),
      cycleMs: (first.closedAt ?? 0) - first.createdAt,
      bareMs,
      exportCpuMs,
      bareCpuMs: (bareCpu.user + bareCpu.system) / 1000,
      quietMs: (second.closedAt ?? 0) - second.createdAt,
      quietWrites,
      peakBytes: peak,
    };
  } finally {
    await servers.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
