import { afterEach, expect, test } from 'vitest';
import { company, memberCount, people } from './company.ts';
import { liveToTheEnd } from './crash-migration-lives.ts';
import { startEntraWorld } from './entra-engine.ts';
import { accountsOf, approve, assignedTo, start, still } from './migration-world.ts';
import { startWorld, type World } from './world.ts';

/** Elsewhere than in CI more lines, because each death costs a start. */
const STRIDE = process.env['CI'] === 'true' ? 4 : 6;
/** With Entra's engine the journal is twice as long, and tests in one process die at every kind of line of it anyway. */
const STRIDE_OF_ENTRA = 12;

const PATIENCE_MS = 900_000;

/*
 * A migration lives through the death of one daemon after the other: each is killed with SIGKILL when it has written so
 * many lines of the journal, or is about to write the next. Whatever it had sent since is found out by the next.
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
  'a rollback lives through that, too, and everything is as it was',
  async () => {
    world = await startWorld({
      organisation: company({ users: 6, groups: { Crew: [1, 3], Deck: [3, 5] }, direct: [6, 6] }),
      migrations: true,
    });
    expect((await world.fullCycle()).result).toBe('succeeded');
    const [before, assigned] = [accountsOf(world), assignedTo(world)];
    const opened = await world.open();
    await start(opened, 'disable-scim');
    await approve(opened, 'coverage');
    expect(await still(opened)).toMatchObject({ gate: { name: 'disable' } });
    expect(world.provider.groups.size).toBe(0);
    await opened.migrations.actOnMigration({ connection: 'acme', verb: 'rollback', by: 'ada' });
    await opened.close();
    const at = world;
    const { ended, deaths } = await liveToTheEnd(at, {
      stride: STRIDE,
      between: () => expect(accountsOf(at)).toEqual(before),
    });
    expect(deaths).toBeGreaterThan(2);
    expect(ended).toMatchObject({ result: 'rolled-back' });
    expect(assignedTo(at)).toEqual(assigned);
    expect([memberCount(at, 'Crew'), memberCount(at, 'Deck')]).toEqual([3, 3]);
    const operator = await at.open();
    expect(await operator.migrations.migrationReport('acme')).toMatchObject({
      verdict: 'restored',
      accounts: { lost: [], added: [] },
    });
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
