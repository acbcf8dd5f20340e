import { expect, test } from 'vitest';
import { URN } from '../../../src/core/scim.ts';
import type { Complex, Value } from '../../../src/sandbox/provider/json.ts';
import { accountBody, create, patchBody, valueAt, withProvider } from './scim-client.ts';

const WORK = { value: 'ada@work.example', type: 'work', primary: true };
const HOME = { value: 'ada@home.example', type: 'home' };

const ADA = accountBody('ada', {
  schemas: [URN.user, URN.enterpriseUser],
  displayName: 'Ada',
  name: { givenName: 'Ada', familyName: 'Lovelace' },
  emails: [WORK, HOME],
  [URN.enterpriseUser]: { department: 'Engines', employeeNumber: '1' },
});

interface Row {
  readonly rule: string;
  readonly operations: Complex[];
  readonly path: string;
  readonly is: Value | undefined;
}

const ACCEPTED: Row[] = [
  {
    rule: 'replace sets a simple attribute',
    operations: [{ op: 'replace', path: 'displayName', value: 'A' }],
    path: 'displayName',
    is: 'A',
  },
  {
    rule: 'attribute names in paths are read without case',
    operations: [{ op: 'replace', path: 'DISPLAYNAME', value: 'A' }],
    path: 'displayName',
    is: 'A',
  },
  {
    rule: 'replace without a path sets each attribute it names',
    operations: [{ op: 'replace', value: { active: false, title: 'Dr' } }],
    path: 'active',
    is: false,
  },
  {
    rule: 'add sets a sub-attribute and leaves the others',
    operations: [{ op: 'add', path: 'name.middleName', value: 'K' }],
    path: 'name',
    is: { givenName: 'Ada', familyName: 'Lovelace', middleName: 'K' },
  },
  {
    rule: 'replace of a complex attribute changes only what it names',
    operations: [{ op: 'replace', path: 'name', value: { givenName: 'Augusta' } }],
    path: 'name',
    is: { givenName: 'Augusta', familyName: 'Lovelace' },
  },
  {
    rule: 'remove takes a sub-attribute away',
    operations: [{ op: 'remove', path: 'name.givenName' }],
    path: 'name',
    is: { familyName: 'Lovelace' },
  },
  {
    rule: 'null means unassigned',
    operations: [{ op: 'replace', path: 'displayName', value: null }],
    path: 'displayName',
    is: undefined,
  },
  {
    rule: 'add appends to a multi-valued attribute',
    operations: [{ op: 'add', path: 'emails', value: [{ value: 'x@y.example', type: 'other' }] }],
    path: 'emails',
    is: [WORK, HOME, { value: 'x@y.example', type: 'other' }],
  },
  {
    rule: 'adding a value that is there changes nothing',
    operations: [{ op: 'add', path: 'emails', value: [HOME] }],
    path: 'emails',
    is: [WORK, HOME],
  },
  {
    rule: 'replace of a multi-valued attribute replaces the whole list',
    operations: [{ op: 'replace', path: 'emails', value: [HOME] }],
    path: 'emails',
    is: [HOME],
  },
  {
    rule: 'a value path sets a sub-attribute of the selected values',
    operations: [{ op: 'replace', path: 'emails[type eq "work"].value', value: 'new@work.example' }],
    path: 'emails',
    is: [{ ...WORK, value: 'new@work.example' }, HOME],
  },
  {
    rule: 'replace by value path replaces the selected value whole',
    operations: [{ op: 'replace', path: 'emails[type eq "work"]', value: { value: 'n@w.example' } }],
    path: 'emails',
    is: [{ value: 'n@w.example' }, HOME],
  },
  {
    rule: 'remove by value path takes the selected values away',
    operations: [{ op: 'remove', path: 'emails[type eq "work" and value ew "example"]' }],
    path: 'emails',
    is: [HOME],
  },
  {
    rule: 'removing every value leaves the attribute unassigned',
    operations: [{ op: 'remove', path: 'emails[value pr]' }],
    path: 'emails',
    is: undefined,
  },
  {
    rule: 'a new primary value takes primary from the old one',
    operations: [{ op: 'replace', path: 'emails[type eq "home"].primary', value: true }],
    path: 'emails',
    is: [
      { ...WORK, primary: false },
      { ...HOME, primary: true },
    ],
  },
  {
    rule: 'operations are applied one after the other',
    operations: [
      { op: 'remove', path: 'title' },
      { op: 'add', path: 'title', value: 'Dr' },
      { op: 'replace', path: 'title', value: 'Countess' },
    ],
    path: 'title',
    is: 'Countess',
  },
  {
    rule: 'a password is taken and never shown',
    operations: [{ op: 'replace', path: 'password', value: 'secret' }],
    path: 'password',
    is: undefined,
  },
];

test.each(ACCEPTED)('$rule', async ({ operations, path, is }) => {
  await withProvider({}, async ({ provider, send }) => {
    const id = create(provider, ADA);
    const answer = await send('PATCH', `/Users/${id}`, patchBody(...operations));
    expect(answer.status).toBe(200);
    expect(valueAt(answer.body, path)).toEqual(is);
    expect(provider.accounts.get(id)).toEqual(answer.body);
  });
});

