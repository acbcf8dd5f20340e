import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generic } from '../../src/adapters/scim/profiles/generic.ts';
import type { CycleView } from '../../src/ports/operator.ts';
import { bareLoop, readWrites } from './bare-loop.ts';
import {
  configure,
  forget,
  methodsSeen,
  runCycle,
  startDaemon,
  startProvider,
  startServers,
  TOKEN,
  urlOf,
  type Daemon,
  type Platform,
} from './bench-world.ts';
import type { Program } from './process.ts';

/** What a cycle of a whole tenant cost. Times in ms. */
export interface CycleFigures {
  readonly platform: Platform;
  readonly answerMs: number;
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
  /** How long the provider takes for an answer, in ms; 0 is as fast as it can. */
  readonly answerMs: number;
  /** Passed to node before the daemon's own arguments, such as --cpu-prof. */
  readonly nodeArguments: readonly string[];
}

/** What the profile `generic` allows, unless the configuration says otherwise. */
const CONCURRENCY = generic.rate.concurrency;
/** Processor time a process has taken so far, in ms; undefined where the system does not tell. */
async function cpuMs(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  // Fields 14 and 15 (proc(5)), in hundredths of a second; the second field is a name that may hold spaces.
  const [user, system] = stat?.slice(stat.lastIndexOf(')')).split(' ').slice(12, 14).map(Number) ?? [];
  return user === undefined || system === undefined ? undefined : (user + system) * 10;
}

async function fullCycle(daemon: Daemon): Promise<{ cycle: CycleView; exportCpuMs: number | undefined }> {
  let before: number | undefined;
  const cycle = await runCycle(daemon, 'initial', async ({ phase }) => {
    if (phase === 'exporting') before ??= await cpuMs(daemon.pid);
  });
  const after = await cpuMs(daemon.pid);
  return { cycle, exportCpuMs: before === undefined || after === undefined ? undefined : after - before };
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
    const provider = await startProvider(options.answerMs);
    const config = await configure(directory, options.tenant, provider, servers.settings);
    const daemon = await startDaemon(config, options.nodeArguments, writesFile);
    const { cycle: first, exportCpuMs } = await fullCycle(daemon);
    await forget(provider);
    const { cycle: second } = await fullCycle(daemon);
    const quietWrites = (await methodsSeen(provider)).filter((method) => method !== 'GET').length;
    const peak = await peakBytes(daemon.pid);
    await daemon.stop();
    await provider.stop();
    const writes = await readWrites(writesFile);
    const fresh = await startProvider(options.answerMs);
    const cpuBefore = process.cpuUsage();
    const bareMs = await bareLoop(new URL(urlOf(fresh)).origin, TOKEN, writes, CONCURRENCY);
    const bareCpu = process.cpuUsage(cpuBefore);
    await fresh.stop();
    return {
      platform: options.platform,
      answerMs: options.answerMs,
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
