import { afterEach, describe, expect, test } from 'vitest';
import { passingTrouble } from '../../src/cli/patience.ts';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { knownCycles } from './crash-life.ts';
import { clientOf, finishCycle, hasEnded, PATIENCE_MS, startStage, type Stage } from './crash-round.ts';
import { eventually, platforms } from './world.ts';

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.world.close();
  stage = undefined;
});

/** Asks again while the daemon answers that it cannot reach its database. */
function patient(operator: OperatorClient): OperatorClient {
  const again = async <T>(ask: () => Promise<T>): Promise<T> => {
    const answer = await eventually(() =>
      ask().then(
        (value) => ({ value }),
        (error: unknown) => {
          if (passingTrouble(error) !== undefined) return undefined;
          throw error;
        },
      ),
    );
    return answer.value;
  };
  return {
    ...operator,
    getCycle: (id) => again(() => operator.getCycle(id)),
    listCycles: (filter) => again(() => operator.listCycles(filter)),
  };
}

describe.each(platforms().filter((platform) => platform === 'servers'))('on %s', (platform) => {
  test(
    'a cycle goes on in the same process when PostgreSQL falls over and comes back while writes are under way',
    async () => {
      let writes = 0;
      const beforeWrite = async () => {
        writes += 1;
        if (writes % 5 === 4) await stage?.world.crashPostgres();
      };
      stage = await startStage(platform, { observer: { beforeWrite } });
      const { world } = stage;
      const daemon = await world.daemon();
      const operator = await clientOf(world, daemon);
      const known = await knownCycles(operator);
      stage.change();
      writes = 0;
      await finishCycle(patient(operator), known);
      await stage.expectSettled(operator);
      expect(hasEnded(daemon)).toBe(false);
      expect(writes).toBeGreaterThan(5);
    },
    PATIENCE_MS,
  );
});
