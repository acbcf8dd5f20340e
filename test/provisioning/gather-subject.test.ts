import { describe, expect, test } from 'vitest';
import type { Link } from '../../src/core/link.ts';
import { gatherSubject } from '../../src/provisioning/gather-subject.ts';
import { aGroup, aLink, assignGroup, assignUser, aUser } from '../builders.ts';
import { ProviderModel } from '../core/planning/provider-model.ts';
import { aConnection, fakeDirectory, fakeProvider } from './fakes.ts';
import { modelLinks } from './model-links.ts';

const MANY = 300;
const crew = Array.from({ length: MANY }, (_, index) => `u${index}`);

/** A tenant with a large group, one nested in it, and another group; `asked` is who was asked for their groups. */
function tenant(nested: 'direct' | 'expand', links: readonly Link[] = [], crewMembers = crew) {
  const asked: string[] = [];
  const groupsOf: Readonly<Record<string, readonly string[]>> = { left: [], torn: ['crew'], deckhand: ['deck'] };
  const users = [...crew, 'left', 'torn', 'deckhand', 'inner'];
  const directory = {
    ...fakeDirectory({
      assignments: [assignGroup('crew'), assignGroup('deck'), assignUser('u0')],
      groups: { crew: aGroup('crew', 'Crew'), deck: aGroup('deck', 'Deck') },
      memberships: {
        crew: { users: crewMembers, nestedGroups: ['galley'] },
        deck: { users: ['deckhand'] },
        galley: { users: ['inner'] },
      },
      users: Object.fromEntries(users.map((id) => [id, aUser(id)])),
      whereabouts: { ...Object.fromEntries(users.map((id) => [id, 'present'])), ghost: 'absent' },
    }),
    readGroupsOfUser: async (user: string) => {
      asked.push(user);
      return groupsOf[user] ?? (crewMembers.includes(user) ? ['crew'] : []);
    },
  };
  const model = new ProviderModel();
  for (const link of links) model.links.set(`${link.resource}:${link.anchor}`, link);
  const connection = aConnection(directory, fakeProvider({}), nested);
  const { links: store } = modelLinks(model, { baseline: undefined, unsettled: [] });
  const gather = (resource: 'user' | 'group', anchor: string) =>
    gatherSubject(
      { connection, links: store, attributes: [], signal: new AbortController().signal },
      { resource, anchor, name: anchor },
    );
  return { asked, gather };
}

const members = ['left', 'torn', 'deckhand'];
const remembered = [...members.map((id) => aLink(id)), aLink('crew', { resource: 'group', members })];

describe('a subject that is gathered on demand', () => {
  test('is, for a user, that user with every way into scope, and nobody else', async () => {
    const { gather, asked } = tenant('direct');
    const { directory, focus } = await gather('user', 'u1');
    expect([...focus.users]).toEqual(['u1']);
    expect(focus).toMatchObject({ only: true });
    expect([...focus.groups]).toEqual([]);
    expect(directory.memberships.get('crew')?.users).toEqual(['u1']);
    expect(asked).toEqual(['u1']);
  });

  test('is, for a group, whoever is in it and whoever its SCIM group has; of many only those outside are asked', async () => {
    const { gather, asked } = tenant('direct', remembered);
    const { directory, focus } = await gather('group', 'crew');
    expect(focus.users).toEqual(new Set([...crew, ...members]));
    expect(new Set(asked)).toEqual(new Set(['left', 'torn']));
    expect(asked.filter((user) => user === 'left')).toHaveLength(2);
    expect(directory.memberships.get('deck')?.users).toEqual(['deckhand']);
    expect(directory.gaps).toEqual([]);
  });

  test('keeps a member whom the group does not show and whose own side says so', async () => {
    for (const crewMembers of [crew, crew.slice(0, 5)]) {
      const { gather } = tenant('direct', remembered, crewMembers);
      const { directory } = await gather('group', 'crew');
      expect(directory.memberships.get('crew')?.users).toContain('torn');
      expect(directory.memberships.get('crew')?.users).not.toContain('left');
    }
  });

  test.each([
    ['is still listed by the group that let them in', [...crew, 'ghost'], ['ghost']],
    ['is listed nowhere either', crew, []],
  ])('is in a group, or not, where the user is found nowhere and %s', async (_where, crewMembers, expected) => {
    const ghost = aLink('ghost', { paths: [{ group: 'crew', name: 'Crew' }, { group: 'unassigned' }] });
    const { directory } = await tenant('direct', [ghost], crewMembers).gather('user', 'ghost');
    expect(directory.memberships.get('crew')?.users).toEqual(expected);
    expect(directory.whereabouts.get('ghost')).toBe('absent');
    expect(directory.gaps).toEqual([]);
  });

  test('counts members of nested groups where they are in scope', async () => {
    expect([...(await tenant('expand').gather('group', 'crew')).focus.users]).toContain('inner');
    expect([...(await tenant('direct').gather('group', 'crew')).focus.users]).not.toContain('inner');
  });

  test('is, for a group that is not assigned, only whom its SCIM group holds', async () => {
    const { gather } = tenant('direct', [aLink('left'), aLink('galley', { resource: 'group', members: ['left'] })]);
    expect([...(await gather('group', 'galley')).focus.users]).toEqual(['left']);
  });
});
