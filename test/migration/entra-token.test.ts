import { describe, expect, test } from 'vitest';
import { company } from '../e2e/company.ts';
import { useEntraWorlds, type EntraWorld } from './entra-world.ts';

const openWorld = useEntraWorlds();

const JOB_TOKEN = 'token-of-the-job-0123456789';

/** Five people, all of them through Crew or directly; SCIM is switched off, and Headgate's own token is deleted. */
async function atGate(jobToken?: string): Promise<EntraWorld> {
  const organisation = company({ users: 5, groups: { Crew: [1, 4] }, direct: [5, 5] });
  const at = await openWorld({ organisation, ...(jobToken !== undefined && { jobToken }) });
  await at.start('disable-scim');
  for (let view = await at.settle(); view.gate?.name !== 'revocation'; view = await at.settle()) await at.approve();
  at.provider.revokeToken(at.provider.token ?? '');
  return at;
}

async function yes(at: EntraWorld) {
  await at.approve();
  return at.look(1);
}

/** How often Entra was asked to try its secret out. */
function asked({ tenant }: EntraWorld): number {
  return tenant.control.requests().filter(({ path }) => path.endsWith('/validateCredentials')).length;
}

/** From now on Entra does not say whether the secret works. */
function keepSilent({ tenant }: EntraWorld): void {
  tenant.control.addFault({
    method: 'POST',
    path: '/servicePrincipals/*/synchronization/jobs/*/validateCredentials',
    effect: { kind: 'status', status: 403 },
  });
}

async function timeline(at: EntraWorld): Promise<string> {
  const report = await at.operator.migrationReport(at.connection.rules.name);
  return report.timeline.map(({ text }) => text).join('\n');
}

describe("the secret in Entra's own job", () => {
  test('a token of its own that still works closes the gate until it is deleted, too', async () => {
    const at = await atGate(JOB_TOKEN);
    const closed = await yes(at);
    expect(closed).toMatchObject({ gate: { name: 'revocation', why: 'not-approved' } });
    expect(closed.latest.text).toMatch(
      /still takes the secret saved in Entra's own provisioning job.*delete that token at the provider, too.*or.*take it out of the job.*then approve again/,
    );
    expect(closed.latest.text).not.toContain(JOB_TOKEN);
    // A yes alone is not enough, however often it is said.
    expect(await yes(at)).toMatchObject({ gate: { name: 'revocation', why: 'not-approved' } });

    at.provider.revokeToken(JOB_TOKEN);
    const view = await yes(at);
    expect(view).toMatchObject({ status: 'ended', result: 'succeeded' });
    expect(view.resultText).toMatch(/the provider refuses Headgate's token and the one in Entra's job/);
    // What it shows: whoever starts the job again can take nobody away.
    at.tenant.control.changeProvisioningJob(at.connection.rules.application, { code: 'Active' });
    const before = at.active();
    at.tenant.control.unassign({ principal: before[0] ?? '' });
    expect(await at.cycle()).toMatchObject({ state: 'Failed' });
    expect(at.active()).toEqual(before);
  });

  test('that is the one Headgate had is proved dead with it, at the first yes', async () => {
    const at = await atGate();
    const view = await yes(at);
    expect(view.resultText).toMatch(/the provider refuses Headgate's token and the one in Entra's job/);
    expect(asked(at)).toBe(1);
  });

  test('of which Entra says nothing is a matter for a person, who is asked for it, and is not called dead', async () => {
    const at = await atGate(JOB_TOKEN);
    keepSilent(at);
    const closed = await yes(at);
    expect(closed).toMatchObject({ gate: { name: 'revocation', why: 'not-approved' } });
    expect(closed.latest.text).toMatch(
      /whether the provider still takes the secret saved in Entra's own provisioning job is not known \(.*403.*\).*deleted at the provider, which your next yes says it is, then approve again/,
    );
    at.provider.revokeToken(JOB_TOKEN);
    const view = await yes(at);
    expect(view).toMatchObject({ status: 'ended', result: 'succeeded' });
    expect(view.resultText).toMatch(/nothing has proved that it refuses the one in Entra's job, too/);
    expect(`${view.resultText} ${await timeline(at)}`).not.toMatch(/token is dead|and the one in Entra's job/);
  });

  test('that has worked before is asked about anew where Entra goes silent after it was refused', async () => {
    const at = await atGate();
    // Another thing closes the gate when the secret was refused.
    at.tenant.control.changeProvisioningJob(at.connection.rules.application, { code: 'Active' });
    expect((await yes(at)).latest.text).toMatch(/does not stand still/);
    at.tenant.control.changeProvisioningJob(at.connection.rules.application, { code: 'Paused' });
    keepSilent(at);
    expect((await yes(at)).latest.text).toMatch(/is not known/);
    expect(await yes(at)).toMatchObject({ status: 'ended', result: 'succeeded' });
  });

  test('is asked about although something else went wrong before it could be', async () => {
    const at = await atGate(JOB_TOKEN);
    at.tenant.control.addFault({
      method: 'GET',
      path: '/servicePrincipals/*/synchronization/jobs',
      effect: { kind: 'no-value' },
      times: 1,
    });
    keepSilent(at);
    expect((await yes(at)).latest.text).toMatch(/trouble: /);
    const { gate, latest } = await at.look(1);
    expect(gate).toMatchObject({ name: 'revocation', why: 'not-approved' });
    expect(latest.text).toMatch(/is not known.*which your next yes says it is/);
    expect(await yes(at)).toMatchObject({ status: 'ended', result: 'succeeded' });
  });

  test('cannot be asked about without the identity of migrations, and the gate says so', async () => {
    const at = await atGate();
    const { migration } = at.ports;
    Object.assign(migration, { writer: undefined });
    expect((await yes(at)).latest.text).toMatch(/is not known \(.*directory\.migration is not configured.*\)/);
    expect(asked(at)).toBe(0);
  });
});
