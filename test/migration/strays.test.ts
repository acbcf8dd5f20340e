import { expect, test } from 'vitest';
import { company, personName } from '../e2e/company.ts';
import { useEntraWorlds } from './entra-world.ts';

const openWorld = useEntraWorlds();

test('whoever leaves the group before the gate is named as one who keeps access, in status, question and result', async () => {
  const organisation = company({ users: 5, groups: { Crew: [1, 4] }, direct: [5, 5] });
  const at = await openWorld({ organisation });
  await at.start('remove-groups', ['Crew']);
  const shown = await at.settle();
  at.tenant.control.removeMember('Crew', personName(2));
  await at.approve();
  const asked = await at.settle();
  expect(asked).toMatchObject({ gate: { name: 'coverage', why: 'not-approved' }, users: 3 });
  expect(asked.gate?.digest).not.toBe(shown.gate?.digest);
  const finding = asked.findings.find(({ code }) => code === 'assigned-astray');
  expect(finding?.text).toMatch(/1 user .*person2@.*keep access/);
  await at.approve();
  const ended = await at.settle();
  expect(ended).toMatchObject({ result: 'succeeded' });
  expect(ended.resultText).toMatch(/person2@.*unassign them in Entra/);
});
