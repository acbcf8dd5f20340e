import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { buildResource, canonicalPath, parsePath, readPath } from '../../src/core/scim-path.ts';
import type { Json } from '../../src/core/scim.ts';
import { URN } from '../../src/core/scim.ts';

const DEPARTMENT = `${URN.enterpriseUser}:department`;

describe('a path is read whatever its spelling and has one canonical text', () => {
  test.each([
    ['displayName', 'displayName'],
    ['DISPLAYNAME', 'displayName'],
    ['name.familyname', 'name.familyName'],
    [`${URN.user}:userName`, 'userName'],
    [`${URN.user.toUpperCase()}:USERNAME`, 'userName'],
    [`${URN.enterpriseUser}:Department`, DEPARTMENT],
    [`${URN.enterpriseUser.toLowerCase()}:manager.VALUE`, `${URN.enterpriseUser}:manager.value`],
    ['Emails[Type eq "work"].Value', 'emails[type eq "work"].value'],
    ['emails[type EQ "work"]', 'emails[type eq "work"]'],
    ['emails[ type  eq  "work" ].value', 'emails[type eq "work"].value'],
    ['emails[type eq "work" and primary eq true].value', 'emails[type eq "work" and primary eq true].value'],
    ['roles[primary eq "True"].value', 'roles[primary eq true].value'],
    ['addresses[type eq "a ] \\"quoted\\" one"].country', 'addresses[type eq "a ] \\"quoted\\" one"].country'],
    [
      'urn:ietf:params:scim:schemas:extension:Acme:2.0:User:badge',
      'urn:ietf:params:scim:schemas:extension:Acme:2.0:User:badge',
    ],
    ['customThing.someSub', 'customThing.someSub'],
    ['members.$ref', 'members.$ref'],
  ])('%s', (text, canonical) => {
    expect(canonicalPath(text)).toBe(canonical);
    expect(canonicalPath(canonical)).toBe(canonical);
  });
});

describe('what is no path to write to is refused with its reason', () => {
  test.each([
    ['', 'no SCIM path'],
    ['emails[type eq "work"', 'no SCIM path'],
    ['name..givenName', 'no SCIM path'],
    ['__proto__', 'no SCIM path'],
    ['1st', 'no SCIM path'],
    ['acme:badge', 'must be a schema URN'],
    [URN.enterpriseUser, 'names a schema'],
    ['userName.value', 'simple attribute'],
    ['name[type eq "work"].givenName', 'single value'],
    ['emails[type co "work"].value', 'must compare with eq'],
    ['emails[type eq "work" or type eq "home"].value', 'only "and"'],
    ['emails[not (type eq "work")].value', 'cannot read'],
    ['emails[type eq work].value', 'cannot read'],
    ['emails[].value', 'cannot read'],
    ['emails[type eq "\\x"].value', 'no JSON value'],
    ['emails[value eq 1.2.3].value', 'no JSON value'],
  ])('%s', (text, reason) => {
    const parsed = parsePath(text);
    expect('problem' in parsed ? parsed.problem : 'accepted').toContain(reason);
    expect(() => canonicalPath(text)).toThrow(reason);
  });
});

describe('reading', () => {
  const body = {
    userName: 'ada',
    NAME: { FamilyName: 'Lovelace' },
    emails: [
      { type: 'home', value: 'h@x' },
      { TYPE: 'Work', Value: 'w@x', primary: 'True' },
    ],
    roles: [{ value: 'admin', primary: true }],
    [URN.enterpriseUser.toUpperCase()]: { department: 'Engines', manager: { value: '42' } },
    nothing: null,
    titles: ['a'],
  };
  test.each<[string, Json | undefined]>([
    ['userName', 'ada'],
    ['USERNAME', 'ada'],
    ['name.familyName', 'Lovelace'],
    ['name.givenName', undefined],
    ['emails[type eq "work"].value', 'w@x'],
    ['emails[type eq "home"]', { type: 'home', value: 'h@x' }],
    ['emails[type eq "other"].value', undefined],
    ['emails[primary eq true].value', 'w@x'],
    ['emails[primary eq false].value', 'h@x'],
    ['emails.value', 'w@x'],
    ['roles[primary eq "True"].value', 'admin'],
    [DEPARTMENT, 'Engines'],
    [`${URN.enterpriseUser}:manager.value`, '42'],
    ['urn:other:User:x', undefined],
    ['nothing', null],
    ['nothing.sub', undefined],
    ['titles[type eq "a"].value', undefined],
    ['constructor', undefined],
    ['toString.name', undefined],
  ])('%s', (path, value) => {
    expect(readPath(body, path)).toEqual(value);
  });
});

