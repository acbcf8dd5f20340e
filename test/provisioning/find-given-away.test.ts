import { describe, expect, test } from 'vitest';
import type { DirectoryUser } from '../../src/core/directory.ts';
import type { Link } from '../../src/core/link.ts';
import type { Account } from '../../src/core/scim.ts';
import type { DirectorySource } from '../../src/ports/directory-source.ts';
import { findGivenAway } from '../../src/provisioning/find-given-away.ts';
import { compileMapping, type CompiledMapping } from '../../src/core/mapping/compile-mapping.ts';
import { DEFAULT_MAPPING } from '../../src/core/mapping/default-mapping.ts';
import { aLink, anAccount, aSnapshot, aUser, defaultMapping } from '../builders.ts';
import { aConnection, fakeDirectory, fakeProvider } from './fakes.ts';

const signal = new AbortController().signal;

interface Case {
  /** Who is in the directory, ada or not. */
  readonly users?: readonly DirectoryUser[];
  readonly links?: readonly Link[];
  readonly account?: Account;
  /** The default one unless given. */
  readonly mapping?: CompiledMapping;
  /** Whether she has left for certain; otherwise she stays, and was read. */
  readonly left?: boolean;
}

/** What becomes of the account of ada, who leaves and whom the plan has not read; and what the directory was asked. */
async function judged({
  users = [aUser('ada'), aUser('bob')],
  links = [],
  account = shows('bob'),
  mapping = defaultMapping(),
  left = true,
}: Case) {
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
  const connection = { ...aConnection(directory, fakeProvider({})), mapping };
  const snapshot = aSnapshot(left ? { whereabouts: { ada: 'present' } } : { users: [aUser('ada')] });
  const read = { directory: snapshot, inventory, links: [ada, ...links] };
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

describe('an account whose every value may have changed in the directory', () => {
  const given = { mapping: namedByMail(), account: shows('former', 'former') };

  test('is not taken for somebody else’s while its user stays: what it shows may be what they were called', async () => {
    expect((await judged({ ...given, left: false })).whose).toBeUndefined();
  });

  test('is somebody else’s when another user has its name', async () => {
    const { whose } = await judged({ ...given, left: false, account: shows('bob') });
    expect(whose).toMatch(/\(bob\) of the directory/);
  });

  test('does show somebody else where the name of today is the one that was written', async () => {
    const { whose } = await judged({ ...given, left: false, mapping: defaultMapping() });
    expect(whose).toMatch(/"former", and theirs is "nick-ada"/);
  });
});

/** userName from `mail`, of which a link remembers nothing. */
function namedByMail(): CompiledMapping {
  const compiled = compileMapping(
    DEFAULT_MAPPING.map((line) =>
      line.target === 'userName' ? { kind: 'direct' as const, source: 'mail', target: 'userName', match: 1 } : line,
    ),
  );
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems));
  return compiled.mapping;
}

function named(anchor: string, name: string): DirectoryUser {
  return aUser(anchor, { attributes: { userPrincipalName: `${name}@contoso.com` } });
}
