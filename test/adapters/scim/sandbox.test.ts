import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { profileByName } from '../../../src/adapters/scim/profiles/profile-by-name.ts';
import { PROFILE_NAMES } from '../../../src/core/profile.ts';
import { holds } from '../../../src/core/scim-compare.ts';
import { pathOf, readPath } from '../../../src/core/scim-path.ts';
import {
  aProfile,
  never,
  resolveNone,
  resolver,
  resources,
  toChange,
  toCreate,
  toCreateGroup,
  toRemove,
} from './builders.ts';

const open = resources();
afterEach(() => open.close());

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const ADA = {
  userName: 'ada@contoso.com',
  externalId: 'ada',
  active: true,
  displayName: 'Ada "The Countess" Lovelace %',
  'name.givenName': 'Ada',
  'name.familyName': 'Lovelace',
  'emails[type eq "work"].value': 'ada@contoso.com',
  'emails[type eq "work"].primary': true,
  [`${ENTERPRISE}:department`]: 'Engines',
};
const PATHS = [
  'title',
  'name.givenName',
  `${ENTERPRISE}:department`,
  'emails[type eq "work"].value',
  'phoneNumbers[type eq "mobile"].value',
  'addresses[type eq "work"].locality',
  'addresses[type eq "work"].country',
];

describe.each(PROFILE_NAMES)('the life of an account at a %s provider', (name) => {
  const profile = profileByName(name);
  async function start() {
    const sandbox = await open.sandbox({ behaviour: name });
    const provider = open.client(sandbox.url, { profile });
    const { resourceId } = await provider.apply(toCreate(ADA), resolveNone, never);
    return { sandbox, provider, id: resourceId ?? '' };
  }

  test('a created account has every attribute', async () => {
    const { sandbox, provider, id } = await start();
    const account = await provider.readAccount(id, never);
    for (const [path, value] of Object.entries(ADA))
      expect([path, readPath(account?.body ?? {}, path)]).toEqual([path, value]);
    expect(sandbox.accounts.size).toBe(1);
  });

  test('any series of changes gives what was wanted', async () => {
    const { sandbox, provider, id } = await start();
    let current: Record<string, string | null> = {};
    const read = async () => {
      const body = (await provider.readAccount(id, never))?.body ?? {};
      const found = (path: string) => {
        const value = readPath(body, path);
        return typeof value === 'string' ? value : null;
      };
      return Object.fromEntries(PATHS.map((path) => [path, found(path)]));
    };
    current = await read();
    const word = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
      .filter((value) => value.trim() === value && value !== '');
    const wanted = fc.record(Object.fromEntries(PATHS.map((path) => [path, fc.option(word, { nil: null })])));
    await fc.assert(
      fc.asyncProperty(wanted, async (next) => {
        // A mail address and a phone number have a form the provider may check: letters will do for both.
        const changes = PATHS.filter((path) => current[path] !== next[path]).map((path) => ({
          path,
          before: current[path] ?? null,
          after: next[path] ?? null,
        }));
        await provider.apply(toChange(id, changes), resolveNone, never);
        current = await read();
        expect(PATHS.filter((path) => !holds(pathOf(path), current[path] ?? null, next[path] ?? null))).toEqual([]);
        expect(await provider.settle(toChange(id, changes), resolveNone, never)).toMatchObject({ resourceId: id });
      }),
      { numRuns: 60 },
    );
    expect(sandbox.requests().filter(({ status }) => status >= 400)).toEqual([]);
  });

  test('the manager is a reference, and one without an account is reported and left out', async () => {
    const { provider, id } = await start();
    const boss = await provider.apply(toCreate({ ...ADA, userName: 'boss', externalId: 'boss' }), resolveNone, never);
    const references = [
      { path: `${ENTERPRISE}:manager`, to: 'user-boss' },
      { path: `${ENTERPRISE}:manager`, to: 'user-absent' },
    ];
    const ids = resolver({ 'user-boss': boss.resourceId ?? '' });
    const changed = await provider.apply({ ...toChange(id, []), references }, ids, never);
    expect(changed.unresolved).toEqual(['user-absent']);
    const body = (await provider.readAccount(id, never))?.body ?? {};
    expect(readPath(body, `${ENTERPRISE}:manager.value`)).toBe(boss.resourceId);
  });

  test('a disabled account cannot sign in, keeps its id, and comes back as it was', async () => {
    const { sandbox, provider, id } = await start();
    expect(await provider.apply(toRemove('disable', id), resolveNone, never)).toMatchObject({ resourceId: id });
    expect(sandbox.canSignIn(ADA.userName)).toBe(false);
    expect(await provider.settle(toRemove('disable', id), resolveNone, never)).toMatchObject({ resourceId: id });
    expect(await provider.findAccounts({ attribute: 'userName', value: ADA.userName }, never)).toMatchObject([
      { id, active: false },
    ]);
    await provider.apply(toChange(id, [], 'reactivate'), resolveNone, never);
    expect(sandbox.canSignIn(ADA.userName)).toBe(true);
  });

  test('a deleted account is gone, or inactive where that is all the provider does', async () => {
    const { sandbox, provider, id } = await start();
    const kept = profile.deactivate.deleteMeans === 'suspend';
    const deleted = await provider.apply(toRemove('delete', id), resolveNone, never);
    expect(deleted).toMatchObject({ resourceId: kept ? id : null });
    expect((await provider.readAccount(id, never))?.active).toBe(kept ? false : undefined);
    expect(sandbox.canSignIn(ADA.userName)).toBe(false);
    expect(await provider.settle(toRemove('delete', id), resolveNone, never)).toMatchObject({
      resourceId: kept ? id : null,
    });
    const again = [
      await provider.apply(toRemove('delete', id), resolveNone, never),
      await provider.apply(toRemove('disable', id), resolveNone, never),
    ];
    expect(again.map(({ note }) => note)).toEqual(kept ? [undefined, undefined] : ['gone-already', 'gone-already']);
  });

  test('a group is created empty, renamed and deleted', async () => {
    const { sandbox, provider } = await start();
    const { resourceId } = await provider.apply(toCreateGroup('IT'), resolveNone, never);
    const id = resourceId ?? '';
    expect(await provider.readGroup(id, never)).toEqual({ id, displayName: 'IT', externalId: 'group-1', members: [] });
    const base = { ...toCreateGroup('IT'), resourceId: id };
    const attributes = [{ path: 'displayName', before: 'IT', after: 'Information "T"' }];
    await provider.apply({ ...base, kind: 'update', attributes }, resolveNone, never);
    expect(await provider.settle({ ...base, kind: 'update', attributes }, resolveNone, never)).toMatchObject({
      resourceId: id,
    });
    expect(await provider.readGroup(id, never)).toMatchObject({ displayName: 'Information "T"' });
    expect(await provider.apply({ ...base, kind: 'delete' }, resolveNone, never)).toMatchObject({ resourceId: null });
    expect(await provider.apply({ ...base, kind: 'delete' }, resolveNone, never)).toMatchObject({
      note: 'gone-already',
    });
    expect(sandbox.groups.size).toBe(0);
  });
});

