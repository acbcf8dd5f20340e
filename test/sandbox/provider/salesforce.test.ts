import { expect, test } from 'vitest';
import { accountBody, create, listedIds, patchBody, textAt, valueAt, withProvider } from './scim-client.ts';

const active = (value: boolean): ReturnType<typeof patchBody> => patchBody({ op: 'replace', value: { active: value } });

test('PATCH and DELETE deactivate alike: the account stays, cannot sign in, keeps its userName, and comes back with its id', async () => {
  await withProvider({ behaviour: 'salesforce' }, async ({ provider, send }) => {
    expect(new URL(provider.url).pathname).toBe('/services/scim/v2');
    for (const userName of ['ada@x.example', 'bob@x.example']) {
      const id = create(provider, accountBody(userName));
      const answer = userName.startsWith('ada')
        ? await send('PATCH', `/Users/${id}`, active(false))
        : await send('DELETE', `/Users/${id}`);
      expect([answer.status, valueAt(answer.body, 'active')]).toEqual(
        userName.startsWith('ada') ? [200, false] : [204, undefined],
      );
      expect((await send('GET', `/Users/${id}`)).body).toMatchObject({ id, active: false });
      expect(provider.canSignIn(userName)).toBe(false);
      const found = await send('GET', `/Users?filter=${encodeURIComponent(`userName eq "${userName}"`)}`);
      expect(listedIds(found)).toEqual([id]);
      expect((await send('POST', '/Users', accountBody(userName))).status).toBe(409);
      expect((await send('PATCH', `/Users/${id}`, active(true))).body).toMatchObject({ id, active: true });
      expect(provider.canSignIn(userName)).toBe(true);
    }
  });
});

test('a second DELETE of an inactive account succeeds and changes nothing', async () => {
  await withProvider({ behaviour: 'salesforce' }, async ({ provider, send }) => {
    const id = create(provider, accountBody('ada'));
    await send('DELETE', `/Users/${id}`);
    const before = provider.accounts.get(id);
    expect((await send('DELETE', `/Users/${id}`)).status).toBe(204);
    expect(provider.accounts.get(id)).toEqual(before);
  });
});

test('A6: the version is a bare hash that changes, and is no entity tag', async () => {
  await withProvider({ behaviour: 'salesforce' }, async ({ provider, send }) => {
    const id = create(provider, accountBody('ada'));
    const first = await send('GET', `/Users/${id}`);
    expect(textAt(first.body, 'meta.version')).toMatch(/^[\da-f]{40}$/);
    expect(first.headers).not.toHaveProperty('etag');
    const second = await send('PATCH', `/Users/${id}`, active(false), { 'if-match': '"stale"' });
    expect(second.status).toBe(200);
    expect(valueAt(second.body, 'meta.version')).not.toBe(valueAt(first.body, 'meta.version'));
  });
});

test('the configuration has a plural path', async () => {
  await withProvider({ behaviour: 'salesforce' }, async ({ send }) => {
    expect((await send('GET', '/ServiceProviderConfigs')).body).toMatchObject({ etag: { supported: false } });
    expect((await send('GET', '/ServiceProviderConfig')).status).toBe(404);
  });
});

test('a provider may take an account out when it is made inactive', async () => {
  await withProvider({ overrides: { activeFalse: 'remove' } }, async ({ provider, send }) => {
    const id = create(provider, accountBody('ada'));
    expect((await send('PATCH', `/Users/${id}`, active(false))).status).toBe(204);
    expect((await send('GET', `/Users/${id}`)).status).toBe(404);
  });
});

test.each([
  ['memberships', 204, 1],
  ['users', 204, 0],
  ['refuse-non-empty', 409, 1],
] as const)('deleting a group with members where it means %s', async (groupDelete, status, accounts) => {
  await withProvider({ overrides: { groupDelete } }, async ({ provider, send }) => {
    const ada = create(provider, accountBody('ada'));
    const group = provider.change('POST', '/Groups', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'],
      displayName: 'G',
      members: [{ value: ada }],
    });
    expect((await send('DELETE', `/Groups/${textAt(group, 'id')}`)).status).toBe(status);
    expect(provider.accounts.size).toBe(accounts);
  });
});
