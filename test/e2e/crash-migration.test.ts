import { afterEach, expect, test } from 'vitest';
import { company, people } from './company.ts';
import { liveToTheEnd } from './crash-migration-lives.ts';
import { startEntraWorld } from './entra-engine.ts';
import { accountsOf, assignedTo, start } from './migration-world.ts';
import { startWorld, type World } from './world.ts';

/** Elsewhere than in CI more lines, because each death costs a start. */
const STRIDE = process.env['CI'] === 'true' ? 4 : 6;
/** With Entra's engine the journal is twice as long, and a test in one process dies after every few lines of it anyway. */
const STRIDE_OF_ENTRA = process.env['HEADGATE_TEST_EVERY_LINE'] === undefined ? 12 : 4;

const PATIENCE_MS = 900_000;

/*
 * A migration lives through the death of one daemon after the other: each is killed with SIGKILL when it has written so
 * many lines of the journal. Whatever it had sent since is found out by the next.
 */
let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

test(
  'a daemon that is killed after line upon line of its journal goes on to the same end',
  async () => {
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
    const at = world;
    const { ended, deaths } = await liveToTheEnd(at, {
      stride: STRIDE,
      between: () => expect(accountsOf(at)).toEqual(before),
    });
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
  },
  PATIENCE_MS,
);

test(
  "beside Entra's own service it does, too, and what Entra does meanwhile is missed by nobody",
  async () => {
    const at = await startEntraWorld(company({ users: 6, groups: { Crew: [1, 3], Deck: [3, 5] }, direct: [6, 6] }));
    world = at;
    const before = accountsOf(at);
    const opened = await at.open();
    await start(opened, 'disable-scim');
    await opened.close();
    const { ended, deaths } = await liveToTheEnd(at, {
      stride: STRIDE_OF_ENTRA,
      between: () => expect(accountsOf(at)).toEqual(before),
    });
    expect(deaths).toBeGreaterThan(4);
    expect(ended).toMatchObject({ result: 'succeeded', engine: 'entra' });
    expect(assignedTo(at)).toEqual(people(1, 6));
    expect(at.provider.groups.size).toBe(0);
    expect(at.job.code()).toBe('Paused');
    const operator = await at.open();
    expect(await operator.migrations.migrationReport('acme')).toMatchObject({
      passed: true,
      accounts: { lost: [], added: [] },
    });
  },
  PATIENCE_MS,
);
