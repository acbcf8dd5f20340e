import { describe, expect, test } from 'vitest';
import type { DirectoryUser } from '../../src/core/directory.ts';
import type { Link } from '../../src/core/link.ts';
import type { Account } from '../../src/core/scim.ts';
import type { DirectorySource } from '../../src/ports/directory-source.ts';
import { findGivenAway } from '../../src/provisioning/find-given-away.ts';
import { aLink, anAccount, aSnapshot, aUser } from '../builders.ts';
import { aConnection, fakeDirectory, fakeProvider } from './fakes.ts';

const signal = new AbortController().signal;

interface Case {
  /** Who is in the directory, ada or not. */
  readonly users?: readonly DirectoryUser[];
  readonly links?: readonly Link[];
  readonly account?: Account;
}

/** What becomes of the account of ada, who leaves and whom the plan has not read; and what the directory was asked. */
async function judged({ users = [aUser('ada'), aUser('bob')], links = [], account = shows('bob') }: Case) {
  const asked: string[] = [];
  const known = fakeDirectory({ assignments: [], users: Object.fromEntries(users.map((user) => [user.id, user])) });
  const directory: DirectorySource = {
    ...known,
    readUsers: (ids, ...more) => {
      asked.push(...ids);
      return known.readUsers(ids, ...more);
    },
    findUser: (name, ...more) => {
      asked.push(name);
      return known.findUser(name, ...more);
    },
  };
  const ada = aLink('ada', { resourceId: 'x' });
  const trusted = { resources: [account], trusted: true, doubts: [] };
  const inventory = { accounts: trusted, groups: { ...trusted, resources: [] } };
  const connection = aConnection(directory, fakeProvider({}));
  const read = { directory: aSnapshot({}), inventory, links: [ada, ...links] };
  const found = await findGivenAway(connection, read, [ada], signal);
  return { whose: found.get('ada'), asked };
}

/** The account `x` of that userName, with an externalId or without. */
function shows(name: string, externalId?: string): Account {
  return anAccount('x', `${name}@contoso.com`, externalId === undefined ? {} : { externalId, body: { externalId } });
}

describe('the account of a leaver is somebody else’s', () => {
  test.each<readonly [string, Case, RegExp]>([
    ['it has the userName of another user', {}, /userName "bob@contoso.com": bob@contoso.com \(bob\) of the directory/],
    ['its externalId is the id of another user', { account: shows('b2', 'bob') }, /externalId "bob": bob@contoso.com/],
    ['also when the leaver is not there any more', { users: [aUser('bob')] }, /\(bob\) of the directory/],
    [
      'it has the userName of another link',
      { users: [], links: [aLink('bob')] },
      /bob@contoso.com \(bob\), who is linked/,
    ],
    ['it has another externalId than theirs', { account: shows('eve', 'eve') }, /"eve", and theirs is "nick-ada"/],
  ])('when %s', async (_when, given, expected) => {
    expect((await judged(given)).whose).toMatch(expected);
  });
});

describe('the account of a leaver is theirs, or cannot be told from theirs,', () => {
  test.each<readonly [string, Case]>([
    ['when it has a name nobody has', { account: shows('ada.jones') }],
    ['when its new name is that of nobody and theirs is not known', { users: [], account: shows('eve', 'eve') }],
    ['when it has their externalId, whoever has its name', { account: shows('bob', 'nick-ada') }],
    ['when it has their anchor, whoever has its name', { account: shows('bob', 'ada') }],
    ['when it has their name of today', { users: [named('ada', 'bob')] }],
    [
      'when the user who had its name has an account no more',
      { users: [], links: [aLink('bob', { state: 'deleted' })] },
    ],
  ])('%s', async (_when, given) => {
    expect((await judged(given)).whose).toBeUndefined();
  });

  test('and where it shows who they are the directory is not asked', async () => {
    expect(await judged({ account: shows('ada') })).toEqual({ whose: undefined, asked: [] });
  });
});

function named(anchor: string, name: string): DirectoryUser {
  return aUser(anchor, { attributes: { userPrincipalName: `${name}@contoso.com` } });
}
