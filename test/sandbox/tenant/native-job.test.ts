import { afterEach, describe, expect, it } from 'vitest';
import { guideState } from '../../../src/sandbox/organisation/guide-company.ts';
import type { BehaviourName } from '../../../src/sandbox/provider/behaviours/registry.ts';
import { startProvider, type SandboxProvider } from '../../../src/sandbox/provider/provider.ts';
import { migrationApplication, READ_PERMISSIONS } from '../../../src/sandbox/tenant/login/applications.ts';
import type { JobSettings } from '../../../src/sandbox/tenant/provisioning/provisioning-jobs.ts';
import { clientOf, isObject, startClient, type Client } from './client.ts';
import { problemsOfObject } from './contract-check.ts';

const TEST1 = 'info.test1@testcompany.example';
const TEST3 = 'info.test3@testcompany.example';

let client: Client;
let provider: SandboxProvider;
afterEach(async () => {
  await Promise.all([client.tenant.close(), provider.close()]);
});

interface Opened {
  readonly appId: string;
  readonly jobs: string;
  readonly run: () => ReturnType<Client['tenant']['control']['runProvisioningJob']>;
}

/** The company of the guide, provisioned by Entra's own service: IT with two members, and their two accounts. */
async function open(settings: JobSettings = {}, behaviour: BehaviourName = 'uniqkey'): Promise<Opened> {
  provider = await startProvider({ behaviour });
  client = await startClient(guideState(), {
    applications: [migrationApplication({ permissions: [...READ_PERMISSIONS, 'Synchronization.ReadWrite.All'] })],
  });
  const { organisation } = client.tenant;
  const [principal] = [...organisation.servicePrincipals.values(organisation.version())];
  const appId = principal?.appId ?? '';
  const target = { url: provider.url, token: provider.token ?? '' };
  const { control } = client.tenant;
  control.setProvisioningJob(appId, 'NotRun', { target, ...settings });
  const run = () => control.runProvisioningJob(appId);
  expect(await run()).toMatchObject({ state: 'Succeeded' });
  return { appId, jobs: `/servicePrincipals/${principal?.id ?? ''}/synchronization/jobs`, run };
}

function active(): readonly string[] {
  return provider.accounts
    .all()
    .filter((account) => account['active'] === true)
    .flatMap(({ userName }) => (typeof userName === 'string' ? userName : []))
    .toSorted();
}

async function shown({ jobs }: Opened): Promise<Record<string, unknown>> {
  const { json } = await client.send('GET', jobs);
  const [job]: unknown[] = Array.isArray(json['value']) ? json['value'] : [];
  if (!isObject(job)) throw new Error('there is no job');
  return job;
}

describe("Entra's own provisioning service in the sandbox", () => {
  it('provisions who is assigned, and the groups with their members', async () => {
    const opened = await open();
    expect(active()).toEqual([TEST1, TEST3]);
    expect(provider.groups.find('IT')?.['members']).toHaveLength(2);
    expect(await opened.run()).toMatchObject({ state: 'Succeeded', countExported: 0 });
  });

  it('writes guests without the part of their name that only the directory knows', async () => {
    const opened = await open();
    const { control } = client.tenant;
    const properties = { accountEnabled: true, displayName: 'Guest', mailNickname: 'guest' };
    const userPrincipalName = 'guest_partner.example#EXT#@testcompany.onmicrosoft.example';
    const guest = control.createUser({ ...properties, userPrincipalName, userType: 'Guest' });
    control.assign({ principal: guest.id });
    await opened.run();
    expect(active()).toEqual(['guest_partner.example', TEST1, TEST3]);
  });

  it('shows every state as Graph does', async () => {
    const opened = await open({ deleteThreshold: 5 });
    expect(problemsOfObject('', 'synchronizationJob', await shown(opened))).toEqual([]);
    provider.revokeToken(provider.token ?? '');
    client.tenant.control.unassign({ principal: 'IT' });
    await opened.run();
    const job = await shown(opened);
    expect(problemsOfObject('', 'synchronizationJob', job)).toEqual([]);
    expect(job).toMatchObject({
      status: { code: 'Quarantine', quarantine: { reason: 'EncounteredQuarantineException' } },
    });
  });
});

