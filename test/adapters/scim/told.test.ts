import { describe, expect, test } from 'vitest';
import type { ScimRequest } from '../../../src/adapters/scim/answer.ts';
import { detailOf, shapeOf } from '../../../src/adapters/scim/told.ts';

const TOKEN = 'tok-8f3a9c1d7e';
const create: ScimRequest = {
  method: 'POST',
  collection: 'Users',
  body: {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
    userName: 'ada@contoso.com',
    displayName: 'Ada Lovelace',
    'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { department: 'Engines' },
  },
};

function detail(detailText: string, body: object = { detail: detailText }): string | undefined {
  return detailOf(JSON.stringify(body), TOKEN, create);
}

describe("the provider's own words", () => {
  test.each<[rule: string, said: string, kept: string | undefined]>([
    ['are kept as they are', 'department must be one of the list', 'department must be one of the list'],
    ['without what was sent, in any case', 'ADA LOVELACE of Engines exists', '… of … exists'],
    ['without quoted values', "value 'Miss Byron' is unknown", 'value "…" is unknown'],
    ['without addresses', 'byron@contoso.com has it already', '… has it already'],
    ['without long identifiers', 'conflicts with 9067729b3d-ee533c18-538a', 'conflicts with …'],
    ['without credentials', 'no access for Bearer abc.def', 'no access for Bearer …'],
    ['in one line', 'first\r\n\u202esecond\tthird', 'first second third'],
    ['not at all when they hold a piece of the token', `refused tok-8f3a9 for you`, undefined],
  ])('%s', (_rule, said, kept) => {
    expect(detail(said)).toBe(kept);
  });

  test.each<[where: string, body: object]>([
    ['detail', { detail: 'no seat left' }],
    ['message', { message: 'no seat left' }],
    ['the error of SCIM 1.1', { Errors: [{ description: 'no seat left', code: '400' }] }],
    ['an error object', { error: { message: 'no seat left' } }],
  ])('are found in %s', (_where, body) => {
    expect(detail('', body)).toBe('no seat left');
  });

  test('are cut, and absent where the answer is no JSON', () => {
    expect(detail('seat '.repeat(200))).toHaveLength(300);
    expect(detailOf('<html>no seat left</html>', TOKEN, create)).toBeUndefined();
  });
});

describe('the shape of a request', () => {
  test('names what was sent, with extensions, and no value', () => {
    expect(shapeOf(create)).toEqual({
      method: 'POST',
      collection: 'Users',
      attributes: ['displayName', 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department', 'userName'],
    });
  });

  test('of a PATCH names its paths without the values in their filters', () => {
    const Operations = [
      { op: 'remove', path: 'members[value eq "id-1"]' },
      { op: 'remove', path: 'members[value eq "id-2"]' },
      { op: 'replace', value: { active: false } },
    ];
    const { attributes } = shapeOf({ method: 'PATCH', collection: 'Groups', id: '1', body: { Operations } });
    expect(attributes).toEqual(['active', 'members[value eq "…"]']);
  });
});
