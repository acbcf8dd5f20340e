import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { guideCompany } from '../../../src/sandbox/organisation/guide-company.ts';
import { CONTROL_VERBS } from '../../../src/sandbox/tenant/control-api.ts';
import { startTenant } from '../../../src/sandbox/tenant/tenant.ts';
import { answerOf, clientOf, type Answer, type Client } from './client.ts';

let client: Client;

beforeAll(async () => {
  client = await clientOf(await startTenant({ organisation: guideCompany() }));
});
afterAll(() => client.tenant.close());

async function post(verb: string, body: unknown = {}): Promise<Answer> {
  const url = `${client.tenant.url}/_sandbox/${verb}`;
  const headers = { 'content-type': 'application/json' };
  return answerOf(await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) }));
}

async function view(name: string): Promise<Answer> {
  return answerOf(await fetch(`${client.tenant.url}/_sandbox/${name}`));
}

const TEST2 = 'info.test2@testcompany.example';
const ADA = { userPrincipalName: 'ada@testcompany.example', displayName: 'Ada' };
const ROLE = { id: '11111111-0000-4000-8000-000000000001', value: 'User', displayName: 'User', description: '' };

/** One call of every verb, in an order in which each is granted. */
const CALLS: readonly (readonly [string, unknown])[] = [
  ['createUser', { properties: ADA, manager: TEST2 }],
  ['updateUser', { user: ADA.userPrincipalName, properties: { jobTitle: 'Analyst', mail: null } }],
  ['disableUser', { user: ADA.userPrincipalName }],
  ['enableUser', { user: ADA.userPrincipalName }],
  ['setManager', { user: ADA.userPrincipalName, manager: null }],
  ['createGroup', { properties: { displayName: 'Analysts' }, members: [ADA.userPrincipalName] }],
  ['updateGroup', { group: 'Analysts', properties: { description: 'People who analyse' } }],
  ['addMember', { group: 'Analysts', member: TEST2 }],
  ['removeMember', { group: 'Analysts', member: TEST2 }],
  ['assign', { principal: 'Analysts', role: 'User' }],
  ['unassign', { principal: 'Analysts' }],
  ['deleteGroup', { group: 'Analysts' }],
  [
    'createApplication',
    {
      appId: '11111111-0000-4000-8000-000000000002',
      displayName: 'Second',
      appRoles: [{ ...ROLE, isEnabled: true, allowedMemberTypes: ['User'] }],
    },
  ],
  ['setProvisioningJob', { application: '11111111-0000-4000-8000-000000000002', code: 'Paused' }],
  ['changeProvisioningJob', { application: '11111111-0000-4000-8000-000000000002', deleteThreshold: 3 }],
  ['runProvisioningJob', { application: '11111111-0000-4000-8000-000000000002' }],
  ['provisionOnDemand', { application: '11111111-0000-4000-8000-000000000002', user: ADA.userPrincipalName }],
  ['setLag', { kind: 'reads', reads: 3 }],
  ['setCountLag', { kind: 'milliseconds', milliseconds: 5 }],
  ['setDeltaLag', { kind: 'held' }],
  ['clearDeltaLag', {}],
  ['setDeltaReplay', { versions: 2 }],
  ['setDeltaReplay', { versions: 0 }],
  ['expireDeltaTokens', {}],
  ['advance', {}],
  ['setLag', { kind: 'none' }],
  ['setThrottle', { units: 100, perMilliseconds: 1000 }],
  ['clearThrottle', {}],
  ['addFault', { path: '/users', times: 1, effect: { kind: 'count-off', by: 2 } }],
  ['removeFault', { id: '1' }],
  ['clearFaults', {}],
  ['revokeTokens', { clientId: 'somebody' }],
  ['setTokenLifetime', { seconds: 600 }],
  ['clearRequests', {}],
  ['softDeleteUser', { user: ADA.userPrincipalName }],
];

