import { afterEach, describe, expect, test } from 'vitest';
import type { ObservedWrite, WriteObserver } from '../../src/sandbox/provider/http-server.ts';
import { liveThrough } from './crash-life.ts';
import { startStage, type Stage } from './crash-round.ts';
import { platforms, type Daemon } from './world.ts';

/*
 * The same as crash-boundaries, seen from the provider: the daemon dies while a write of a cycle is in the provider's hands,
 * with others in flight beside it. Place 1 is the first write and its first fate, place 2 the first write and its second
 * fate, and so on. Outside CI every seventh place is taken.
 *
 * A failure names its place; HEADGATE_TEST_CRASH_AT=<place> runs that one alone.
 */
const ONLY = process.env['HEADGATE_TEST_CRASH_AT'];
const STRIDE = process.env['CI'] === 'true' ? 1 : 7;

/** What becomes of the write: it is lost, carried out, or carried out when the next daemon has begun to write. */
const FATES = ['lost', 'done', 'late'] as const;
type Fate = (typeof FATES)[number];

const EVERY_KIND = [
  'POST Users',
  'PATCH Users',
  'DELETE Users',
  'POST Groups',
  'PATCH Groups',
  'DELETE Groups',
].flatMap((write) => FATES.map((fate) => `${write} ${fate}`));

interface Assassin {
  readonly observer: WriteObserver;
  aim(victim: Daemon, place: number): void;
  fate(): Fate;
  /** The write the daemon died at. */
  last(): string;
}

function createAssassin(): Assassin {
  let victim: Daemon | undefined;
  let fate: Fate = 'lost';
  let countdown = 0;
  let last = '';
  let release: (() => void) | undefined;

  async function kill(write: ObservedWrite): Promise<boolean> {
    if (victim === undefined) return false;
    countdown -= 1;
    if (countdown !== 0) return false;
    const target = victim;
    victim = undefined;
    last = `${write.method} ${write.path.split('/')[1] ?? ''} ${fate}`;
    await target.stop('SIGKILL');
    return true;
  }

  return {
    observer: {
      async beforeWrite(write) {
        release?.();
        release = undefined;
        if (fate === 'done' || !(await kill(write))) return;
        if (fate === 'lost') throw new Error('the connection broke before the write was read');
        await new Promise<void>((resolve) => (release = resolve));
      },
      async afterWrite(write) {
        if (fate === 'done') await kill(write);
      },
    },
    aim(daemon, place) {
      victim = daemon;
      fate = FATES[(place - 1) % FATES.length] ?? 'lost';
      countdown = Math.ceil(place / FATES.length);
    },
    fate: () => fate,
    last: () => last,
  };
}

let stage: Stage | undefined;
afterEach(async () => {
  await stage?.world.close();
  stage = undefined;
});

describe.each(platforms())('a daemon on %s that is killed while the provider holds a write', (platform) => {
  test('finds out whether it was carried out, be it later than the next attempt', async () => {
    const assassin = createAssassin();
    // A retry that is refused is what a late write costs; otherwise there must be none.
    stage = await startStage(platform, { observer: assassin.observer, mayRetry: () => assassin.fate() === 'late' });
    const { world } = stage;
    const diedAt = await liveThrough(stage, {
      first: ONLY === undefined ? 1 : Number(ONLY),
      step: STRIDE,
      once: ONLY !== undefined,
      boot: () => world.daemon(),
      arm: async (daemon, at) => assassin.aim(daemon, at),
      diedAt: () => assassin.last(),
    });
    expect(diedAt.length).toBeGreaterThan(ONLY === undefined ? 3 : 0);
    const wanted = ONLY === undefined && STRIDE === 1 ? EVERY_KIND : [];
    expect(wanted.filter((kind) => !diedAt.includes(kind))).toEqual([]);
  }, 1_800_000);
});
