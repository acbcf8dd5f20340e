import { afterEach, describe, expect, test } from 'vitest';
import { patchOperations } from '../../../src/adapters/scim/patch.ts';
import { profileByName } from '../../../src/adapters/scim/profiles/profile-by-name.ts';
import { planCycle } from '../../../src/core/planning/plan-cycle.ts';
import { anAccount, aPlanInput, assignGroup, assignUser, aUser } from '../../builders.ts';
import { failure, idIn, never, resolveNone, resources, type ScriptedAnswer, toChange, toRemove } from './builders.ts';

const open = resources();
afterEach(() => open.close());

const salesforce = profileByName('salesforce');
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';

test.each([
  ['salesforce', { op: 'replace', value: { active: false } }],
  ['generic', { op: 'replace', path: 'active', value: false }],
  ['entra-legacy', { op: 'Replace', path: 'active', value: 'False' }],
  ['monday', { op: 'replace', path: 'active', value: false }],
] as const)('A1: the profile %s says how an account is deactivated', (name, operation) => {
  const change = { path: 'active', before: true, after: false };
  expect(patchOperations(profileByName(name), [change])).toEqual([operation]);
});

describe('A2: Salesforce has deactivated an account', () => {
  const inactive: ScriptedAnswer = { body: { id: 'a', active: false } };
  const active: ScriptedAnswer = { body: { id: 'a', active: true } };

  test.each<[string, ScriptedAnswer, ScriptedAnswer, string]>([
    ['when 200 shows it', inactive, { status: 500 }, 'nothing was thrown'],
    ['when 204 came and a read shows it', { status: 204 }, inactive, 'nothing was thrown'],
    ['not when 204 came and a read shows it active', { status: 204 }, active, 'InDoubtError'],
    ['not when 200 shows it active', active, active, 'InDoubtError'],
    ['not when 202 put it off', { status: 202 }, active, 'InDoubtError'],
    ['not when 400 refused it', { status: 400 }, active, 'RejectedError'],
  ])('%s', async (_rule, written, read, outcome) => {
    const server = await open.scripted(({ method }) => (method === 'GET' ? read : written));
    const provider = open.client(server.url, { profile: salesforce });
    expect((await failure(provider.apply(toRemove('disable', 'a'), resolveNone, never))).name).toBe(outcome);
  });

  test('and one that is not seen to be so is settled as not done, to be sent again', async () => {
    const server = await open.scripted(({ method }) => (method === 'GET' ? active : { status: 204 }));
    const provider = open.client(server.url, { profile: salesforce });
    expect(await provider.settle(toRemove('disable', 'a'), resolveNone, never)).toBeUndefined();
  });
});

describe('A4: a deactivated account keeps its name', () => {
  test('is found by it, deactivated as it is', async () => {
    const sandbox = await open.sandbox({ behaviour: 'salesforce' });
    const id = idIn(sandbox.change('POST', '/Users', { schemas: [USER], userName: 'ada@contoso.com', active: false }));
    const provider = open.client(sandbox.url, { profile: salesforce });
    const found = await provider.findAccounts({ attribute: 'userName', value: 'ada@contoso.com' }, never);
    expect(found).toEqual([expect.objectContaining({ id, active: false })]);
  });

  test('and nobody linked to it: it is matched and reactivated, and none is created beside it', () => {
    const input = aPlanInput(
      { users: [aUser('ada')], assignments: [assignUser('ada')] },
      { profile: salesforce, provider: { accounts: [anAccount('id-ada', 'ada@contoso.com', { active: false })] } },
    );
    const operations = planCycle(input).plan.operations.map(({ kind, anchor }) => `${kind} ${anchor}`);
    expect(operations).toEqual(['reactivate ada']);
  });
});

describe('A5: an account comes back', () => {
  const update = toChange('a', [{ path: 'title', before: 'x', after: 'y' }], 'reactivate');
  const activation = { op: 'replace', path: 'active', value: true };
  const title = { op: 'replace', path: 'title', value: 'y' };

  test.each([
    [true, [[activation], [title]]],
    [false, [[activation, title]]],
  ])('active first, its attributes in a request of their own where the profile needs it (%s)', async (split, sent) => {
    const server = await open.scripted(() => ({ status: 204 }));
    const generic = profileByName('generic');
    const profile = { ...generic, patch: { ...generic.patch, splitReactivation: split } };
    await open.client(server.url, { profile }).apply(update, resolveNone, never);
    expect(server.requests.map(({ body }): unknown => JSON.parse(body).Operations)).toEqual(sent);
  });

  test('memberships in a wave after it', () => {
    const input = aPlanInput(
      {
        users: [aUser('ada')],
        groups: { it: { name: 'IT', users: ['ada'] } },
        assignments: [assignGroup('it'), assignUser('ada')],
      },
      { provider: { accounts: [anAccount('id-ada', 'ada@contoso.com', { active: false })] } },
    );
    const waves = new Map(planCycle(input).plan.operations.map(({ kind, wave }) => [kind, wave]));
    expect([...waves.keys()]).toContain('reactivate');
    expect(waves.get('members')).toBeGreaterThan(waves.get('reactivate') ?? Infinity);
  });
});

test.each(['disable', 'update', 'delete'] as const)(
  'A6: the bare version Salesforce shows is bound to no %s',
  async (kind) => {
    const sent: object[] = [];
    const shown = { id: 'a', active: false, title: 'y', meta: { version: '0f'.repeat(20), lastModified: 'later' } };
    const server = await open.scripted(({ method, headers }) => {
      if (method !== 'GET') sent.push(headers);
      return method === 'DELETE' ? { status: 204 } : { body: shown };
    });
    const operation =
      kind === 'update' ? toChange('a', [{ path: 'title', before: 'x', after: 'y' }]) : toRemove(kind, 'a');
    await open.client(server.url, { profile: salesforce }).apply(operation, resolveNone, never);
    expect(sent).toHaveLength(1);
    expect(sent[0]).not.toHaveProperty('if-match');
  },
);
