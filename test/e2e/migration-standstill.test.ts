import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { company, cycle, memberCount, people, writes } from './company.ts';
import { accountsOf, approve, assignedTo, start, still } from './migration-world.ts';
import { startWorld, type World, type WorldOptions } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Eight people: 1 to 4 through Crew, 4 to 6 through Deck, 7 and 8 directly. All have accounts. */
async function open(options: WorldOptions = {}): Promise<{ readonly at: World; readonly operator: OperatorClient }> {
  world = await startWorld({
    organisation: company({ users: 9, groups: { Crew: [1, 4], Deck: [4, 6] }, direct: [7, 8] }),
    migrations: true,
    ...options,
  });
  const operator = await world.open();
  expect((await cycle(operator)).result).toBe('succeeded');
  return { at: world, operator };
}

function goOn(operator: OperatorClient): Promise<unknown> {
  return operator.migrations.actOnMigration({ connection: 'acme', verb: 'resume', by: 'ada' });
}

test('a connection that a person pauses is left alone, at a gate, between two requests and on the way back', async () => {
  const { at, operator } = await open();
  const before = accountsOf(at);
  const pause = () => operator.pauseConnection('acme', 'under investigation', 'eve');
  await start(operator, 'remove-groups', ['Crew', 'Deck']);
  await still(operator);
  await pause();
  const [sent, assigned] = [writes(at).length, assignedTo(at)];
  await approve(operator, 'coverage');
  const stopped = await still(operator);
  expect(stopped.paused?.reason).toMatch(/acme is paused: under investigation.*headgate connection resume -c acme/);
  // Resumed alone it stands still again.
  await goOn(operator);
  expect((await still(operator)).status).toBe('paused');
  expect(writes(at).length).toBe(sent);
  expect(assignedTo(at)).toEqual(assigned);
  await operator.resumeConnection('acme');
  let seen = 0;
  at.provider.observe({
    async afterWrite() {
      seen += 1;
      if (seen === 1) await pause();
    },
  });
  await goOn(operator);
  expect((await still(operator)).paused?.reason).toContain('under investigation');
  expect(writes(at).length).toBe(sent + 1);
  await operator.migrations.actOnMigration({ connection: 'acme', verb: 'rollback', by: 'ada' });
  expect((await still(operator)).paused?.reason).toContain('under investigation');
  expect(writes(at).length).toBe(sent + 1);
  expect(assignedTo(at)).toEqual(assigned);
  await operator.resumeConnection('acme');
  await goOn(operator);
  expect(await still(operator)).toMatchObject({ result: 'rolled-back' });
  expect(accountsOf(at)).toEqual(before);
  expect([memberCount(at, 'Crew'), memberCount(at, 'Deck')]).toEqual([4, 3]);
});

test('a migration of a connection in quarantine is not begun', async () => {
  const { at, operator } = await open({
    connection: { quarantine: { firstProbeSeconds: 600, longestProbeSeconds: 1200 } },
  });
  const token = at.provider.token ?? '';
  at.provider.revokeToken(token);
  expect((await cycle(operator)).result).toBe('failed');
  at.provider.addToken(token);
  await expect(start(operator, 'remove-groups', ['Crew'])).rejects.toThrow(/acme is in quarantine/);
  await operator.resumeConnection('acme');
  await start(operator, 'remove-groups', ['Crew']);
  expect((await still(operator)).gate?.name).toBe('coverage');
});

test('a migration does not go on where another application is configured by now', async () => {
  const { at, operator: first } = await open();
  const { control, organisation } = at.tenant;
  const appId = 'c0ffee00-0000-4000-8004-0000000000aa';
  const other = control.createApplication({ appId, displayName: 'Another', appRoles: [] });
  for (const principal of ['Crew', ...people(1, 8)]) control.assign({ principal, application: other.id });
  const groupsOfOther = () =>
    [...organisation.assignments(other.id).values(organisation.version())].filter(
      ({ principalType }) => principalType === 'Group',
    ).length;
  let operator = first;
  let seen = 0;
  at.provider.observe({
    async afterWrite() {
      seen += 1;
      if (seen === 1) await operator.migrations.actOnMigration({ connection: 'acme', verb: 'pause', by: 'ada' });
    },
  });
  await start(operator, 'remove-groups', ['Crew']);
  await approve(operator, 'coverage');
  expect((await still(operator)).status).toBe('paused');
  const reopen = async (application: string) => {
    await operator.close();
    const file = parse(readFileSync(at.configFile, 'utf8'));
    const [acme] = file.connections;
    writeFileSync(at.configFile, stringify({ ...file, connections: [{ ...acme, application }] }));
    operator = await at.open();
    await goOn(operator);
    return acme.application;
  };
  const before = await reopen(appId);
  expect((await still(operator)).paused?.reason).toMatch(/configuration of connection acme changed.*put it back/);
  expect([seen, groupsOfOther()]).toEqual([1, 1]);
  await reopen(before);
  expect(await still(operator)).toMatchObject({ result: 'succeeded' });
  expect(groupsOfOther()).toBe(1);
});
