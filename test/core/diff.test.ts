import * as fc from 'fast-check';
import { scimPatch, type ScimPatchOperation, type ScimResource } from 'scim-patch';
import { describe, expect, test } from 'vitest';
import { generic } from '../../src/adapters/scim/profiles/generic.ts';
import {
  createAttributes,
  createReferences,
  diffAccount,
  diffGroup,
  missingRequired,
  unsupportedTargets,
} from '../../src/core/diff.ts';
import type { ProviderProfile } from '../../src/core/profile.ts';
import { asBoolean, buildResource, isArray, isObject, readPath } from '../../src/core/scim-path.ts';
import type { Account, AttributeChange, DesiredAccount, Json, JsonObject } from '../../src/core/scim.ts';
import { URN } from '../../src/core/scim.ts';

const MANAGER = `${URN.enterpriseUser}:manager`;
const DEPARTMENT = `${URN.enterpriseUser}:department`;
const BADGE = 'urn:acme:2.0:User:badge';

function accountWith(body: JsonObject): Account {
  const userName = readPath(body, 'userName');
  return {
    id: '1',
    userName: typeof userName === 'string' ? userName : '',
    active: asBoolean(readPath(body, 'active')) ?? true,
    body,
  };
}

function desire(attributes: Readonly<Record<string, Json>>, references: Readonly<Record<string, string>> = {}) {
  return { attributes: new Map(Object.entries(attributes)), references: new Map(Object.entries(references)) };
}

function profileWith(attributes: Partial<ProviderProfile['attributes']>): ProviderProfile {
  return { ...generic, attributes: { ...generic.attributes, ...attributes } };
}

function changesOf(desired: DesiredAccount, body: JsonObject, profile = generic): readonly AttributeChange[] {
  return diffAccount(desired, accountWith(body), profile, () => undefined).changes;
}

describe('what a provider may say differently without being written to again', () => {
  test.each<[string, string, Json, JsonObject]>([
    ['the same text', 'title', 'Dr', { title: 'Dr' }],
    ['a name in another case', 'title', 'Dr', { TITLE: 'Dr' }],
    ['userName in another case', 'userName', 'Ada@X', { userName: 'ada@x' }],
    [
      'an e-mail address in another case',
      'emails[type eq "work"].value',
      'Ada@X',
      { emails: [{ type: 'Work', value: 'ada@x' }] },
    ],
    [
      'a telephone number written otherwise',
      'phoneNumbers[type eq "work"].value',
      '+1 (425) 555-0100',
      { phoneNumbers: [{ type: 'work', value: 'tel:+1-425-555-0100' }] },
    ],
    ['text in another Unicode composition', 'displayName', 'Zoë', { displayName: 'Zoe\u0308' }],
    ['text without the space around it', 'displayName', ' Ada ', { displayName: 'Ada' }],
    ['a boolean as text', BADGE, true, { 'urn:acme:2.0:User': { badge: 'True' } }],
    ['text as a boolean', BADGE, 'False', { 'urn:acme:2.0:User': { badge: false } }],
    ['text as a number', DEPARTMENT, '42', { [URN.enterpriseUser]: { department: 42 } }],
    [
      'a time in another zone',
      BADGE,
      '2026-01-01T00:00:00Z',
      { 'urn:acme:2.0:User': { badge: '2026-01-01T01:00:00.000+01:00' } },
    ],
    ['a primary flag as text', 'emails[type eq "work"].primary', true, { emails: [{ type: 'work', primary: 'true' }] }],
    ['a schema URN in another case', DEPARTMENT, 'IT', { [URN.enterpriseUser.toUpperCase()]: { department: 'IT' } }],
    ['a list in another order', 'roles', [{ value: 'a' }, { value: 'b' }], { roles: [{ value: 'b' }, { value: 'a' }] }],
    [
      'entries with more than was asked for',
      'roles',
      [{ value: 'a' }],
      { roles: [{ value: 'a', display: 'A', primary: true }] },
    ],
    ['entries as plain text', 'roles', [{ value: 'a' }], { roles: ['a'] }],
    ['a value asked for twice', 'roles', [{ value: 'a' }, { value: 'a' }], { roles: [{ value: 'a' }] }],
    ['a single value kept as a list', 'title', 'Dr', { title: ['Dr'] }],
    [
      'a complex value with more than was asked for',
      'name',
      { givenName: 'Ada' },
      { name: { givenName: 'Ada', formatted: 'Ada L' } },
    ],
    [
      'a manager as text',
      MANAGER,
      { value: '42' },
      { [URN.enterpriseUser]: { manager: { value: '42', displayName: 'B' } } },
    ],
    ['nothing for null', 'title', null, {}],
    ['null for null', 'title', null, { title: null }],
    ['an empty string for null', 'title', null, { title: '' }],
    ['nothing for white space', 'title', ' \t', {}],
    ['an empty list for null', 'roles', null, { roles: [] }],
    ['an empty manager for null', MANAGER, null, { [URN.enterpriseUser]: { manager: { value: '' } } }],
    ['an empty entry for null', 'emails[type eq "work"].value', null, { emails: [{ type: 'work' }] }],
  ])('%s', (_, path, wanted, body) => {
    expect(changesOf(desire({ [path]: wanted }), body)).toEqual([]);
  });
});

