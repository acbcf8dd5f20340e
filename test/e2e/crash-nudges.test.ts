import { afterEach, describe, expect, test } from 'vitest';
import { JOBS } from '../../jobs/index.ts';
import { loadConfig } from '../../src/config/load.ts';
import { openContext, type Context } from '../../src/context.ts';
import { createLogger } from '../../src/logger.ts';
import { PATIENCE_MS, startStage, type Stage } from './crash-round.ts';
import { eventually, platforms, type World } from './world.ts';

/** How often everything is said. */
const TIMES = 5;

let stage: Stage | undefined;
let context: Context | undefined;
let stop: (() => Promise<void>) | undefined;
afterEach(async () => {
  await stop?.();
  await context?.close();
  await stage?.world.close();
  stage = context = stop = undefined;
});

async function openWorking({ configFile }: World): Promise<Context> {
  const config = loadConfig(configFile, process.env);
  const log = createLogger({ ...config.log, level: 'warn' }, { stream: process.stderr, terminal: false }, 'test');
  const onFatal = (error: Error) => {
    throw error;
  };
  const opened = await openContext({ config, jobs: JOBS, log, version: 'test', onFatal });
  await opened.work();
  stop = () => opened.stopWork(5000);
  return opened;
}

/** Every nudge there is about a cycle, several times and all at once, with slices seen so far and one that never was. */
async function nudge({ ports }: Context, cycle: string, slices: Set<string>): Promise<void> {
  for (const slice of await ports.stores.cycles.openSlices(cycle)) slices.add(slice);
  const about = Array.from({ length: TIMES }, () => [
    ports.queue.enqueue('start-cycle', { connection: 'acme', kind: 'initial', cycle }),
    ports.queue.enqueue('advance-cycle', { cycle }),
    ports.queue.enqueue('advance-cycle', { cycle }, { delayMs: 20 }),
    ...[...slices, `${cycle}-999999`].map((slice) =>
      ports.queue.enqueue('export-slice', { connection: 'acme', slice }),
    ),
  ]);
  await Promise.all(about.flat());
}

/** Resolves when every queue has nothing left to do. */
async function quiet({ ports }: Context): Promise<void> {
  await eventually(async () => {
    const counts = await ports.queue.counts();
    const busy = counts.flatMap(({ states }) => Object.entries(states)).filter(([, number]) => number > 0);
    return busy.every(([state]) => state === 'completed' || state === 'failed') || undefined;
  });
}

describe.each(platforms())('jobs on %s', (platform) => {
  test(
    'may come many times, too late, or about what never was, and change nothing',
    async () => {
      let during = async () => undefined as void;
      stage = await startStage(platform, { observer: { afterWrite: () => during() } });
      const { world } = stage;
      const opened = (context = await openWorking(world));
      const { cycles } = opened.ports.stores;
      stage.change();
      const slices = new Set<string>();
      const { id } = await cycles.open({ connection: 'acme', kind: 'initial', requestedBy: 'test' });
      during = () => nudge(opened, id, slices);
      await nudge(opened, id, slices);
      await eventually(async () => ((await cycles.get(id))?.phase === 'closed' ? true : undefined));
      await quiet(opened);

      const before = { cycle: await cycles.get(id), requests: world.provider.requests().length };
      expect(slices.size).toBeGreaterThan(1);
      await nudge(opened, id, slices);
      await quiet(opened);
      expect({ cycle: await cycles.get(id), requests: world.provider.requests().length }).toEqual(before);
      expect(before.cycle?.result).toBe('succeeded');
      await stop?.();
      await opened.close();
      stop = context = undefined;
      await stage.expectSettled(await world.open());
    },
    PATIENCE_MS,
  );
});
