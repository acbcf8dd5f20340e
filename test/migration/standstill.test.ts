import { describe, expect, test, vi } from 'vitest';
import { afterTrouble, DEFAULT_PROBES, HEALTHY } from '../../src/core/quarantine.ts';
import { company, people, personName } from '../e2e/company.ts';
import { useEntraWorlds, type EntraWorld } from './entra-world.ts';
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

describe('switching SCIM off', () => {
  /** Six people: 1 to 4 through Crew, 4 and 5 through Deck, 6 directly; at the gate, nobody has said yes there. */
  async function atGate(gate: 'disable' | 'revocation'): Promise<EntraWorld> {
    const organisation = company({ users: 6, groups: { Crew: [1, 4], Deck: [4, 5] }, direct: [6, 6] });
    const at = await openWorld({ organisation });
    await at.start('disable-scim');
    for (let view = await at.settle(); view.gate?.name !== gate; view = await at.settle()) await at.approve();
    return at;
  }

  function restart({ tenant, connection }: EntraWorld): void {
    tenant.control.changeProvisioningJob(connection.rules.application, { code: 'Active' });
  }

  function report(at: EntraWorld) {
    return at.operator.migrationReport(at.connection.rules.name);
  }

  test('M3: whom a cycle takes away that was under way as the job was paused is missed before anything is switched off', async () => {
    const at = await atGate('disable');
    const { directory } = at.connection;
    const read = directory.readProvisioningJobs.bind(directory);
    let underWay: Promise<unknown> | undefined;
    at.dieRightAfter((entry) => {
      if (entry.kind === 'calling' && entry.step === 'disable-connection') {
        at.tenant.control.disableUser(personName(6));
        underWay = at.cycle();
      }
      return false;
    });
    // It ends between two looks at the job: the first still shows the cycle before.
    vi.spyOn(directory, 'readProvisioningJobs').mockImplementation(async (application, signal) => {
      const jobs = await read(application, signal);
      if (jobs.some(({ code }) => code === 'Paused')) await underWay;
      return jobs;
    });
    await at.approve();
    const view = await at.settle();
    expect(at.active()).toEqual(people(1, 5));
    expect(view).toMatchObject({ result: 'aborted', frozen: true });
    expect(view.resultText).toContain(personName(6));
    expect(await at.jobCode()).toBe('Paused');
    const { accounts, verdict } = await report(at);
    expect(verdict).toBe('failed');
    expect(accounts.lost.map(({ label }) => label)).toEqual([personName(6)]);
    const { name } = at.connection.rules;
    expect((await at.ports.stores.connections.get(name)).switchedOffAt).toBeUndefined();
  });

  test('M7: a job that was started again closes the gate until it stands still', async () => {
    const at = await atGate('revocation');
    restart(at);
    at.provider.revokeToken(at.provider.token ?? '');
    await at.approve();
    const closed = await at.look(1);
    expect(closed).toMatchObject({ gate: { name: 'revocation', why: 'not-approved' } });
    expect(closed.latest.text).toMatch(/does not stand still \(Active\).*Stop provisioning.*then approve again/);
    at.tenant.control.changeProvisioningJob(at.connection.rules.application, { code: 'Paused' });
    await at.approve();
    expect(await at.look(1)).toMatchObject({ result: 'succeeded' });
    expect(await report(at)).toMatchObject({ verdict: 'passed' });
  });

  test('a job that is started once the token is dead keeps nobody from the end', async () => {
    const at = await atGate('revocation');
    at.provider.revokeToken(at.provider.token ?? '');
    at.dieRightAfter((entry) => entry.kind === 'begun' && entry.step === 'revoke-token');
    await at.approve();
    expect(await at.look(1)).toMatchObject({ status: 'running' });
    expect(at.deaths()).toBe(1);
    restart(at);
    expect(await at.look(1)).toMatchObject({ result: 'succeeded' });
    expect(await report(at)).toMatchObject({ verdict: 'passed' });
  });

  test('M8: a cycle nobody looked after is told of at the gate, and its report does not say passed', async () => {
    const at = await atGate('revocation');
    restart(at);
    at.tenant.control.disableUser(personName(6));
    await at.cycle();
    at.tenant.control.changeProvisioningJob(at.connection.rules.application, { code: 'Paused' });
    expect(at.active()).toEqual(people(1, 5));
    at.provider.revokeToken(at.provider.token ?? '');
    await at.approve();
    const closed = await at.look(1);
    expect(closed).toMatchObject({ gate: { name: 'revocation', why: 'not-approved' } });
    expect(closed.latest.text).toMatch(/has run since.*see at the provider who is active.*then approve again/);
    await at.approve();
    const view = await at.look(1);
    expect(view).toMatchObject({ status: 'ended' });
    expect(view.resultText).toMatch(/Entra's own provisioning has run since.*not looked at/);
    expect(await report(at)).toMatchObject({ verdict: 'failed', passed: false });
  });

  test('M8: of a job that is gone nobody knows whether it has run, and the report says so', async () => {
    const at = await atGate('revocation');
    at.tenant.control.setProvisioningJob(at.connection.rules.application, undefined);
    at.provider.revokeToken(at.provider.token ?? '');
    await at.approve();
    const closed = await at.look(1);
    expect(closed.latest.text).toMatch(/job is gone.*then approve again/);
    await at.approve();
    expect((await at.look(1)).resultText).toMatch(/job is gone/);
    expect(await report(at)).toMatchObject({ verdict: 'failed' });
  });

  test('M7: a job that nobody has set up any more does not run, and keeps nobody from the end', async () => {
    const at = await atGate('revocation');
    at.tenant.control.setProvisioningJob(at.connection.rules.application, 'NotConfigured');
    at.provider.revokeToken(at.provider.token ?? '');
    await at.approve();
    const closed = await at.look(1);
    // Nothing is saved in it that Entra could try out.
    expect(closed.latest.text).toMatch(/is not known.*your next yes/);
    expect(closed.latest.text).not.toMatch(/does not stand still/);
    await at.approve();
    expect(await at.look(1)).toMatchObject({ result: 'succeeded' });
    expect(await report(at)).toMatchObject({ verdict: 'passed' });
  });

  test('an abort after the job was paused says that only a person starts it again', async () => {
    const at = await atGate('disable');
    const { name: connection } = at.connection.rules;
    await at.approve();
    await at.look(1);
    expect(await at.jobCode()).toBe('Paused');
    await at.operator.actOnMigration({ connection, verb: 'abort', by: 'ada', reason: 'not today' });
    const view = await at.look(1);
    expect(view).toMatchObject({ result: 'aborted', frozen: false });
    expect(view.resultText).toMatch(/not today.*Entra's own provisioning was told to pause.*Start provisioning/);
  });
});
