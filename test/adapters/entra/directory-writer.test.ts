import { afterEach, describe, expect, it } from 'vitest';
import { createEntraWriter } from '../../../src/adapters/entra/directory-writer.ts';
import { requestOf, requireAllowed } from '../../../src/adapters/entra/write-requests.ts';
import { NotFoundError, ReadOnlyError, RefusedError } from '../../../src/core/errors.ts';
import type { DirectoryChange } from '../../../src/core/migration/journal.ts';
import type { SentWrite } from '../../../src/core/operation.ts';
import type { DirectoryWriter } from '../../../src/ports/directory-writer.ts';
import { guideCompany } from '../../../src/sandbox/organisation/guide-company.ts';
import { migrationApplication, MIGRATION_PERMISSIONS } from '../../../src/sandbox/tenant/login/applications.ts';
import { startProvider } from '../../../src/sandbox/provider/provider.ts';
import { startTenant, type Tenant } from '../../../src/sandbox/tenant/tenant.ts';
import { createSpyLog, createSpyMetrics } from './loopback-graph.ts';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of opened.splice(0).toReversed()) await thing.close();
});

interface Opened {
  readonly tenant: Tenant;
  readonly writer: DirectoryWriter;
  readonly waits: number[];
  readonly log: readonly string[];
}

async function open(permissions: readonly string[] = MIGRATION_PERMISSIONS): Promise<Opened> {
  const application = migrationApplication({ permissions });
  const tenant = await startTenant({ organisation: guideCompany(), applications: [application] });
  const waits: number[] = [];
  const { log, lines } = createSpyLog();
  const writer = createEntraWriter({
    tenant: tenant.tenantId,
    client: application.clientId,
    credential: { kind: 'client_secret', secret: () => application.secrets[0]?.value ?? '' },
    cloud: 'global',
    endpoints: { login: tenant.url, graph: tenant.graphUrl },
    log,
    metrics: createSpyMetrics().metrics,
    now: Date.now,
    patience: { wait: async (ms) => void waits.push(ms) },
  });
  opened.push(tenant, writer);
  return { tenant, writer, waits, log: lines };
}

const never = new AbortController().signal;
const ROLE = '0b0f0f4e-6d0e-4f9a-8b7e-54a8c1d90001';
const application = '0b0f0f4e-6d0e-4f9a-8b7e-54a8c1d90002';
const group = '0b0f0f4e-6d0e-4f9a-8b7e-54a8c1d90004';
const user = '0b0f0f4e-6d0e-4f9a-8b7e-54a8c1d90011';
const assign: DirectoryChange = { kind: 'assign', application, principal: user, roleId: ROLE };