interface Refused {
  readonly rule: string;
  readonly operation: Complex;
  readonly scimType: string;
}

const REFUSED: Refused[] = [
  { rule: 'a remove without a path', operation: { op: 'remove' }, scimType: 'noTarget' },
  {
    rule: 'a value path that selects nothing',
    operation: { op: 'replace', path: 'emails[type eq "other"].value', value: 'x' },
    scimType: 'noTarget',
  },
  {
    rule: 'an add by a value path that selects nothing',
    operation: { op: 'add', path: 'emails[type eq "other"].value', value: 'x' },
    scimType: 'noTarget',
  },
  {
    rule: 'an attribute the schema does not know',
    operation: { op: 'replace', path: 'favouriteColour', value: 'x' },
    scimType: 'invalidPath',
  },
  {
    rule: 'a path outside the grammar',
    operation: { op: 'replace', path: 'emails[type eq work]', value: [] },
    scimType: 'invalidPath',
  },
  {
    rule: 'a path with a space missing',
    operation: { op: 'remove', path: 'emails[type eq"work"]' },
    scimType: 'invalidPath',
  },
  {
    rule: 'a filter on a single-valued attribute',
    operation: { op: 'replace', path: 'name[givenName eq "Ada"]', value: {} },
    scimType: 'invalidPath',
  },
  { rule: 'a change of the id', operation: { op: 'replace', path: 'id', value: 'x' }, scimType: 'mutability' },
  {
    rule: 'a change of the groups of an account',
    operation: { op: 'add', path: 'groups', value: [{ value: 'x' }] },
    scimType: 'mutability',
  },
  { rule: 'removing a required attribute', operation: { op: 'remove', path: 'userName' }, scimType: 'mutability' },
  {
    rule: 'an empty required attribute',
    operation: { op: 'replace', path: 'userName', value: '' },
    scimType: 'invalidValue',
  },
  {
    rule: 'a boolean as a string',
    operation: { op: 'replace', path: 'active', value: 'False' },
    scimType: 'invalidValue',
  },
  {
    rule: 'a single value where a list is replaced',
    operation: { op: 'replace', path: 'emails', value: { value: 'x' } },
    scimType: 'invalidValue',
  },
  {
    rule: 'two primary values',
    operation: {
      op: 'add',
      path: 'emails',
      value: [
        { value: 'a', primary: true },
        { value: 'b', primary: true },
      ],
    },
    scimType: 'invalidValue',
  },
  {
    rule: 'an op that is not in lower case',
    operation: { op: 'Replace', path: 'title', value: 'x' },
    scimType: 'invalidSyntax',
  },
  { rule: 'an op the RFC does not know', operation: { op: 'move', path: 'title' }, scimType: 'invalidSyntax' },
  {
    rule: 'a name with a dot in a pathless value',
    operation: { op: 'replace', value: { 'name.givenName': 'x' } },
    scimType: 'invalidSyntax',
  },
  {
    rule: 'a value in a remove',
    operation: { op: 'remove', path: 'emails', value: [HOME] },
    scimType: 'invalidSyntax',
  },
  {
    rule: 'a manager that does not exist',
    operation: { op: 'add', path: `${URN.enterpriseUser}:manager`, value: { value: 'nobody' } },
    scimType: 'invalidValue',
  },
];

test.each(REFUSED)(
  '$rule is refused as $scimType, and nothing of the request is kept',
  async ({ operation, scimType }) => {
    await withProvider({}, async ({ provider, send }) => {
      const id = create(provider, ADA);
      const before = provider.accounts.get(id);
      const answer = await send(
        'PATCH',
        `/Users/${id}`,
        patchBody({ op: 'replace', path: 'title', value: 'lost' }, operation),
      );
      expect(answer.status).toBe(400);
      expect(answer.body).toMatchObject({ schemas: [URN.error], status: '400', scimType });
      expect(provider.accounts.get(id)).toEqual(before);
    });
  },
);

test('a PATCH that changes nothing keeps version and lastModified', async () => {
  let clock = 1_700_000_000_000;
  await withProvider({ now: () => (clock += 1000) }, async ({ provider, send }) => {
    const id = create(provider, ADA);
    const before = provider.accounts.get(id)?.['meta'];
    const answer = await send('PATCH', `/Users/${id}`, patchBody({ op: 'replace', path: 'displayName', value: 'Ada' }));
    expect(answer.body['meta']).toEqual(before);
    const changed = await send('PATCH', `/Users/${id}`, patchBody({ op: 'replace', path: 'displayName', value: 'A' }));
    expect(changed.body['meta']).not.toEqual(before);
  });
});

test('the last extension attribute takes the extension out of schemas, the first puts it in', async () => {
  await withProvider({}, async ({ provider, send }) => {
    const id = create(provider, accountBody('ada'));
    const path = `${URN.enterpriseUser}:department`;
    const added = await send('PATCH', `/Users/${id}`, patchBody({ op: 'add', path, value: 'Engines' }));
    expect(added.body['schemas']).toEqual([URN.user, URN.enterpriseUser]);
    const removed = await send('PATCH', `/Users/${id}`, patchBody({ op: 'remove', path }));
    expect(removed.body['schemas']).toEqual([URN.user]);
    expect(removed.body).not.toHaveProperty([URN.enterpriseUser]);
  });
});
