import { createApiClient } from '../../src/cli/api-client.ts';
import { createOperatorClient, type OperatorClient } from '../../src/cli/operator-client.ts';
import { connectToDaemon } from '../../src/cli/transport.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { MigrationView } from '../../src/core/migration/view.ts';
import { arm, dyingAt, hasEnded } from './crash-round.ts';
import { eventually, type Daemon, type World } from './world.ts';

/** Many times what any way to the end needs: ends a row of lives that gets nowhere. */
const MOST_LIVES = 150;

export interface Lives {
  /**
   * Most lines one life writes; the lives take turns from one line on, and die by turns after the last of them and before the
   * next, when whatever that would tell has been done. What one look at a step writes must fit into one life, else the
   * migration stands still however often it starts.
   */
  readonly stride: number;
  /** Asked after each life. */
  readonly between: () => void;
}

/**
 * Lets daemon after daemon die along the journal of the open migration, each killed with SIGKILL when it has written so many
 * lines of it, or is about to, until it has ended. Says yes at every gate, and revokes the token before the last.
 */
export async function liveToTheEnd(
  world: World,
  { stride, between }: Lives,
): Promise<{ readonly ended: MigrationView | undefined; readonly deaths: number }> {
  let ended: MigrationView | undefined;
  let deaths = 0;
  for (let life = 0; ended === undefined && life < MOST_LIVES; life++) {
    const daemon = await world.daemon({
      nodeArguments: dyingAt(world, placeOf(life, stride)),
    });
    if (!hasEnded(daemon)) await ifItLives(daemon, () => arm(daemon));
    ended = hasEnded(daemon) ? undefined : await live(world, daemon);
    if (ended === undefined) deaths += 1;
    await daemon.stop('SIGKILL');
    between();
  }
  return { ended, deaths };
}

function placeOf(life: number, stride: number): string {
  const lines = 1 + (Math.floor(life / 2) % stride);
  return life % 2 === 0 ? `after migrations.append#${lines}` : `before migrations.append#${lines + 1}`;
}

async function clientOf({ configFile }: World): Promise<OperatorClient> {
  return createOperatorClient(createApiClient(await connectToDaemon(loadConfig(configFile, process.env))));
}

/** Asks a daemon that may die while it is asked. Undefined when it did. */
async function ifItLives<T>(daemon: Daemon, ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    await daemon.ended;
    if (hasEnded(daemon)) return undefined;
    throw error;
  }
}

/** One life: until the daemon dies or the migration has ended. */
async function live(at: World, daemon: Daemon): Promise<MigrationView | undefined> {
  const operator = await clientOf(at);
  return eventually(async () => {
    if (hasEnded(daemon)) return { died: true } as const;
    const view = await ifItLives(daemon, () => operator.migrations.migrationStatus('acme'));
    if (view === undefined) return { died: true } as const;
    if (view.status === 'paused') throw new Error(JSON.stringify(view.paused));
    const { gate } = view;
    if (gate !== undefined) {
      if (gate.name === 'revocation') at.provider.revokeToken(at.provider.token ?? '');
      const approval = { connection: 'acme', gate: gate.name, digest: gate.digest, by: 'bob' };
      await ifItLives(daemon, () => operator.migrations.approve(approval));
    }
    return view.status === 'ended' ? { died: false, view } : undefined;
  }).then((life) => (life.died ? undefined : life.view));
}
