import { afterEach, describe, expect, test } from 'vitest';
import { createApiClient } from '../../src/cli/api-client.ts';
import { createOperatorClient } from '../../src/cli/operator-client.ts';
import { loadConfig, loadFile } from '../../src/config/load.ts';
import { openInProcess } from '../../src/main.ts';
import { knownCycles, liveThrough } from './crash-life.ts';
import { clientOf, finishCycle, hasEnded, PATIENCE_MS, startStage, type Stage } from './crash-round.ts';
import { freePort, platforms, type Daemon, type World } from './world.ts';

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.world.close();
  stage = undefined;
});

/** Asks the store, with nobody at work, whether anything was sent whose answer is not known. */
async function expectNothingInDoubt({ configFile }: World): Promise<void> {
  const transport = await openInProcess(
    loadConfig(configFile, process.env),
    { work: false, reread: () => loadFile(configFile, process.env) },
    'test',
  );
  const operator = createOperatorClient(createApiClient(transport));
  try {
    const [newest] = await operator.listCycles({ limit: 1 });
    const doubtful = await operator.operations(newest?.id ?? '', { states: ['in-flight', 'in-doubt'], limit: 10 });
    expect(doubtful).toEqual([]);
  } finally {
    await operator.close();
  }
}

describe.each(platforms())('a daemon on %s that is asked to stop in the middle of a cycle', (platform) => {
  test(
    'ends what it is sending, leaves with 0 and nothing in doubt, and goes on when it is started again',
    async () => {
      let victim: Daemon | undefined;
      let countdown = 0;
      const beforeWrite = () => {
        countdown -= 1;
        if (countdown === 0) victim?.child.kill('SIGTERM');
      };
      stage = await startStage(platform, { observer: { beforeWrite } });
      const { world } = stage;
      const stops = await liveThrough(stage, {
        first: 1,
        step: 4,
        async boot() {
          await expectNothingInDoubt(world);
          return world.daemon();
        },
        async arm(daemon, at) {
          victim = daemon;
          countdown = at;
        },
        diedAt({ child, output }) {
          expect({ code: child.exitCode, signal: child.signalCode, said: output() }).toMatchObject({
            code: 0,
            signal: null,
          });
          return 'stopped';
        },
      });
      expect(stops.length).toBeGreaterThan(1);
    },
    PATIENCE_MS,
  );
});

describe('an embedded data directory', () => {
  test(
    'is refused to a second process, which names the first, and is free again once that was killed',
    async () => {
      stage = await startStage('embedded');
      const { world } = stage;
      const first = await world.daemon();
      const second = await world.daemon({ port: await freePort() });
      expect(await second.ended).toMatchObject({ code: 1, signal: null });
      expect(second.output()).toContain(String(first.child.pid));
      expect(hasEnded(first)).toBe(false);
      stage.change();
      const operator = await clientOf(world, first);
      await finishCycle(operator, await knownCycles(operator));
      await stage.expectSettled(operator);
      await first.stop('SIGKILL');
      const third = await world.daemon();
      await stage.expectSettled(await clientOf(world, third));
    },
    PATIENCE_MS,
  );
});
