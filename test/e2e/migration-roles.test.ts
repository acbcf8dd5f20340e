import { readFileSync, writeFileSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { z } from 'zod';
import { company, cycle, people, personName } from './company.ts';
import { accountsOf, approve, start, still } from './migration-world.ts';
import { startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/**
 * An application with two roles: Admin to 1 to 4 through Crew, Reader to 5 and 6 directly. Both reach the provider. The group
 * Deck, with 1 and 2 in it, is not assigned.
 */
async function openWithRoles() {
  const organisation = company({ users: 7, groups: { Crew: [1, 4], Deck: [1, 2] } });
  const at = await startWorld({ organisation, migrations: true });
  world = at;
  const { control } = at.tenant;
  const role = (last: number, value: string) => ({
    id: `c0ffee00-0000-4000-8009-00000000000${last}`,
    value,
    displayName: value,
    description: value,
    isEnabled: true,
    allowedMemberTypes: ['User'],
  });
  const [reader, admin] = [role(1, 'Reader'), role(2, 'Admin')];
  const appId = 'c0ffee00-0000-4000-8004-0000000000bb';
  const application = control.createApplication({ appId, displayName: 'Acme Roles', appRoles: [reader, admin] });
  control.assign({ principal: 'Crew', application: application.id, role: 'Admin' });
  for (const name of people(5, 6)) control.assign({ principal: name, application: application.id, role: 'Reader' });
  const file = z
    .looseObject({ connections: z.array(z.looseObject({})) })
    .parse(parse(readFileSync(at.configFile, 'utf8')));
  const attributes = [{ expression: 'SingleAppRoleAssignment([appRoleAssignments])', target: 'userType' }];
  const mapping = { extends: 'default', attributes };
  const connections = file.connections.map((connection) => ({ ...connection, application: appId, mapping }));
  writeFileSync(at.configFile, stringify({ ...file, connections }));
  const operator = await at.open();
  expect((await cycle(operator)).result).toBe('succeeded');
  /** Values of the roles somebody has by a direct assignment. */
  const rolesOf = (name: string) => {
    const now = organisation.version();
    const user = organisation.userByName(name, now);
    return [...organisation.assignments(application.id).values(now)]
      .filter(({ principalId }) => principalId === user?.id)
      .map(({ appRoleId }) => (appRoleId === admin.id ? admin.value : reader.value))
      .toSorted();
  };
  return { at, operator, rolesOf, application };
}

test('M9: a rollback takes back no role that only a group deleted meanwhile gave, and says whose stays', async () => {
  const { at, operator, rolesOf, application } = await openWithRoles();
  at.tenant.control.assign({ principal: 'Deck', application: application.id, role: 'Reader' });
  await cycle(operator);
  const before = accountsOf(at);
  await start(operator, 'remove-groups', ['Crew', 'Deck']);
  expect(await still(operator)).toMatchObject({ gate: { name: 'coverage' } });
  expect(rolesOf(personName(1))).toEqual(['Admin', 'Reader']);
  at.tenant.control.deleteGroup('Crew');
  await operator.migrations.actOnMigration({ connection: 'acme', verb: 'rollback', by: 'ada' });
  const view = await still(operator);
  expect(view).toMatchObject({ result: 'rolled-back' });
  expect([1, 2, 3, 4].map((n) => rolesOf(personName(n)))).toEqual([['Admin'], ['Admin'], ['Admin'], ['Admin']]);
  expect(view.resultText).toMatch(/4 direct assignments of the migration are left.*person1.*person4/);
  expect(accountsOf(at)).toEqual(before);
});

test('M3: whoever has a lesser role directly and joins while the group is emptied is given the role of the group', async () => {
  const { at, operator, rolesOf } = await openWithRoles();
  let joined = false;
  at.provider.observe({
    async afterWrite() {
      if (!joined) at.tenant.control.addMember('Crew', personName(5));
      joined = true;
    },
  });
  await start(operator, 'remove-groups', ['Crew']);
  await approve(operator, 'coverage');
  // Who has which role is what the gate is asked about.
  await approve(operator, 'coverage');
  expect(await still(operator)).toMatchObject({ result: 'succeeded' });
  expect(rolesOf(personName(1))).toEqual(['Admin']);
  expect(rolesOf(personName(5))).toEqual(['Admin', 'Reader']);
  expect(rolesOf(personName(6))).toEqual(['Reader']);
});
