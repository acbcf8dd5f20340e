import { describe, expect, test } from 'vitest';
import { IncompleteReadError } from '../../src/core/errors.ts';
import { gatherDirectory } from '../../src/provisioning/gather-directory.ts';
import { gatherProvider } from '../../src/provisioning/gather-provider.ts';
import { aGroup, aLink, anAccount, aScimGroup, aSnapshot, assignGroup, assignUser, aUser } from '../builders.ts';
import { aConnection, fakeDirectory, fakeProvider, type FakeDirectory, type FakeProvider } from './fakes.ts';
import type { Link } from '../../src/core/link.ts';
import type { DirectorySource } from '../../src/ports/directory-source.ts';

const signal = new AbortController().signal;
const nobody = fakeProvider({});

/** What a user's own side says of their groups, where that is not what the groups say of their members. */
type GroupsOfUser = Readonly<Record<string, readonly string[]>>;

function bothSides(given: FakeDirectory, groupsOfUser: GroupsOfUser = {}): DirectorySource {
  const groups = Object.entries(given.memberships ?? {});
  return {
    ...fakeDirectory(given),
    readGroupsOfUser: async (user) =>
      groupsOfUser[user] ?? groups.flatMap(([group, { users = [] }]) => (users.includes(user) ? [group] : [])),
  };
}

function gather(
  { groupsOfUser, ...directory }: FakeDirectory & { readonly groupsOfUser?: GroupsOfUser },
  links: readonly Link[] = [],
  nested: 'direct' | 'expand' = 'direct',
) {
  return gatherDirectory(aConnection(bothSides(directory, groupsOfUser), nobody, nested), links, signal);
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

  const office = { assignments: [assignGroup('a'), assignGroup('b')], groups: { a: aGroup('a'), b: aGroup('b') } };
  const empty = { ...office, memberships: { a: {}, b: {} }, whereabouts: { bob: 'present' as const } };

  test.each([
    {
      rule: 'who was moved between two groups while they were read, and so was seen in neither',
      given: { ...empty, groupsOfUser: { bob: ['a'] } },
    },
    {
      rule: 'whose group was answered empty for a moment',
      given: { ...empty, groupsOfUser: { bob: ['other', 'b'] } },
    },
    {
      rule: 'who is not enabled and was missing from a group for a moment',
      given: { ...empty, whereabouts: { bob: 'disabled' as const }, groupsOfUser: { bob: ['b'] } },
    },
  ])('a linked user $rule, is a gap and no leaver', async ({ given }) => {
    expect((await gather(given, [aLink('bob')])).gaps).toMatchObject([{ what: expect.stringContaining('user bob') }]);
  });

  test.each([
    { rule: 'directly', later: [assignUser('bob')] },
    { rule: 'through a group that was not assigned before', later: [assignGroup('c')] },
  ])(
    'a linked user who is assigned $rule after the assignments were read is a gap and no leaver',
    async ({ later }) => {
      const directory = bothSides(empty, { bob: ['c'] });
      const answers = [office.assignments, later];
      const changing = { ...directory, readAssignments: async () => ({ value: answers.shift() ?? [], gaps: [] }) };
      const { gaps } = await gatherDirectory(aConnection(changing, nobody), [aLink('bob')], signal);
      expect(gaps).toMatchObject([{ what: expect.stringContaining('user bob') }]);
    },
  );

  test('a linked user who really left is asked about and no gap; one whose account is disabled is not asked about', async () => {
    const asked: string[] = [];
    const directory = fakeDirectory({ ...empty, whereabouts: { bob: 'present', eve: 'present' } });
    const listening = {
      ...directory,
      readGroupsOfUser: async (user: string) => {
        asked.push(user);
        return ['other'];
      },
    };
    const links = [aLink('bob'), aLink('eve', { state: 'disabled' as const })];
    expect((await gatherDirectory(aConnection(listening, nobody), links, signal)).gaps).toEqual([]);
    expect(asked).toEqual(['bob']);
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

  test('a linked account neither listed nor found by id is asked for by name before another is created', async () => {
    const there = anAccount('id-ada', 'ada@contoso.com');
    const directory = aSnapshot({ users: [aUser('ada'), aUser('bob')], assignments: [assignUser('ada')] });
    const fake = { ...fakeProvider({ accounts: [there], listed: [] }), readAccount: async () => undefined };
    const connection = aConnection(fakeDirectory({ assignments: [] }), fake);
    const { inventory, vanished } = await gatherProvider(connection, directory, [aLink('ada'), aLink('eve')], signal);
    expect(fake.lookups).toEqual(['externalId=ada', 'userName=ada@contoso.com']);
    expect(inventory.accounts.resources).toEqual([there]);
    expect([...vanished]).toEqual(['id-eve']);
  });

  test('groups that are there do not make up for accounts that are not', async () => {
    const groups = Array.from({ length: 20 }, (_, index) => aScimGroup(`id-g${index}`, `G${index}`));
    const links = [
      ...Array.from({ length: 6 }, (_, index) => aLink(`u${index}`)),
      ...groups.map((_, index) => aLink(`g${index}`, { resource: 'group' as const })),
    ];
    await expect(ask({ groups }, links).gathered).rejects.toThrow('"not found" for 6 of 6');
  });

  test('most linked accounts "not found" at once means a wrong address, not many deletions', async () => {
    const links = Array.from({ length: 10 }, (_, index) => aLink(`u${index}`));
    await expect(ask({}, links).gathered).rejects.toThrow(IncompleteReadError);
  });
});
