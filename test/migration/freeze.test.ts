import { expect, test, vi } from 'vitest';
import { z } from 'zod';
import { TransientError } from '../../src/core/errors.ts';
import { company, personName } from '../e2e/company.ts';
import { useEntraWorlds, type EntraWorld } from './entra-world.ts';

const openWorld = useEntraWorlds();

/** Eight people, past the open gate: 1 to 5 through Crew, 6 and 7 through Deck, 8 directly; a ninth without access. */
async function open(): Promise<EntraWorld> {
  const organisation = company({ users: 9, groups: { Crew: [1, 5], Deck: [6, 7] }, direct: [8, 8] });
  const at = await openWorld({ organisation });
  await at.start('remove-groups', ['Crew', 'Deck']);
  expect(await at.settle()).toMatchObject({ gate: { name: 'coverage' } });
  return at;
}

/** Goes on, with a cycle of Entra's job after each look, until a step says so. */
async function until(at: EntraWorld, said: string): Promise<void> {
  for (let times = 0; times < 40; times++) {
    const { latest } = await at.look(1);
    if (latest.text.includes(said)) return;
    await at.cycle();
  }
  throw new Error(JSON.stringify(await at.look(1)));
}

/** The canary is unassigned, and Entra's next cycle waited for. */
async function reachCanary(at: EntraWorld): Promise<void> {
  const { steps } = await at.look(14);
  if (steps.find(({ state }) => state === 'now')?.step !== 'canary') throw new Error(JSON.stringify(steps));
}

/** The provider loses somebody who has nothing to do with the job. */
function lose({ provider }: EntraWorld, n: number): void {
  const { id } = z.object({ id: z.string() }).parse(provider.accounts.find(personName(n)));
  provider.change('DELETE', `/Users/${id}`);
}

/** Somebody makes the job anew in Entra's pages, and it runs. */
function replaceJob(at: EntraWorld): void {
  at.tenant.control.setProvisioningJob(at.connection.rules.application, 'Active', {
    target: { url: at.provider.url, token: at.provider.token ?? '' },
    deleteThreshold: 3,
    takenOver: { id: 'scim.anew', links: { users: new Map(), groups: new Map() } },
  });
}

/** Once, in the middle of the next look. */
function inTheLook(at: EntraWorld, happens: () => Promise<unknown>): void {
  const { directory } = at.connection;
  const read = directory.readAssignments.bind(directory);
  let once = false;
  vi.spyOn(directory, 'readAssignments').mockImplementation(async (application, signal) => {
    if (!once) {
      once = true;
      await happens();
    }
    return read(application, signal);
  });
}

