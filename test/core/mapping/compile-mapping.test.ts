import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AppRole, AttributeValue, DirectoryUser } from '../../../src/core/directory.ts';
import type { AttributeMapping } from '../../../src/core/mapping/attribute-mapping.ts';
import type { CompiledMapping } from '../../../src/core/mapping/compile-mapping.ts';
import {
  compileMapping,
  desiredAccount,
  matchingTargets,
  sourceAttributes,
} from '../../../src/core/mapping/compile-mapping.ts';
import { DEFAULT_MAPPING } from '../../../src/core/mapping/default-mapping.ts';
import type { Json } from '../../../src/core/scim.ts';
import { URN } from '../../../src/core/scim.ts';

const MANAGER = `${URN.enterpriseUser}:manager`;
const USER_NAME: AttributeMapping = { kind: 'direct', source: 'userPrincipalName', target: 'userName', match: 1 };

function direct(source: string, target: string, options: Partial<AttributeMapping> = {}): AttributeMapping {
  return { ...options, kind: 'direct', source, target };
}

function expression(text: string, target: string, options: Partial<AttributeMapping> = {}): AttributeMapping {
  return { ...options, kind: 'expression', expression: text, target };
}

function constant(value: Json, target: string, options: Partial<AttributeMapping> = {}): AttributeMapping {
  return { ...options, kind: 'constant', value, target };
}

function compiled(...lines: readonly AttributeMapping[]): CompiledMapping {
  const result = compileMapping(lines);
  if ('problems' in result) throw new Error(JSON.stringify(result.problems));
  return result.mapping;
}

function problemsOf(...lines: readonly AttributeMapping[]): readonly string[] {
  const result = compileMapping(lines);
  return 'problems' in result ? result.problems.map(({ index, message }) => `${index}: ${message}`) : [];
}

function ada(attributes: Readonly<Record<string, AttributeValue>> = {}, manager?: string): DirectoryUser {
  const user = { id: 'ada-id', enabled: true, attributes: { userPrincipalName: 'ada@contoso.com', ...attributes } };
  return manager === undefined ? user : { ...user, manager };
}

function accountOf(
  mapping: CompiledMapping,
  user: DirectoryUser,
  purpose: 'create' | 'update' = 'create',
  roles: readonly AppRole[] = [],
) {
  const mapped = desiredAccount(mapping, { user, roles }, purpose);
  if ('failure' in mapped) throw new Error(mapped.failure);
  return {
    attributes: Object.fromEntries(mapped.account.attributes),
    references: Object.fromEntries(mapped.account.references),
  };
}

describe('the default mapping', () => {
  const mapping = compiled(...DEFAULT_MAPPING);

  test('asks the directory for real properties only, without those that are always read', () => {
    expect(sourceAttributes(mapping)).toEqual([
      'businessPhones',
      'city',
      'country',
      'department',
      'displayName',
      'employeeId',
      'faxNumber',
      'givenName',
      'jobTitle',
      'mail',
      'mailNickname',
      'mobilePhone',
      'officeLocation',
      'postalCode',
      'state',
      'streetAddress',
      'surname',
      'userPrincipalName',
    ]);
    expect(matchingTargets(mapping)).toEqual(['userName']);
  });

  test('makes an account of everything a user has', () => {
    const user = ada(
      {
        displayName: 'Ada Lovelace',
        jobTitle: 'Countess',
        mail: 'ada@contoso.com',
        givenName: 'Ada',
        surname: 'Lovelace',
        officeLocation: 'Ockham',
        streetAddress: '12 St James’s Square',
        city: 'London',
        state: 'England',
        postalCode: 'SW1',
        country: 'GB',
        businessPhones: ['+44 20 1', '+44 20 2'],
        mobilePhone: '+44 7',
        faxNumber: '+44 9',
        mailNickname: 'ada',
        employeeId: '1815',
        department: 'Engines',
      },
      'byron-id',
    );
    expect(accountOf(mapping, user)).toEqual({
      attributes: {
        userName: 'ada@contoso.com',
        active: true,
        displayName: 'Ada Lovelace',
        title: 'Countess',
        'emails[type eq "work"].value': 'ada@contoso.com',
        'name.givenName': 'Ada',
        'name.familyName': 'Lovelace',
        'addresses[type eq "work"].formatted': 'Ockham',
        'addresses[type eq "work"].streetAddress': '12 St James’s Square',
        'addresses[type eq "work"].locality': 'London',
        'addresses[type eq "work"].region': 'England',
        'addresses[type eq "work"].postalCode': 'SW1',
        'addresses[type eq "work"].country': 'GB',
        'phoneNumbers[type eq "work"].value': '+44 20 1',
        'phoneNumbers[type eq "mobile"].value': '+44 7',
        'phoneNumbers[type eq "fax"].value': '+44 9',
        externalId: 'ada',
        [`${URN.enterpriseUser}:employeeNumber`]: '1815',
        [`${URN.enterpriseUser}:department`]: 'Engines',
      },
      references: { [MANAGER]: 'byron-id' },
    });
  });

  test('what a user has no value for is left alone, on create and on update', () => {
    const bare = ada({ mail: null, department: '', jobTitle: '  ', city: '\0', businessPhones: [''] });
    const nothingElse = { attributes: { userName: 'ada@contoso.com', active: true }, references: {} };
    expect(accountOf(mapping, bare, 'create')).toEqual(nothingElse);
    expect(accountOf(mapping, bare, 'update')).toEqual(nothingElse);
  });

  test('a guest is named without the part Entra adds', () => {
    const guest = ada({ userPrincipalName: 'ada_fabrikam.com#EXT#@contoso.onmicrosoft.com' });
    expect(accountOf(mapping, guest).attributes['userName']).toBe('ada_fabrikam.com');
  });

  test('a user without userPrincipalName fails alone, with a reason', () => {
    const mapped = desiredAccount(mapping, { user: ada({ userPrincipalName: null }), roles: [] }, 'create');
    expect(mapped).toEqual({ failure: 'userName: the mapping gives no value' });
  });
});

