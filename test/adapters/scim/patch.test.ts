import * as fc from 'fast-check';
import { type ScimPatchOperation, type ScimResource, scimPatch } from 'scim-patch';
import { describe, expect, test } from 'vitest';
import type { PatchOperation } from '../../../src/adapters/scim/dialect.ts';
import { mergeChanges, needsFreshRead, patchOperations } from '../../../src/adapters/scim/patch.ts';
import { entraLegacy } from '../../../src/adapters/scim/profiles/entra-legacy.ts';
import { generic } from '../../../src/adapters/scim/profiles/generic.ts';
import { salesforce } from '../../../src/adapters/scim/profiles/salesforce.ts';
import type { AttributeChange, Json, JsonObject } from '../../../src/core/scim.ts';
import { holds, isAbsent } from '../../../src/core/scim-compare.ts';
import { buildResource, pathOf, readPath } from '../../../src/core/scim-path.ts';

const ENTERPRISE = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
const WORK_MAIL = 'emails[type eq "work"].value';

function change(path: string, before: Json, after: Json): AttributeChange {
  return { path, before, after };
}

describe('the operations of a PATCH', () => {
  test.each<[string, AttributeChange, object[]]>([
    ['a changed value is replaced', change('title', 'a', 'b'), [{ op: 'replace', path: 'title', value: 'b' }]],
    ['a new value is added', change('title', null, 'b'), [{ op: 'add', path: 'title', value: 'b' }]],
    [
      'a list is replaced whole, never appended to',
      change('roles', null, [{ value: 'r' }]),
      [{ op: 'replace', path: 'roles', value: [{ value: 'r' }] }],
    ],
    ['a cleared value is removed by its path', change('title', 'a', null), [{ op: 'remove', path: 'title' }]],
    ['an empty string clears', change('title', 'a', ''), [{ op: 'remove', path: 'title' }]],
    ['an empty list clears', change('roles', [{ value: 'r' }], []), [{ op: 'remove', path: 'roles' }]],
    ['nothing to nothing is no operation', change('title', null, null), []],
    ['a part of a name', change('name.givenName', 'a', 'b'), [{ op: 'replace', path: 'name.givenName', value: 'b' }]],
    [
      'an extension attribute',
      change(`${ENTERPRISE}:department`, 'a', 'b'),
      [{ op: 'replace', path: `${ENTERPRISE}:department`, value: 'b' }],
    ],
    [
      'the value of an entry that is there',
      change(WORK_MAIL, 'a@x', 'b@x'),
      [{ op: 'replace', path: WORK_MAIL, value: 'b@x' }],
    ],
    [
      'the value of an entry that is not there',
      change(WORK_MAIL, null, 'b@x'),
      [{ op: 'add', path: 'emails', value: [{ type: 'work', value: 'b@x' }] }],
    ],
    [
      'an entry without its value goes whole',
      change(WORK_MAIL, 'a@x', null),
      [{ op: 'remove', path: 'emails[type eq "work"]' }],
    ],
    [
      'a part of an entry is cleared alone',
      change('addresses[type eq "work"].locality', 'a', null),
      [{ op: 'remove', path: 'addresses[type eq "work"].locality' }],
    ],
    ['active is a boolean', change('active', true, false), [{ op: 'replace', path: 'active', value: false }]],
    [
      'the manager is an object',
      change(`${ENTERPRISE}:manager.value`, 'm', 'n'),
      [{ op: 'replace', path: `${ENTERPRISE}:manager`, value: { value: 'n' } }],
    ],
  ])('%s', (_name, each, operations) => {
    expect(patchOperations(generic, [each])).toEqual(operations);
  });

  test('parts of one new entry make one entry', () => {
    const parts = ['locality', 'region'].map((part) => change(`addresses[type eq "work"].${part}`, null, part));
    expect(patchOperations(generic, parts, {})).toEqual([
      { op: 'add', path: 'addresses', value: [{ type: 'work', locality: 'locality', region: 'region' }] },
    ]);
  });

  test('what was just read goes before what the plan remembers', () => {
    const fresh = { addresses: [{ type: 'work', region: 'r' }] };
    expect(patchOperations(generic, [change('addresses[type eq "work"].locality', null, 'l')], fresh)).toEqual([
      { op: 'add', path: 'addresses[type eq "work"].locality', value: 'l' },
    ]);
  });

  test.each<[string, readonly AttributeChange[], boolean]>([
    ['a new value in an entry nobody knows of', [change(WORK_MAIL, null, 'b')], true],
    [
      'a new value in an entry another change shows',
      [change('addresses[type eq "work"].region', null, 'b'), change('addresses[type eq "work"].locality', 'a', 'b')],
      false,
    ],
    ['a changed value', [change(WORK_MAIL, 'a', 'b')], false],
    ['a value outside lists', [change('title', null, 'b')], false],
  ])('%s: fresh read is %s', (_name, changes, needed) => {
    expect(needsFreshRead(generic, changes)).toBe(needed);
  });
});

