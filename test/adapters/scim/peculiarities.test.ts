import { afterEach, describe, expect, test } from 'vitest';
import { profileByName } from '../../../src/adapters/scim/profiles/profile-by-name.ts';
import type { ProviderProfile } from '../../../src/core/profile.ts';
import { BEHAVIOURS } from '../../../src/sandbox/provider/behaviours/registry.ts';
import type { Complex } from '../../../src/sandbox/provider/json.ts';
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
  toRemove,
  TOKEN,
} from './builders.ts';

const open = resources();
afterEach(() => open.close());

const SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0';
const PATCH = { schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'] };

async function rig(options: ProviderOptions, profile: ProviderProfile = profileByName('generic')) {
  const sandbox = await open.sandbox(options);
  const provider = open.client(sandbox.url, { profile });
  /** What a client sends that knows nothing of the provider's ways. */
  const naive = async (method: string, path: string, body?: object) => {
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/scim+json' };
    const response = await fetch(sandbox.url + path, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return response.status;
  };
  return { sandbox, provider, ...planting(sandbox), naive };
}

const many = (count: number) => Array.from({ length: count }, (_, index) => `u${index + 1}`);
const adding = (ids: readonly string[]) => ({
  ...PATCH,
  Operations: [{ op: 'add', path: 'members', value: ids.map((value) => ({ value })) }],
});

describe('providers with ways of their own, where a client that does not know them fails', () => {
  test('an account that gets another id when it is renamed is followed', async () => {
    const { provider, account, naive } = await rig({ faults: [{ fault: 'idChangesOnRename' }] });
    const id = account('ada');
    const rename = toChange(id, [{ path: 'userName', before: 'ada', after: 'ada.lovelace' }]);
    const { resourceId } = await provider.apply(rename, resolveNone, never);
    expect(await naive('GET', `/Users/${id}`)).toBe(404);
    expect(await provider.readAccount(resourceId ?? '', never)).toMatchObject({ userName: 'ada.lovelace' });
  });

  test('an id with characters that mean something in a URL is one segment of the path', async () => {
    const { sandbox, provider, naive } = await rig({ faults: [{ fault: 'idNeedsEncoding' }] });
    const { resourceId } = await provider.apply(toCreate({ userName: 'ada' }), resolveNone, never);
    const id = resourceId ?? '';
    expect(await naive('DELETE', `/Users/${id}`)).toBe(404);
    expect(sandbox.canSignIn('ada')).toBe(true);
    expect(await provider.apply(toRemove('delete', id), resolveNone, never)).toMatchObject({ resourceId: null });
    expect(sandbox.canSignIn('ada')).toBe(false);
  });

  test('an account found in another case is not made twice where the provider minds case', async () => {
    const { provider, account, naive } = await rig({ faults: [{ fault: 'caseSensitive' }] });
    const id = account('Ada@Contoso.com');
    expect(await provider.findAccounts({ attribute: 'userName', value: 'ada@contoso.com' }, never)).toEqual([]);
    // Matching works on the listing, which has the account whatever its case.
    const { resources: listed } = await provider.listAccounts(never);
    expect(listed).toMatchObject([{ id, userName: 'Ada@Contoso.com' }]);
    expect(await naive('POST', '/Users', { schemas: [`${SCHEMA}:User`], userName: 'ada@contoso.com' })).toBe(201);
  });

  test('members go in one by one where the provider refuses several', async () => {
    const { sandbox, provider, account, group, naive } = await rig({ faults: [{ fault: 'multiMemberRefused' }] });
    const users = many(7);
    const ids = Object.fromEntries(users.map((name) => [name, account(name)]));
    const it = group('IT');
    expect(await naive('PATCH', `/Groups/${it}`, adding(Object.values(ids)))).toBe(400);
    await provider.apply(toMembers(users, []), resolver({ ...ids, 'group-1': it }), never);
    expect(sandbox.groups.get(it)?.['members']).toHaveLength(7);
    const remove = ['u2', 'u5'].map((anchor) => ({ anchor, resourceId: ids[anchor] ?? '' }));
    await provider.apply(toMembers([], remove), resolver({ ...ids, 'group-1': it }), never);
    expect(sandbox.groups.get(it)?.['members']).toHaveLength(5);
  });

  test('an account that is deleted by being made inactive is recorded as gone', async () => {
    const { provider, account } = await rig({ faults: [{ fault: 'activeFalseDeletes' }] });
    const id = account('ada');
    expect(await provider.apply(toRemove('disable', id), resolveNone, never)).toMatchObject({ resourceId: null });
    // A client that takes the account for suspended would now reactivate nothing for ever.
    expect(await failure(provider.apply(toChange(id, [], 'reactivate'), resolveNone, never))).toMatchObject({
      name: 'NotFoundError',
    });
  });

  test('a userName that was deleted for ever is told of instead of tried in circles', async () => {
    const { provider, account } = await rig({ faults: [{ fault: 'deleteIrreversible' }] });
    await provider.apply(toRemove('delete', account('ada')), resolveNone, never);
    const again = await failure(provider.apply(toCreate({ userName: 'ada' }), resolveNone, never));
    expect(again).toMatchObject({ name: 'ConflictError' });
    expect(again.facts.remedy).toContain('deleted or hidden there');
  });

  test('a guarded owner stops nobody but themselves', async () => {
    const { sandbox, provider, account } = await rig({ faults: [{ fault: 'lastOwnerRefused', value: 'owner' }] });
    const [owner, other] = [account('owner'), account('other')];
    for (const verb of ['disable', 'delete'] as const) {
      const refused = await failure(provider.apply(toRemove(verb, owner), resolveNone, never));
      expect(refused).toMatchObject({ name: 'RejectedError', facts: { status: 403 } });
    }
    await provider.apply(toRemove('disable', other), resolveNone, never);
    expect([sandbox.canSignIn('owner'), sandbox.canSignIn('other')]).toEqual([true, false]);
  });

  test('T9: nor does one who is guarded by SCIM as in the admin pages, and whose token goes on working', async () => {
    const { sandbox, provider, account } = await rig({ behaviour: 'monday' }, profileByName('monday'));
    sandbox.setBehaviour({ adminPages: { ...BEHAVIOURS.monday.adminPages, ownerGuard: 'everywhere' } });
    const [owner, other] = [account('owner'), account('other')];
    sandbox.admin.setUserType('owner', 'Admin');
    sandbox.admin.generateToken('owner');
    for (const verb of ['disable', 'delete'] as const) {
      const refused = await failure(provider.apply(toRemove(verb, owner), resolveNone, never));
      expect(refused).toMatchObject({
        name: 'ConflictError',
        facts: { status: 409, remedy: expect.stringContaining('token rotate') },
      });
    }
    await provider.apply(toRemove('disable', other), resolveNone, never);
    expect([sandbox.canSignIn('owner'), sandbox.canSignIn('other')]).toEqual([true, false]);
  });

  test('a credential without any rights is not mistaken for a guarded owner', async () => {
    const { provider, account } = await rig({ faults: [{ fault: 'forbidden' }] });
    const refused = await failure(provider.apply(toRemove('disable', account('ada')), resolveNone, never));
    expect(refused).toMatchObject({ name: 'UnauthorizedError' });
  });

  test('a group whose members would be deleted with it is deleted only when it is empty', async () => {
    const profile = aProfile({ groups: { deleteCascades: true } });
    const { sandbox, provider, account, group, naive } = await rig(
      { faults: [{ fault: 'groupDeleteCascades' }] },
      profile,
    );
    const ada = account('ada');
    const it = group('IT', [ada]);
    const remove = { ...toCreateGroup('IT'), resourceId: it, kind: 'delete' } as const;
    expect((await failure(provider.apply(remove, resolveNone, never))).message).toContain('it has 1 member(s)');
    expect(sandbox.canSignIn('ada')).toBe(true);
    const out = toMembers([], [{ anchor: 'ada', resourceId: ada }]);
    await provider.apply(out, resolver({ 'group-1': it }), never);
    await provider.apply(remove, resolveNone, never);
    expect([sandbox.groups.size, sandbox.canSignIn('ada')]).toEqual([0, true]);
    expect(await provider.apply(remove, resolveNone, never)).toMatchObject({ note: 'gone-already' });
    expect(await naive('DELETE', `/Groups/${group('HR', [ada])}`)).toBe(204);
    expect(sandbox.canSignIn('ada')).toBe(false);
  });

  test('a group that cannot be seen to be empty is not deleted where its members would go with it', async () => {
    const profile = aProfile({ groups: { deleteCascades: true, membersReadable: 'never' } });
    const { sandbox, provider, group } = await rig({}, profile);
    const remove = { ...toCreateGroup('IT'), resourceId: group('IT'), kind: 'delete' } as const;
    expect((await failure(provider.apply(remove, resolveNone, never))).message).toContain('cannot be seen to be empty');
    expect(sandbox.groups.size).toBe(1);
  });

  test('M5: a group that is to be deleted only when empty is looked at again after a 429, whatever the profile says', async () => {
    const { sandbox, provider, account, group } = await rig({ faults: [{ fault: 'groupDeleteCascades' }] });
    const ada = account('ada');
    const it = group('IT');
    const remove = { ...toCreateGroup('IT'), resourceId: it, kind: 'delete', onlyEmpty: true } as const;
    sandbox.faults.set({ fault: 'throttle', times: 1, method: 'DELETE', value: 0 });
    expect(await failure(provider.apply(remove, resolveNone, never))).toMatchObject({ name: 'ThrottledError' });
    sandbox.change('PATCH', `/Groups/${it}`, adding([ada]));
    const refused = await failure(provider.apply(remove, resolveNone, never));
    expect(refused).toMatchObject({ name: 'RejectedError' });
    expect(refused.message).toMatch(/it has 1 member\(s\), and a migration deletes only what is empty/);
    expect([sandbox.groups.size, sandbox.canSignIn('ada')]).toEqual([1, true]);
  });

  test('a group that is to be deleted only when empty goes where nobody can see its members', async () => {
    const { sandbox, provider, group } = await rig({}, aProfile({ groups: { membersReadable: 'never' } }));
    const remove = { ...toCreateGroup('IT'), resourceId: group('IT'), kind: 'delete', onlyEmpty: true } as const;
    await provider.apply(remove, resolveNone, never);
    expect(sandbox.groups.size).toBe(0);
  });

  test('accounts that people made are found where lists hide them', async () => {
    const faults = [{ fault: 'onlyScimUsersListed' }] as const;
    const { provider, account } = await rig({ faults }, profileByName('monday'));
    const id = account('ada@contoso.com');
    const blind = await rig({ faults });
    blind.account('ada@contoso.com');
    expect((await blind.provider.listAccounts(never)).resources).toEqual([]);
    expect((await provider.listAccounts(never)).resources).toMatchObject([{ id }]);
    expect(await provider.findAccounts({ attribute: 'userName', value: 'ada@contoso.com' }, never)).toMatchObject([
      { id },
    ]);
  });

  test('a cursor that expires midway is a reason to read anew, and never a short list', async () => {
    const { sandbox, provider, account } = await rig(
      { faults: [{ fault: 'cursorOnly' }] },
      aProfile({ paging: { pageSize: 3 } }),
    );
    for (const name of many(8)) account(name);
    sandbox.faults.set({ fault: 'expireCursor', times: 1 });
    const listing = await provider.listAccounts(never);
    expect([listing.resources.length, listing.trusted]).toEqual([8, true]);
    sandbox.faults.set({ fault: 'expireCursor' });
    expect(await failure(provider.listAccounts(never))).toMatchObject({ facts: { scimType: 'expiredCursor' } });
  });
});

describe('groups that always show an empty list of members', () => {
  const aws = profileByName('aws-identity-center');
  const start = () => rig({ behaviour: 'aws-identity-center' }, aws);
  const person = (name: string): Complex => ({ displayName: name, name: { givenName: name, familyName: name } });

  test('are taken to say nothing about members', async () => {
    const { provider, account, group } = await start();
    const id = group('IT', [account('ada', person('ada'))]);
    expect((await provider.listGroups(never)).resources).toEqual([{ id, displayName: 'IT' }]);
    expect(await provider.readGroup(id, never)).toEqual({ id, displayName: 'IT' });
  });

  test('take a hundred changes a request, and each removal is confirmed by asking for the groups of the member', async () => {
    const { sandbox, provider, account, group, naive } = await start();
    const users = many(230);
    const ids = Object.fromEntries(users.map((name) => [name, account(name, person(name))]));
    const it = group('IT');
    expect(await naive('PATCH', `/Groups/${it}`, adding(Object.values(ids)))).toBe(400);
    await provider.apply(toMembers(users, []), resolver({ ...ids, 'group-1': it }), never);
    expect(sandbox.groups.get(it)?.['members']).toHaveLength(230);
    const gone = users.slice(0, 3).map((anchor) => ({ anchor, resourceId: ids[anchor] ?? '' }));
    await provider.apply(toMembers([], gone), resolver({ 'group-1': it }), never);
    expect(sandbox.groups.get(it)?.['members']).toHaveLength(227);
    expect(sandbox.requests().filter(({ method, path }) => method === 'GET' && path.endsWith('/Groups'))).toHaveLength(
      3,
    );
  });

  test('a removal that was answered with success and did not happen is in doubt', async () => {
    const { sandbox, provider, account, group } = await start();
    const ada = account('ada', person('ada'));
    const it = group('IT', [ada]);
    const removal = toMembers([], [{ anchor: 'ada', resourceId: ada }]);
    // Somebody else puts the member back at once.
    sandbox.observe({ afterWrite: () => void sandbox.change('PATCH', `/Groups/${it}`, adding([ada])) });
    expect(await failure(provider.apply(removal, resolver({ 'group-1': it }), never))).toMatchObject({
      name: 'InDoubtError',
    });
  });
});

describe('a list that must have a primary value', () => {
  const profile = profileByName('github-emu');
  const WORK = 'emails[type eq "work"].value';
  const ada = { userName: 'ada', externalId: 'ada', displayName: 'Ada', active: true, [WORK]: 'ada@contoso.com' };

  test('gets one on create, and keeps it through changes', async () => {
    const { sandbox, provider, naive } = await rig({ behaviour: 'github-emu' }, profile);
    const plain = { schemas: [`${SCHEMA}:User`], userName: 'bob', externalId: 'bob', displayName: 'Bob' };
    expect(await naive('POST', '/Users', { ...plain, emails: [{ type: 'work', value: 'bob@contoso.com' }] })).toBe(400);
    const { resourceId } = await provider.apply(toCreate(ada), resolveNone, never);
    const id = resourceId ?? '';
    expect(sandbox.accounts.get(id)?.['emails']).toMatchObject([{ value: 'ada@contoso.com', primary: true }]);
    const change = toChange(id, [{ path: WORK, before: 'ada@contoso.com', after: 'ada@fabrikam.com' }]);
    await provider.apply(change, resolveNone, never);
    expect(sandbox.accounts.get(id)?.['emails']).toEqual([{ type: 'work', value: 'ada@fabrikam.com', primary: true }]);
  });
});