describe('what is written, with what was there before', () => {
  test.each<[string, string, Json, JsonObject, Json]>([
    ['other text', 'title', 'Dr', { title: 'Mr' }, 'Mr'],
    ['a name whose case changed', 'displayName', 'McDonald', { displayName: 'Mcdonald' }, 'Mcdonald'],
    ['an externalId in another case', 'externalId', 'Ada', { externalId: 'ada' }, 'ada'],
    ['another userName', 'userName', 'ada@x', { userName: 'ada@y' }, 'ada@y'],
    ['text where nothing was', 'title', 'Dr', {}, null],
    ['text where an empty string was', 'title', 'Dr', { title: '' }, null],
    [
      'an entry of a type that is missing',
      'emails[type eq "work"].value',
      'a@x',
      { emails: [{ type: 'home', value: 'a@x' }] },
      null,
    ],
    [
      'another number',
      'phoneNumbers[type eq "work"].value',
      '+1 1',
      { phoneNumbers: [{ type: 'work', value: '+1 2' }] },
      '+1 2',
    ],
    [
      'a boolean that differs',
      'emails[type eq "work"].primary',
      true,
      { emails: [{ type: 'work', primary: 'False' }] },
      'False',
    ],
    [
      'a time that differs',
      BADGE,
      '2026-01-01T00:00:00Z',
      { 'urn:acme:2.0:User': { badge: '2026-01-01T00:00:01Z' } },
      '2026-01-01T00:00:01Z',
    ],
    ['text where no boolean is', BADGE, true, { 'urn:acme:2.0:User': { badge: 'maybe' } }, 'maybe'],
    [
      'one entry too many',
      'roles',
      [{ value: 'a' }],
      { roles: [{ value: 'a' }, { value: 'b' }] },
      [{ value: 'a' }, { value: 'b' }],
    ],
    ['one entry too few', 'roles', [{ value: 'a' }, { value: 'b' }], { roles: [{ value: 'a' }] }, [{ value: 'a' }]],
    ['a clearing', 'title', null, { title: 'Dr' }, 'Dr'],
    ['a clearing of a manager', MANAGER, null, { [URN.enterpriseUser]: { manager: { value: '42' } } }, { value: '42' }],
    ['an activation', 'active', true, { active: 'False' }, false],
  ])('%s', (_, path, wanted, body, before) => {
    expect(changesOf(desire({ [path]: wanted }), body)).toEqual([{ path, before, after: wanted }]);
  });

  test('changes come in the order of the mapping', () => {
    const desired = desire({ title: 'b', displayName: 'a', userName: 'c' });
    expect(changesOf(desired, {}).map(({ path }) => path)).toEqual(['title', 'displayName', 'userName']);
  });
});

