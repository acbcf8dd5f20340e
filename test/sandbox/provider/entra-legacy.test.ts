import { expect, test } from 'vitest';
import { PROFILE_NAMES } from '../../../src/core/profile.ts';
import { URN } from '../../../src/core/scim.ts';
import { isBehaviourName } from '../../../src/sandbox/provider/behaviours/registry.ts';
import { accountBody, create, groupBody, patchBody, textAt, valueAt, withProvider } from './scim-client.ts';

test('a dialect of Entra is understood by entra-legacy', async () => {
  await withProvider({ behaviour: 'entra-legacy' }, async ({ provider, send }) => {
    const ada = create(provider, accountBody('ada'));
    const bob = create(provider, accountBody('bob'));
    const group = create(provider, groupBody('Engines', [ada, bob]));
    const answer = await send(
      'PATCH',
      `/Users/${ada}`,
      patchBody(
        { op: 'Replace', path: 'active', value: 'False' },
        { op: 'Add', path: 'emails[type eq "work"].value', value: 'ada@work.example' },
        { op: 'Add', path: `${URN.enterpriseUser}:manager`, value: bob },
        { op: 'Replace', value: { 'name.givenName': 'Ada', [`${URN.enterpriseUser}:department`]: 'Engines' } },
      ),
    );
    expect(answer.status).toBe(200);
    expect(answer.body).toMatchObject({
      active: false,
      emails: [{ type: 'work', value: 'ada@work.example' }],
      name: { givenName: 'Ada' },
      [URN.enterpriseUser]: { manager: { value: bob }, department: 'Engines' },
    });
    await send('PATCH', `/Groups/${group}`, patchBody({ op: 'Remove', path: 'members', value: [{ value: bob }] }));
    expect(valueAt(provider.groups.get(group), 'members')).toMatchObject([{ value: ada }]);
  });
});

test('a role Entra marks by a primary string is made with a real boolean', async () => {
  await withProvider({ behaviour: 'entra-legacy' }, async ({ provider, send }) => {
    const id = create(provider, accountBody('ada'));
    const operation = { op: 'Add', path: 'roles[primary eq "True"].value', value: 'Admin' };
    const answer = await send('PATCH', `/Users/${id}`, patchBody(operation));
    expect(answer.body['roles']).toEqual([{ primary: true, value: 'Admin' }]);
  });
});

test('a group comes with a schema of Microsoft and is found by a filter outside the grammar', async () => {
  await withProvider({ behaviour: 'entra-legacy' }, async ({ provider, send }) => {
    const schemas = [URN.group, 'http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group'];
    const group = await send('POST', '/Groups', {
      schemas,
      displayName: 'G',
      externalId: 'g',
      meta: { resourceType: 'Group' },
    });
    expect(group.status).toBe(201);
    const ada = create(
      provider,
      accountBody('ada', {
        emails: [
          { type: 'work', value: 'ada@work.example' },
          { type: 'home', value: 'x' },
        ],
      }),
    );
    const member = { op: 'Add', path: 'members', value: [{ $ref: null, value: ada }] };
    expect((await send('PATCH', `/Groups/${textAt(group.body, 'id')}`, patchBody(member))).status).toBe(204);
    for (const [value, total] of [
      ['ada@work.example', 1],
      ['x', 0],
    ] as const) {
      const filter = encodeURIComponent(`emails[type eq "work"].value eq "${value}"`);
      expect((await send('GET', `/Users?filter=${filter}`)).body['totalResults']).toBe(total);
    }
  });
});

test('every profile of the product has a provider to try it on', () => {
  expect(PROFILE_NAMES.filter((name) => !isBehaviourName(name))).toEqual([]);
});

test('an id may be the userName, and userNames may be kept in lower case', async () => {
  await withProvider({ overrides: { idForm: 'user-name', userName: 'lower-cased' } }, async ({ provider, send }) => {
    const answer = await send('POST', '/Users', accountBody('Ada/é@X.example'));
    expect(answer.body).toMatchObject({ id: 'ada/é@x.example', userName: 'ada/é@x.example' });
    expect(answer.headers['location']).toBe(`${provider.url}/Users/ada%2F%C3%A9%40x.example`);
    expect((await send('GET', '/Users/ada%2F%C3%A9%40x.example')).body).toEqual(answer.body);
  });
});