describe('the identity of migrations', () => {
  it('assigns, and finds out that it had done so before', async () => {
    const { writer } = await open();
    const made = await writer.apply(assign, never);
    expect(made).toMatchObject({ state: 'done', assignment: expect.any(String) });
    expect(await writer.apply(assign, never)).toEqual({ state: 'already-so' });
    const unassign: DirectoryChange = { kind: 'unassign', application, assignment: made.assignment ?? '' };
    expect(await writer.apply(unassign, never)).toEqual({ state: 'done' });
    expect(await writer.apply(unassign, never)).toEqual({ state: 'already-so' });
  });

  it.each(['User.ReadWrite.All', 'Directory.ReadWrite.All'])('with %s sends nothing at all', async (permission) => {
    const { tenant, writer } = await open([...MIGRATION_PERMISSIONS, permission]);
    await expect(writer.apply(assign, never)).rejects.toThrow(RefusedError);
    expect(tenant.control.requests().filter(({ path }) => path.includes('appRoleAssignedTo'))).toEqual([]);
    expect(await writer.check('headgate', never)).toMatchObject([
      { ok: false, detail: expect.stringContaining(permission) },
    ]);
  });

  it('says what it lacks, and that it is in order', async () => {
    expect(await (await open()).writer.check('headgate', never)).toMatchObject([{ ok: true }]);
    const lacking = await (await open(['Application.Read.All'])).writer.check('headgate', never);
    expect(lacking).toMatchObject([{ ok: false, detail: 'lacks AppRoleAssignment.ReadWrite.All' }]);
  });

  it("stops Entra's own provisioning, twice if need be", async () => {
    const { tenant, writer } = await open([...MIGRATION_PERMISSIONS, 'Synchronization.ReadWrite.All']);
    const [principal] = [...tenant.organisation.servicePrincipals.values(tenant.organisation.version())];
    tenant.control.setProvisioningJob(principal?.appId ?? '', 'Active');
    const job = `scim.${application.replaceAll('-', '')}`;
    for (let time = 0; time < 2; time++)
      expect(await writer.apply({ kind: 'pause-job', application, job }, never)).toEqual({ state: 'done' });
    await expect(writer.apply({ kind: 'pause-job', application, job: 'scim.other' }, never)).rejects.toThrow(
      NotFoundError,
    );
  });

  it("has the secret tried out that is saved in Entra's own provisioning", async () => {
    const { tenant, writer } = await open([...MIGRATION_PERMISSIONS, 'Synchronization.ReadWrite.All']);
    const provider = await startProvider({ behaviour: 'uniqkey' });
    opened.push(provider);
    const [principal] = [...tenant.organisation.servicePrincipals.values(tenant.organisation.version())];
    const token = provider.token ?? '';
    const job = `scim.${application.replaceAll('-', '')}`;
    const save = (url: string) =>
      tenant.control.setProvisioningJob(principal?.appId ?? '', 'Paused', { target: { url, token } });
    const verdict = () => writer.savedCredentials(application, job, never);
    save(provider.url);
    expect(await verdict()).toEqual({ is: 'accepted' });
    // Nobody has refused anything where nobody answers, or something else does.
    save(`${provider.url}/elsewhere`);
    expect(await verdict()).toMatchObject({
      is: 'unknown',
      why: expect.stringMatching(/^Microsoft Graph answered 400/),
    });
    save(provider.url);
    provider.revokeToken(token);
    expect(await verdict()).toEqual({ is: 'refused' });
    save('http://127.0.0.1:1');
    expect(await verdict()).toMatchObject({ is: 'unknown', why: expect.stringMatching(/400 \w+Unavailable$/) });
    tenant.control.setProvisioningJob(principal?.appId ?? '', 'Paused');
    expect(await verdict()).toEqual({ is: 'unknown', why: 'Microsoft Graph answered 400 BadRequest' });
    expect(await writer.savedCredentials(application, 'scim.other', never)).toMatchObject({ is: 'unknown' });
  });

  it("says what it lacks where Entra's own provisioning is the engine", async () => {
    const { writer } = await open();
    expect(await writer.check('entra', never)).toMatchObject([
      { ok: false, detail: 'lacks Synchronization.ReadWrite.All' },
    ]);
    const whole = await open([...MIGRATION_PERMISSIONS, 'Synchronization.ReadWrite.All']);
    expect(await whole.writer.check('entra', never)).toMatchObject([{ ok: true }]);
  });

  it('waits exactly as long as Graph asks, and tells nobody the secret', async () => {
    const { tenant, writer, waits, log } = await open();
    tenant.control.addFault({
      path: '/servicePrincipals/*/appRoleAssignedTo',
      times: 2,
      effect: { kind: 'status', status: 429, retryAfter: '7' },
    });
    expect(await writer.apply(assign, never)).toMatchObject({ state: 'done' });
    expect(waits).toEqual([7000, 7000]);
    expect(log.join()).not.toContain('sandbox-migration-secret');
  });

  it.each([
    ['unanswered', { kind: 'reset' }, /^The connection to .* failed/],
    ['failing', { kind: 'html', status: 503 }, /503/],
  ] as const)(
    'takes for its own what an %s first try may have done, and tells both requests',
    async (_, effect, why) => {
      const { tenant, writer } = await open();
      const sent: SentWrite[] = [];
      tenant.control.addFault({ path: '/servicePrincipals/*/appRoleAssignedTo', times: 1, effect });
      expect(await writer.apply(assign, never, (write) => sent.push(write))).toEqual({ state: 'done' });
      expect(sent).toMatchObject([
        { method: 'POST', body: { principalId: user }, outcome: 'unknown', why: expect.stringMatching(why) },
        { method: 'POST', body: { principalId: user }, outcome: 'done', why: expect.stringContaining('so already') },
      ]);
    },
  );

  it('takes for no work of its own what was there before a first try that Graph only asked to wait with', async () => {
    const { tenant, writer } = await open();
    await writer.apply(assign, never);
    tenant.control.addFault({
      path: '/servicePrincipals/*/appRoleAssignedTo',
      times: 1,
      effect: { kind: 'status', status: 429, retryAfter: '7' },
    });
    const sent: SentWrite[] = [];
    expect(await writer.apply(assign, never, (write) => sent.push(write))).toEqual({ state: 'already-so' });
    expect(sent.map(({ outcome }) => outcome)).toEqual(['failed', 'done']);
  });
});

describe('the requests a migration may send', () => {
  it.each([
    ['DELETE', `/groups/${group}/members/${user}`],
    ['DELETE', `/groups/${group}/members/${user}/$ref`],
    ['DELETE', `/users/${user}`],
    ['DELETE', `/groups/${group}`],
    ['PATCH', `/users/${user}`],
    ['DELETE', `/servicePrincipals/${application}/synchronization/jobs/scim.1`],
    ['POST', `/servicePrincipals/${application}/synchronization/jobs/scim.1/start`],
    ['POST', `/servicePrincipals/${application}/synchronization/jobs/scim.1/restart`],
    ['POST', `/servicePrincipals/${application}/synchronization/jobs/scim.1/provisionOnDemand`],
    ['PUT', `/servicePrincipals/${application}/synchronization/secrets`],
    ['POST', `/servicePrincipals/${application}/synchronization/jobs/../jobs/pause`],
    ['POST', `/servicePrincipals/${application}/synchronization/jobs/validateCredentials`],
    ['GET', `/servicePrincipals/${application}/synchronization/jobs/scim.1/validateCredentials`],
    ['POST', `/groups/${group}/members/$ref`],
    ['DELETE', `/groups/${group}/members/${user}/$ref/../../../users/${user}`],
    ['DELETE', `/groups/${group}/members/..%2F..%2Fusers%2F${user}/$ref`],
  ])('do not include %s %s', (method, path) => {
    expect(() => requireAllowed({ method, path })).toThrow(ReadOnlyError);
  });

  it('cannot be reached by an id that is an address', () => {
    const request = requestOf({ kind: 'unassign', application, assignment: `../../../users/${user}` });
    expect(() => requireAllowed(request)).toThrow(ReadOnlyError);
  });
});