describe('what the job reads', () => {
  it('is as far behind as other reads are', async () => {
    const opened = await open();
    const { control } = client.tenant;
    control.setLag({ kind: 'held' });
    control.unassign({ principal: 'IT' });
    expect(await opened.run()).toMatchObject({ state: 'Succeeded', countExported: 0 });
    expect(active()).toEqual([TEST1, TEST3]);
    control.advance();
    await opened.run();
    expect(active()).toEqual([]);
  });

  it.each<readonly [how: string, at: { readonly begin: string; readonly later: string }]>([
    ['from the group to a direct assignment', { begin: 'IT', later: TEST1 }],
    ['from a direct assignment to the group', { begin: TEST1, later: 'IT' }],
    ['from a direct assignment to the same made anew', { begin: TEST1, later: TEST1 }],
  ])(
    'is not of one moment: whoever changes over %s while a cycle is under way is gone, until the next',
    async (_how, { begin, later }) => {
      const opened = await open({}, 'generic');
      const { control } = client.tenant;
      control.assign({ principal: begin === 'IT' ? TEST3 : begin });
      if (begin !== 'IT') control.assign({ principal: TEST3 });
      if (begin !== 'IT') control.unassign({ principal: 'IT' });
      await opened.run();
      expect(active()).toEqual([TEST1, TEST3]);
      const properties = { accountEnabled: true, displayName: 'New', mailNickname: 'new' };
      const made = control.createUser({ ...properties, userPrincipalName: 'new@testcompany.example' });
      control.assign({ principal: made.id });
      provider.observe({
        async afterWrite({ method, path }) {
          if (method !== 'POST' || !path.includes('/Users')) return;
          if (begin === later) control.unassign({ principal: begin });
          control.assign({ principal: later });
          if (begin !== later) control.unassign({ principal: begin });
        },
      });
      await opened.run();
      expect(active()).not.toContain(TEST1);
      provider.observe({});
      await opened.run();
      expect(active()).toContain(TEST1);
    },
  );
});

describe('a job that goes on where a real one stands', () => {
  it('has its id and its last cycle, makes nobody a second account, and removes whom that one made', async () => {
    const opened = await open();
    const [id, group] = [provider.accounts.find(TEST1)?.['id'], provider.groups.find('IT')?.['id']];
    const { organisation, control } = client.tenant;
    const user = organisation.userByName(TEST1, organisation.version())?.id ?? '';
    const target = { url: provider.url, token: provider.token ?? '' };
    // The real one matches by another attribute: by its name nobody would find the account.
    provider.change('PATCH', `/Users/${JSON.stringify(id).slice(1, -1)}`, {
      schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
      Operations: [{ op: 'replace', path: 'userName', value: 'one@elsewhere.example' }],
    });
    const time = '2026-11-22T08:00:00.000Z';
    const last = { activityIdentifier: 'before', state: 'Succeeded', timeBegan: time, timeEnded: time } as const;
    const counts = { countExported: 0, countEscrowed: 0, countEntitled: 2 };
    const known = { id: typeof id === 'string' ? id : '', active: true };
    const knownGroup = { id: typeof group === 'string' ? group : '', members: new Set([user]) };
    const [directoryGroup] = [...organisation.groups.values(organisation.version())];
    control.setProvisioningJob(opened.appId, 'Active', {
      target,
      takenOver: {
        id: 'scim.real.1',
        lastExecution: { ...last, ...counts },
        links: { users: new Map([[user, known]]), groups: new Map([[directoryGroup?.id ?? '', knownGroup]]) },
      },
    });
    expect(await shown(opened)).toMatchObject({
      id: 'scim.real.1',
      status: { lastExecution: { activityIdentifier: 'before' } },
    });
    expect(await opened.run()).toMatchObject({ state: 'Succeeded' });
    expect(provider.accounts.size).toBe(2);
    control.unassign({ principal: 'IT' });
    await opened.run();
    expect(active()).toEqual([]);
  });
});

describe('in the wrong order', () => {
  it('a group that is unassigned before its members are assigned takes them along', async () => {
    const { run } = await open();
    client.tenant.control.unassign({ principal: 'IT' });
    await run();
    expect(active()).toEqual([]);
  });

  it('a group that is deleted before it is emptied takes them along, though they are assigned', async () => {
    const { run } = await open();
    for (const principal of [TEST1, TEST3]) client.tenant.control.assign({ principal });
    client.tenant.control.unassign({ principal: 'IT' });
    await run();
    expect(active()).toEqual([]);
  });

  it('provisioning on demand leaves the group where it is', async () => {
    const { appId } = await open();
    for (const principal of [TEST1, TEST3]) client.tenant.control.assign({ principal });
    client.tenant.control.unassign({ principal: 'IT' });
    await client.tenant.control.provisionOnDemand(appId, TEST1);
    expect(provider.groups.find('IT')).toBeDefined();
  });

  it('a full restart forgets the group, which stays for ever', async () => {
    const opened = await open();
    for (const principal of [TEST1, TEST3]) client.tenant.control.assign({ principal });
    client.tenant.control.unassign({ principal: 'IT' });
    const { id } = await shown(opened);
    const restart = await client.send('POST', `${opened.jobs}/${String(id)}/restart`, {
      criteria: { resetScope: 'Full' },
    });
    expect(restart.status).toBe(204);
    expect(await opened.run()).toMatchObject({ state: 'Succeeded' });
    expect(provider.groups.find('IT')).toBeDefined();
  });

  it('a token that is deleted while the job runs quarantines it', async () => {
    const opened = await open();
    provider.revokeToken(provider.token ?? '');
    client.tenant.control.unassign({ principal: 'IT' });
    expect(await opened.run()).toMatchObject({ state: 'Failed' });
    expect(await opened.run()).toBeUndefined();
    expect(await shown(opened)).toMatchObject({ status: { code: 'Quarantine' } });
  });
});

