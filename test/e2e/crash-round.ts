import { readFileSync, writeFileSync } from 'node:fs';
import { expect } from 'vitest';
import { createApiClient } from '../../src/cli/api-client.ts';
import { createOperatorClient, type OperatorClient } from '../../src/cli/operator-client.ts';
import { connectToDaemon } from '../../src/cli/transport.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { WriteObserver } from '../../src/sandbox/provider/http-server.ts';
import { ARMED, DYING } from './crash-at.ts';
import { createCompany, type Expected } from './crash-company.ts';
import { heldBy, trafficBetween, trafficOf, watchProvider, type Watch } from './crash-watch.ts';
import { closed, eventually, startWorld, type Daemon, type Platform, type World } from './world.ts';

/** Long enough for several daemons one after the other on a busy machine; ends a test that hangs. */
export const PATIENCE_MS = 600_000;

/** A world whose company changes from round to round, in the middle of its life: nothing is new, nothing is at rest. */
export interface Stage {
  readonly world: World;
  readonly watch: Watch;
  /** Makes the changes of the next round; `expectSettled` is about them. */
  change(): void;
  /** Asserts that the provider holds exactly what it should, reached without a detour, and that nothing is left to do. */
  expectSettled(operator: OperatorClient): Promise<void>;
}

export interface StageOptions {
  /** Asked around every write the provider gets. */
  readonly observer?: WriteObserver;
  /** Requests to the provider in flight at once; the profile's by default. */
  readonly concurrency?: number;
  /** Whether a write may have been sent again that was then refused. */
  readonly mayRetry?: () => boolean;
}

/** How many requests to the provider may be in flight. */
function setConcurrency(configFile: string, concurrency: number): void {
  const settings = readFileSync(configFile, 'utf8');
  writeFileSync(configFile, settings.replace(/^( *)profile: generic$/m, `$&\n$1concurrency: ${concurrency}`));
}

/** Starts a world and runs two full cycles in it, so that the next round has everything to do that a round can have. */
export async function startStage(
  platform: Platform,
  { observer = {}, concurrency, mayRetry = () => false }: StageOptions = {},
): Promise<Stage> {
  const company = createCompany();
  // Round after round people leave and groups go with their members, within minutes and on purpose.
  const guards = { off: ['too-many-removals', 'group-cliff', 'non-empty-group-delete'] };
  const world = await startWorld({ platform, organisation: company.organisation, connection: { guards } });
  if (concurrency !== undefined) setConcurrency(world.configFile, concurrency);
  // Where names are free, a create that is carried out after its retry makes a second group, and no client can prevent it.
  world.provider.faults.set({ fault: 'uniqueGroupNames' });
  const watch = watchProvider(world.provider, observer);
  let before: Expected = { accounts: new Map(), groups: new Map() };
  let after = before;
  const change = () => {
    before = after;
    company.change();
    after = company.expected();
    watch.between(before, after);
    world.provider.clearRequests();
  };
  for (let cycle = 0; cycle < 2; cycle++) {
    change();
    expect((await world.fullCycle()).result).toBe('succeeded');
  }
  return {
    world,
    watch,
    change,
    async expectSettled(operator) {
      expect(heldBy(world.provider)).toEqual(after);
      expect([...watch.wrongs]).toEqual([]);
      const traffic = trafficOf(world.provider);
      expect({ ...traffic, refused: mayRetry() ? 0 : traffic.refused }).toEqual(trafficBetween(before, after));
      const { plan } = await operator.plan('acme', () => undefined, new AbortController().signal);
      expect(plan.operations).toEqual([]);
    },
  };
}

/** Where a daemon is to die: at the n-th boundary after it was armed, or at the first of a name. */
export function dyingAt({ provider }: World, at: number | string): readonly string[] {
  const preload = new URL('../../dist/test/e2e/crash-at.js', import.meta.url);
  preload.search = new URLSearchParams({ origin: new URL(provider.url).origin, at: String(at) }).toString();
  return ['--import', preload.href];
}

/** Whether a daemon is no more. */
export function hasEnded({ child }: Daemon): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Makes a daemon count boundaries from now on. One that works may reach the place, and be dead, before it is looked at again. */
export async function arm(daemon: Daemon): Promise<void> {
  daemon.child.kill('SIGWINCH');
  await eventually(async () => {
    if (daemon.output().includes(ARMED)) return true;
    if (hasEnded(daemon)) throw new Error(`the daemon has ended:\n${daemon.output()}`);
    return undefined;
  });
}

/** What a dead daemon said it died at. Throws with its output when it ended in another way. */
export function lastWords(daemon: Daemon): string {
  const words = daemon
    .output()
    .split('\n')
    .find((line) => line.startsWith(DYING));
  if (words === undefined) throw new Error(`the daemon ended by itself:\n${daemon.output()}`);
  return words.replace(/^.*: /, '');
}

/** A client of the daemon that runs. Throws with its output when it is not alive. */
export async function clientOf({ configFile }: World, daemon: Daemon): Promise<OperatorClient> {
  if (hasEnded(daemon)) {
    throw new Error(`the daemon has ended:\n${daemon.output()}`);
  }
  return createOperatorClient(createApiClient(await connectToDaemon(loadConfig(configFile, process.env))));
}

/** Asks for a full cycle. Undefined when the daemon died before it could answer: then it may have been opened or not. */
export async function askForCycle(operator: OperatorClient, daemon: Daemon): Promise<string | undefined> {
  try {
    return (await operator.startCycle({ connection: 'acme', kind: 'initial', requestedBy: 'test' })).id;
  } catch (error) {
    if ((await daemon.ended).signal === 'SIGKILL') return undefined;
    throw error;
  }
}

/** Brings the cycle of this round to its end: the open one, or a new one where a crash came before it was opened. */
export async function finishCycle(operator: OperatorClient, known: ReadonlySet<string>): Promise<string> {
  const [newest] = await operator.listCycles({ limit: 1 });
  const id =
    newest === undefined || known.has(newest.id)
      ? (await operator.startCycle({ connection: 'acme', kind: 'initial', requestedBy: 'test' })).id
      : newest.id;
  expect((await closed(operator, id)).result).toBe('succeeded');
  return id;
}
