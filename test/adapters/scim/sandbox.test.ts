import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { profileByName } from '../../../src/adapters/scim/profiles/profile-by-name.ts';
import { PROFILE_NAMES, type ProfileName, type ProviderProfile } from '../../../src/core/profile.ts';
import { holds } from '../../../src/core/scim-compare.ts';
import { pathOf, readPath } from '../../../src/core/scim-path.ts';
import {
  aProfile,
  failure,
  hurriedClock,
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

/** A provider that works as its profile says, with one account of which nothing is missing there. */
async function start(name: ProfileName) {
  const profile = profileByName(name);
  const { unsupported, userNameCharacters } = profile.attributes;
  const userName = userNameCharacters === null ? ADA.userName : 'ada';
  const ada = { ...ADA, userName };
  const sandbox = await open.sandbox({ behaviour: name, now: hurriedClock() });
  const provider = open.client(sandbox.url, { profile });
  const { resourceId } = await provider.apply(toCreate(ada), resolveNone, never);
  const isKnown = (path: string) => !unsupported.some((each) => path.startsWith(each));
  return { sandbox, provider, profile, userName, ada, isKnown, id: resourceId ?? '' };
}

function profilesThat(does: (profile: ProviderProfile) => boolean): readonly ProfileName[] {
  return PROFILE_NAMES.filter((name) => does(profileByName(name)));
}

describe.each(PROFILE_NAMES)('the life of an account at a %s provider', (name) => {
  test('a created account has every attribute', async () => {
    const { sandbox, provider, ada, id } = await start(name);
    const account = await provider.readAccount(id, never);
    for (const [path, value] of Object.entries(ada))
      expect([path, readPath(account?.body ?? {}, path)]).toEqual([path, value]);
    expect(sandbox.accounts.size).toBe(1);
  });

  test('any series of changes gives what was wanted', async () => {
    const { sandbox, provider, profile, isKnown, id } = await start(name);
    const { required } = profile.attributes;
    const paths = PATHS.filter(isKnown);
    let current: Record<string, string | null> = {};
    const read = async () => {
      const body = (await provider.readAccount(id, never))?.body ?? {};
      const found = (path: string) => {
        const value = readPath(body, path);
        return typeof value === 'string' ? value : null;
      };
      return Object.fromEntries(paths.map((path) => [path, found(path)]));
    };
    current = await read();
    const word = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 8 })
      .filter((value) => value.trim() === value && value !== '');
    // Clearing what the provider requires is refused there, and rightly.
    const valueOf = (path: string) => (required.includes(path) ? word : fc.option(word, { nil: null }));
    const wanted = fc.record(Object.fromEntries(paths.map((path) => [path, valueOf(path)])));
    await fc.assert(
      fc.asyncProperty(wanted, async (next) => {
        // A mail address and a phone number have a form the provider may check: letters will do for both.
        const changes = paths
          .filter((path) => current[path] !== next[path])
          .map((path) => ({
            path,
            before: current[path] ?? null,
            after: next[path] ?? null,
          }));
        await provider.apply(toChange(id, changes), resolveNone, never);
        current = await read();
        expect(paths.filter((path) => !holds(pathOf(path), current[path] ?? null, next[path] ?? null))).toEqual([]);
        expect(await provider.settle(toChange(id, changes), resolveNone, never)).toMatchObject({ resourceId: id });
      }),
      { numRuns: 60 },
    );
    expect(sandbox.requests().filter(({ status }) => status >= 400)).toEqual([]);
  });

  test('the manager is a reference, and one without an account is reported and left out', async () => {
    const { provider, ada, id } = await start(name);
    const boss = await provider.apply(toCreate({ ...ada, userName: 'boss', externalId: 'boss' }), resolveNone, never);
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

  test('a deleted account is gone, or inactive where that is all the provider does', async () => {
    const { sandbox, provider, profile, userName, id } = await start(name);
    const kept = profile.deactivate.deleteMeans === 'suspend';
    const deleted = await provider.apply(toRemove('delete', id), resolveNone, never);
    expect(deleted).toMatchObject({ resourceId: kept ? id : null });
    expect((await provider.readAccount(id, never))?.active).toBe(kept ? false : undefined);
    expect(sandbox.canSignIn(userName)).toBe(false);
    expect(await provider.settle(toRemove('delete', id), resolveNone, never)).toMatchObject({
      resourceId: kept ? id : null,
    });
    const again = [
      await provider.apply(toRemove('delete', id), resolveNone, never),
      await provider.apply(toRemove('disable', id), resolveNone, never),
    ];
    expect(again.map(({ note }) => note)).toEqual(kept ? [undefined, undefined] : ['gone-already', 'gone-already']);
  });

  test('a group is created empty and deleted', async () => {
    const { sandbox, provider, profile } = await start(name);
    const { resourceId } = await provider.apply(toCreateGroup('IT'), resolveNone, never);
    const id = resourceId ?? '';
    const members = profile.groups.membersReadable === 'full' ? { members: [] } : {};
    expect(await provider.readGroup(id, never)).toEqual({ id, displayName: 'IT', externalId: 'group-1', ...members });
    const remove = { ...toCreateGroup('IT'), resourceId: id, kind: 'delete' } as const;
    expect(await provider.apply(remove, resolveNone, never)).toMatchObject({ resourceId: null });
    expect(await provider.apply(remove, resolveNone, never)).toMatchObject({ note: 'gone-already' });
    expect(sandbox.groups.size).toBe(0);
  });
});

describe.each(profilesThat(({ deactivate }) => deactivate.means === 'suspend'))('at a %s provider', (name) => {
  test('a disabled account cannot sign in, keeps its id, and comes back as it was', async () => {
    const { sandbox, provider, userName, id } = await start(name);
    expect(await provider.apply(toRemove('disable', id), resolveNone, never)).toMatchObject({ resourceId: id });
    expect(sandbox.canSignIn(userName)).toBe(false);
    expect(await provider.settle(toRemove('disable', id), resolveNone, never)).toMatchObject({ resourceId: id });
    expect(await provider.findAccounts({ attribute: 'userName', value: userName }, never)).toMatchObject([
      { id, active: false },
    ]);
    await provider.apply(toChange(id, [], 'reactivate'), resolveNone, never);
    expect(sandbox.canSignIn(userName)).toBe(true);
  });
});

test.each(profilesThat(({ deactivate }) => deactivate.means !== 'suspend'))(
  'at a %s provider a disabled account is gone, and that counts as done',
  async (name) => {
    const { sandbox, provider, userName, id } = await start(name);
    expect(await provider.apply(toRemove('disable', id), resolveNone, never)).toMatchObject({ resourceId: null });
    expect(await provider.settle(toRemove('disable', id), resolveNone, never)).toMatchObject({ resourceId: null });
    expect(sandbox.canSignIn(userName)).toBe(false);
  },
);

function toRename(id: string) {
  const attributes = [{ path: 'displayName', before: 'IT', after: 'Information "T"' }];
  return { ...toCreateGroup('IT'), resourceId: id, kind: 'update', attributes } as const;
}

test.each(profilesThat(({ groups }) => groups.rename))('at a %s provider a group is renamed', async (name) => {
  const { provider } = await start(name);
  const { resourceId } = await provider.apply(toCreateGroup('IT'), resolveNone, never);
  const id = resourceId ?? '';
  await provider.apply(toRename(id), resolveNone, never);
  expect(await provider.settle(toRename(id), resolveNone, never)).toMatchObject({ resourceId: id });
  expect(await provider.readGroup(id, never)).toMatchObject({ displayName: 'Information "T"' });
});

test.each(profilesThat(({ groups }) => !groups.rename))('a %s provider refuses to rename a group', async (name) => {
  const { provider } = await start(name);
  const { resourceId } = await provider.apply(toCreateGroup('IT'), resolveNone, never);
  const refused = await failure(provider.apply(toRename(resourceId ?? ''), resolveNone, never));
  expect(refused).toMatchObject({ name: 'RejectedError' });
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
