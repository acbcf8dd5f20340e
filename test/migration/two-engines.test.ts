import { afterEach, expect, test } from 'vitest';
import { startProvider, type SandboxProvider } from '../../src/sandbox/provider/provider.ts';
import { company, people, personName } from '../e2e/company.ts';
import { useOwnWorlds, type OwnWorld } from './own-world.ts';

const openWorld = useOwnWorlds(undefined, ['native-job-active']);

const closing: SandboxProvider[] = [];
afterEach(async () => {
  for (const provider of closing.splice(0)) await provider.close();
});

interface Beside {
  readonly at: OwnWorld;
  /** One cycle of Entra's own job, and whose accounts are active at its provider then. */
  readonly cycle: () => Promise<readonly string[]>;
  readonly setJob: (code: 'Active' | 'Paused') => void;
}

/**
 * Headgate provisions one provider, and Entra's own job of the same application another, as the guard that is off for it says:
 * 1 to 3 through Crew, 4 through Deck, 5 directly.
 */
async function open(): Promise<Beside> {
  const at = await openWorld(company({ users: 5, groups: { Crew: [1, 3], Deck: [4, 4] }, direct: [5, 5] }));
  const other = await startProvider({ behaviour: 'generic' });
  closing.push(other);
  const { control } = at.tenant;
  const { appId } = at.principal;
  control.setProvisioningJob(appId, 'Active', { target: { url: other.url, token: other.token ?? '' } });
  return {
    at,
    setJob: (code) => control.changeProvisioningJob(appId, { code }),
    async cycle() {
      await control.runProvisioningJob(appId);
      const active = other.accounts.all().filter((one) => one['active'] === true);
      return active.flatMap(({ userName }) => (typeof userName === 'string' ? userName : [])).toSorted();
    },
  };
}

/** A migration that was begun while the job was stopped; nobody has looked further yet. */
async function begun(): Promise<Beside> {
  const beside = await open();
  await beside.cycle();
  beside.setJob('Paused');
  await beside.at.start('remove-groups', ['Crew', 'Deck']);
  return beside;
}

const act = ({ at }: Beside, verb: 'resume' | 'rollback') =>
  at.operator.actOnMigration({ connection: at.name, verb, by: 'ada' });

test('M4: a migration of Headgate is refused while Entra provisions another provider by the same assignments, whatever guard is off', async () => {
  const beside = await open();
  expect(await beside.cycle()).toEqual(people(1, 5));
  await expect(beside.at.start('remove-groups', ['Crew', 'Deck'])).rejects.toThrow(
    /native-job-active: .*stop it \(Provisioning, Stop provisioning\) until the migration has ended/,
  );
});

test('M4: with the job stopped meanwhile nobody is lost, and started again it loses nobody either', async () => {
  const beside = await begun();
  const { at } = beside;
  expect(await at.live()).toMatchObject({ gate: { name: 'coverage' } });
  await at.approve();
  expect(await at.live()).toMatchObject({ result: 'succeeded' });
  beside.setJob('Active');
  expect(await beside.cycle()).toEqual(people(1, 5));
});

test('M4: a job started at the gate stops the migration before anything is taken away', async () => {
  const beside = await begun();
  const { at } = beside;
  await at.live();
  beside.setJob('Active');
  await at.approve();
  const view = await at.live();
  expect(view).toMatchObject({ status: 'paused' });
  expect(view.paused?.reason).toMatch(/native-job-active/);
  expect(at.assigned()).toEqual(['Crew', 'Deck', ...people(1, 5)].toSorted());
  expect(await beside.cycle()).toEqual(people(1, 5));
});

test('M9: a job that runs in a rollback has it wait before a direct assignment is withdrawn', async () => {
  const beside = await begun();
  const { at } = beside;
  await at.live();
  await act(beside, 'rollback');
  beside.setJob('Active');
  const view = await at.live();
  expect(view).toMatchObject({ status: 'paused' });
  expect(view.paused?.reason).toMatch(/native-job-active/);
  expect(at.assigned()).toEqual(['Crew', 'Deck', ...people(1, 5)].toSorted());
  beside.setJob('Paused');
  await act(beside, 'resume');
  expect(await at.live()).toMatchObject({ result: 'rolled-back', frozen: false });
  expect(at.assigned()).toEqual(['Crew', 'Deck', personName(5)]);
});