describe('a value gets the type of its target', () => {
  const badge = 'urn:acme:2.0:User:badge';
  test.each<[string, AttributeMapping, string, Json]>([
    ['text of a number', constant(7, 'title'), 'title', '7'],
    ['text of a boolean, as Entra writes it', direct('accountEnabled', 'userType'), 'userType', 'True'],
    ['the only value of a list', expression('Split("a", ",")', 'title'), 'title', 'a'],
    ['a boolean from text', constant('True', 'active'), 'active', true],
    ['a boolean from 1', constant('1', 'active'), 'active', true],
    [
      'a boolean sub-attribute from text',
      constant('false', 'emails[type eq "work"].primary'),
      'emails[type eq "work"].primary',
      false,
    ],
    [
      'entries from a list of text',
      expression('Split("a,b", ",")', 'roles'),
      'roles',
      [{ value: 'a' }, { value: 'b' }],
    ],
    ['one entry from text', constant('a', 'entitlements'), 'entitlements', [{ value: 'a' }]],
    ['entries as they are', constant([{ value: 'a', type: 't' }], 'roles'), 'roles', [{ value: 'a', type: 't' }]],
    ['a complex value as it is', constant({ givenName: 'A' }, 'name'), 'name', { givenName: 'A' }],
    ['a manager by text', constant('42', MANAGER), MANAGER, { value: '42' }],
    ['a boolean of an unknown schema', expression('Not("x")', badge), badge, true],
    ['a list of an unknown schema', expression('Split("a,b", ",")', badge), badge, ['a', 'b']],
    ['a number of an unknown schema', constant(7, badge), badge, 7],
    ['text without NUL', constant('a\0b', 'title'), 'title', 'ab'],
    ['text without half a surrogate pair', constant('a\uD83Db😀', 'title'), 'title', 'a\uFFFDb😀'],
  ])('%s', (_, line, target, value) => {
    expect(accountOf(compiled(USER_NAME, line), ada()).attributes[target]).toEqual(value);
  });

  test.each<[string, AttributeMapping, string]>([
    ['several values for one', direct('otherMails', 'title'), 'title: it takes a single value, but there are 2'],
    ['no boolean', direct('department', 'active'), 'active: it takes "True" or "False"'],
    ['an expression without answer', expression('ToLower([otherMails])', 'title'), 'title: one value is needed'],
    ['an inactive account', expression('IIF([department]="Secret", "False", "True")', 'active'), 'active: the mapping'],
  ])('%s fails for the user, without telling the value', (_, line, failure) => {
    const user = ada({ department: 'Secret', otherMails: ['x@y', 'z@y'] });
    const mapped = desiredAccount(compiled(USER_NAME, line), { user, roles: [] }, 'update');
    expect(mapped).toEqual({ failure: expect.stringContaining(failure) });
    expect(JSON.stringify(mapped)).not.toMatch(/Secret|x@y/);
  });
});

