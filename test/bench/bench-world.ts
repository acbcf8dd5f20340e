import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { request } from 'undici';
import { parse, stringify } from 'yaml';
import { createApiClient } from '../../src/cli/api-client.ts';
import { createOperatorClient, type OperatorClient } from '../../src/cli/operator-client.ts';
import { freePort } from '../../src/cli/demo/daemon.ts';
import { connectToDaemon, daemonLives } from '../../src/cli/transport.ts';
import type { Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { CycleView } from '../../src/ports/operator.ts';
import { writeConfiguration } from '../../src/sandbox/sandbox-files.ts';
import { startPostgres, startRedis } from '../services.ts';
import { built, startProgram, type Program } from './process.ts';
import type { TenantAddresses } from './tenant-main.ts';

export type Platform = 'redis' | 'embedded';

export const TOKEN = 'bench-token-0123456789';
/** How often the benchmark asks whether a cycle is over: rare enough not to be what is measured. */
const ASK_MS = 250;

/** A cycle that takes longer has stopped for good: the benchmark must end by itself. */
const LONGEST_CYCLE_MS = 600_000;

export interface Daemon {
  readonly operator: OperatorClient;
  readonly pid: number;
  stop(): Promise<void>;
}

/** A provider of its own process that answers at once, or after so many ms. */
export async function startProvider(answerMs = 0): Promise<Program> {
  const provider = await startProgram([built('../../src/sandbox/provider/main.js'), '--token', TOKEN]);
  if (answerMs > 0) await answerAfter(provider, answerMs);
  return provider;
}

async function answerAfter(provider: Program, ms: number): Promise<void> {
  const { statusCode, body } = await request(new URL('/_sandbox/faults', urlOf(provider)), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ fault: 'slow', value: ms }),
  });
  await body.dump();
  if (statusCode >= 300) throw new Error(`the provider did not become slower: ${statusCode}`);
}

export function urlOf(provider: Program): string {
  const { url }: { readonly url: string } = JSON.parse(provider.said);
  return url;
}

/** The provider's own log, not the daemon's word, says what was sent in a cycle. */
export async function forget(provider: Program): Promise<void> {
  const response = await request(new URL('/_sandbox/requests', urlOf(provider)), { method: 'DELETE' });
  await response.body.dump();
}

/** Methods of the requests the provider answered since it was told to forget. */
export async function methodsSeen(provider: Program): Promise<readonly string[]> {
  const { body } = await request(new URL('/_sandbox/requests', urlOf(provider)));
  const { requests }: { readonly requests: readonly { readonly method: string }[] } = JSON.parse(await body.text());
  return requests.map(({ method }) => method);
}

/** Redis and PostgreSQL as their documentation recommends, or nothing for the embedded default. */
export async function startServers(platform: Platform) {
  if (platform === 'embedded') return { settings: {}, stop: async () => {} };
  const [redis, postgres] = [await startRedis(), await startPostgres({ fsync: 'on' })];
  return {
    settings: { database: { url: postgres.url }, queue: { url: redis.url } },
    stop: async () => void (await Promise.all([redis.stop(), postgres.stop()])),
  };
}

export async function configure(
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

export async function startDaemon(
  config: Config & { file: string },
  nodeArguments: readonly string[],
  writesFile?: string,
) {
  const recorder = built('./record-writes.js');
  const argv = [
    ...nodeArguments,
    ...(writesFile === undefined ? [] : ['--import', recorder]),
    built('../../src/cli/main.js'),
    'serve',
    '--config',
    config.file,
  ];
  const env = { ...process.env, ...(writesFile === undefined ? {} : { HEADGATE_BENCH_WRITES: writesFile }) };
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

/** Runs a cycle to its end; `look` is called each time the benchmark looks how far it is. */
export async function runCycle(
  { operator }: Daemon,
  kind: 'initial' | 'incremental',
  look: (cycle: CycleView) => Promise<void> = () => Promise.resolve(),
): Promise<CycleView> {
  const started = await operator.startCycle({ connection: 'acme', kind, requestedBy: 'bench' });
  for (;;) {
    await pause(ASK_MS);
    if (Date.now() - started.createdAt > LONGEST_CYCLE_MS) throw new Error('the cycle does not come to an end');
    const cycle = await operator.getCycle(started.id);
    await look(cycle);
    if (cycle.phase !== 'closed') continue;
    // Colliding names of the generated organisation stay held, and a cycle with nothing else to do says so.
    if (cycle.result !== 'succeeded' && cycle.result !== 'held')
      throw new Error(`the cycle ended as ${cycle.result}: ${cycle.failure?.message}`);
    return cycle;
  }
}
