import { describe, expect, test } from 'vitest';
import { URN } from '../../../src/core/scim.ts';
import type { Complex } from '../../../src/sandbox/provider/json.ts';
import { accountBody, create, groupBody, listedIds, patchBody, textAt, valueAt, withProvider } from './scim-client.ts';

const TOTAL = (filter: string): string => `?filter=${encodeURIComponent(filter)}`;
const person = (userName: string, more: Complex = {}): Complex =>
  accountBody(userName, {
    displayName: userName,
    name: { givenName: userName, familyName: userName },
    emails: [{ value: `${userName}@x.example`, type: 'work', primary: true }],
    ...more,
  });
const inactive = patchBody({ op: 'replace', path: 'active', value: false });

describe('monday', () => {
  test('hides the users that people made unless asked for them', async () => {
    await withProvider({ behaviour: 'monday' }, async ({ provider, send }) => {
      create(provider, accountBody('by-hand'));
      await send('POST', '/Users', accountBody('by-scim'));
      expect((await send('GET', '/Users')).body['totalResults']).toBe(1);
      expect((await send('GET', `/Users${TOTAL('userName eq "by-hand"')}`)).body['totalResults']).toBe(0);
      expect((await send('GET', '/Users?scim_provisioned_only=false')).body['totalResults']).toBe(2);
    });
  });

  test('takes the token along with the admin who made it', async () => {
    const tokens = [{ secret: 'sandbox-token', owner: 'ada' }];
    await withProvider({ behaviour: 'monday', tokens }, async ({ provider, send }) => {
      const id = create(provider, accountBody('ada'));
      expect((await send('PATCH', `/Users/${id}`, inactive)).status).toBe(200);
      expect((await send('GET', '/Users')).status).toBe(401);
    });
  });
});

describe('uniqkey', () => {
  test('puts out of the company whoever is made inactive, and the members of a group that is deleted', async () => {
    await withProvider({ behaviour: 'uniqkey' }, async ({ provider, send }) => {
      const [ada = '', bob = ''] = ['ada', 'bob'].map((name) => create(provider, accountBody(name)));
      const group = create(provider, groupBody('IT', [bob]));
      await send('PATCH', `/Users/${ada}`, inactive);
      expect([provider.canSignIn('ada'), provider.accounts.size]).toEqual([false, 1]);
      await send('DELETE', `/Groups/${group}`);
      expect(provider.accounts.size).toBe(0);
    });
  });
});

describe.each(['own', 'uniqkey', 'atlassian'] as const)('%s', (behaviour) => {
  test('ends the old token when a new one is made', async () => {
    await withProvider({ behaviour }, async ({ provider, send }) => {
      expect((await send('GET', '/Users')).status).toBe(200);
      provider.addToken('next');
      expect((await send('GET', '/Users')).status).toBe(401);
      expect((await send('GET', '/Users', undefined, { authorization: 'Bearer next' })).status).toBe(200);
    });
  });
});

describe('aws-identity-center', () => {
  test('refuses a third token', async () => {
    await withProvider({ behaviour: 'aws-identity-center' }, async ({ provider, send, control }) => {
      provider.addToken('second');
      expect(() => provider.addToken('third')).toThrow('revoke one first');
      expect((await control('POST', '/_sandbox/tokens', { secret: 'third' })).status).toBe(409);
      provider.revokeToken('sandbox-token');
      provider.addToken('third');
      expect((await send('GET', '/Users', undefined, { authorization: 'Bearer third' })).status).toBe(200);
    });
  });

  test.each<[string, Complex]>([
    ['without a display name', person('a', { displayName: null })],
    ['without a family name', person('a', { name: { givenName: 'A' } })],
    ['with two phone numbers', person('a', { phoneNumbers: [{ value: '1' }, { value: '2' }] })],
    ['with an e-mail that is not primary', person('a', { emails: [{ value: 'a@x.example' }] })],
  ])('refuses an account %s', async (_what, body) => {
    await withProvider({ behaviour: 'aws-identity-center' }, async ({ provider, send }) => {
      expect((await send('POST', '/Users', body)).body).toMatchObject({ scimType: 'invalidValue' });
      expect((await send('POST', '/Users', person('a'))).status).toBe(201);
      expect(provider.accounts.size).toBe(1);
    });
  });

  test('shows every group as empty, and tells by filter who is in it', async () => {
    await withProvider({ behaviour: 'aws-identity-center' }, async ({ provider, send }) => {
      const [ada = '', bob = ''] = ['ada', 'bob'].map((name) => create(provider, person(name)));
      const group = create(provider, groupBody('IT', [ada]));
      expect((await send('GET', `/Groups/${group}`)).body['members']).toEqual([]);
      expect(valueAt((await send('GET', '/Groups')).body, 'Resources[0].members')).toEqual([]);
      expect((await send('GET', `/Groups/${group}?attributes=members`)).body['members']).toEqual([]);
      expect((await send('GET', '/Groups?excludedAttributes=members')).text).not.toContain('members');
      expect(listedIds(await send('GET', `/Groups${TOTAL(`members.value eq "${ada}"`)}`))).toEqual([group]);
      expect(listedIds(await send('GET', `/Groups${TOTAL(`members.value eq "${bob}"`)}`))).toEqual([]);
      expect(provider.groups.get(group)?.['members']).toHaveLength(1);
    });
  });

  test('takes a hundred changes of members in one request and no PUT on groups', async () => {
    await withProvider({ behaviour: 'aws-identity-center' }, async ({ provider, send }) => {
      const ids = Array.from({ length: 101 }, (_, index) => create(provider, person(`u${index}`)));
      const group = create(provider, groupBody('IT'));
      const add = (count: number) =>
        patchBody({ op: 'add', path: 'members', value: ids.slice(0, count).map((value) => ({ value })) });
      expect((await send('PATCH', `/Groups/${group}`, add(101))).body).toMatchObject({ scimType: 'tooMany' });
      expect((await send('PATCH', `/Groups/${group}`, add(100))).status).toBe(204);
      const put = await send('PUT', `/Groups/${group}`, groupBody('IT'));
      expect([put.status, put.headers['allow']]).toEqual([405, 'GET, PATCH, DELETE']);
      expect((await send('POST', '/Groups', groupBody('HR', ids))).body).toMatchObject({ scimType: 'tooMany' });
    });
  });

  test('pages by cursor without a total when asked to, and knows eq and and', async () => {
    await withProvider({ behaviour: 'aws-identity-center' }, async ({ provider, send }) => {
      for (const name of ['a', 'b', 'c']) create(provider, person(name));
      const first = (await send('GET', '/Users?cursor=&count=2')).body;
      expect(first).not.toHaveProperty('totalResults');
      const rest = (await send('GET', `/Users?cursor=${textAt(first, 'nextCursor')}&count=2`)).body;
      expect([rest['itemsPerPage'], rest['nextCursor']]).toEqual([1, undefined]);
      expect((await send('GET', '/Users?count=2')).body).toMatchObject({ totalResults: 3, startIndex: 1 });
      const status = async (filter: string) => (await send('GET', `/Users${TOTAL(filter)}`)).status;
      expect(await status('userName eq "a" and displayName eq "a"')).toBe(200);
      expect(await status('userName eq "a" or displayName eq "a"')).toBe(400);
      expect(await status('userName sw "a"')).toBe(400);
    });
  });
});