describe('options', () => {
  const lines = [
    USER_NAME,
    direct('department', 'title', { default: 'none' }),
    direct('displayName', 'nickName', { apply: 'create' }),
    direct('city', 'locale', { nulls: 'clear' }),
    direct('manager', MANAGER, { nulls: 'clear' }),
  ];
  const mapping = compiled(...lines);

  test.each<[string, 'create' | 'update', DirectoryUser, Record<string, Json>]>([
    [
      'on create the default fills a gap and nothing is cleared',
      'create',
      ada({ displayName: 'Ada' }),
      { title: 'none', nickName: 'Ada' },
    ],
    [
      'on update neither default nor create-only values flow, and gaps are cleared where asked',
      'update',
      ada({ displayName: 'Ada' }),
      { locale: null, [MANAGER]: null },
    ],
    [
      'a value wins over a default and over clearing',
      'update',
      ada({ department: 'IT', city: 'Oslo' }, 'boss'),
      { title: 'IT', locale: 'Oslo' },
    ],
  ])('%s', (_, purpose, user, attributes) => {
    expect(accountOf(mapping, user, purpose).attributes).toEqual({
      userName: 'ada@contoso.com',
      active: true,
      ...attributes,
    });
  });

  test('a user without a line for active is active all the same, on update too', () => {
    expect(accountOf(compiled(USER_NAME), ada(), 'update').attributes['active']).toBe(true);
    const onCreate = compiled(USER_NAME, expression('Not([IsSoftDeleted])', 'active', { apply: 'create' }));
    expect(accountOf(onCreate, ada(), 'update').attributes['active']).toBe(true);
  });

  test('matching attributes come in their precedence, not in their order', () => {
    const matching = compiled(
      direct('mail', 'EMAILS[type eq "work"].value', { match: 2 }),
      { ...USER_NAME, match: 3 },
      direct('objectId', 'externalId', { match: 1 }),
    );
    expect(matchingTargets(matching)).toEqual(['externalId', 'emails[type eq "work"].value', 'userName']);
    expect(sourceAttributes(matching)).toEqual(['mail', 'userPrincipalName']);
  });

  test("Entra's names of attributes are asked for by their Graph names", () => {
    const mapping = compiled(
      USER_NAME,
      expression('Join("-", [extensionAttribute3], [mobile], [telephoneNumber])', 'title'),
      direct('extension_abc_badge', 'nickName'),
    );
    expect(sourceAttributes(mapping)).toEqual([
      'businessPhones',
      'extension_abc_badge',
      'mobilePhone',
      'onPremisesExtensionAttributes.extensionAttribute3',
      'userPrincipalName',
    ]);
  });

  test('a role becomes an entry', () => {
    const target = 'roles[primary eq "True"].value';
    const mapping = compiled(USER_NAME, expression('SingleAppRoleAssignment([appRoleAssignments])', target));
    const roles = [{ id: 'r', value: 'admin', displayName: 'Admin', enabled: true }];
    expect(accountOf(mapping, ada(), 'create', roles).attributes['roles[primary eq true].value']).toBe('admin');
    expect(sourceAttributes(mapping)).toEqual(['userPrincipalName']);
  });

  test('a manager mapped to the value inside is the same reference', () => {
    const mapping = compiled(USER_NAME, direct('manager', `${MANAGER}.value`));
    expect(accountOf(mapping, ada({}, 'boss')).references).toEqual({ [MANAGER]: 'boss' });
  });
});