describe('the control API', () => {
  it('grants every verb', async () => {
    const statuses: [string, number, string][] = [];
    for (const [verb, body] of CALLS) {
      const answer = await post(verb, body);
      statuses.push([verb, answer.status, answer.status === 200 ? '' : answer.text]);
    }
    const deleted = client.tenant.organisation.snapshot().deletedUsers[0]?.id;
    for (const [verb, body] of [
      ['restoreUser', { user: deleted }],
      ['hardDeleteUser', { user: deleted }],
    ] as const) {
      statuses.push([verb, (await post(verb, body)).status, '']);
    }
    expect(statuses).toEqual(statuses.map(([verb]) => [verb, 200, '']));
    expect(CONTROL_VERBS.filter((verb) => !statuses.some(([called]) => called === verb))).toEqual([]);
    expect(client.tenant.organisation.snapshot().users).toHaveLength(3);
  });

  it('changes what Graph shows', async () => {
    await post('updateUser', { user: TEST2, properties: { displayName: 'Renamed "50%"' } });
    expect((await client.get(`/users/${TEST2}?$select=displayName`)).json['displayName']).toBe('Renamed "50%"');
  });

  it.each([
    ['an unknown verb', 'explode', {}, 404],
    ['a member of every object', 'toString', {}, 404],
    ['an unknown member', 'disableUser', { user: TEST2, really: true }, 400],
    ['a missing member', 'assign', {}, 400],
    ['a user nobody is', 'disableUser', { user: 'nobody' }, 404],
    ['a property Graph lacks', 'updateUser', { user: TEST2, properties: { nickName: 'x' } }, 400],
    ['a new id', 'updateUser', { user: TEST2, properties: { id: 'x' } }, 400],
    ['a second membership', 'addMember', { group: 'IT', member: 'info.test1@testcompany.example' }, 409],
    ['an unknown fault', 'addFault', { path: '/users', effect: { kind: 'meteor' } }, 400],
  ])('refuses %s', async (_name, verb, body, status) => {
    const answer = await post(verb, body);
    expect(answer.status).toBe(status);
    expect(answer.json['error']).toEqual(expect.any(String));
  });

  it('refuses a body that is no JSON', async () => {
    const answer = await answerOf(await fetch(`${client.tenant.url}/_sandbox/advance`, { method: 'POST', body: '{' }));
    expect(answer.status).toBe(400);
  });

  it('shows requests and counters without queries, tokens or bodies', async () => {
    await post('clearRequests');
    await client.get(`/users/${TEST2}?$select=mail`);
    await client.get(`/users?$filter=${encodeURIComponent(`userPrincipalName eq '${TEST2}'`)}`);
    const requests = await view('requests');
    expect(requests.json['value']).toMatchObject([
      { method: 'GET', path: `/users/${TEST2}`, status: 200 },
      { method: 'GET', path: '/users', status: 200 },
    ]);
    expect(requests.text).not.toMatch(/select|filter|Bearer|secret/);
    expect((await view('counters')).json['value']).toEqual({ 'GET /users/* 200': 1, 'GET /users 200': 1 });
  });

  it('says of a principal it does not know that it may be a user or a group', async () => {
    const answer = await post('assign', { principal: 'nobody' });
    expect([answer.status, answer.json]).toEqual([404, { error: 'the sandbox tenant has no such user or group' }]);
  });

  it('lists what it can do', async () => {
    expect((await view('')).json).toMatchObject({ verbs: CONTROL_VERBS, views: ['faults', 'requests', 'counters'] });
    expect((await view('secrets')).status).toBe(404);
  });
});

describe('a snapshot of the tenant', () => {
  it('starts the same tenant again, with its applications', async () => {
    client.tenant.control.assign({ principal: TEST2 });
    const saved = client.tenant.snapshot();
    const again = await startTenant({ organisation: JSON.parse(JSON.stringify(saved)) });
    try {
      expect(again.snapshot()).toEqual(saved);
      expect((await (await clientOf(again)).get(`/users/${TEST2}`)).status).toBe(200);
    } finally {
      await again.close();
    }
  });
});
