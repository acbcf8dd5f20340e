import { expect, test } from 'vitest';
import { z } from 'zod';
import type { ReportedRequest } from '../../src/core/migration/report.ts';
import type { FaultSetting } from '../../src/sandbox/provider/faults.ts';
import { digestOf } from '../../src/sandbox/provider/request-log.ts';
import { company, personName } from '../e2e/company.ts';
import { useOwnWorlds, type OwnWorld } from './own-world.ts';

const openWorld = useOwnWorlds('generic');
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

/** Five people through Crew, one directly, up to where the coverage is approved. */
async function open(): Promise<OwnWorld> {
  const at = await openWorld(company({ users: 6, groups: { Crew: [1, 5] }, direct: [6, 6] }));
  at.provider.clearRequests();
  await at.start('remove-groups', ['Crew']);
  await at.live();
  await at.approve();
  return at;
}

function idOf(found: unknown): string {
  return z.object({ id: z.string() }).parse(found).id;
}

/** Does something once, after so many membership changes were made. */
function afterChange({ provider }: OwnWorld, count: number, act: () => void): void {
  let seen = 0;
  provider.observe({
    afterWrite({ method, path }) {
      if (method !== 'PATCH' || !path.includes('/Groups/')) return;
      seen += 1;
      if (seen === count) act();
    },
  });
}

/** From the moment the first member, who goes alone, is out. */
function faultAfterFirst(at: OwnWorld, fault: FaultSetting): void {
  afterChange(at, 1, () => at.provider.faults.set(fault));
}

async function reported({ operator, name }: OwnWorld): Promise<readonly ReportedRequest[]> {
  const { requests } = await operator.migrationReport(name);
  return requests.filter(({ request }) => request.to === 'provider');
}

/** Every write as the provider saw it, in order, with the digest of its body. */
function seen({ provider }: OwnWorld): readonly string[] {
  return provider
    .requests()
    .filter(({ method, path }) => method !== 'GET' && !path.endsWith('/.search'))
    .map(({ method, path, bodyDigest }) => `${method} ${path} ${bodyDigest}`);
}

function told(requests: readonly ReportedRequest[]): readonly string[] {
  return requests.map(({ request: { method, path, body } }) => {
    const digest = digestOf(body === undefined ? undefined : Buffer.from(JSON.stringify(body)));
    return `${method} /scim/v2${path} ${digest}`;
  });
}

/** Outcomes of the changes of members. */
function outcomes(requests: readonly ReportedRequest[]): readonly string[] {
  return requests.filter(({ request }) => request.method === 'PATCH').map(({ outcome }) => outcome);
}

test('M8: where the provider refuses several members in one request, each single one is told as it was sent, with its outcome', async () => {
  const at = await open();
  faultAfterFirst(at, { fault: 'multiMemberRefused' });
  expect(await at.live()).toMatchObject({ result: 'succeeded' });
  const requests = await reported(at);
  expect(told(requests)).toEqual(seen(at));
  // The canary; four at once, refused; two, refused; both alone; the other two the same way.
  const alone = ['overcome', 'done', 'done'];
  expect(outcomes(requests)).toEqual(['done', 'overcome', ...alone, ...alone]);
  const refused = requests.filter(({ outcome }) => outcome === 'overcome');
  expect(refused.map(({ why }) => why)).toEqual(refused.map(() => expect.stringContaining('answered 400')));
  expect(await at.operator.migrationReport(at.name)).toMatchObject({ verdict: 'passed', chain: { sound: true } });
});

test('M8: a request that a version conflict made go out again is told twice', async () => {
  const at = await open();
  faultAfterFirst(at, { fault: 'failBefore', value: 412, method: 'PATCH', times: 1 });
  expect(await at.live()).toMatchObject({ result: 'succeeded' });
  const requests = await reported(at);
  expect(told(requests)).toEqual(seen(at));
  expect(outcomes(requests)).toEqual(['done', 'overcome', 'done']);
  expect(requests[1]?.why).toContain('answered 412');
});

