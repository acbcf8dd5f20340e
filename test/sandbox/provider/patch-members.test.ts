import { describe, expect, test } from 'vitest';
import type { Complex, Value } from '../../../src/sandbox/provider/json.ts';
import { accountBody, create, groupBody, patchBody, valueAt, withProvider } from './scim-client.ts';

describe('the members of a group', () => {
  test('are added, removed one by one with a filter, and all removed without one', async () => {
    await withProvider({}, async ({ provider, send }) => {
      const ada = create(provider, accountBody('ada'));
      const bob = create(provider, accountBody('bob'));
      const cyd = create(provider, accountBody('cyd'));
      const id = create(provider, groupBody('Engines', [ada]));
      async function membersAfter(...operations: Complex[]): Promise<Value[]> {
        const answer = await send('PATCH', `/Groups/${id}`, patchBody(...operations));
        expect(answer.status).toBe(204);
        const members = provider.groups.get(id)?.['members'] ?? [];
        return Array.isArray(members) ? members.map((member) => valueAt(member, 'value') ?? null) : [];
      }
      expect(
        await membersAfter({ op: 'add', path: 'members', value: [ada, bob, cyd].map((value) => ({ value })) }),
      ).toEqual([ada, bob, cyd]);
      expect(await membersAfter({ op: 'remove', path: `members[value eq "${bob}"]` })).toEqual([ada, cyd]);
      expect(await membersAfter({ op: 'remove', path: `members[value eq "${bob}"]` })).toEqual([ada, cyd]);
      expect(await membersAfter({ op: 'replace', path: 'members', value: [{ value: bob }] })).toEqual([bob]);
      expect(await membersAfter({ op: 'remove', path: 'members' })).toEqual([]);
    });
  });

  test('must exist, cannot be changed in place, and are not the group itself', async () => {
    await withProvider({}, async ({ provider, send }) => {
      const ada = create(provider, accountBody('ada'));
      const id = create(provider, groupBody('Engines', [ada]));
      const operations: [Complex, string][] = [
        [{ op: 'add', path: 'members', value: [{ value: 'nobody' }] }, 'invalidValue'],
        [{ op: 'add', path: 'members', value: [{ value: id }] }, 'invalidValue'],
        [{ op: 'add', path: 'members', value: [{ value: ada, type: 'Group' }] }, 'invalidValue'],
        [{ op: 'replace', path: `members[value eq "${ada}"].value`, value: 'x' }, 'mutability'],
        [{ op: 'remove', path: 'members', value: [{ value: ada }] }, 'invalidSyntax'],
      ];
      for (const [operation, scimType] of operations) {
        const answer = await send('PATCH', `/Groups/${id}`, patchBody(operation));
        expect(answer.body).toMatchObject({ status: '400', scimType });
      }
      expect(valueAt(provider.groups.get(id), 'members[0].value')).toBe(ada);
    });
  });

  test('show on the account, through nesting too, and go when the account goes', async () => {
    await withProvider({}, async ({ provider, send }) => {
      const ada = create(provider, accountBody('ada'));
      const inner = create(provider, groupBody('Inner', [ada]));
      const outer = create(provider, groupBody('Outer', [inner]));
      expect(valueAt(provider.accounts.get(ada), 'groups')).toMatchObject([
        { value: inner, type: 'direct' },
        { value: outer, type: 'indirect' },
      ]);
      expect((await send('DELETE', `/Users/${ada}`)).status).toBe(204);
      expect(provider.groups.get(inner)).not.toHaveProperty('members');
    });
  });
});
