import { afterEach, describe, expect, test } from 'vitest';
import { profileByName } from '../../../src/adapters/scim/profiles/profile-by-name.ts';
import { failure, idIn, never, resolveNone, resources, toChange, toCreate, toCreateGroup } from './builders.ts';

const open = resources();
afterEach(() => open.close());

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const ADA = {
  userName: 'ada@contoso.com',
  externalId: 'ada',
  active: true,
  displayName: 'Ada "The Countess" Lovelace %',
  'name.givenName': 'Ada',
};

describe('an answer that was lost', () => {
  test.each([
    ['500 after the account was made', { fault: 'failAfter', times: 1, method: 'POST' }],
    ['502 with a web page after the account was made', { fault: 'htmlAfter', times: 1, method: 'POST' }],
    ['a connection broken after the account was made', { fault: 'resetAfter', times: 1, method: 'POST' }],
    ['202 for an account that was made', { fault: 'accepted202', times: 1, method: 'POST' }],
  ] as const)('%s: settled as adopted, no second account', async (_name, fault) => {
    const sandbox = await open.sandbox({ faults: [fault] });
    const provider = open.client(sandbox.url);
    expect(await failure(provider.apply(toCreate(ADA), resolveNone, never))).toMatchObject({ name: 'InDoubtError' });
    const id = sandbox.accounts.find(ADA.userName)?.['id'];
    expect(await provider.settle(toCreate(ADA), resolveNone, never)).toMatchObject({ resourceId: id, note: 'adopted' });
    expect(await provider.apply(toCreate(ADA), resolveNone, never)).toMatchObject({ resourceId: id, note: 'adopted' });
    expect(sandbox.accounts.size).toBe(1);
  });

  test.each(['slack', 'monday', 'atlassian', 'uniqkey', 'generic'] as const)(
    'that of a SCIM group at %s: settled as adopted, no second group',
    async (behaviour) => {
      const faults = [{ fault: 'resetAfter', times: 1, method: 'POST' }] as const;
      const sandbox = await open.sandbox({ behaviour, faults });
      const provider = open.client(sandbox.url, { profile: profileByName(behaviour) });
      const create = toCreateGroup('IT');
      expect(await failure(provider.apply(create, resolveNone, never))).toMatchObject({ name: 'InDoubtError' });
      const id = sandbox.groups.find('IT')?.['id'];
      expect(await provider.settle(create, resolveNone, never)).toMatchObject({ resourceId: id, note: 'adopted' });
      expect(await provider.settle(toCreateGroup('HR', 'group-2'), resolveNone, never)).toBeUndefined();
    },
  );

  test.each([
    ['500 before anything was done', { fault: 'failBefore', times: 1, method: 'POST' }],
    ['a connection broken before anything was done', { fault: 'resetBefore', times: 1, method: 'POST' }],
  ] as const)('%s: settled as not done, and then done once', async (_name, fault) => {
    const sandbox = await open.sandbox({ faults: [fault] });
    const provider = open.client(sandbox.url);
    expect(await failure(provider.apply(toCreate(ADA), resolveNone, never))).toMatchObject({ name: 'InDoubtError' });
    expect(await provider.settle(toCreate(ADA), resolveNone, never)).toBeUndefined();
    expect((await provider.apply(toCreate(ADA), resolveNone, never)).note).toBeUndefined();
    expect(sandbox.accounts.size).toBe(1);
  });

  test.each([
    ['somebody else made an account of this name', { displayName: 'Somebody else' }],
    ['ours lacks something', { externalId: 'ada', displayName: 'Ada' }],
  ])('%s: settled as not done', async (_name, fields) => {
    const sandbox = await open.sandbox();
    sandbox.change('POST', '/Users', { schemas: [USER], userName: ADA.userName, ...fields });
    expect(await open.client(sandbox.url).settle(toCreate(ADA), resolveNone, never)).toBeUndefined();
  });

  test('a provider that keeps no externalId is settled by userName and everything else that was sent', async () => {
    const server = await open.scripted(({ url }) => ({
      body: {
        totalResults: 1,
        Resources: url.includes('externalId') ? [] : [{ id: 'acc-1', userName: 'ada', title: 'x' }],
      },
    }));
    const provider = open.client(server.url);
    const values = { userName: 'Ada', externalId: 'e', active: true };
    expect(await provider.settle(toCreate({ ...values, title: 'x' }), resolveNone, never)).toMatchObject({
      resourceId: 'acc-1',
    });
    expect(await provider.settle(toCreate({ ...values, title: 'y' }), resolveNone, never)).toBeUndefined();
  });

  test('a change half made is settled as not done', async () => {
    const sandbox = await open.sandbox();
    const provider = open.client(sandbox.url);
    const { resourceId } = await provider.apply(toCreate(ADA), resolveNone, never);
    sandbox.faults.set({ fault: 'nonAtomic500', times: 1 });
    const update = toChange(resourceId ?? '', [
      { path: 'displayName', before: ADA.displayName, after: 'A' },
      { path: 'name.givenName', before: 'Ada', after: 'B' },
    ]);
    expect(await failure(provider.apply(update, resolveNone, never))).toMatchObject({ name: 'InDoubtError' });
    expect(await provider.settle(update, resolveNone, never)).toBeUndefined();
    await provider.apply(update, resolveNone, never);
    expect(await provider.settle(update, resolveNone, never)).toMatchObject({ resourceId });
  });

  test('a group of the same name without externalId is neither made twice nor taken', async () => {
    const sandbox = await open.sandbox();
    sandbox.change('POST', '/Groups', { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName: 'IT' });
    const found = await failure(open.client(sandbox.url).settle(toCreateGroup('IT'), resolveNone, never));
    expect(found).toMatchObject({ name: 'ConflictError' });
  });

  test('two groups that are both ours are a conflict, not a third group', async () => {
    const sandbox = await open.sandbox();
    const body = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName: 'IT', externalId: 'group-1' };
    sandbox.change('POST', '/Groups', body);
    sandbox.change('POST', '/Groups', body);
    const found = await failure(open.client(sandbox.url).settle(toCreateGroup('IT'), resolveNone, never));
    expect(found).toMatchObject({ name: 'ConflictError' });
  });

  test('a group that was made is settled by its externalId', async () => {
    const sandbox = await open.sandbox({ faults: [{ fault: 'failAfter', times: 1, method: 'POST' }] });
    const provider = open.client(sandbox.url);
    expect(await failure(provider.apply(toCreateGroup('IT'), resolveNone, never))).toMatchObject({
      name: 'InDoubtError',
    });
    expect(await provider.settle(toCreateGroup('IT'), resolveNone, never)).toMatchObject({ note: 'adopted' });
    expect(await provider.settle(toCreateGroup('HR', 'group-2'), resolveNone, never)).toBeUndefined();
  });
});