test('M8: that members were removed whom nobody asked for, and put back, is told with both requests', async () => {
  const at = await open();
  const bystander = idOf(at.provider.accounts.find(personName(5)));
  const group = idOf(at.provider.groups.find('Crew'));
  at.provider.observe({
    afterWrite({ method, path }) {
      if (method !== 'PATCH' || !path.includes('/Groups/')) return;
      at.provider.observe({});
      const Operations = [{ op: 'remove', path: `members[value eq "${bystander}"]` }];
      at.provider.change('PATCH', `/Groups/${group}`, { schemas: [PATCH], Operations });
    },
  });
  expect(await at.live()).toMatchObject({ status: 'paused' });
  expect(at.groups()).toEqual({ Crew: expect.arrayContaining([personName(5)]) });
  const requests = await reported(at);
  expect(told(requests)).toEqual(seen(at));
  expect(requests).toMatchObject([
    { outcome: 'done', request: { body: { Operations: [{ op: 'remove' }] } } },
    {
      outcome: 'done',
      request: { body: { Operations: [{ op: 'add', value: [{ value: bystander }] }] } },
      why: expect.stringContaining('removed 1 more; they were put back'),
    },
  ]);
});

test('M8: of a change that fails midway what was done and what was refused are told apart', async () => {
  const at = await open();
  let changes = 0;
  at.provider.observe({
    afterWrite({ method, path }) {
      if (method !== 'PATCH' || !path.includes('/Groups/')) return;
      changes += 1;
      if (changes === 1) at.provider.faults.set({ fault: 'multiMemberRefused' });
      // The canary, two refusals, and one more alone.
      if (changes === 4) at.provider.faults.set({ fault: 'failBefore', value: 400, method: 'PATCH' });
    },
  });
  expect(await at.live()).toMatchObject({ status: 'paused' });
  const requests = await reported(at);
  expect(told(requests)).toEqual(seen(at));
  expect(outcomes(requests)).toEqual([
    'done',
    'failed',
    'failed',
    'done',
    ...Array.from({ length: 4 }, () => 'failed'),
  ]);
  expect(requests.at(-1)?.why).toContain('refused to remove 3 of 4 member(s) of a SCIM group; the others are done');
});

test('M8: of a process that died before it could tell, the request is told as it was planned, and what the next one sent as it was', async () => {
  const at = await open();
  faultAfterFirst(at, { fault: 'multiMemberRefused' });
  let told = 0;
  at.dieBefore((entry) => entry.kind === 'called' && entry.step === 'empty-groups' && ++told === 2);
  await at.live();
  expect(at.deaths()).toBe(1);
  expect(outcomes(await reported(at))).toEqual(['done', 'in-doubt']);
  expect(await at.live()).toMatchObject({ result: 'succeeded' });
  // All were out already.
  expect(outcomes(await reported(at))).toEqual(['done', 'proved']);
});

test('M8: a request that was announced and never left, because a read before it failed, is told so', async () => {
  const at = await open();
  let announced = 0;
  at.dieBefore((entry) => {
    if (entry.kind === 'calling' && entry.step === 'empty-groups' && ++announced === 2)
      at.provider.faults.set({ fault: 'failBefore', value: 500, method: 'GET', path: '^/Groups/', times: 1 });
    return false;
  });
  expect(await at.live()).toMatchObject({ result: 'succeeded' });
  const requests = await reported(at);
  expect(outcomes(requests)).toEqual(['done', 'not-sent', 'done']);
  expect(requests[1]?.why).toContain('GET /Groups/{id} was answered 500');
  expect(told(requests.filter(({ outcome }) => outcome !== 'not-sent'))).toEqual(seen(at));
});

