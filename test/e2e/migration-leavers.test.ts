import { afterEach, expect, test } from 'vitest';
import { company, cycle, people, personName, userNames } from './company.ts';
import { approve, start, still } from './migration-world.ts';
import { startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

test('M4: SCIM is not switched off over people who leave after the yes, unless that is approved by name', async () => {
  const organisation = company({ users: 5, groups: { Crew: [1, 2] }, direct: [3, 5] });
  const at = await startWorld({ organisation, migrations: true });
  world = at;
  const operator = await at.open();
  expect((await cycle(operator)).result).toBe('succeeded');
  await start(operator, 'disable-scim');
  await approve(operator, 'coverage');
  const shown = await still(operator);
  expect(shown).toMatchObject({ gate: { name: 'disable' }, findings: [] });
  at.tenant.control.disableUser(personName(4));
  at.tenant.control.softDeleteUser(personName(5));

  await approve(operator, 'disable');
  const asked = await still(operator);
  expect(asked).toMatchObject({ gate: { name: 'disable', why: 'not-approved' } });
  expect(asked.gate?.digest).not.toBe(shown.gate?.digest);
  const [finding] = asked.findings;
  expect(finding).toMatchObject({ code: 'leavers-stay', severity: 'consent' });
  expect(finding?.text).toMatch(/person4@.*person5@.*roll back/);

  await approve(operator, 'disable');
  expect(await still(operator)).toMatchObject({ gate: { name: 'revocation' } });
  expect(userNames(at)).toEqual(people(1, 5));
  at.provider.revokeToken(at.provider.token ?? '');
  await approve(operator, 'revocation');
  const ended = await still(operator);
  expect(ended).toMatchObject({ result: 'succeeded' });
  expect(ended.resultText).toMatch(/by hand: person4@.*person5@/);
});
