import { afterEach, describe, expect, test } from 'vitest';
import { profileByName } from '../../../src/adapters/scim/profiles/profile-by-name.ts';
import { WAVE } from '../../../src/core/operation.ts';
import type { ProviderProfile } from '../../../src/core/profile.ts';
import type { FaultSetting } from '../../../src/sandbox/provider/faults.ts';
import { isComplex } from '../../../src/sandbox/provider/json.ts';
import type { ProviderOptions } from '../../../src/sandbox/provider/provider.ts';
import {
  aProfile,
  failure,
  never,
  planting,
  resolveNone,
  resolver,
  resources,
  toChange,
  toCreate,
  toCreateGroup,
  toMembers,
  TOKEN,
} from './builders.ts';

const open = resources();
afterEach(() => open.close());

const WORK = 'emails[type eq "work"].value';
const generic = profileByName('generic');
const titled = (id: string) => toChange(id, [{ path: 'title', before: null, after: 'Captain' }]);

interface NaiveRequest {
  readonly body?: object;
  readonly token?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

async function rig(fault?: FaultSetting, profile: ProviderProfile = generic, options: ProviderOptions = {}) {
  const sandbox = await open.sandbox(options);
  const { account, group: groupNamed } = planting(sandbox);
  const group = (members: readonly string[] = []) => groupNamed('IT', members);
  const membersOf = (id: string) => {
    const members = sandbox.groups.get(id)?.['members'];
    return Array.isArray(members) ? members.map((member) => (isComplex(member) ? member['value'] : member)) : [];
  };
  /** What a client sends that knows nothing of the provider's ways. */
  const naive = (method: string, path: string, { body, token = TOKEN, headers = {} }: NaiveRequest = {}) =>
    fetch(sandbox.url + path, {
      method,
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/scim+json', ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  if (fault !== undefined) sandbox.faults.set(fault);
  return { sandbox, provider: open.client(sandbox.url, { profile }), account, group, groupNamed, membersOf, naive };
}

const PATCH_OP = ['urn:ietf:params:scim:api:messages:2.0:PatchOp'];

function patch(op: string, path: string, value: unknown) {
  return { body: { schemas: PATCH_OP, Operations: [{ op, path, value }] } };
}

describe('a filter a simple provider refuses is not what anybody is looked for with', () => {
  test.each(['eqOnly', 'rejectValuePath'] as const)('%s: a work address finds its account', async (fault) => {
    const { provider, account, naive } = await rig({ fault });
    account('home', { emails: [{ type: 'home', value: 'ada@x.example' }] });
    const id = account('work', { emails: [{ type: 'work', value: 'ada@x.example' }] });
    const usual = encodeURIComponent('emails[type eq "work" and value eq "ada@x.example"]');
    expect((await naive('GET', `/Users?filter=${usual}`)).status).toBe(400);
    expect(await provider.findAccounts({ attribute: WORK, value: 'ada@x.example' }, never)).toMatchObject([{ id }]);
  });

  test.each(['eqOnly', 'rejectValuePath'] as const)('%s: hidden members are asked for all the same', async (fault) => {
    const profile = aProfile({ groups: { membersReadable: 'by-user-filter' } });
    const { provider, account, group, membersOf, naive } = await rig({ fault }, profile);
    const [ada, bob] = [account('ada'), account('bob')];
    const it = group([ada, bob]);
    const usual = encodeURIComponent(`id eq "${it}" and members[value eq "${ada}"]`);
    expect((await naive('GET', `/Groups?filter=${usual}`)).status).toBe(400);
    const removal = toMembers([], [{ anchor: 'ada', resourceId: ada }]);
    await provider.apply(removal, resolver({ 'group-1': it }), never);
    expect(membersOf(it)).toEqual([bob]);
  });
});

describe('members of a group', () => {
  test('who are in already are not listed twice when a large change begins again', async () => {
    const { sandbox, provider, account, group, membersOf, naive } = await rig({ fault: 'duplicateMembers' });
    const users = Array.from({ length: 350 }, (_, n) => `u${n}`);
    const ids = Object.fromEntries(users.map((name) => [name, account(name)]));
    const it = group();
    let written = 0;
    sandbox.observe({
      afterWrite: () => {
        written += 1;
        if (written === 2) sandbox.faults.set({ fault: 'throttle', value: 0, times: 1 });
      },
    });
    const operation = toMembers(users, []);
    const resolve = resolver({ ...ids, 'group-1': it });
    expect(await failure(provider.apply(operation, resolve, never))).toMatchObject({ name: 'ThrottledError' });
    await provider.apply(operation, resolve, never);
    expect(membersOf(it)).toHaveLength(350);
    expect(new Set(membersOf(it))).toEqual(new Set(Object.values(ids)));
    await naive('PATCH', `/Groups/${it}`, patch('add', 'members', [{ value: ids['u0'] }]));
    expect(membersOf(it)).toHaveLength(351);
  });

  test('who are listed twice are one member, and out after one removal', async () => {
    const { provider, account, group, membersOf, naive } = await rig({ fault: 'duplicateMembers' });
    const [ada, bob] = [account('ada'), account('bob')];
    const it = group([ada, bob]);
    await naive('PATCH', `/Groups/${it}`, patch('add', 'members', [{ value: ada }]));
    expect(membersOf(it)).toHaveLength(3);
    const resolve = resolver({ 'group-1': it, ada, bob });
    expect(await provider.settle(toMembers(['ada', 'bob'], []), resolve, never)).toMatchObject({ resourceId: it });
    await provider.apply(toMembers([], [{ anchor: 'ada', resourceId: ada }]), resolve, never);
    expect(membersOf(it)).toEqual([bob]);
  });

  test('leave also where replacing them only adds', async () => {
    const { provider, account, group, membersOf, naive } = await rig({ fault: 'mergeOnReplace' });
    const [ada, bob, cleo] = [account('ada'), account('bob'), account('cleo')];
    const it = group([ada, bob]);
    await naive('PATCH', `/Groups/${it}`, patch('replace', 'members', [{ value: bob }]));
    expect(membersOf(it)).toEqual([ada, bob]);
    const change = toMembers(['cleo'], [{ anchor: 'ada', resourceId: ada }]);
    await provider.apply(change, resolver({ 'group-1': it, cleo }), never);
    expect(membersOf(it)).toEqual([bob, cleo]);
  });

  test.each(['generic', 'entra-legacy'] as const)(
    'stay, with %s, where an empty removal takes everybody out and whoever was to go is out already',
    async (name) => {
      const { provider, account, group, membersOf, naive } = await rig(
        { fault: 'emptyRemoveWipes' },
        profileByName(name),
        { behaviour: name },
      );
      const [ada, bob] = [account('ada'), account('bob')];
      const it = group([bob]);
      const resolve = resolver({ 'group-1': it });
      await provider.apply(toMembers([], [{ anchor: 'ada', resourceId: ada }]), resolve, never);
      await provider.apply(toMembers(['nobody'], []), resolve, never);
      expect(membersOf(it)).toEqual([bob]);
      await naive('PATCH', `/Groups/${it}`, patch('remove', 'members', []));
      expect(membersOf(it)).toEqual([]);
    },
  );
});

test('an ETag that is no version binds no write: it would be refused for ever', async () => {
  const profile: ProviderProfile = { ...generic, patch: { ...generic.patch, shape: 'put' } };
  const { sandbox, provider, account, naive } = await rig({ fault: 'bogusEtag' }, profile, {
    overrides: { etag: 'honoured' },
  });
  const id = account('ada');
  const tag = (await naive('GET', `/Users/${id}`)).headers.get('etag') ?? '';
  const bound = await naive('PATCH', `/Users/${id}`, { ...patch('add', 'title', 'x'), headers: { 'if-match': tag } });
  expect(bound.status).toBe(412);
  sandbox.clearRequests();
  await provider.apply(titled(id), resolveNone, never);
  expect(sandbox.accounts.get(id)).toMatchObject({ title: 'Captain' });
  expect(sandbox.requests().map(({ status }) => status)).toEqual([200, 200]);
});

test('a configuration that is served to anybody proves no token', async () => {
  const { sandbox, naive } = await rig({ fault: 'spcUnauthenticated' });
  expect((await naive('GET', '/ServiceProviderConfig', { token: 'revoked' })).status).toBe(200);
  const revoked = open.client(sandbox.url, { credential: { kind: 'bearer', token: async () => 'revoked' } });
  expect(await revoked.check(never)).toMatchObject([{ ok: false, detail: expect.stringContaining('401') }]);
  const lines = await open.client(sandbox.url).check(never);
  expect(lines.filter(({ ok }) => !ok)).toEqual([]);
});

test('a locked resource is asked to wait for, with nobody else, where a 429 can mean one resource', async () => {
  const { sandbox, account, naive } = await rig();
  const [ada, bob] = [account('ada'), account('bob')];
  const locked = { fault: 'resourceLocked429', value: 7, path: `^/Users/${ada}$` } as const;
  sandbox.faults.set({ ...locked, times: 3 });
  expect((await naive('PATCH', `/Users/${ada}`, patch('add', 'title', 'x'))).status).toBe(429);
  const slack = open.client(sandbox.url, { profile: profileByName('slack') });
  expect(await failure(slack.apply(titled(ada), resolveNone, never))).toMatchObject({
    name: 'ThrottledError',
    scope: 'resource',
    retryAfterMs: 7_000,
  });
  await slack.apply(titled(bob), resolveNone, never);
  expect(sandbox.accounts.get(bob)).toMatchObject({ title: 'Captain' });
  // Elsewhere it could be anything: the safe reading is that everybody waits.
  expect(await failure(open.client(sandbox.url).apply(titled(ada), resolveNone, never))).toMatchObject({
    scope: 'connection',
  });
  await slack.apply(titled(ada), resolveNone, never);
  expect(sandbox.accounts.get(ada)).toMatchObject({ title: 'Captain' });
});

describe('errors whose body shows the status as a number', () => {
  /** A client that believes the body, where RFC 7644 section 3.12 promises a string. */
  const readAsPromised = async (answer: Response) => {
    const body: unknown = await answer.json();
    return isComplex(body) && typeof body['status'] === 'string' ? Number(body['status']) : undefined;
  };

  test('a name that is taken is looked up, and the account adopted when it is ours', async () => {
    const { sandbox, provider, account, naive } = await rig({ fault: 'intStatus' });
    const id = account('ada', { externalId: 'user-1' });
    const stranger = account('bob');
    const again = { body: { schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'], userName: 'ada' } };
    const refused = await naive('POST', '/Users', again);
    expect([refused.status, await readAsPromised(refused)]).toEqual([409, undefined]);
    const create = toCreate({ userName: 'ada', externalId: 'user-1' });
    expect(await provider.apply(create, resolveNone, never)).toMatchObject({ resourceId: id, note: 'adopted' });
    const other = toCreate({ userName: 'bob', externalId: 'user-1' });
    sandbox.change('DELETE', `/Users/${id}`);
    expect(await failure(provider.apply(other, resolveNone, never))).toMatchObject({
      name: 'ConflictError',
      facts: { status: 409, scimType: 'uniqueness' },
    });
    expect(sandbox.accounts.get(stranger)).not.toHaveProperty('externalId');
  });

  test('too many requests are waited for as long as the header says', async () => {
    const { sandbox, provider, account, naive } = await rig({ fault: 'intStatus' });
    const id = account('ada');
    sandbox.faults.set({ fault: 'throttle', value: 9, times: 2 });
    const refused = await naive('GET', `/Users/${id}`);
    expect([refused.status, await readAsPromised(refused)]).toEqual([429, undefined]);
    expect(await failure(provider.apply(titled(id), resolveNone, never))).toMatchObject({
      name: 'ThrottledError',
      retryAfterMs: 9_000,
    });
    await provider.apply(titled(id), resolveNone, never);
    expect(sandbox.accounts.get(id)).toMatchObject({ title: 'Captain' });
  });

  test('whoever is gone is gone', async () => {
    const { provider, naive } = await rig({ fault: 'intStatus' });
    const gone = await naive('GET', '/Users/nobody');
    expect([gone.status, await readAsPromised(gone)]).toEqual([404, undefined]);
    expect(await provider.readAccount('nobody', never)).toBeUndefined();
  });
});

describe('a group whose name cannot be changed', () => {
  const renamed = (resourceId: string, displayName: string) => ({
    ...toMembers([], []),
    kind: 'update' as const,
    wave: WAVE.groups,
    resourceId,
    attributes: [{ path: 'displayName', before: 'IT', after: displayName }],
  });

  test('still takes members in and lets them go: they are not sent with the name', async () => {
    const { sandbox, provider, account, group, membersOf, naive } = await rig({ fault: 'noRename' });
    const [ada, bob] = [account('ada'), account('bob')];
    const it = group([ada]);
    const together = [
      { op: 'add', path: 'members', value: [{ value: bob }] },
      { op: 'replace', path: 'displayName', value: 'Technology' },
    ];
    expect((await naive('PATCH', `/Groups/${it}`, { body: { schemas: PATCH_OP, Operations: together } })).status).toBe(
      400,
    );
    expect(membersOf(it)).toEqual([ada]);
    expect(await failure(provider.apply(renamed(it, 'Technology'), resolveNone, never))).toMatchObject({
      name: 'RejectedError',
      facts: { status: 400, scimType: 'mutability' },
    });
    const change = toMembers(['bob'], [{ anchor: 'ada', resourceId: ada }]);
    await provider.apply(change, resolver({ 'group-1': it, bob }), never);
    expect(sandbox.groups.get(it)).toMatchObject({ displayName: 'IT' });
    expect(membersOf(it)).toEqual([bob]);
  });

  test('is adopted under the name it has where the profile knows, and no second one is made', async () => {
    const profile = aProfile({ groups: { rename: false } });
    const { sandbox, provider, group, groupNamed, naive } = await rig({ fault: 'noRename' }, profile);
    const it = group();
    sandbox.change('PATCH', `/Groups/${it}`, {
      schemas: PATCH_OP,
      Operations: [{ op: 'add', path: 'externalId', value: 'group-1' }],
    });
    groupNamed('Technology');
    sandbox.faults.set({ fault: 'uniqueGroupNames' });
    expect((await naive('PATCH', `/Groups/${it}`, patch('replace', 'displayName', 'Tech'))).status).toBe(400);
    sandbox.clearRequests();
    // Somebody else's has the new name, so making ours is refused; the one that is ours has the old.
    const create = toCreateGroup('Technology', 'group-1');
    expect(await provider.apply(create, resolveNone, never)).toMatchObject({ resourceId: it, note: 'adopted' });
    expect(sandbox.requests().filter(({ method }) => method === 'PATCH')).toEqual([]);
    expect(sandbox.groups.get(it)).toMatchObject({ displayName: 'IT' });
  });
});
