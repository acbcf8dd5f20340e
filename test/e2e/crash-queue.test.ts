import { Redis } from 'ioredis';
import { afterEach, describe, expect, test } from 'vitest';
import { knownCycles } from './crash-life.ts';
import {
  arm,
  clientOf,
  dyingAt,
  finishCycle,
  hasEnded,
  lastWords,
  PATIENCE_MS,
  startStage,
  type Stage,
} from './crash-round.ts';
import { eventually, freePort, platforms, type Daemon, type World } from './world.ts';

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.world.close();
  stage = undefined;
});

/** Forgets every job, schedule and lock there is, as soon as `ready` says so. */
async function forgetAll({ redisUrl }: World, ready: (redis: Redis) => Promise<boolean>): Promise<void> {
  const redis = new Redis(redisUrl ?? '');
  await eventually(async () => (await ready(redis)) || undefined);
  await redis.flushall();
  await redis.quit();
}

// The embedded queue lies in the same database as the state: it is lost with it or not at all.
describe.each(platforms().filter((platform) => platform === 'servers'))('on %s', (platform) => {
  test(
    'a cycle goes on when Redis forgets everything while a write is under way',
    async () => {
      let writes = 0;
      const beforeWrite = async () => {
        writes += 1;
        if (stage !== undefined && writes === 4) await forgetAll(stage.world, () => Promise.resolve(true));
      };
      stage = await startStage(platform, { observer: { beforeWrite } });
      const daemon = await stage.world.daemon();
      const operator = await clientOf(stage.world, daemon);
      const known = await knownCycles(operator);
      stage.change();
      writes = 0;
      await finishCycle(operator, known);
      await stage.expectSettled(operator);
      expect(daemon.output()).not.toContain('"level":"error"');
    },
    PATIENCE_MS,
  );

  test(
    'a cycle goes on when Redis forgets the only nudge there is, while everybody waits for a Retry-After',
    async () => {
      stage = await startStage(platform, { mayRetry: () => true });
      const { world } = stage;
      const operator = await clientOf(world, await world.daemon());
      const known = await knownCycles(operator);
      stage.change();
      world.provider.faults.set({ fault: 'throttle', value: 2, times: 1, method: 'PATCH' });
      const forgotten = forgetAll(world, async (redis) => (await redis.zcard('headgate:headgate-control:delayed')) > 0);
      await Promise.all([finishCycle(operator, known), forgotten]);
      await stage.expectSettled(operator);
      expect(world.provider.requests().map(({ status }) => status)).toContain(429);
    },
    PATIENCE_MS,
  );

  test(
    'of two and of four workers those that live finish what the one was sending that died',
    async () => {
      stage = await startStage(platform);
      const { world } = stage;
      const scheduler = await world.daemon({ role: 'scheduler' });
      const operator = await clientOf(world, scheduler);
      for (const [count, deadly] of [
        [2, 'sent POST Groups'],
        [4, 'sent DELETE Groups'],
      ] as const) {
        const known = await knownCycles(operator);
        const workers = await Promise.all(Array.from({ length: count }, () => startWorker(world, deadly)));
        stage.change();
        for (const worker of workers) await arm(worker);
        await finishCycle(operator, known);
        await stage.expectSettled(operator);
        const dead = workers.filter(hasEnded);
        expect(dead.map(lastWords)).toEqual([deadly]);
        await Promise.all(workers.map((worker) => worker.stop('SIGKILL')));
      }
      expect(hasEnded(scheduler)).toBe(false);
    },
    PATIENCE_MS,
  );
});

async function startWorker(world: World, at: string): Promise<Daemon> {
  const worker = await world.daemon({ role: 'worker', port: await freePort(), nodeArguments: dyingAt(world, at) });
  await eventually(async () => worker.output().includes('"started"') || hasEnded(worker) || undefined);
  return worker;
}