describe('a name that is taken', () => {
  test('by an account that is ours is adopted and made as it should be', async () => {
    const sandbox = await open.sandbox();
    sandbox.change('POST', '/Users', {
      schemas: [USER],
      userName: 'ADA@contoso.com',
      externalId: 'ada',
      active: false,
    });
    const provider = open.client(sandbox.url);
    const made = await provider.apply(toCreate(ADA), resolveNone, never);
    expect(made.note).toBe('adopted');
    expect(sandbox.accounts.find(ADA.userName)).toMatchObject({ active: true, displayName: ADA.displayName });
    expect(sandbox.accounts.size).toBe(1);
  });

  test.each([
    ['another externalId', { externalId: 'somebody-else' }],
    ['no externalId', {}],
    ['our externalId in other letters', { externalId: 'ADA' }],
  ])('by an account with %s is a conflict, and the account is left alone', async (_name, fields) => {
    const sandbox = await open.sandbox();
    const before = sandbox.change('POST', '/Users', { schemas: [USER], userName: ADA.userName, ...fields });
    const provider = open.client(sandbox.url);
    const found = await failure(provider.apply(toCreate(ADA), resolveNone, never));
    expect(found).toMatchObject({ name: 'ConflictError', message: expect.stringContaining('userName') });
    expect(found.message).not.toContain(ADA.userName);
    expect(sandbox.accounts.get(idIn(before))).toEqual(before);
  });

  const other = { id: 'acc-2', externalId: 'ada', userName: 'ada@fabrikam.com' };
  test.each([
    ['of another userName that has our externalId', 'ada', [other], { failed: 'ConflictError', patched: false }],
    [
      'that carries our anchor, whatever it is called',
      'user-1',
      [{ ...other, id: 'acc-1', externalId: 'user-1' }],
      { adopted: 'acc-1', patched: true },
    ],
    [
      'of our externalId and userName, beside another of that externalId',
      'ada',
      [other, { ...other, id: 'acc-1', userName: 'ADA@contoso.com' }],
      { adopted: 'acc-1', patched: true },
    ],
  ])('by an account %s: adopted only where that proves it ours', async (_name, externalId, accounts, expected) => {
    const server = await open.scripted(({ method }) => {
      if (method === 'POST') return { status: 409, body: { scimType: 'uniqueness', status: '409' } };
      if (method === 'GET') return { body: { totalResults: accounts.length, Resources: accounts } };
      return { status: 204 };
    });
    const outcome = await open
      .client(server.url)
      .apply(toCreate({ ...ADA, externalId }), resolveNone, never)
      .then(
        ({ resourceId }) => ({ adopted: resourceId }),
        (error: unknown) => ({ failed: error instanceof Error ? error.name : 'no error' }),
      );
    const patched = server.requests.some(({ method }) => method === 'PATCH');
    expect({ ...outcome, patched }).toEqual(expected);
  });

  test('by an account no filter shows is a conflict', async () => {
    const sandbox = await open.sandbox({ faults: [{ fault: 'silentEmpty' }] });
    sandbox.change('POST', '/Users', { schemas: [USER], userName: ADA.userName, externalId: 'ada' });
    const found = await failure(open.client(sandbox.url).apply(toCreate(ADA), resolveNone, never));
    expect(found).toMatchObject({ name: 'ConflictError', message: expect.stringContaining('shows none') });
    expect(sandbox.accounts.size).toBe(1);
  });
});
