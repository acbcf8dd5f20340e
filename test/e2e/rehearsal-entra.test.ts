import { afterEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import type { Rehearsal } from '../../src/core/migration/rehearsal.ts';
import type { RehearsalAsk } from '../../src/ports/migration-operator.ts';
import { guideCompany } from '../../src/sandbox/organisation/guide-company.ts';
import { migrationApplication } from '../../src/sandbox/tenant/login/applications.ts';
import { company, people, personName, userNames } from './company.ts';
import { startEntraWorld, type EntraWorld } from './entra-engine.ts';
import { accountsOf, assignedTo, OPTIONS } from './migration-world.ts';
import { isWrite, recordWorld } from './recording-proxy.ts';

/*
 * Entra's own service has provisioned, and its clock stands still: whatever changes while a rehearsal runs, the rehearsal has
 * changed.
 */
const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function open(organisation = guideCompany()): Promise<EntraWorld> {
  const at = await startEntraWorld(organisation, 0);
  closing.push(() => at.close());
  return at;
}

function rehearse(operator: OperatorClient, ask: Partial<RehearsalAsk> = {}): Promise<Rehearsal> {
  const whole = {
    connection: 'acme',
    kind: 'remove-groups',
    groups: ['IT'],
    options: OPTIONS,
    assume: [],
    ...ask,
  } as const;
  return operator.migrations.rehearse(whole, () => undefined, new AbortController().signal);
}

/** Everything real that a migration could touch. */
function truth(at: EntraWorld): object {
  return {
    accounts: accountsOf(at),
    groups: at.provider.groups.all(),
    assigned: assignedTo(at),
    jobs: at.tenant.provisioningJobs(principalOf(at)),
  };
}

/** Requests of a rehearsal without what only the ids of the guide's company would say. */
function sent({ requests }: Rehearsal): readonly string[] {
  return requests.map(({ request, outcome }) => `${request.to} ${request.method} ${outcome}`);
}

describe('a rehearsal where Entra itself provisions', () => {
  test('M8: removes the group of the guide on a copy, where Entra’s job deletes it and everybody stays', async () => {
    const at = await open();
    const operator = await at.open();
    const rehearsal = await rehearse(operator);
    expect(rehearsal).toMatchObject({
      safe: true,
      end: { result: 'succeeded' },
      counts: { keeps: 2, changes: 0, loses: 0 },
      groupsLeft: [],
      reportPassed: true,
      hindrances: [],
    });
    const ids = at.provider.accounts.all().map(({ id }) => id);
    expect(new Set(rehearsal.people.map(({ account }) => account))).toEqual(new Set(ids));
    for (const person of rehearsal.people) expect(person).toMatchObject({ groupsBefore: ['IT'], groupsAfter: [] });
    // Two people assigned, the group emptied one person first, and unassigned: the delete is Entra's own.
    expect(sent(rehearsal)).toEqual([
      'directory POST done',
      'directory POST done',
      'provider PATCH done',
      'provider PATCH done',
      'directory DELETE done',
    ]);
    expect(rehearsal.unknown.join('\n')).toMatch(/its schema is not read/);
  });

  test('M2, M8: switches SCIM off on a copy and writes nothing real, to Entra’s job neither', async () => {
    const at = await open();
    const recorded = await recordWorld(at);
    closing.push(() => recorded.close());
    const before = truth(at);
    const operator = await at.open();
    const status = await operator.status();
    const rehearsal = await rehearse(operator, { kind: 'disable-scim', groups: [] });
    expect(rehearsal).toMatchObject({
      safe: true,
      end: { result: 'succeeded' },
      counts: { keeps: 2, changes: 0, loses: 0 },
      groupsLeft: [],
    });
    // On the copy the job is paused in the end, by the id of the real one.
    const ids = at.tenant.provisioningJobs(principalOf(at)).map(({ id }) => id);
    const paths = rehearsal.requests.map(({ request: { method, path } }) => `${method} ${path}`);
    expect(ids.map((id) => `/synchronization/jobs/${JSON.stringify(id).slice(1, -1)}/pause`)).toEqual([
      /\/synchronization\/.*$/.exec(paths.at(-1) ?? '')?.[0],
    ]);
    expect([...recorded.directory, ...recorded.provider].filter(isWrite)).toEqual([]);
    const aboutJobs = recorded.directory.filter(({ path }) => path.includes('/synchronization/'));
    expect(aboutJobs.length).toBeGreaterThan(0);
    expect(new Set(aboutJobs.map(({ method }) => method))).toEqual(new Set(['GET']));
    expect(recorded.provider.length).toBeGreaterThan(1);
    expect(truth(at)).toEqual(before);
    await expect(operator.migrations.migrationStatus('acme')).rejects.toThrow(/no migration/);
    expect((await operator.status()).connections).toEqual(status.connections);
  });

  test('says who would lose the account and by what, and that Entra’s job would be paused', async () => {
    const at = await open();
    const operator = await at.open();
    const rehearsal = await rehearse(operator, { assume: ['last-group-takes-account'] });
    expect(rehearsal).toMatchObject({
      safe: false,
      end: { result: 'aborted', step: 'empty-groups', text: expect.stringContaining('was paused') },
      counts: { keeps: 1, loses: 1 },
    });
    const [lost] = rehearsal.people;
    expect(lost).toMatchObject({ outcome: 'loses', why: expect.stringMatching(/^PATCH \/Groups\//) });
    expect(rehearsal.end.text).toContain(lost?.label);
    expect(at.provider.accounts.size).toBe(2);
    expect(at.job.code()).toBe('Active');
  });

  test('finds in the way what a real one would: a job that stands still, somebody without an account, no permission', async () => {
    const at = await open(company({ users: 6, groups: { Crew: [1, 3], Deck: [3, 5] }, direct: [6, 6] }));
    const operator = await at.open();
    await at.job.pause();
    at.tenant.control.createUser({
      userPrincipalName: 'late@harbour.example',
      mailNickname: 'late',
      displayName: 'Late',
      accountEnabled: true,
    });
    at.tenant.control.addMember('Crew', 'late@harbour.example');
    at.tenant.control.changeProvisioningJob(undefined, { deleteThreshold: 0 });
    // May assign, and not pause Entra's job.
    at.tenant.control.registerApplication(migrationApplication());
    const before = truth(at);
    const rehearsal = await rehearse(operator, { groups: ['Crew'] });
    expect(rehearsal).toMatchObject({
      safe: false,
      end: { result: 'not-started' },
      counts: { loses: 0 },
      requests: [],
    });
    const codes = rehearsal.hindrances.map(({ code }) => code).toSorted();
    expect(codes).toEqual(['delete-threshold', 'identity', 'job-stopped', 'user-unlinked']);
    expect(truth(at)).toEqual(before);
  });

  test('names whom the played job makes an account, who may have one already under another name', async () => {
    const at = await open(company({ users: 6, groups: { Crew: [1, 3], Deck: [3, 5] } }));
    const operator = await at.open();
    at.tenant.control.assign({ principal: personName(6) });
    const rehearsal = await rehearse(operator, { groups: ['Crew'] });
    expect(rehearsal).toMatchObject({ safe: true, counts: { keeps: 5, loses: 0 } });
    expect(rehearsal.unknown.join('\n')).toMatch(/person6@harbour\.example.*made.* account/s);
    expect(userNames(at)).toEqual(people(1, 5));
  });
});

function principalOf({ tenant: { organisation } }: EntraWorld): string {
  const [principal] = [...organisation.servicePrincipals.values(organisation.version())];
  return principal?.id ?? '';
}
