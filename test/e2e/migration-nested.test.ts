import { afterEach, expect, test } from 'vitest';
import { company, cycle, people, personName } from './company.ts';
import { accountsOf, assignedTo, start, still } from './migration-world.ts';
import { startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Groups inside count: 1 to 3 are in Crew itself, 4 to 6 in Deck, which is in Crew. Stands at the gate coverage. */
async function atCoverage() {
  const organisation = company({ users: 6, groups: { Crew: [1, 3], Deck: [4, 6] } });
  const connection = { scope: { groups: true, nestedGroups: 'expand' } };
  const at = await startWorld({ organisation, migrations: true, connection });
  world = at;
  const operator = await at.open();
  await cycle(operator);
  at.tenant.control.addMember('Crew', 'Deck');
  at.tenant.control.unassign({ principal: 'Deck' });
  expect((await cycle(operator)).result).toBe('succeeded');
  const before = accountsOf(at);
  await start(operator, 'remove-groups', ['Crew']);
  expect(await still(operator)).toMatchObject({ gate: { name: 'coverage' }, users: 6 });
  expect(assignedTo(at)).toEqual(['Crew', ...people(1, 6)]);
  return { at, operator, before };
}

test('M9: a rollback withdraws the direct assignments of members of groups inside, too', async () => {
  const { at, operator, before } = await atCoverage();
  await operator.migrations.actOnMigration({ connection: 'acme', verb: 'rollback', by: 'ada' });
  expect(await still(operator)).toMatchObject({ result: 'rolled-back' });
  expect(assignedTo(at)).toEqual(['Crew']);
  expect((await operator.migrations.migrationReport('acme')).verdict).toBe('restored');
  expect(accountsOf(at)).toEqual(before);
});

test('M9: whoever left a group inside keeps the direct assignment, is named, and the report does not pass', async () => {
  const { at, operator, before } = await atCoverage();
  at.tenant.control.removeMember('Deck', personName(5));
  await operator.migrations.actOnMigration({ connection: 'acme', verb: 'rollback', by: 'ada' });
  const view = await still(operator);
  expect(view).toMatchObject({ result: 'rolled-back' });
  expect(view.resultText).toMatch(/1 direct assignment of the migration is left.*: person5@/);
  expect(assignedTo(at)).toEqual(['Crew', personName(5)]);
  const report = await operator.migrations.migrationReport('acme');
  expect(report.verdict).toBe('failed');
  expect(report.timeline.map(({ text }) => text).join('\n')).toMatch(/1 direct assignment stays:.*person5@/);
  expect(accountsOf(at)).toEqual(before);
});
