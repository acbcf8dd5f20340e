import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { askForCycle, clientOf, finishCycle, hasEnded, type Stage } from './crash-round.ts';
import { eventually, type Daemon } from './world.ts';

/** A row of daemons, each of which finishes what the one before it left behind and then dies at a later place. */
export interface Life {
  /** Where the first one dies, and how much further on each of the others. */
  readonly first: number;
  readonly step: number;
  /** Whether one death is enough. */
  readonly once?: boolean;
  /** Starts the daemon that is to die at a place. */
  boot(at: number): Promise<Daemon>;
  /** Called before the cycle it is to die in: places count from now on. */
  arm(daemon: Daemon, at: number): Promise<void>;
  /** Where a dead daemon died. Throws when it ended for another reason. */
  diedAt(daemon: Daemon): string;
}

interface Death {
  /** The cycles there were before the one that was to be cut short. */
  readonly known: ReadonlySet<string>;
  /** Undefined when the cycle ended before the place came. */
  readonly at: string | undefined;
}

/**
 * Lets daemon after daemon die in a cycle, each a little later, until a cycle is over before the place comes. After each
 * death everything must be settled by the next. Returns where they died; an error names the place.
 */
export async function liveThrough(stage: Stage, life: Life): Promise<readonly string[]> {
  const diedAt: string[] = [];
  let daemon = await life.boot(life.first);
  for (let at = life.first; ; at += life.step) {
    const death = await die(stage, daemon, life, at);
    daemon = await life.boot(at + life.step);
    await recover(stage, daemon, death).catch((error: unknown) => {
      const where = `after a death at ${at} (${death.at ?? 'survived'})`;
      process.stderr.write(`${where}: what the next daemon said:\n${daemon.output()}\n`);
      throw new Error(`${where}: ${error instanceof Error ? error.message : 'unknown'}`, { cause: error });
    });
    if (death.at !== undefined) diedAt.push(death.at);
    if (death.at === undefined || life.once === true) break;
  }
  await daemon.stop('SIGKILL');
  return diedAt;
}

/** Said after the last boundary of a cycle. */
function saidClosed(daemon: Daemon, cycle: string): boolean {
  return daemon
    .output()
    .split('\n')
    .some((line) => line.includes(cycle) && line.includes('"cycle closed"'));
}

/** Every cycle there is. */
export async function knownCycles(operator: OperatorClient): Promise<ReadonlySet<string>> {
  return new Set((await operator.listCycles({ limit: 500 })).map(({ id }) => id));
}

/** Changes, a cycle, and the death of the daemon, by itself or at the end of the cycle. */
async function die(stage: Stage, daemon: Daemon, life: Life, at: number): Promise<Death> {
  const operator = await clientOf(stage.world, daemon);
  const known = await knownCycles(operator);
  stage.change();
  await life.arm(daemon, at);
  const asked = await askForCycle(operator, daemon);
  const dead = await eventually(async () => {
    if (hasEnded(daemon)) return true;
    return asked !== undefined && saidClosed(daemon, asked) ? false : undefined;
  });
  if (!dead) await daemon.stop('SIGKILL');
  return { known, at: dead ? life.diedAt(daemon) : undefined };
}

async function recover(stage: Stage, daemon: Daemon, { known }: Death): Promise<void> {
  const operator = await clientOf(stage.world, daemon);
  await finishCycle(operator, known);
  await stage.expectSettled(operator);
}
