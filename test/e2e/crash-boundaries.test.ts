import { afterEach, describe, expect, test } from 'vitest';
import { liveThrough } from './crash-life.ts';
import { arm, dyingAt, lastWords, startStage, type Stage } from './crash-round.ts';
import { platforms, type Platform } from './world.ts';

/*
 * One daemon after the other is killed at the n-th boundary of a cycle, n growing from round to round, until a cycle has
 * fewer boundaries. The next daemon brings the cycle to its end and is then the next to die, so that state and provider have
 * a long and hard life behind them. Outside CI every ninth boundary is taken.
 *
 * A failure names its number and its boundary; HEADGATE_TEST_CRASH_AT with either runs that one alone:
 *   npm run build && HEADGATE_TEST_CRASH_AT='after cycles.savePlan' \
 *     npx vitest run --config test/vitest.config.ts test/e2e/crash-boundaries
 */
const ONLY = process.env['HEADGATE_TEST_CRASH_AT'];
const STRIDE = process.env['CI'] === 'true' ? 1 : 9;
/** Worlds beside one another: most of a recovery is waiting for the leases of the dead. */
const LANES: Readonly<Record<Platform, number>> = { embedded: 2, servers: 3 };

/** Every kind of boundary a cycle of this company has. */
const COMMITS = [
  'cycles.open',
  'cycles.leaseGathering',
  'cycles.savePlan',
  'cycles.cutSlices',
  'cycles.startSlice',
  'cycles.recordSlice',
  'cycles.setPhase',
  'cycles.close',
].flatMap((name) => [`before ${name}`, `after ${name}`]);
const WRITES = ['POST Users', 'PATCH Users', 'DELETE Users', 'POST Groups', 'PATCH Groups', 'DELETE Groups'].flatMap(
  (write) => ['before', 'sent', 'answered'].map((moment) => `${moment} ${write}`),
);
const EVERY_KIND = [...COMMITS, ...WRITES];

const stages = new Set<Stage>();
afterEach(async () => {
  for (const { world } of stages) await world.close();
  stages.clear();
});

async function openStage(platform: Platform): Promise<Stage> {
  // One request at a time: with several, the n-th boundary would be another one in every run.
  const stage = await startStage(platform, { concurrency: 1 });
  stages.add(stage);
  return stage;
}

/** Dies at boundary `first` and every `step`th after it, until a cycle has no more. */
function dieAtEvery(stage: Stage, first: number, step: number): Promise<readonly string[]> {
  return liveThrough(stage, {
    first,
    step,
    boot: (at) => stage.world.daemon({ nodeArguments: dyingAt(stage.world, at) }),
    arm,
    diedAt: lastWords,
  });
}

/** Dies at the first boundary of each name. */
async function dieAtEach(stage: Stage, names: readonly string[]): Promise<readonly string[]> {
  if (names.length === 0) return [];
  return liveThrough(stage, {
    first: 0,
    step: 1,
    boot: (at) => stage.world.daemon({ nodeArguments: dyingAt(stage.world, names[at] ?? 'nowhere') }),
    arm,
    diedAt: lastWords,
  });
}

describe.each(platforms())('a daemon on %s that is killed at any boundary of a cycle', (platform) => {
  test('goes on where it was: nothing is lost, nothing made twice, nobody removed who should have stayed', async () => {
    const open = Array.from({ length: ONLY === undefined ? LANES[platform] : 1 }, () => openStage(platform));
    const [first, ...others] = await Promise.all(open);
    if (first === undefined) throw new Error('there is no lane');
    const lanes = [first, ...others];
    const numbered = (stage: Stage, lane: number) => dieAtEvery(stage, 1 + lane * STRIDE, STRIDE * lanes.length);
    const diedAt = ONLY === undefined ? (await Promise.all(lanes.map(numbered))).flat() : [];
    // What falls between the lanes, because something happened by the clock, is made up for by name.
    const wanted = ONLY !== undefined ? [ONLY] : STRIDE === 1 ? EVERY_KIND : [];
    const missing = wanted.filter((kind) => !diedAt.includes(kind));
    const named = await dieAtEach(first, missing);
    expect(named).toEqual(missing);
    expect(diedAt.length + named.length).toBeGreaterThan(ONLY === undefined ? 5 : 0);
  }, 1_800_000);
});