/** Three groups, up to where the canary is deleted and the full cycle is about to delete the other two, one at a time. */
async function toTheFullCycle(fault: FaultSetting, atFirst: (at: OwnWorld) => unknown = () => undefined) {
  const groups = { Crew: [1, 2], Deck: [2, 3], Mast: [3, 5] } as const;
  const at = await openWorld(company({ users: 5, groups, direct: [1, 5] }));
  at.provider.clearRequests();
  let deletes = 0;
  at.provider.observe({
    async afterWrite({ method }) {
      if (method !== 'DELETE') return;
      deletes += 1;
      if (deletes === 1) at.provider.faults.set({ ...fault, method: 'DELETE', path: '^/Groups' });
      if (deletes === 2) await atFirst(at);
    },
  });
  await at.start('remove-groups', ['Crew', 'Deck', 'Mast']);
  await at.live();
  await at.approve();
  const view = await at.live();
  const requests = await reported(at);
  expect(told(requests).toSorted()).toEqual(seen(at).toSorted());
  const ofCycle = requests.filter(({ what }) => what.startsWith('full cycle:'));
  return { view, ended: ofCycle.map(({ outcome }) => outcome).toSorted(), ofCycle };
}

test('M8: what the full cycle sent in vain because the provider throttled is told beside what was sent later', async () => {
  const { view, ended, ofCycle } = await toTheFullCycle({ fault: 'throttle', value: 5, times: 1 });
  expect(view).toMatchObject({ result: 'succeeded' });
  expect(ended).toEqual(['done', 'done', 'overcome']);
  expect(ofCycle.find(({ outcome }) => outcome === 'overcome')?.why).toContain('answered 429');
});

test('M8: a request of the full cycle whose answer was lost, and which was read to be done, is told once', async () => {
  const { view, ended } = await toTheFullCycle({ fault: 'failAfter', value: 500, times: 1 });
  expect(view).toMatchObject({ result: 'succeeded' });
  expect(ended).toEqual(['done', 'proved']);
});

test('M8: what the full cycle sent in vain before it was cancelled is told', async () => {
  const { view, ended } = await toTheFullCycle({ fault: 'throttle', value: 600 }, ({ operator, name }) =>
    operator.actOnMigration({ connection: name, verb: 'abort', by: 'ada' }),
  );
  expect(view).toMatchObject({ result: 'aborted' });
  expect(new Set(ended)).toEqual(new Set(['failed']));
});

test('M8: each request of the full cycle that was refused before its operation was put aside is told', async () => {
  const { view, ended } = await toTheFullCycle({ fault: 'failBefore', value: 412 });
  expect(view).toMatchObject({ status: 'paused' });
  // A version conflict is met with the version read anew, twice, for each of the two groups.
  expect(ended).toEqual(Array.from({ length: 6 }, () => 'failed'));
});

test('M9: an assignment whose answer was lost is withdrawn by a rollback like all others, and each of its requests is told', async () => {
  const at = await openWorld(company({ users: 4, groups: { Crew: [1, 4] } }));
  at.tenant.control.addFault({
    method: 'POST',
    path: '/servicePrincipals/*/appRoleAssignedTo',
    times: 1,
    effect: { kind: 'reset' },
  });
  await at.start('remove-groups', ['Crew']);
  expect(await at.live()).toMatchObject({ gate: { name: 'coverage' } });
  await at.operator.actOnMigration({ connection: at.name, verb: 'rollback', by: 'ada' });
  expect(await at.live()).toMatchObject({ result: 'rolled-back' });
  expect(at.assigned()).toEqual(['Crew']);
  const { verdict, requests } = await at.operator.migrationReport(at.name);
  expect(verdict).toBe('restored');
  const writes = at.tenant.control
    .requests()
    .filter(({ method, path }) => method !== 'GET' && path.includes('appRole'));
  expect(requests.map(({ request: { to, method } }) => `${to} ${method}`)).toEqual(
    writes.map(({ method }) => `directory ${method}`),
  );
  const lost = requests.filter(({ outcome }) => outcome !== 'done');
  expect(lost).toEqual([expect.objectContaining({ outcome: 'repeated', why: expect.stringContaining('failed') })]);
});