describe('a profile decides what is left out', () => {
  const profile = profileWith({
    unsupported: ['phoneNumbers', 'name.formatted', MANAGER, 'urn:acme:2.0:User', 'emails[type eq "home"]'],
  });
  const left = ['phoneNumbers[type eq "work"].value', 'name.formatted', BADGE, 'emails[type eq "home"].value'];
  const kept = ['name.givenName', DEPARTMENT, 'emails[type eq "work"].value'];
  const desired = desire(Object.fromEntries([...left, ...kept].map((path) => [path, 'x'])), { [MANAGER]: 'boss' });

  test('from changes, from creates and from references alike', () => {
    const { changes, references } = diffAccount(desired, accountWith({}), profile, () => '42');
    expect(changes.map(({ path }) => path)).toEqual(kept);
    expect(references).toEqual([]);
    expect(createAttributes(desired, profile).map(({ path }) => path)).toEqual(kept);
    expect(createReferences(desired, profile)).toEqual([]);
    expect(createReferences(desired, generic)).toEqual([{ path: MANAGER, to: 'boss' }]);
    expect(unsupportedTargets(desired.attributes.keys(), profile)).toEqual(left);
  });

  test('white space around userName is forgiven only where the provider is known to trim', () => {
    const wanted = desire({ userName: ' Ada' });
    expect(changesOf(wanted, { userName: 'ada' })).toHaveLength(1);
    expect(changesOf(wanted, { userName: 'ada' }, profileWith({ userNameNormalised: true }))).toEqual([]);
  });

  test('required attributes without a value are named', () => {
    const strict = profileWith({ required: ['userName', 'name', 'emails[type eq "work"].value'] });
    const wanted = desire({ userName: 'ada', 'name.givenName': 'Ada', 'emails[type eq "home"].value': 'a@x' });
    expect(missingRequired(wanted, strict)).toEqual(['emails[type eq "work"].value']);
  });
});

describe('a new account', () => {
  test('is created with every value there is, and nothing for null', () => {
    expect(createAttributes(desire({ userName: 'ada', title: null, active: true }), generic)).toEqual([
      { path: 'userName', before: null, after: 'ada' },
      { path: 'active', before: null, after: true },
    ]);
  });
});

describe('a manager', () => {
  const resolve = (anchor: string) => (anchor === 'boss' ? '4 2' : undefined);
  test.each<[string, Json | undefined]>([
    ['an object', { value: '4 2', displayName: 'Boss' }],
    ['text', '4 2'],
    ['a $ref alone', { $ref: 'https://x/scim/v2/Users/4%202?a=b' }],
    ['another spelling', { Value: '4 2' }],
  ])('is the same as %s', (_, manager) => {
    const body = { [URN.enterpriseUser]: { manager: manager ?? null } };
    expect(diffAccount(desire({}, { [MANAGER]: 'boss' }), accountWith(body), generic, resolve).references).toEqual([]);
  });

  test.each<[string, Json]>([
    ['another id', { value: '43' }],
    ['an id in another case', { value: '4 2x' }],
    ['nothing', null],
    ['an object without id', { displayName: 'Boss' }],
    ['a $ref that cannot be decoded', { $ref: 'https://x/Users/%E0' }],
    ['a number', 42],
  ])('differs from %s', (_, manager) => {
    const body = { [URN.enterpriseUser]: { manager } };
    const { references } = diffAccount(desire({}, { [MANAGER]: 'boss' }), accountWith(body), generic, resolve);
    expect(references).toEqual([{ path: MANAGER, to: 'boss' }]);
  });

  test('without an account yet is handed back for the caller to judge', () => {
    const body = { [URN.enterpriseUser]: { manager: { value: '42' } } };
    const { references } = diffAccount(desire({}, { [MANAGER]: 'new' }), accountWith(body), generic, resolve);
    expect(references).toEqual([{ path: MANAGER, to: 'new' }]);
  });
});