describe('slack', () => {
  test('only ever deactivates, makes handles of userNames, lists ten at a time, and counts its errors', async () => {
    await withProvider({ behaviour: 'slack' }, async ({ provider, send }) => {
      const made = await send('POST', '/Users', person('Ada.Lovelace@Contoso.com'));
      expect(made.body['userName']).toBe('ada.lovelace');
      expect((await send('DELETE', `/Users/${textAt(made.body, 'id')}`)).status).toBe(204);
      expect(provider.accounts.find('ada.lovelace')).toMatchObject({ active: false });
      for (let number = 0; number < 12; number += 1) create(provider, person(`u${number}`));
      expect(listedIds(await send('GET', '/Users'))).toHaveLength(10);
      expect((await send('POST', '/Users', accountBody('nobody'))).body['status']).toBe(400);
    });
  });
});

describe('github-emu', () => {
  const octocat = person('mona', { externalId: 'E1' });

  test('refuses requests that do not say who asks', async () => {
    await withProvider({ behaviour: 'github-emu' }, async ({ send }) => {
      expect((await send('GET', '/Users', undefined, { 'user-agent': '' })).status).toBe(403);
      expect((await send('GET', '/Users', undefined, { 'user-agent': 'headgate' })).status).toBe(200);
    });
  });

  test('takes a value path for nothing, and a whole list for what it says', async () => {
    await withProvider({ behaviour: 'github-emu' }, async ({ provider, send }) => {
      const id = textAt((await send('POST', '/Users', octocat)).body, 'id');
      const mail = () => valueAt(provider.accounts.get(id), 'emails[0].value');
      const path = 'emails[type eq "work"].value';
      expect(
        (await send('PATCH', `/Users/${id}`, patchBody({ op: 'replace', path, value: 'x@x.example' }))).status,
      ).toBe(200);
      expect(mail()).toBe('mona@x.example');
      const emails = [{ value: 'x@x.example', type: 'work', primary: true }];
      await send('PATCH', `/Users/${id}`, patchBody({ op: 'replace', value: { emails } }));
      expect(mail()).toBe('x@x.example');
    });
  });

  test('suspends for a time by active, and for ever by DELETE', async () => {
    await withProvider({ behaviour: 'github-emu' }, async ({ provider, send }) => {
      const id = textAt((await send('POST', '/Users', octocat)).body, 'id');
      await send('PATCH', `/Users/${id}`, patchBody({ op: 'replace', value: { active: false } }));
      expect(listedIds(await send('GET', '/Users'))).toEqual([id]);
      await send('DELETE', `/Users/${id}`);
      expect((await send('POST', '/Users', octocat)).status).toBe(409);
      expect(provider.accounts.size).toBe(0);
    });
  });
});

test('atlassian never renames a group', async () => {
  await withProvider({ behaviour: 'atlassian' }, async ({ provider, send }) => {
    const group = create(provider, groupBody('IT'));
    const rename = patchBody({ op: 'replace', path: 'displayName', value: 'Information' });
    expect((await send('PATCH', `/Groups/${group}`, rename)).body).toMatchObject({ scimType: 'mutability' });
    const body = { schemas: [URN.group], displayName: 'Information' };
    expect((await send('PUT', `/Groups/${group}`, body)).status).toBe(400);
    expect(provider.groups.get(group)).toMatchObject({ displayName: 'IT' });
  });
});
