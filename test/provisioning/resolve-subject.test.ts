import { expect, test } from 'vitest';
import type { Link } from '../../src/core/link.ts';
import { resolveSubject } from '../../src/provisioning/resolve-subject.ts';
import { aGroup, aLink, aUser } from '../builders.ts';
import { aConnection, fakeDirectory, fakeProvider } from './fakes.ts';

const given = {
  assignments: [],
  users: { ada: aUser('ada'), odd: aUser('odd', { attributes: { userPrincipalName: 'Crew' } }) },
  groups: {
    it: aGroup('it', 'IT'),
    one: aGroup('one', 'Deck'),
    two: aGroup('two', 'Deck'),
    crew: aGroup('crew', 'Crew'),
  },
};
const connection = aConnection(fakeDirectory(given), fakeProvider({}));
const linked: readonly Link[] = [aLink('bob'), aLink('old', { resource: 'group', label: 'Old crew' })];
const links = { named: async (_: string, name: string) => linked.filter(({ label }) => label === name) };
const resolve = (name: string, kinds?: readonly ('user' | 'group')[]) =>
  resolveSubject(connection, links, name, new AbortController().signal, kinds);

test.each([
  ['a user by userPrincipalName', 'ada@contoso.com', { resource: 'user', anchor: 'ada', name: 'ada@contoso.com' }],
  ['a user by id', 'ada', { resource: 'user', anchor: 'ada', name: 'ada@contoso.com' }],
  ['a group by name', 'IT', { resource: 'group', anchor: 'it', name: 'IT' }],
  ['a group by id', 'one', { resource: 'group', anchor: 'one', name: 'Deck' }],
  ['somebody gone, by the name of the account', 'bob@contoso.com', { resource: 'user', anchor: 'bob' }],
  ['a group that is gone, by its name', 'Old crew', { resource: 'group', anchor: 'old' }],
])('finds %s', async (_what, name, subject) => {
  expect(await resolve(name)).toMatchObject(subject);
});

test.each([
  ['two groups of one name', 'Deck', 'group one, group two'],
  ['a user and a group of one name', 'Crew', 'user odd, group crew'],
])('refuses %s, naming the ids and no people', async (_what, name, choices) => {
  await expect(resolve(name)).rejects.toMatchObject({ code: 'ambiguous', message: expect.stringContaining(choices) });
});

test('refuses what is not there, and what is of another kind', async () => {
  await expect(resolve('nobody')).rejects.toMatchObject({ code: 'not-found' });
  await expect(resolve('IT', ['user'])).rejects.toMatchObject({ code: 'not-found' });
  expect(await resolve('Crew', ['user'])).toMatchObject({ resource: 'user' });
});