describe('building a resource', () => {
  test('merges paths into one entry, one complex attribute and one extension, and names the schemas used', () => {
    const body = buildResource(
      [
        ['userName', 'ada'],
        ['name.givenName', 'Ada'],
        ['NAME.familyname', 'Lovelace'],
        ['emails[type eq "work"].value', 'w@x'],
        ['emails[type eq "work"].primary', true],
        ['emails[type eq "home"].value', 'h@x'],
        [DEPARTMENT, 'Engines'],
        [`${URN.enterpriseUser}:manager`, '42'],
        ['title', null],
      ],
      'User',
    );
    expect(body).toEqual({
      schemas: [URN.user, URN.enterpriseUser],
      userName: 'ada',
      name: { givenName: 'Ada', familyName: 'Lovelace' },
      emails: [
        { type: 'work', value: 'w@x', primary: true },
        { type: 'home', value: 'h@x' },
      ],
      [URN.enterpriseUser]: { department: 'Engines', manager: { value: '42' } },
    });
  });

  test('an extension whose only value is null is not named', () => {
    expect(buildResource([[DEPARTMENT, null]], 'User')).toEqual({ schemas: [URN.user] });
  });

  test('a group says it is a group', () => {
    const body = buildResource([['displayName', 'IT']], 'Group');
    expect(body).toEqual({ schemas: [URN.group], displayName: 'IT' });
  });

  test('a value of the caller is never changed', () => {
    const name = Object.freeze({ givenName: 'Ada' });
    const emails = Object.freeze([Object.freeze({ type: 'work', value: 'w@x' })]);
    const body = buildResource(
      [
        ['name', name],
        ['name.familyName', 'Lovelace'],
        ['emails', emails],
        ['emails[type eq "work"].primary', true],
      ],
      'User',
    );
    expect(readPath(body, 'name')).toEqual({ givenName: 'Ada', familyName: 'Lovelace' });
    expect(readPath(body, 'emails')).toEqual([{ type: 'work', value: 'w@x', primary: true }]);
  });

  test('names that every object inherits are ordinary attributes', () => {
    const body = buildResource([['constructor.name', 'x']], 'User');
    expect(body).toEqual({ schemas: [URN.user], constructor: { name: 'x' } });
  });

  const value = fc.oneof(fc.string({ unit: 'binary' }), fc.boolean());
  const paths = [
    'displayName',
    'title',
    'name.givenName',
    'name.familyName',
    'emails[type eq "work"].value',
    'emails[type eq "home"].value',
    'emails[type eq "home"].display',
    'phoneNumbers[type eq "mobile"].value',
    DEPARTMENT,
    'urn:acme:2.0:User:badge',
  ];
  test('what is built is read back at every path', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...paths), value), (values) => {
        const body = buildResource(Object.entries(values), 'User');
        for (const path of paths) expect(readPath(body, path)).toEqual(values[path]);
      }),
    );
  });

  test('any filter value survives being written, parsed and read', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (type) => {
        const path = `emails[type eq ${JSON.stringify(type)}].value`;
        expect(canonicalPath(path)).toBe(path);
        expect(readPath(buildResource([[path, 'x']], 'User'), path)).toBe('x');
      }),
    );
  });
});