test('M4: a loss pauses the job there is then, also one that took the place of the one from the beginning', async () => {
  const at = await open();
  replaceJob(at);
  await at.approve();
  expect(await at.settle()).toMatchObject({ status: 'paused' });
  await at.operator.actOnMigration({ connection: at.connection.rules.name, verb: 'resume', by: 'ada' });
  lose(at, 3);
  const view = await at.settle();
  expect(view).toMatchObject({ result: 'aborted', frozen: true });
  expect(await at.jobCode()).toBe('Paused');
  expect(view.resultText).toMatch(/Entra's own provisioning was paused.*start it again/);
});

test.each([
  ['that is gone by then', 404],
  ['that may not be paused', 403],
])('M4: a job %s is not told of as paused: a person has to stop it', async (_name, status) => {
  const at = await open();
  await at.approve();
  await until(at, 'the groups are gone and 8 accounts are active');
  at.tenant.control.addFault({
    path: '/servicePrincipals/*/synchronization/jobs/*/pause',
    method: 'POST',
    times: 1000,
    effect: { kind: 'status', status },
  });
  lose(at, 3);
  const view = await at.look(1);
  expect(view).toMatchObject({ result: 'aborted', frozen: true });
  expect(await at.jobCode()).toBe('Active');
  expect(view.resultText).toMatch(/STOP Entra's own provisioning by hand/);
  expect(view.resultText).not.toMatch(/was paused/);
});

test('M4: a second job that nobody has set up is not paused, and does not hide that the one that runs was', async () => {
  const at = await open();
  await at.approve();
  await until(at, 'the groups are gone and 8 accounts are active');
  lose(at, 3);
  const { directory } = at.connection;
  const read = directory.readProvisioningJobs.bind(directory);
  vi.spyOn(directory, 'readProvisioningJobs').mockImplementation(async (application, signal) => [
    ...(await read(application, signal)),
    { id: 'scim.unused', code: 'NotConfigured' },
  ]);
  const view = await at.look(1);
  vi.restoreAllMocks();
  expect(view).toMatchObject({ result: 'aborted', frozen: true });
  expect(await at.jobCode()).toBe('Paused');
  expect(view.resultText).toMatch(/Entra's own provisioning was paused/);
});

test('M4: where no job is shown as somebody is lost, nothing is said to be paused', async () => {
  const at = await open();
  await at.approve();
  await until(at, 'the groups are gone and 8 accounts are active');
  lose(at, 3);
  inTheLook(at, async () => at.tenant.control.setProvisioningJob(at.connection.rules.application, undefined));
  const view = await at.look(1);
  expect(view).toMatchObject({ result: 'aborted', frozen: true });
  expect(view.resultText).toMatch(/SEE that Entra's own provisioning is stopped/);
  expect(view.resultText).not.toMatch(/was paused/);
});

test('M4: where the jobs cannot be read as somebody is lost the one known is paused all the same', async () => {
  const at = await open();
  await at.approve();
  await until(at, 'the groups are gone and 8 accounts are active');
  lose(at, 3);
  const { directory } = at.connection;
  const read = directory.readProvisioningJobs.bind(directory);
  // The look that finds the loss reads them; whoever asks after that has no answer.
  vi.spyOn(directory, 'readProvisioningJobs')
    .mockRejectedValue(new TransientError('Graph is busy'))
    .mockImplementationOnce(read);
  const view = await at.look(1);
  vi.restoreAllMocks();
  expect(view).toMatchObject({ result: 'aborted', frozen: true });
  expect(await at.jobCode()).toBe('Paused');
  expect(view.resultText).toMatch(/was paused.*could not be read.*see in Entra/);
});

/** Somebody is lost, and in the middle of the look that finds it this is asked for. */
async function loseWhile(verb: 'pause' | 'abort' | 'rollback' | 'connection pause'): Promise<EntraWorld> {
  const at = await open();
  await at.approve();
  await until(at, 'the groups are gone and 8 accounts are active');
  lose(at, 3);
  const { name } = at.connection.rules;
  inTheLook(at, () =>
    verb === 'connection pause'
      ? at.ports.stores.connections.pause(name, 'people vanish')
      : at.operator.actOnMigration({ connection: name, verb, by: 'ada' }),
  );
  return at;
}

test.each(['pause', 'abort', 'connection pause'] as const)(
  'M4: %s, asked for during the look that finds somebody lost, does not keep the job from being paused',
  async (verb) => {
    const at = await loseWhile(verb);
    const view = await at.look(1);
    expect(view).toMatchObject({ result: 'aborted', frozen: true });
    expect(await at.jobCode()).toBe('Paused');
    expect(view.resultText).toMatch(/Entra's own provisioning was paused/);
  },
);

test('M4: nor does a rollback, whichever of the two is written first', async () => {
  const at = await loseWhile('rollback');
  await at.look(1);
  expect(await at.jobCode()).toBe('Paused');
});

test.each<readonly [how: string, state: string, meanwhile: (at: EntraWorld) => unknown]>([
  ['that is too early to count', 'Succeeded', () => undefined],
  [
    'that left something in escrow',
    'EntryLevelErrors',
    (at) => {
      at.tenant.control.assign({ principal: personName(9) });
      at.provider.faults.set({ fault: 'failBefore', method: 'POST', path: '^/Users', value: 400 });
    },
  ],
])(
  'M4: whom a cycle of Entra takes %s is missed as soon as it has ended, and no other is waited for',
  async (_how, state, meanwhile) => {
    const at = await open();
    await at.approve();
    await reachCanary(at);
    await meanwhile(at);
    expect(await at.cycle()).toMatchObject({ state });
    lose(at, 3);
    const view = await at.look(1);
    expect(view).toMatchObject({ result: 'aborted', frozen: true });
    expect(view.resultText).toContain(personName(3));
    expect(await at.jobCode()).toBe('Paused');
    expect(at.assigned()).toContain('Crew');
  },
);