describe('a SCIM group', () => {
  const desired = { displayName: 'IT', externalId: 'anchor-1' };
  test.each<[string, { displayName: string; externalId?: string }, readonly AttributeChange[]]>([
    ['that is right needs nothing', { displayName: 'IT', externalId: 'anchor-1' }, []],
    [
      'of another name is renamed',
      { displayName: 'it', externalId: 'anchor-1' },
      [{ path: 'displayName', before: 'it', after: 'IT' }],
    ],
    ['without the anchor gets it', { displayName: 'IT ' }, [{ path: 'externalId', before: null, after: 'anchor-1' }]],
    [
      'with the anchor in another case gets it',
      { displayName: 'IT', externalId: 'Anchor-1' },
      [{ path: 'externalId', before: 'Anchor-1', after: 'anchor-1' }],
    ],
  ])('%s', (_, group, changes) => {
    expect(diffGroup(desired, { id: 'g', ...group })).toEqual(changes);
  });

  test('is not given what the provider does not keep', () => {
    const profile = profileWith({ unsupported: ['externalId'] });
    expect(diffGroup(desired, { id: 'g', displayName: 'IT' }, profile)).toEqual([]);
  });
});

const text = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('a', 'A', ' a', 'é', 'e\u0301', ''));
const optional = fc.option(text);
const shape: fc.Arbitrary<Record<string, Json>> = fc
  .record(
    {
      userName: text,
      active: fc.boolean(),
      displayName: optional,
      'name.givenName': optional,
      'name.familyName': optional,
      'emails[type eq "work"].value': optional,
      'emails[type eq "home"].value': optional,
      'phoneNumbers[type eq "mobile"].value': optional,
      roles: fc.option(
        fc.array(
          text.map((value) => ({ value })),
          { maxLength: 3 },
        ),
      ),
      [DEPARTMENT]: optional,
      [BADGE]: fc.option(fc.oneof(text, fc.boolean())),
    },
    { requiredKeys: [] },
  )
  .map((values) =>
    Object.fromEntries(
      Object.entries(values).flatMap(([path, value]): [string, Json][] => (value === undefined ? [] : [[path, value]])),
    ),
  );

function bodyOf(values: Readonly<Record<string, Json>>): JsonObject {
  return buildResource([['id', '1'], ...Object.entries(values)], 'User');
}

function patchOf({ path, before, after }: AttributeChange): ScimPatchOperation {
  if (after === null) return { op: 'remove', path };
  return { op: before === null ? 'add' : 'replace', path, value: after };
}

function isResource(body: unknown): body is ScimResource {
  return typeof body === 'object' && body !== null && 'schemas' in body;
}

function patched(body: JsonObject, changes: readonly AttributeChange[]): JsonObject {
  const resource: unknown = structuredClone(body);
  if (!isResource(resource)) throw new Error('no resource');
  const after: unknown = scimPatch(resource, changes.map(patchOf), { mutateDocument: false, treatMissingAsAdd: true });
  return JSON.parse(JSON.stringify(after));
}

test('applied as a PATCH, the changes leave nothing to change', () => {
  fc.assert(
    fc.property(shape, shape, (wanted, present) => {
      const desired = desire(wanted);
      const body = bodyOf(present);
      const changes = changesOf(desired, body);
      expect(changesOf(desired, patched(body, changes))).toEqual([]);
    }),
    { numRuns: 500 },
  );
});

test('an account created from a desired one needs no change', () => {
  fc.assert(
    fc.property(shape, (wanted) => {
      const desired = desire(wanted);
      const created = createAttributes(desired, generic).map(({ path, after }): [string, Json] => [path, after]);
      expect(changesOf(desired, buildResource(created, 'User'))).toEqual([]);
    }),
  );
});

/** The same resource as a provider might send it: other spellings, other order, nothing else. */
function respelt(value: Json): Json {
  if (typeof value === 'boolean') return value ? 'True' : 'False';
  if (typeof value === 'string') return value.normalize('NFD');
  if (isArray(value)) return value.toReversed().map(respelt);
  return isObject(value) ? respeltObject(value) : value;
}

function respeltObject(value: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name.toUpperCase(), respelt(inner)]));
}

test('a provider that spells everything its own way is not written to', () => {
  fc.assert(
    fc.property(shape, (wanted) => {
      expect(changesOf(desire(wanted), respeltObject(bodyOf(wanted)))).toEqual([]);
    }),
  );
});
