import { expect, test } from 'vitest';
import { resolveGroups } from '../../src/migration/resolve-groups.ts';
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
