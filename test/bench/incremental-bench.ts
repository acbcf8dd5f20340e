import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'undici';
import {
  configure,
  forget,
  methodsSeen,
  runCycle,
  startDaemon,
  startProvider,
  startServers,
  type Daemon,
  type Platform,
} from './bench-world.ts';
import type { Program } from './process.ts';
import type { BenchTenant } from './tenant-main.ts';

/** What one cycle cost: requests to Graph, requests to the provider that read and that write, and ms. */
export interface CycleCost {
  readonly graphReads: number;
  readonly providerReads: number;
  readonly writes: number;
  readonly ms: number;
}

export interface IncrementalFigures {
  readonly platform: Platform;
  readonly accounts: number;
  readonly changes: number;
  readonly incremental: CycleCost;
  /** A full cycle right after it, which finds nothing to do. */
  readonly full: CycleCost;
}

async function control(tenant: BenchTenant, verb: string, body: object): Promise<void> {
  const answer = await request(new URL(`/_sandbox/${verb}`, tenant.graph), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const said = await answer.body.text();
  if (answer.statusCode !== 200) throw new Error(`${verb} was answered ${answer.statusCode}: ${said}`);
}

/** Requests for tokens are no reads of the directory. */
async function graphReads(tenant: BenchTenant): Promise<number> {
  const { body } = await request(new URL('/_sandbox/counters', tenant.graph));
  const { value }: { readonly value: Readonly<Record<string, number>> } = JSON.parse(await body.text());
  return Object.entries(value).reduce((sum, [name, count]) => sum + (name.includes('/token ') ? 0 : count), 0);
}

async function cost(
  kind: 'initial' | 'incremental',
  daemon: Daemon,
  tenant: BenchTenant,
  provider: Program,
): Promise<CycleCost> {
  await control(tenant, 'clearRequests', {});
  await forget(provider);
  const cycle = await runCycle(daemon, kind);
  if (cycle.kind !== kind) throw new Error(`the ${kind} cycle became ${cycle.kind}`);
  const methods = await methodsSeen(provider);
  const writes = methods.filter((method) => method !== 'GET').length;
  return {
    graphReads: await graphReads(tenant),
    providerReads: methods.length - writes,
    writes,
    ms: (cycle.closedAt ?? 0) - cycle.createdAt,
  };
}

/** The titles of a few people change in a tenant that is provisioned: an incremental cycle, then a full one. */
export async function benchIncremental(
  platform: Platform,
  program: Program,
  nodeArguments: readonly string[],
): Promise<IncrementalFigures> {
  const tenant: BenchTenant = JSON.parse(program.said);
  const directory = await mkdtemp(join(tmpdir(), 'headgate-bench-'));
  const servers = await startServers(platform);
  try {
    const provider = await startProvider();
    const config = await configure(directory, program, provider, servers.settings);
    const daemon = await startDaemon(config, nodeArguments);
    const first = await runCycle(daemon, 'initial');
    for (const user of tenant.assigned)
      await control(tenant, 'updateUser', { user, properties: { jobTitle: 'Changed' } });
    const incremental = await cost('incremental', daemon, tenant, provider);
    const full = await cost('initial', daemon, tenant, provider);
    await daemon.stop();
    await provider.stop();
    const accounts = first.planCounts?.entitledUsers ?? 0;
    return { platform, accounts, changes: tenant.assigned.length, incremental, full };
  } finally {
    await servers.stop();
    await rm(directory, { recursive: true, force: true });
  }
}
