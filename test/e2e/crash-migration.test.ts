import { afterEach, expect, test } from 'vitest';
import { createApiClient } from '../../src/cli/api-client.ts';
import { createOperatorClient, type OperatorClient } from '../../src/cli/operator-client.ts';
import { connectToDaemon } from '../../src/cli/transport.ts';
import { loadConfig } from '../../src/config/load.ts';
import type { MigrationView } from '../../src/core/migration/view.ts';
import { company, people } from './company.ts';
import { arm, dyingAt, hasEnded } from './crash-round.ts';
import { accountsOf, assignedTo, start } from './migration-world.ts';
import { eventually, startWorld, type Daemon, type World } from './world.ts';

/**
 * Most lines one life writes; the lives take turns from one line on. What one look at a step writes must fit into one life,
 * else the migration stands still however often it starts. Elsewhere than in CI more, because each death costs a start.
 */
const STRIDE = process.env['CI'] === 'true' ? 4 : 6;

/** Many times what any way to the end needs: ends a row of lives that gets nowhere. */
const MOST_LIVES = 150;

/*
 * A migration lives through the death of one daemon after the other: each is killed with SIGKILL when it has written so
 * many lines of the journal. Whatever it had sent since is found out by the next.
 */
let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

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

/** One life: until the daemon dies or the migration has ended. Approves whatever it waits for. */
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

test('a daemon that is killed after line upon line of its journal goes on to the same end', async () => {
  world = await startWorld({
    organisation: company({ users: 6, groups: { Crew: [1, 3], Deck: [3, 5] }, direct: [6, 6] }),
    provider: { behaviour: 'uniqkey' },
    profile: 'uniqkey',
    migrations: true,
  });
  expect((await world.fullCycle()).result).toBe('succeeded');
  const before = accountsOf(world);
  const opened = await world.open();
  await start(opened, 'disable-scim');
  await opened.close();
  let ended: MigrationView | undefined;
  let deaths = 0;
  for (let life = 0; ended === undefined && life < MOST_LIVES; life++) {
    const daemon = await world.daemon({
      nodeArguments: dyingAt(world, `after migrations.append#${1 + (life % STRIDE)}`),
    });
    if (!hasEnded(daemon)) await ifItLives(daemon, () => arm(daemon));
    ended = hasEnded(daemon) ? undefined : await live(world, daemon);
    if (ended === undefined) deaths += 1;
    await daemon.stop('SIGKILL');
    expect(accountsOf(world)).toEqual(before);
  }
  expect(deaths).toBeGreaterThan(8);
  expect(ended).toMatchObject({ result: 'succeeded' });
  expect(assignedTo(world)).toEqual(people(1, 6));
  expect(world.provider.groups.size).toBe(0);
  const operator = await world.open();
  expect(await operator.migrations.migrationReport('acme')).toMatchObject({
    passed: true,
    accounts: { lost: [], added: [] },
  });
  // What could not be told was looked at again, never repeated blindly: nobody was assigned twice, nothing was deleted twice.
  const deletes = world.provider.requests().filter(({ method, applied }) => method === 'DELETE' && applied);
  expect(deletes).toHaveLength(2);
}, 900_000);