describe('in the right order', () => {
  it('nobody is lost: assigned directly, emptied, unassigned, a cycle', async () => {
    const { run } = await open();
    const { control } = client.tenant;
    for (const principal of [TEST1, TEST3]) control.assign({ principal });
    await run();
    for (const member of [TEST1, TEST3]) control.removeMember('IT', member);
    await run();
    control.unassign({ principal: 'IT' });
    await run();
    expect(active()).toEqual([TEST1, TEST3]);
    expect(provider.groups.size).toBe(0);
  });

  it('the accidental-deletions threshold stops a cycle before anything is removed', async () => {
    const opened = await open({ deleteThreshold: 2 });
    client.tenant.control.unassign({ principal: 'IT' });
    expect(await opened.run()).toMatchObject({ state: 'Failed' });
    expect(active()).toEqual([TEST1, TEST3]);
    expect(await shown(opened)).toMatchObject({ status: { quarantine: { reason: 'TooManyDeletes' } } });
  });
});

describe('pause and start', () => {
  it('stand and go, and may be said twice', async () => {
    const opened = await open();
    const { id } = await shown(opened);
    for (let time = 0; time < 2; time++)
      expect((await client.send('POST', `${opened.jobs}/${String(id)}/pause`)).status).toBe(204);
    expect(await opened.run()).toBeUndefined();
    expect(await shown(opened)).toMatchObject({ status: { code: 'Paused' }, schedule: { state: 'Disabled' } });
    expect((await client.send('POST', `${opened.jobs}/${String(id)}/start`)).status).toBe(204);
    expect(await opened.run()).toMatchObject({ state: 'Succeeded' });
  });

  it('in its pages forget nothing, and the threshold is set and taken away there', async () => {
    const { run, appId } = await open();
    const { control } = client.tenant;
    control.changeProvisioningJob(appId, { code: 'Paused', deleteThreshold: 2 });
    expect(await run()).toBeUndefined();
    client.tenant.control.unassign({ principal: 'IT' });
    control.changeProvisioningJob(appId, { code: 'Active' });
    expect(await run()).toMatchObject({ state: 'Failed' });
    control.changeProvisioningJob(appId, { code: 'Active', deleteThreshold: null });
    expect(await run()).toMatchObject({ state: 'Succeeded', countExported: 3 });
    expect(active()).toEqual([]);
  });

  it('need a permission of their own, and a job that is there', async () => {
    const opened = await open();
    expect((await client.send('POST', `${opened.jobs}/scim.other/pause`)).status).toBe(404);
    const { id } = await shown(opened);
    client.tenant.control.registerApplication(migrationApplication({ permissions: READ_PERMISSIONS }));
    const reader = await clientOf(client.tenant);
    expect((await reader.send('GET', opened.jobs)).status).toBe(200);
    expect((await reader.send('POST', `${opened.jobs}/${String(id)}/pause`)).status).toBe(403);
  });
});

describe('the test of what is saved in a job', () => {
  const saved = { useSavedCredentials: true };

  it('says whether the service provider takes it, and writes nothing', async () => {
    const opened = await open();
    const { id } = await shown(opened);
    const path = `${opened.jobs}/${String(id)}/validateCredentials`;
    provider.clearRequests();
    expect(await client.send('POST', path, saved)).toMatchObject({ status: 204, text: '' });
    expect(provider.requests().map(({ method }) => method)).toEqual(['GET']);
    provider.revokeToken(provider.token ?? '');
    const refused = await client.send('POST', path, saved);
    expect(refused).toMatchObject({
      status: 400,
      json: {
        error: {
          code: 'SystemForCrossDomainIdentityManagementCredentialValidationFailure',
          message: expect.stringContaining('Response Status Code: Unauthorized'),
          innerError: { 'request-id': refused.headers.get('request-id') },
        },
      },
    });
    expect(refused.text).not.toContain(provider.token);
    const seen = client.tenant.control.requests().filter((request) => request.path === path);
    expect(seen.map(({ status }) => status)).toEqual([204, 400]);
  });

  it('needs a job that is there, the permission to change it, and to be asked for', async () => {
    const opened = await open();
    const { id } = await shown(opened);
    const path = `${opened.jobs}/${String(id)}/validateCredentials`;
    expect((await client.send('POST', `${opened.jobs}/scim.other/validateCredentials`, saved)).status).toBe(404);
    expect((await client.send('POST', path, {})).status).toBe(400);
    client.tenant.control.registerApplication(migrationApplication({ permissions: READ_PERMISSIONS }));
    const reader = await clientOf(client.tenant);
    expect((await reader.send('POST', path, saved)).status).toBe(403);
  });
});
