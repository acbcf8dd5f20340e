import { describe, expect, test } from 'vitest';
import { IncompleteReadError } from '../../src/core/errors.ts';
import { attributesOf, gatherDirectory } from '../../src/provisioning/gather-directory.ts';
import { planCycle } from '../../src/core/planning/plan-cycle.ts';
import { gatherFocus, gatherProvider } from '../../src/provisioning/gather-provider.ts';
import {
  aGroup,
  aLink,
  anAccount,
  aPlanInput,
  aScimGroup,
  aSnapshot,
  assignGroup,
  assignUser,
  aUser,
  theGuards,
} from '../builders.ts';
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

  test('whoever left is read by name where somebody is protected, and only there', async () => {
    const directory = bothSides({ ...empty, users: { bob: aUser('bob') } });
    const connection = aConnection(directory, nobody);
    const guards = theGuards({ protectedAccounts: ['boss@contoso.com'] });
    const protecting = { ...connection, rules: { ...connection.rules, guards } };
    expect([...(await gatherDirectory(connection, [aLink('bob')], signal)).users.keys()]).toEqual([]);
    expect([...(await gatherDirectory(protecting, [aLink('bob')], signal)).users.keys()]).toEqual(['bob']);
    expect(attributesOf(protecting)).toEqual(expect.arrayContaining(['userPrincipalName', 'mail']));
  });

  test('reads what the scoping filters ask about, by its name in the directory', () => {
    const connection = aConnection(fakeDirectory({ assignments: [] }), nobody);
    const clauses = [{ attribute: 'extensionAttribute3', is: 'is-not-null' as const }];
    const scope = { ...connection.rules.scope, filters: [{ name: 'Staff', clauses }] };
    const filtering = { ...connection, rules: { ...connection.rules, scope } };
    const read = 'onPremisesExtensionAttributes.extensionAttribute3';
    expect(attributesOf(connection)).not.toContain(read);
    expect(attributesOf(filtering)).toContain(read);
  });

  test('asks the provider for nobody whom the scoping filters leave out', async () => {
    const provider = fakeProvider({ trusted: false });
    const connection = aConnection(fakeDirectory({ assignments: [] }), provider);
    const clauses = [{ attribute: 'department', is: 'equals' as const, value: 'Sales' }];
    const scope = { ...connection.rules.scope, filters: [{ name: 'Sales', clauses }] };
    const directory = aSnapshot({
      users: [
        aUser('ada', { attributes: { department: 'Sales' } }),
        aUser('bob', { attributes: { department: 'IT' } }),
      ],
      assignments: [assignUser('ada'), assignUser('bob')],
    });
    await gatherProvider({ ...connection, rules: { ...connection.rules, scope } }, directory, [], signal);
    expect(provider.lookups).not.toEqual([]);
    expect(provider.lookups.filter((lookup) => !lookup.includes('ada'))).toEqual([]);
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
    expect([...vanished.account]).toEqual(['id-bob']);
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
    expect([...vanished.account]).toEqual(['id-eve']);
  });

  test('a SCIM group that is gone says nothing about the account that has the same id', async () => {
    const given = { users: [aUser('ada')], assignments: [assignUser('ada')] };
    const directory = aSnapshot({ ...given, whereabouts: { bob: 'present' } });
    const links = [
      aLink('ada'),
      aLink('bob', { resourceId: '17' }),
      aLink('old', { resource: 'group', resourceId: '17' }),
    ];
    const accounts = [anAccount('id-ada', 'ada@contoso.com'), anAccount('17', 'bob@contoso.com')];
    const connection = aConnection(fakeDirectory({ assignments: [] }), fakeProvider({ accounts }));
    const provider = await gatherProvider(connection, directory, links, signal);
    const { plan } = planCycle({ ...aPlanInput(given, { links }), directory, ...provider });
    expect(plan.operations.map(({ key }) => key)).toContain('0:account:disable:bob');
  });

  test('and by the name it was last seen with, where the user was renamed since', async () => {
    const there = anAccount('id-ada', 'ada@before.example');
    const directory = aSnapshot({ users: [aUser('ada')], assignments: [assignUser('ada')] });
    const fake = { ...fakeProvider({ accounts: [there], listed: [] }), readAccount: async () => undefined };
    const connection = aConnection(fakeDirectory({ assignments: [] }), fake);
    const link = aLink('ada', { label: 'ada@before.example' });
    const { vanished } = await gatherProvider(connection, directory, [link], signal);
    expect(fake.lookups).toEqual(['externalId=ada', 'userName=ada@contoso.com', 'userName=ada@before.example']);
    expect([...vanished.account]).toEqual([]);
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

  const many = (count: number, first = 0) => Array.from({ length: count }, (_, index) => `u${first + index}`);
  const entitled = (...users: readonly string[]) =>
    aSnapshot({ users: users.map((user) => aUser(user)), assignments: users.map((user) => assignUser(user)) });
  const gone = (state: Link['state']) => many(6, 20).map((user) => aLink(user, { state }));
  const left = Object.fromEntries(many(6, 20).map((user) => [user, 'present' as const]));

  test.each([
    { rule: 'accounts Headgate disabled long ago', links: gone('disabled'), whereabouts: {} },
    { rule: 'accounts of users who left', links: gone('active'), whereabouts: left },
  ])("$rule may be gone without standing in anybody else's way", async ({ links, whereabouts }) => {
    const accounts = [anAccount('id-u0', 'u0@contoso.com')];
    const provider = fakeProvider({ accounts });
    const connection = aConnection(fakeDirectory({ assignments: [] }), provider);
    const snapshot = { ...entitled('u0'), whereabouts: new Map(Object.entries(whereabouts)) };
    const { vanished } = await gatherProvider(connection, snapshot, [aLink('u0'), ...links], signal);
    expect(vanished.account.size).toBe(6);
    const elsewhere = aConnection(fakeDirectory({ assignments: [] }), fakeProvider({}));
    await expect(gatherProvider(elsewhere, snapshot, [aLink('u0'), ...links], signal)).rejects.toThrow('"not found"');
  });

  const strangers = (users: readonly string[]) =>
    users.map((user) => anAccount(`id-${user}`, `${user}@elsewhere.example`, { externalId: `theirs-${user}` }));
  const ours = (users: readonly string[]) => users.map((user) => anAccount(`id-${user}`, `${user}@contoso.com`));
  const full = (accounts: FakeProvider['accounts'], links: readonly Link[], snapshot = entitled(...many(8))) => {
    const connection = aConnection(fakeDirectory({ assignments: [] }), fakeProvider({ accounts: accounts ?? [] }));
    return gatherProvider(connection, snapshot, links, signal);
  };
  const linksOf = (users: readonly string[], overrides: Partial<Link> = {}) =>
    users.map((user) => aLink(user, overrides));

  test.each([
    { rule: 'entitled users', snapshot: entitled(...many(8)) },
    { rule: 'users who left', snapshot: entitled() },
  ])('most linked accounts of $rule showing other people means the tenant of somebody else', async ({ snapshot }) => {
    const accounts = [...strangers(many(5)), ...ours(many(3, 5))];
    await expect(full(accounts, linksOf(many(8)), snapshot)).rejects.toThrow(IncompleteReadError);
    await expect(full(accounts, linksOf(many(8)), snapshot)).rejects.toThrow('5 of 8 linked accounts');
  });

  const renamed = many(8).map((user) => aUser(user, { attributes: { userPrincipalName: `${user}@fabrikam.com` } }));
  const afterRename = { ...entitled(), users: new Map(renamed.map((user) => [user.id, user])) };
  const named = (domain: string) => many(8).map((user) => anAccount(`id-${user}`, `${user.toUpperCase()}@${domain}`));
  const withExternal = (externalId: (user: string) => string) =>
    many(8).map((user) => anAccount(`id-${user}`, `${user}@elsewhere.example`, { externalId: externalId(user) }));

  test.each([
    { rule: 'half of them show other people', accounts: [...strangers(many(4)), ...ours(many(4, 4))] },
    { rule: 'everybody was renamed in the directory', accounts: named('contoso.com'), snapshot: afterRename },
    { rule: 'everybody was renamed on both sides', accounts: named('fabrikam.com'), snapshot: afterRename },
    { rule: 'only the anchor is left of them', accounts: withExternal((user) => user) },
    { rule: 'only the externalId of the mapping is left of them', accounts: withExternal((user) => `nick-${user}`) },
    { rule: 'they show neither userName nor externalId', accounts: many(8).map((user) => anAccount(`id-${user}`, '')) },
    { rule: 'too few are linked to tell', accounts: strangers(many(4)) },
  ])('linked accounts are believed to be theirs when $rule', async ({ accounts, snapshot }) => {
    await expect(full(accounts, linksOf(accounts.map(({ id }) => id.slice(3))), snapshot)).resolves.toBeDefined();
  });

  const focused = (accounts: FakeProvider['accounts'], inFocus: readonly string[], everyLink: readonly Link[]) => {
    const connection = aConnection(fakeDirectory({ assignments: [] }), fakeProvider({ accounts: accounts ?? [] }));
    const linked = { accounts: everyLink.length, groups: 0, members: 0 };
    const focus = { users: new Set(inFocus), groups: new Set<string>(), linked };
    return gatherFocus(connection, entitled(...inFocus), linksOf(inFocus), focus, signal, async () => everyLink);
  };

  test('those of a focus who are gone are believed to be when linked accounts outside it are there', async () => {
    const { vanished } = await focused(ours(many(20, 6)), many(6), linksOf(many(26)));
    expect(vanished.account.size).toBe(6);
    await expect(focused([], many(6), linksOf(many(26)))).rejects.toThrow('"not found" for 10 of 10');
    await expect(focused([], many(6), linksOf(many(8)))).rejects.toThrow('"not found" for 8 of 8');
  });

  test('one stranger in a focus is enough to look at linked accounts outside it', async () => {
    await expect(focused(strangers(many(20)), many(1), linksOf(many(20)))).rejects.toThrow('10 of 10 linked accounts');
    const renamedByHand = [...strangers(many(1)), ...ours(many(19, 1))];
    await expect(focused(renamedByHand, many(1), linksOf(many(20)))).resolves.toBeDefined();
  });

  test('a focus that shows nothing strange costs no look at anybody else', async () => {
    const everyLink = () => Promise.reject(new Error('not to be read'));
    const connection = aConnection(fakeDirectory({ assignments: [] }), fakeProvider({ accounts: ours(many(3)) }));
    const focus = {
      users: new Set(many(5)),
      groups: new Set<string>(),
      linked: { accounts: 9, groups: 0, members: 0 },
    };
    const reading = gatherFocus(connection, entitled(...many(5)), linksOf(many(5)), focus, signal, everyLink);
    await expect(reading).resolves.toBeDefined();
  });
});
