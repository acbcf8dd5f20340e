import { expect, test, vi } from 'vitest';
import { afterTrouble, DEFAULT_PROBES, HEALTHY } from '../../src/core/quarantine.ts';
import { company } from '../e2e/company.ts';
import { useEntraWorlds } from './entra-world.ts';
import { accountStates } from './surroundings.ts';

const openWorld = useEntraWorlds();

test('a connection that gets into quarantine at the gate is left alone until it is out of it', async () => {
  const organisation = company({ users: 5, groups: { Crew: [1, 4] }, direct: [5, 5] });
  const at = await openWorld({ organisation });
  const before = accountStates(at);
  const { name } = at.connection.rules;
  const { connections } = at.ports.stores;
  await at.start('remove-groups', ['Crew']);
  await at.settle();
  const trouble = {
    reason: 'provider-down',
    cause: { code: 'Transient', message: 'no answer' },
  } as const;
  await connections.changeHealth(name, (health) => afterTrouble(health, trouble, Date.now(), DEFAULT_PROBES));
  await at.approve();
  const stopped = await at.settle();
  expect(stopped.paused?.reason).toMatch(/in quarantine \(provider-down\): no answer.*headgate quarantine release/);
  expect(at.provider.groups.find('Crew')?.['members']).toHaveLength(4);
  await connections.changeHealth(name, () => HEALTHY);
  await at.operator.actOnMigration({ connection: name, verb: 'resume', by: 'ada' });
  expect(await at.settle()).toMatchObject({ result: 'succeeded' });
  expect(accountStates(at)).toEqual(before);
});

test("a job of Entra's that took the place of the one it began with is a matter for a person, once", async () => {
  const organisation = company({ users: 5, groups: { Crew: [1, 4] }, direct: [5, 5] });
  const at = await openWorld({ organisation });
  const before = accountStates(at);
  const { directory, rules } = at.connection;
  await at.start('remove-groups', ['Crew']);
  await at.settle();
  const read = directory.readProvisioningJobs.bind(directory);
  vi.spyOn(directory, 'readProvisioningJobs').mockImplementation(async (application, signal) =>
    (await read(application, signal)).map((job) => ({ ...job, id: 'scim.anew' })),
  );
  await at.approve();
  const stopped = await at.settle();
  expect(stopped.paused?.reason).toMatch(/job is another one than before \(scim\.anew\)/);
  await at.operator.actOnMigration({ connection: rules.name, verb: 'resume', by: 'ada' });
  expect(await at.settle()).toMatchObject({ result: 'succeeded' });
  expect(accountStates(at)).toEqual(before);
});
