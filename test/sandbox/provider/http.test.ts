import { describe, expect, test } from 'vitest';
import { URN } from '../../../src/core/scim.ts';
import {
  accountBody,
  create,
  groupBody,
  listedIds,
  patchBody,
  textAt,
  valueAt,
  withProvider,
  type Answer,
} from './scim-client.ts';

const ADA = accountBody('ada@x.example', {
  externalId: 'a',
  displayName: 'Ada',
  name: { givenName: 'Ada', familyName: 'L' },
});

describe('creating', () => {
  test('answers 201 with the resource, its Location and its version, and makes accounts active', async () => {
    await withProvider({}, async ({ provider, send }) => {
      const answer = await send('POST', '/Users', ADA);
      const id = textAt(answer.body, 'id');
      expect(answer.status).toBe(201);
      expect(answer.headers).toMatchObject({
        'content-type': 'application/scim+json',
        location: `${provider.url}/Users/${id}`,
        etag: 'W/"1"',
      });
      expect(answer.body).toMatchObject({
        ...ADA,
        active: true,
        meta: { resourceType: 'User', version: 'W/"1"', location: answer.headers['location'] },
      });
      expect((await send('GET', `/Users/${id}`)).body).toEqual(answer.body);
    });
  });

  test('refuses a userName that is there in another case, and takes it again after a delete', async () => {
    await withProvider({}, async ({ provider, send }) => {
      const id = create(provider, ADA);
      const again = { ...ADA, userName: 'ADA@X.example' };
      expect((await send('POST', '/Users', again)).body).toMatchObject({ status: '409', scimType: 'uniqueness' });
      expect((await send('DELETE', `/Users/${id}`)).status).toBe(204);
      for (const method of ['GET', 'DELETE']) expect((await send(method, `/Users/${id}`)).status).toBe(404);
      expect((await send('POST', '/Users', again)).status).toBe(201);
    });
  });

  test('ignores read-only attributes and reads names without case', async () => {
    await withProvider({}, async ({ send }) => {
      const answer = await send('POST', '/Users', {
        SCHEMAS: [URN.user],
        schemas: [URN.user],
        USERNAME: 'ada',
        id: 'mine',
        groups: [{ value: 'x' }],
        meta: { version: 'x' },
      });
      expect(answer.status).toBe(201);
      expect(answer.body).toMatchObject({ userName: 'ada' });
      expect(answer.body['id']).not.toBe('mine');
      expect(answer.body).not.toHaveProperty('groups');
    });
  });

  const WRONG: [string, unknown, number, string | undefined][] = [
    ['a body that is no JSON', '{"schemas":', 400, 'invalidSyntax'],
    ['a body that is no object', [], 400, 'invalidSyntax'],
    ['no schemas', { userName: 'a' }, 400, 'invalidSyntax'],
    ['another schema', { schemas: [URN.group], userName: 'a' }, 400, 'invalidSyntax'],
    ['an unknown schema', { schemas: [URN.user, 'urn:example:x'], userName: 'a' }, 400, 'invalidSyntax'],
    [
      'an extension that schemas does not name',
      accountBody('a', { [URN.enterpriseUser]: { department: 'x' } }),
      400,
      'invalidSyntax',
    ],
    ['an unknown attribute', accountBody('a', { colour: 'x' }), 400, 'invalidSyntax'],
    ['no userName', { schemas: [URN.user] }, 400, 'invalidValue'],
    ['a number for a string', accountBody('a', { title: 5 }), 400, 'invalidValue'],
    ['an object for a list', accountBody('a', { emails: { value: 'x' } }), 400, 'invalidValue'],
    [
      'two primary e-mails',
      accountBody('a', {
        emails: [
          { value: 'x', primary: true },
          { value: 'y', primary: true },
        ],
      }),
      400,
      'invalidValue',
    ],
    ['a name that is too long', accountBody('a'.repeat(600)), 400, 'invalidValue'],
  ];
  test.each(WRONG)('refuses %s', async (_, body, status, scimType) => {
    await withProvider({}, async ({ provider, send }) => {
      const answer = await send('POST', '/Users', body);
      expect(answer.status).toBe(status);
      expect(answer.body).toMatchObject({ schemas: [URN.error], status: String(status), scimType });
      expect(provider.accounts.size).toBe(0);
    });
  });

  test('refuses another content type, a body that is too large, and an unknown method', async () => {
    await withProvider({ overrides: { maxBodyBytes: 200 } }, async ({ send }) => {
      expect((await send('POST', '/Users', ADA, { 'content-type': 'text/plain' })).status).toBe(415);
      expect((await send('POST', '/Users', accountBody('a', { title: 'x'.repeat(300) }))).status).toBe(413);
      const answer = await send('PUT', '/Users', ADA);
      expect([answer.status, answer.headers['allow']]).toEqual([405, 'GET, POST']);
      for (const path of ['/Nothing', '/Users/1/2', '/users']) expect((await send('GET', path)).status).toBe(404);
    });
  });

  test('an unknown attribute is left out where the provider is lenient', async () => {
    await withProvider({ overrides: { unknownAttributes: 'ignore' } }, async ({ send }) => {
      const answer = await send(
        'POST',
        '/Users',
        accountBody('a', { colour: 'x', name: { nick: 'y', givenName: 'A' } }),
      );
      expect(answer.status).toBe(201);
      expect(answer.body).toMatchObject({ name: { givenName: 'A' } });
      expect(answer.text).not.toContain('colour');
      const patched = await send(
        'PATCH',
        `/Users/${textAt(answer.body, 'id')}`,
        patchBody({ op: 'replace', path: 'colour', value: 'z' }),
      );
      expect(patched.status).toBe(200);
    });
  });
});

