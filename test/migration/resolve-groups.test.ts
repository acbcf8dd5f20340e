import { describe, expect, test } from 'vitest';
import { resolveGroups } from '../../src/migration/resolve-groups.ts';
import { aGroup, assignGroup } from '../builders.ts';
import { aConnection, fakeDirectory, fakeProvider } from '../provisioning/fakes.ts';

const connection = aConnection(fakeDirectory({ assignments: [] }), fakeProvider({}));
const { signal } = new AbortController();

test('groups cannot be named to a migration that concerns every group', async () => {
  const ask = { kind: 'disable-scim', groups: ['IT'] } as const;
  await expect(resolveGroups(connection, ask, signal)).rejects.toThrow(/switching SCIM off concerns every group/);
});

test('without names, switching SCIM off is left to find the groups itself', async () => {
  expect(await resolveGroups(connection, { kind: 'disable-scim', groups: [] }, signal)).toEqual([]);
});

describe('a name that no assigned group has', () => {
  const named = (...names: readonly string[]) =>
    fakeDirectory({
      assignments: names.map((name) => assignGroup(name)),
      groups: Object.fromEntries(names.map((name) => [name, aGroup(name, name)])),
    });
  const asked = async (names: readonly string[], group: string) =>
    resolveGroups(aConnection(named(...names), fakeProvider({})), { groups: [group] }, signal);

  test('is answered with the one that was likely meant', async () => {
    await expect(asked(['IT', 'Sales'], 'ITT')).rejects.toMatchObject({
      message: 'no assigned group is named "ITT" (did you mean "IT"?)',
    });
  });

  test('is answered with a few of those there are where none is near', async () => {
    const many = Array.from({ length: 12 }, (_, n) => `Team number ${String(n).padStart(2, '0')}`);
    await expect(asked(many, 'Treasury')).rejects.toMatchObject({
      message: 'no assigned group is named "Treasury"',
      facts: { remedy: expect.stringMatching(/^assigned are: Team number 00, .*, Team number 07 and 4 more\. /) },
    });
    await expect(asked([], 'Treasury')).rejects.toMatchObject({
      facts: { remedy: expect.stringMatching(/^no group is assigned/) },
    });
  });
});
