import { describe, expect, test } from 'vitest';
import type { Behaviour } from '../../../src/sandbox/provider/behaviour.ts';
import { accountBody, create, groupBody, listedIds, patchBody, textAt, withProvider } from './scim-client.ts';

const off = patchBody({ op: 'replace', path: 'active', value: false });

describe('M10: whoever leaves the scope is out of the company, so that a mistake shows', () => {
  test.each(['PATCH', 'DELETE'])('by %s', async (method) => {
    await withProvider({ behaviour: 'uniqkey' }, async ({ provider, send, control }) => {
      const id = create(provider, accountBody('ada'));
      const signIn = async () => (await control('POST', '/_sandbox/sign-in', { userName: 'ada' })).status;
      expect(await signIn()).toBe(200);
      expect((await send(method, `/Users/${id}`, method === 'PATCH' ? off : undefined)).status).toBeLessThan(300);
      expect(await signIn()).toBe(403);
    });
  });
});

describe('M11: what the delete of a group does to its members', () => {
  test.each<{ groupDelete: Behaviour['groupDelete']; status: number; accounts: number }>([
    { groupDelete: 'memberships', status: 204, accounts: 2 },
    { groupDelete: 'users', status: 204, accounts: 0 },
    { groupDelete: 'refuse-non-empty', status: 409, accounts: 2 },
  ])('$groupDelete: as long as it has some; emptied before, it takes nobody along', async (expected) => {
    const { groupDelete, status, accounts } = expected;
    await withProvider({ overrides: { groupDelete } }, async ({ provider, send }) => {
      const ids = ['ada', 'bob'].map((name) => create(provider, accountBody(name)));
      const [full, emptied] = ['Full', 'Emptied'].map((name) => create(provider, groupBody(name, ids)));
      await send('PATCH', `/Groups/${emptied}`, patchBody({ op: 'remove', path: 'members' }));
      expect((await send('DELETE', `/Groups/${emptied}`)).status).toBe(204);
      expect(provider.accounts.size).toBe(2);
      expect((await send('DELETE', `/Groups/${full}`)).status).toBe(status);
      expect(provider.accounts.size).toBe(accounts);
    });
  });
});

describe('M12: the end of SCIM', () => {
  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE'])(
    'once the token is deleted %s is answered with 401',
    async (method) => {
      await withProvider({ behaviour: 'uniqkey' }, async ({ provider, send }) => {
        const id = create(provider, accountBody('ada'));
        provider.revokeToken('sandbox-token');
        const path = method === 'POST' ? '/Users' : `/Users/${id}`;
        const body = method === 'GET' || method === 'DELETE' ? undefined : accountBody('eve');
        expect((await send(method, path, body)).status).toBe(401);
        expect(provider.canSignIn('ada')).toBe(true);
        expect(provider.accounts.size).toBe(1);
      });
    },
  );

  test('a list that was not refreshed shows deleted groups for a while, and reading one does not', async () => {
    await withProvider({ behaviour: 'uniqkey' }, async ({ provider, send }) => {
      const group = create(provider, groupBody('IT'));
      provider.faults.set({ fault: 'deletedStillListed', times: 1 });
      await send('DELETE', `/Groups/${group}`);
      expect((await send('GET', `/Groups/${group}`)).status).toBe(404);
      expect(listedIds(await send('GET', '/Groups'))).toEqual([group]);
      expect(listedIds(await send('GET', '/Groups'))).toEqual([]);
    });
  });
});

/** How each of them says that somebody was renamed, and that somebody has left. */
const DIALECTS = [
  {
    // developer.okta.com, SCIM 2.0: PUT for a profile, PATCH without a path for `active`.
    dialect: 'Okta',
    overrides: {},
    rename: { method: 'PUT', body: (userName: string) => ({ ...accountBody(userName), displayName: 'Ada L.' }) },
    leave: patchBody({ op: 'replace', value: { active: false } }),
  },
  {
    // learn.microsoft.com, use-scim-to-provision-users-and-groups, without the flag aadOptscim062020.
    dialect: 'Entra',
    overrides: { opNames: 'any-case', stringBooleans: true },
    rename: { method: 'PATCH', body: () => patchBody({ op: 'Replace', path: 'displayName', value: 'Ada L.' }) },
    leave: patchBody({ op: 'Replace', path: 'active', value: 'False' }),
  },
  {
    // developer.sailpoint.com, "SCIM API Patch Op": everything is an add without a path.
    dialect: 'SailPoint',
    overrides: {},
    rename: { method: 'PATCH', body: () => patchBody({ op: 'add', value: { displayName: 'Ada L.' } }) },
    leave: patchBody({ op: 'add', value: { active: false } }),
  },
] as const;

describe('O5: several identity providers', () => {
  test.each(DIALECTS)('$dialect is understood, and the same mails go out', async ({ overrides, rename, leave }) => {
    await withProvider({ behaviour: 'own', overrides }, async ({ provider, send }) => {
      const userName = 'ada@x.example';
      const made = await send('POST', '/Users', accountBody(userName));
      expect(made.status).toBe(201);
      const id = textAt(made.body, 'id');
      expect((await send(rename.method, `/Users/${id}`, rename.body(userName))).status).toBe(200);
      expect(provider.accounts.get(id)).toMatchObject({ userName, displayName: 'Ada L.', active: true });
      expect((await send('PATCH', `/Users/${id}`, leave)).status).toBeLessThan(300);
      expect(provider.admin.users()).toEqual([{ userName, status: 'Disabled' }]);
      expect(provider.canSignIn(userName)).toBe(false);
      expect(provider.admin.mails()).toEqual([{ to: userName, subject: 'New SSO account with Own' }]);
    });
  });
});