describe('dialects', () => {
  test('the older Entra dialect spells ops with capitals, active as text and the manager bare', () => {
    const changes = [
      change('active', true, false),
      change('title', 'a', null),
      change('nickName', null, 'n'),
      change(`${ENTERPRISE}:manager`, 'm', 'n'),
    ];
    expect(patchOperations(entraLegacy, changes)).toEqual([
      { op: 'Replace', path: 'active', value: 'False' },
      { op: 'Remove', path: 'title' },
      { op: 'Add', path: 'nickName', value: 'n' },
      { op: 'Replace', path: `${ENTERPRISE}:manager`, value: 'n' },
    ]);
  });

  test('without paths everything goes into one nested value, and clearing keeps its path', () => {
    const changes = [
      change('active', true, false),
      change('name.givenName', 'a', 'b'),
      change(`${ENTERPRISE}:department`, 'a', 'b'),
      change('title', 'a', null),
      change(WORK_MAIL, 'a@x', 'b@x'),
    ];
    const fresh = {
      title: 'a',
      emails: [
        { type: 'work', value: 'a@x' },
        { type: 'home', value: 'h@x' },
      ],
    };
    expect(patchOperations(salesforce, changes, fresh)).toEqual([
      {
        op: 'replace',
        value: {
          active: false,
          name: { givenName: 'b' },
          [ENTERPRISE]: { department: 'b' },
          emails: [
            { type: 'work', value: 'b@x' },
            { type: 'home', value: 'h@x' },
          ],
        },
      },
      { op: 'remove', path: 'title' },
    ]);
  });

  test('Salesforce deactivates with the very body its documentation shows', () => {
    expect(patchOperations(salesforce, [change('active', true, false)])).toEqual([
      { op: 'replace', value: { active: false } },
    ]);
  });
});

const PATHS = [
  'displayName',
  'title',
  'name.givenName',
  'name.familyName',
  `${ENTERPRISE}:department`,
  `${ENTERPRISE}:employeeNumber`,
  WORK_MAIL,
  'emails[type eq "home"].value',
  'phoneNumbers[type eq "mobile"].value',
  'addresses[type eq "work"].locality',
  'addresses[type eq "work"].country',
];
const text = fc.string({ minLength: 1, unit: 'grapheme' }).filter((value) => value.trim() !== '');

function valuesOf(paths: readonly string[]) {
  return fc.record(Object.fromEntries(paths.map((path) => [path, fc.option(text, { nil: null })])));
}

function resourceOf(wanted: Record<string, string | null>): JsonObject {
  return { id: 'acc-1', ...buildResource([['userName', 'ada'], ...Object.entries(wanted)], 'User') };
}

function changesBetween(
  before: Record<string, string | null>,
  after: Record<string, string | null>,
): AttributeChange[] {
  return PATHS.filter((path) => (before[path] ?? null) !== (after[path] ?? null)).map((path) =>
    change(path, before[path] ?? null, after[path] ?? null),
  );
}

function wrong(body: JsonObject, wanted: Record<string, string | null>): string[] {
  return PATHS.filter((path) => {
    const found = readPath(body, path);
    return !(holds(pathOf(path), found, wanted[path] ?? null) && isAbsent(found) === isAbsent(wanted[path]));
  });
}

function inLibraryTypes({ op, path, value }: PatchOperation): ScimPatchOperation {
  if (op === 'remove') return { op, path: path ?? '' };
  if (op === 'add' || op === 'replace') return path === undefined ? { op, value } : { op, path, value };
  throw new Error(`the RFC knows no op ${op}`);
}

function patchedByLibrary(body: JsonObject, operations: readonly PatchOperation[]): JsonObject {
  const meta = { created: new Date(0), lastModified: new Date(0) };
  const resource: ScimResource = { schemas: [], meta };
  const whole = Object.assign(resource, structuredClone(body), { meta });
  const patched = scimPatch(whole, operations.map(inLibraryTypes), { mutateDocument: false });
  return JSON.parse(JSON.stringify(patched));
}

describe('any change of an account', () => {
  test.each([
    ['by paths', generic, PATHS],
    // The library takes the dot in "2.0" of a URN key for a path; extensions are judged by the emulated provider. And where a
    // complex value is part of a larger one it replaces it whole; RFC 7644 section 3.5.2.3 leaves alone what is not named.
    ['without paths', salesforce, PATHS.filter((path) => !path.startsWith('urn:') && path !== 'name.familyName')],
  ])('as a PATCH %s gives what was wanted, by the judgement of an engine that is not ours', (_name, profile, paths) => {
    fc.assert(
      fc.property(valuesOf(paths), valuesOf(paths), (before, after) => {
        const body = resourceOf(before);
        const changes = changesBetween(before, after);
        const fresh = needsFreshRead(profile, changes) ? body : undefined;
        const patched = patchedByLibrary(body, patchOperations(profile, changes, fresh));
        expect(wrong(patched, after)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('as a whole for PUT takes an entry without its value out, and a part of an entry alone', () => {
    const body = {
      emails: [
        { type: 'work', value: 'w', display: 'W' },
        { type: 'home', value: 'h' },
      ],
      addresses: [{ type: 'work', locality: 'l', region: 'r' }],
    };
    const changes = [change(WORK_MAIL, 'w', null), change('addresses[type eq "work"].locality', 'l', null)];
    expect(mergeChanges(body, changes)).toEqual({
      emails: [{ type: 'home', value: 'h' }],
      addresses: [{ type: 'work', region: 'r' }],
    });
  });

  test('as a whole for PUT gives what was wanted and keeps what nobody mentioned', () => {
    fc.assert(
      fc.property(valuesOf(PATHS), valuesOf(PATHS), (before, after) => {
        const untouched = { externalId: 'e', photos: [{ value: 'p' }], 'urn:acme:x': { y: [1] } };
        const merged = mergeChanges({ ...resourceOf(before), ...untouched }, changesBetween(before, after));
        expect(wrong(merged, after)).toEqual([]);
        expect(merged).toMatchObject({ ...untouched, id: 'acc-1', userName: 'ada' });
      }),
      { numRuns: 300 },
    );
  });
});