describe('versions', () => {
  test.each(['path', 'put'] as const)('a provider that insists on If-Match gets it (%s)', async (shape) => {
    const sandbox = await open.sandbox({ overrides: { etag: 'required' } });
    const provider = open.client(sandbox.url, { profile: aProfile({ patch: { shape } }) });
    const { resourceId } = await provider.apply(toCreate(ADA), resolveNone, never);
    const id = resourceId ?? '';
    await provider.apply(toChange(id, [{ path: 'title', before: null, after: 'Countess' }]), resolveNone, never);
    expect(await provider.readAccount(id, never)).toMatchObject({ body: { title: 'Countess', externalId: 'ada' } });
    await provider.apply(toRemove('delete', id), resolveNone, never);
    expect(sandbox.accounts.size).toBe(0);
  });

  test('a PUT that met a newer version is made again from it', async () => {
    const sandbox = await open.sandbox();
    const provider = open.client(sandbox.url, { profile: aProfile({ patch: { shape: 'put' } }) });
    const { resourceId } = await provider.apply(toCreate(ADA), resolveNone, never);
    const id = resourceId ?? '';
    let meddled = false;
    sandbox.observe({
      beforeWrite: () => {
        if (meddled) return;
        meddled = true;
        const patch = {
          schemas: ['urn:ietf:params:scim:api:messages:2.0:PatchOp'],
          Operations: [{ op: 'add', path: 'nickName', value: 'A' }],
        };
        sandbox.change('PATCH', `/Users/${id}`, patch);
      },
    });
    await provider.apply(toChange(id, [{ path: 'title', before: null, after: 'Countess' }]), resolveNone, never);
    expect(await provider.readAccount(id, never)).toMatchObject({ body: { title: 'Countess', nickName: 'A' } });
  });
});

test('an entry somebody removed meanwhile is made anew', async () => {
  const sandbox = await open.sandbox();
  const provider = open.client(sandbox.url);
  const { resourceId } = await provider.apply(toCreate({ userName: 'ada' }), resolveNone, never);
  const path = 'emails[type eq "work"].value';
  await provider.apply(toChange(resourceId ?? '', [{ path, before: 'old@x', after: 'new@x' }]), resolveNone, never);
  expect(readPath((await provider.readAccount(resourceId ?? '', never))?.body ?? {}, path)).toBe('new@x');
});
