import { describe, expect, test } from 'vitest';
import { IncompleteReadError } from '../../src/core/errors.ts';
import { gatherDirectory } from '../../src/provisioning/gather-directory.ts';
import { gatherProvider } from '../../src/provisioning/gather-provider.ts';
import { aGroup, aLink, anAccount, aSnapshot, assignGroup, assignUser, aUser } from '../builders.ts';
import { aConnection, fakeDirectory, fakeProvider, type FakeDirectory, type FakeProvider } from './fakes.ts';
import type { Link } from '../../src/core/link.ts';

const signal = new AbortController().signal;
const nobody = fakeProvider({});

function gather(directory: FakeDirectory, links: readonly Link[] = [], nested: 'direct' | 'expand' = 'direct') {
  return gatherDirectory(aConnection(fakeDirectory(directory), nobody, nested), links, signal);
}

describe('gathering the directory', () => {
  test('reads the users reached, and locates only linked users who are not', async () => {
    const users = { ada: aUser('ada') };
    const snapshot = await gather(
      { assignments: [assignUser('ada')], users, whereabouts: { bob: 'present', ada: 'present' } },
      [aLink('ada'), aLink('bob')],
    );
    expect([...snapshot.users.keys()]).toEqual(['ada']);
    expect([...snapshot.whereabouts]).toEqual([['bob', 'present']]);
    expect(snapshot.gaps).toEqual([]);
  });

  test('follows nested groups level by level, and a circle ends', async () => {
    const memberships = { a: { nestedGroups: ['b'] }, b: { nestedGroups: ['a', 'c'] }, c: { users: ['ada'] } };
    const given = {
      assignments: [assignGroup('a')],
      groups: { a: aGroup('a') },
      memberships,
      users: { ada: aUser('ada') },
    };
    expect([...(await gather(given, [], 'expand')).users.keys()]).toEqual(['ada']);
    expect([...(await gather(given, [], 'direct')).users.keys()]).toEqual([]);
  });

  test.each([
    { rule: 'an assigned group the directory does not return', given: { assignments: [assignGroup('a')] } },
    {
      rule: 'a group whose members were not returned',
      given: { assignments: [assignGroup('a')], groups: { a: aGroup('a') } },
    },
    {
      rule: 'a gap the directory reports itself',
      given: {
        assignments: [assignGroup('a')],
        groups: { a: aGroup('a') },
        memberships: { a: {} },
        gaps: [{ what: 'members of a', expected: 3, found: 2 }],
      },
    },
    {
      rule: 'a user missing from one read and present in the next',
      given: { assignments: [assignUser('ada')], whereabouts: { ada: 'present' as const } },
    },
  ])('$rule is a gap in the proof of completeness', async ({ given }) => {
    expect((await gather(given)).gaps).toHaveLength(1);
  });

  test('an assigned user who was deleted is no gap', async () => {
    const snapshot = await gather({ assignments: [assignUser('ada')], whereabouts: { ada: 'soft-deleted' } });
    expect(snapshot.gaps).toEqual([]);
    expect(snapshot.whereabouts.get('ada')).toBe('soft-deleted');
  });
});

describe('gathering the provider', () => {
  const directory = aSnapshot({ users: [aUser('ada')], assignments: [assignUser('ada')] });
  const ask = (provider: FakeProvider, links: readonly Link[]) => {
    const fake = fakeProvider(provider);
    return {
      fake,
      gathered: gatherProvider(aConnection(fakeDirectory({ assignments: [] }), fake), directory, links, signal),
    };
  };

  test('a linked account missing from the listing is asked for by id before it counts as gone', async () => {
    const there = anAccount('id-ada', 'ada@contoso.com');
    const { gathered } = ask({ accounts: [there], listed: [] }, [aLink('ada'), aLink('bob')]);
    const { inventory, vanished } = await gathered;
    expect(inventory.accounts.resources).toEqual([there]);
    expect([...vanished]).toEqual(['id-bob']);
  });

  test('a listing that cannot be trusted is completed by asking for every unlinked user', async () => {
    const there = anAccount('1', 'ada@contoso.com');
    const { fake, gathered } = ask({ accounts: [there], listed: [], trusted: false }, []);
    expect((await gathered).inventory.accounts.resources).toEqual([there]);
    expect(fake.lookups).toEqual(['externalId=ada', 'userName=ada@contoso.com']);
  });

  test('a trusted listing costs no look-up per user', async () => {
    const { fake, gathered } = ask({}, []);
    await gathered;
    expect(fake.lookups).toEqual([]);
  });

  test('most linked accounts "not found" at once means a wrong address, not many deletions', async () => {
    const links = Array.from({ length: 10 }, (_, index) => aLink(`u${index}`));
    await expect(ask({}, links).gathered).rejects.toThrow(IncompleteReadError);
  });
});