describe('replacing', () => {
  test('clears what is not sent, keeps the id and never creates', async () => {
    await withProvider({}, async ({ provider, send }) => {
      const id = create(provider, ADA);
      const answer = await send('PUT', `/Users/${id}`, accountBody('ada@x.example', { title: 'Dr' }));
      expect(answer.status).toBe(200);
      expect(answer.body).toMatchObject({ id, title: 'Dr' });
      expect(answer.body).not.toHaveProperty('displayName');
      expect((await send('PUT', '/Users/other', ADA)).status).toBe(404);
      const bob = create(provider, accountBody('bob'));
      expect((await send('PUT', `/Users/${bob}`, ADA)).body).toMatchObject({ status: '409', scimType: 'uniqueness' });
    });
  });

  test('a group without members in the body has none afterwards', async () => {
    await withProvider({}, async ({ provider, send }) => {
      const group = create(provider, groupBody('G', [create(provider, ADA)]));
      const answer = await send('PUT', `/Groups/${group}`, { schemas: [URN.group], displayName: 'H' });
      expect(answer.body).toMatchObject({ displayName: 'H' });
      expect(answer.body).not.toHaveProperty('members');
    });
  });
});

describe('listing', () => {
  function numbers(answer: Answer): unknown[] {
    return ['totalResults', 'startIndex', 'itemsPerPage'].map((name) => answer.body[name]);
  }

  test('pages are counted from 1, hold at most what was asked for, and add up', async () => {
    await withProvider({ overrides: { defaultCount: 2, maxResults: 3 } }, async ({ provider, send }) => {
      const ids = ['a', 'b', 'c', 'd', 'e'].map((name) => create(provider, accountBody(name)));
      expect(numbers(await send('GET', '/Users'))).toEqual([5, 1, 2]);
      expect(numbers(await send('GET', '/Users?count=100'))).toEqual([5, 1, 3]);
      expect(numbers(await send('GET', '/Users?count=0'))).toEqual([5, 1, 0]);
      expect(numbers(await send('GET', '/Users?count=-4&startIndex=-3'))).toEqual([5, 1, 0]);
      expect(listedIds(await send('GET', '/Users?startIndex=4&count=3'))).toEqual(ids.slice(3));
      expect(numbers(await send('GET', '/Users?startIndex=9'))).toEqual([5, 9, 0]);
      expect((await send('GET', '/Users?count=x')).status).toBe(400);
      expect((await send('GET', '/Users?sortBy=userName')).status).toBe(501);
    });
  });

  test('attributes and excludedAttributes choose what is shown, id always is', async () => {
    await withProvider({}, async ({ provider, send }) => {
      const id = create(provider, ADA);
      const group = create(provider, groupBody('G', [id]));
      const some = await send('GET', `/Users/${id}?attributes=userName,name.givenName,NAME.familyName,nothing`);
      expect(some.body).toEqual({
        schemas: [URN.user],
        id,
        userName: 'ada@x.example',
        name: { givenName: 'Ada', familyName: 'L' },
      });
      const most = await send('GET', `/Users/${id}?excludedAttributes=id,name.familyName,displayName,meta`);
      expect(most.body).toMatchObject({ id, name: { givenName: 'Ada' } });
      expect(Object.keys(most.body)).not.toContain('displayName');
      expect(Object.keys(valueAt(most.body, 'name') ?? {})).toEqual(['givenName']);
      expect((await send('GET', '/Groups?excludedAttributes=members')).text).not.toContain('members');
      expect((await send('GET', `/Groups/${group}?attributes=members.value`)).body).toMatchObject({
        members: [{ value: id }],
      });
      expect((await send('GET', '/Users?attributes=id&excludedAttributes=meta')).status).toBe(400);
    });
  });
});

test('discovery says what the provider does, and cannot be filtered', async () => {
  await withProvider({}, async ({ send }) => {
    expect((await send('GET', '/ServiceProviderConfig')).body).toMatchObject({
      patch: { supported: true },
      bulk: { supported: false },
      etag: { supported: true },
    });
    expect((await send('GET', '/ResourceTypes/User')).body).toMatchObject({ endpoint: '/Users', schema: URN.user });
    expect(listedIds(await send('GET', '/Schemas'))).toEqual([URN.user, URN.enterpriseUser, URN.group]);
    expect((await send('GET', '/Schemas?filter=id%20pr')).status).toBe(403);
    expect((await send('GET', '/Schemas/urn:none')).status).toBe(404);
  });
});
