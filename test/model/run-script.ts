import type { CycleKind } from '../../src/core/cycle.ts';
import type { Stores } from '../../src/ports/stores.ts';
import type { HandClock } from '../contract/stores.contract.ts';
import { compare } from './oracle.ts';
import type { Script } from './script.ts';
import { World } from './world.ts';

/** Calm cycles by which everything must be as it should: what one creates, the next may refer to. */
const CALM = 4;

type Comparison = ReturnType<typeof compare>;

function compareNow({ organisation, provider, watch }: World): Comparison {
  return compare(organisation, provider, watch.claimed);
}

function isRight({ differences, blocked }: Comparison): boolean {
  return differences.length === 0 && blocked.size === 0;
}

/**
 * Plays a history and returns everything that is wrong: what an entitled user lost at any moment, and what differs from
 * the desired state after a few calm cycles of the given kind.
 */
export async function runScript(
  name: string,
  script: Script,
  calm: CycleKind,
  under: { readonly stores: Stores; readonly clock: HandClock },
): Promise<readonly string[]> {
  const world = new World(name, script, under.stores, under.clock);
  await world.calmCycle('initial');
  for (const step of script.days.flat()) {
    await world.take(step);
    if (world.watch.violations.length > 0) return world.watch.violations;
  }
  await world.rest();
  let end = compareNow(world);
  for (let cycle = 0; cycle < CALM && (cycle === 0 || !isRight(end)); cycle++) {
    await world.calmCycle(calm);
    if (world.watch.violations.length > 0) return world.watch.violations;
    end = compareNow(world);
  }
  if (!isRight(end)) return end.differences;
  const last = await world.calmCycle('initial');
  if (world.watch.violations.length > 0) return world.watch.violations;
  const counts = JSON.stringify(last.planCounts?.operations);
  return counts === '{}' && last.result === 'succeeded'
    ? []
    : [
        `a cycle with nothing to do ended ${last.result ?? 'not at all'} and planned ${counts}: ${last.failure?.message ?? ''}`,
      ];
}