describe('what cannot work is refused before any user is read', () => {
  test.each<[string, AttributeMapping, string]>([
    ['no path', direct('mail', 'emails['), 'no SCIM path'],
    ['a misspelt attribute', direct('Mail', 'title'), 'write mail, not Mail'],
    ['an expression in error', expression('Apend([mail], "x")', 'title'), 'expression, at character 1: there is no'],
    ['what the provider sets', direct('mail', 'id'), 'id is set by the service provider'],
    ['groups of a user', direct('mail', 'groups'), 'groups is set by the service provider'],
    ['no particular entry', direct('mail', 'emails.value'), 'say which entry: emails[type eq "work"].value'],
    ['an entry as a whole', direct('mail', 'emails[type eq "work"]'), 'say what to set in the entry'],
    ['a complex attribute as a whole', direct('mail', 'name'), 'name.formatted'],
    ['an unknown part', direct('mail', 'name.nick'), 'name has no sub-attribute nick'],
    ['an address without value', direct('city', 'addresses[type eq "work"].town'), 'no sub-attribute town'],
    ['a password in every cycle', constant('s', 'password'), 'add apply: create'],
    ['manager in a text attribute', direct('manager', 'title'), 'belongs to urn:ietf'],
    ['matching by manager', direct('manager', MANAGER, { match: 2 }), 'cannot be used for matching'],
    ['a default manager', direct('manager', MANAGER, { default: 'x' }), 'takes no default'],
    ['matching by a constant', constant('x', 'title', { match: 2 }), 'the same value for every user'],
    ['precedence nought', direct('mail', 'title', { match: 0 }), 'match counts from 1'],
    ['precedence taken', direct('mail', 'title', { match: 1 }), 'two attributes have matching precedence 1'],
    ['clearing a matching attribute', direct('mail', 'title', { match: 2, nulls: 'clear' }), 'must never be cleared'],
    [
      'a default of the wrong type',
      expression('Not([mail])', 'active', { default: 'maybe' }),
      'the default does not fit',
    ],
    ['a constant of the wrong type', constant({ a: 1 }, 'title'), 'the constant does not fit'],
    ['a target twice', direct('mail', 'USERNAME'), 'userName is already mapped in line 1'],
    ['IsSoftDeleted as active', direct('IsSoftDeleted', 'active'), 'gives false; use Not([IsSoftDeleted])'],
    ['a constant that locks out', constant(false, 'active'), 'gives false'],
    ['an expression that locks out', expression('Not([accountEnabled])', 'active'), 'gives false'],
    ['an expression that says nothing', expression('Switch([IsSoftDeleted], , "x", "y")', 'active'), 'gives null'],
  ])('%s', (_, line, message) => {
    expect(problemsOf(USER_NAME, line)).toEqual([expect.stringMatching(/^1: /)]);
    expect(problemsOf(USER_NAME, line)[0]).toContain(message);
  });

  test('overlapping targets, whichever comes first', () => {
    const whole = constant([{ value: 'a' }], 'roles');
    const part = direct('mail', 'roles[primary eq true].value');
    expect(problemsOf(USER_NAME, whole, part)).toEqual([expect.stringContaining('overlaps with roles in line 2')]);
    expect(problemsOf(USER_NAME, part, whole)).toEqual([expect.stringContaining('2: roles overlaps with roles[')]);
  });

  test('no userName and nothing to match by concern the whole mapping', () => {
    expect(problemsOf()).toEqual([
      expect.stringMatching(/^-1: nothing is mapped to userName/),
      expect.stringMatching(/^-1: no attribute is used for matching/),
    ]);
  });

  test('a constant userName would be the same for everybody', () => {
    expect(problemsOf(constant('x', 'userName'))[0]).toContain('the same value for every user');
  });

  test('every problem is reported, in the order of the lines', () => {
    const found = problemsOf(USER_NAME, direct('Mail', 'title'), direct('mail', 'id'), direct('x', 'userName'));
    expect(found.map((problem) => problem.split(':')[0])).toEqual(['1', '2', '3']);
  });
});

test('any user at all is mapped or fails; nothing is thrown, nothing else is active', () => {
  const mapping = compiled(...DEFAULT_MAPPING);
  const value = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.array(fc.string()),
    fc.boolean(),
    fc.double(),
    fc.constant(null),
  );
  const attributes = fc.dictionary(fc.constantFrom(...sourceAttributes(mapping)), value);
  fc.assert(
    fc.property(attributes, fc.constantFrom('create' as const, 'update' as const), (found, purpose) => {
      const user = { id: 'a', enabled: true, attributes: found };
      const mapped = desiredAccount(mapping, { user, roles: [] }, purpose);
      expect(desiredAccount(mapping, { user, roles: [] }, purpose)).toEqual(mapped);
      if ('failure' in mapped) return;
      expect(mapped.account.attributes.get('active')).toBe(true);
      expect(mapped.account.attributes.get('userName')).toMatch(/[^]/);
    }),
  );
});
