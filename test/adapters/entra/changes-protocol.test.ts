import { afterEach, describe, expect, it } from 'vitest';
import type { DirectoryChanges, GroupChange, Watermark } from '../../../src/core/directory.ts';
import { IncompleteReadError, NotFoundError, RejectedError, TransientError } from '../../../src/core/errors.ts';
import {
  createTestDirectory,
  endpointsOf,
  graphError,
  startLoopback,
  type Loopback,
  type Reply,
  type TestDirectory,
} from './loopback-graph.ts';

const signal = new AbortController().signal;
const ATTRIBUTES = ['displayName', 'extensionAttribute1', 'manager'];
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of opened.splice(0).toReversed()) await thing.close();
});

/** Pages of groups and of users after the watermark; a page is what comes beside the link. */
interface Script {
  readonly groups?: readonly Reply[];
  readonly users?: readonly Reply[];
  /** Answers to the first requests, which ask to track from now on. */
  readonly latest?: Reply;
}

type Tracked = TestDirectory & { readonly server: Loopback; readonly watermark: Watermark };

function values(...value: readonly object[]): Reply {
  return { json: { value } };
}

/** Serves the pages in turn, linked; the last one has the delta link unless it brings a link of its own. */
async function open(script: Script): Promise<TestDirectory & { readonly server: Loopback }> {
  const server = await startLoopback((request, origin) => {
    const url = new URL(request.url, origin);
    const kind = url.pathname.endsWith('/groups/delta') ? 'groups' : 'users';
    const base = `${origin}/v1.0/${kind}/delta?$`;
    if (url.searchParams.get('$deltatoken') === 'latest') {
      return script.latest ?? { json: { value: [], '@odata.deltaLink': `${base}deltatoken=start` } };
    }
    const pages = script[kind] ?? [values()];
    const page = Number(url.searchParams.get('$skiptoken') ?? '1');
    const reply = pages[page - 1] ?? {};
    if (typeof reply.json !== 'object' || reply.json === null || 'bare' in reply.json || reply.status !== undefined)
      return reply;
    const link =
      page < pages.length
        ? { '@odata.nextLink': `${base}skiptoken=${page + 1}` }
        : { '@odata.deltaLink': `${base}deltatoken=end` };
    return { json: { ...link, ...reply.json } };
  });
  const test = createTestDirectory(endpointsOf(server.origin));
  opened.push(server, test.directory);
  return { ...test, server };
}

async function track(script: Script): Promise<Tracked> {
  const test = await open(script);
  return { ...test, watermark: await test.directory.startWatermark(ATTRIBUTES, signal) };
}

async function read(script: Script): Promise<DirectoryChanges | 'expired'> {
  const { directory, watermark } = await track(script);
  return directory.readChanges(watermark, ATTRIBUTES, signal);
}

async function readAll(script: Script): Promise<DirectoryChanges> {
  const changes = await read(script);
  if (changes === 'expired') throw new Error('expired');
  return changes;
}

function user(id: string, left = false): object {
  return { '@odata.type': '#microsoft.graph.user', id, ...(left ? { '@removed': { reason: 'deleted' } } : {}) };
}

function group(id: string, left = false): object {
  return { ...user(id, left), '@odata.type': '#microsoft.graph.group' };
}

function told(change: Partial<Record<keyof GroupChange, boolean | readonly string[]>>): GroupChange {
  const set = (name: keyof GroupChange): Set<string> => {
    const ids = change[name];
    return new Set(Array.isArray(ids) ? (ids as readonly string[]) : []);
  };
  return {
    gone: change.gone === true,
    changed: change.changed === true,
    added: set('added'),
    removed: set('removed'),
    nestedAdded: set('nestedAdded'),
    nestedRemoved: set('nestedRemoved'),
  };
}

describe('the requests of change tracking', () => {
  it('select what is mapped, enabled and manager of users, names and members of groups, and ask for the minimum', async () => {
    const { server, watermark, directory } = await track({ users: [values(), values()] });
    await directory.readChanges(watermark, ATTRIBUTES, signal);
    expect(server.graphRequests().map(({ url }) => decodeURIComponent(url.replace('/v1.0', '')))).toEqual([
      '/groups/delta?$select=displayName,groupTypes,id,isAssignableToRole,mailEnabled,members,onPremisesSyncEnabled,securityEnabled&$deltatoken=latest',
      '/users/delta?$select=accountEnabled,displayName,id,manager,onPremisesExtensionAttributes&$deltatoken=latest',
      '/groups/delta?$deltatoken=start',
      '/users/delta?$deltatoken=start',
      '/users/delta?$skiptoken=2',
    ]);
    for (const { headers, method } of server.graphRequests()) {
      expect([method, headers['prefer']]).toEqual(['GET', 'return=minimal']);
    }
  });

  it('go on from the new watermark, which survives being stored as JSON', async () => {
    const { server, watermark, directory } = await track({});
    const changes = await directory.readChanges(JSON.parse(JSON.stringify(watermark)), ATTRIBUTES, signal);
    expect(changes).toMatchObject({
      watermark: {
        users: `${server.origin}/v1.0/users/delta?$deltatoken=end`,
        groups: `${server.origin}/v1.0/groups/delta?$deltatoken=end`,
        selection: watermark.selection,
      },
    });
  });
});

describe('users of a round', () => {
  it('are all told of, once, whatever happened to them and on whichever page', async () => {
    const removed = { '@removed': { reason: 'changed' } };
    const { users } = await readAll({
      users: [
        values({ id: 'a', displayName: 'A' }, { id: 'b', ...removed }),
        values(),
        values({ id: 'a', ...removed }, { id: 'c', 'manager@delta': [user('a', true)] }, { id: 'a', displayName: 'A' }),
      ],
    });
    expect([...users]).toEqual(['a', 'b', 'c']);
  });
});

const MERGES: readonly (readonly [string, readonly Reply[], GroupChange])[] = [
  [
    'members in pieces over pages are put together',
    [values({ id: 'g', 'members@delta': [user('a')] }), values(), values({ id: 'g', 'members@delta': [user('b')] })],
    told({ added: ['a', 'b'] }),
  ],
  ['a new name is a change of its own', [values({ id: 'g', displayName: 'New' })], told({ changed: true })],
  ['a cleared attribute is a change of its own', [values({ id: 'g', displayName: null })], told({ changed: true })],
  [
    'a member who left and came back is added',
    [values({ id: 'g', 'members@delta': [user('a', true)] }), values({ id: 'g', 'members@delta': [user('a')] })],
    told({ added: ['a'] }),
  ],
  [
    'a member who came and left is removed',
    [values({ id: 'g', 'members@delta': [user('a'), user('b')] }, { id: 'g', 'members@delta': [user('a', true)] })],
    told({ added: ['b'], removed: ['a'] }),
  ],
  [
    'a member told of three times is told of once',
    [values({ id: 'g', 'members@delta': [user('a'), user('a')] }), values({ id: 'g', 'members@delta': [user('a')] })],
    told({ added: ['a'] }),
  ],
  [
    'nested groups are told apart from users',
    [values({ id: 'g', 'members@delta': [group('h'), group('i', true), user('a')] })],
    told({ added: ['a'], nestedAdded: ['h'], nestedRemoved: ['i'] }),
  ],
  [
    'devices and service principals are left out',
    [values({ id: 'g', 'members@delta': [{ '@odata.type': '#microsoft.graph.device', id: 'd' }] })],
    told({}),
  ],
  [
    'a member of unsaid type may be a user',
    [values({ id: 'g', 'members@delta': [{ id: 'a' }] })],
    told({ added: ['a'] }),
  ],
  [
    'a deleted group is gone, whatever happened to its members',
    [
      values(
        { id: 'g', displayName: 'G', 'members@delta': [user('a')] },
        { id: 'g', '@removed': { reason: 'deleted' } },
      ),
    ],
    told({ gone: true, changed: true }),
  ],
  [
    'a group that can be restored is gone meanwhile',
    [values({ id: 'g', '@removed': { reason: 'changed' } })],
    told({ gone: true, changed: true }),
  ],
  [
    'a restored group is back and changed, even when only its id is told',
    [values({ id: 'g', '@removed': { reason: 'changed' } }), values({ id: 'g', 'members@delta': [user('a')] })],
    told({ changed: true, added: ['a'] }),
  ],
];

describe('groups of a round', () => {
  it.each(MERGES)('%s', async (_name, groups, expected) => {
    const changes = await readAll({ groups });
    expect([...changes.groups]).toEqual([['g', expected]]);
  });
});

describe('a watermark has expired', () => {
  const gone = graphError(410, 'resyncRequired', { location: 'https://graph.example/elsewhere' });
  const CASES: readonly (readonly [string, Script])[] = [
    ['when the link of groups is gone', { groups: [gone] }],
    ['when the link of users is gone', { users: [gone] }],
    ['when it is gone in the middle of the round', { users: [values(), gone] }],
    ['when 410 comes without a body', { users: [{ status: 410, text: '' }] }],
    ['when its state is not found (400)', { users: [graphError(400, 'syncStateNotFound')] }],
    [
      'when its state is not found (404), in capitals, later',
      { users: [values(), graphError(404, 'SyncStateNotFound')] },
    ],
    ['when Graph takes the stored link for malformed', { groups: [graphError(400, 'Request_BadRequest')] }],
  ];
  it.each(CASES)('%s', async (_name, script) => {
    expect(await read(script)).toBe('expired');
  });

  it('when other attributes are mapped now, without asking Graph', async () => {
    const { directory, watermark, server } = await track({});
    const asked = server.seen.length;
    expect(await directory.readChanges(watermark, [...ATTRIBUTES, 'mail'], signal)).toBe('expired');
    expect(await directory.readChanges(watermark, ['displayName'], signal)).toBe('expired');
    expect(server.seen).toHaveLength(asked);
  });

  it('when it is of another endpoint, without asking either', async () => {
    const { watermark, server } = await track({});
    const other = await open({});
    const asked = server.seen.length;
    expect(await other.directory.readChanges(watermark, ATTRIBUTES, signal)).toBe('expired');
    expect([server.seen.length, other.server.seen.length]).toEqual([asked, 0]);
  });

  it('but not when the same attributes come in another order', async () => {
    const { directory, watermark } = await track({});
    const reordered = ['manager', ...ATTRIBUTES.toReversed(), 'displayName'];
    expect(await directory.readChanges(watermark, reordered, signal)).not.toBe('expired');
  });
});

describe('a round that does not reach its end fails', () => {
  const page = (links: object): Reply => ({ json: { bare: true, value: [], ...links } });
  const FAILURES: readonly (readonly [string, Script, new (...args: never[]) => Error])[] = [
    ['with a server that fails for ever', { users: [values({ id: 'a' }), graphError(500, 'x')] }, TransientError],
    [
      'with a refusal in the middle',
      { users: [values({ id: 'a' }), graphError(400, 'Request_BadRequest')] },
      RejectedError,
    ],
    ['with an address nobody knows', { users: [graphError(404, 'Request_ResourceNotFound')] }, NotFoundError],
    ['with a page without any link', { users: [page({})] }, IncompleteReadError],
    [
      'with a page with both links',
      { users: [page({ '@odata.nextLink': 'https://x/v1.0/a', '@odata.deltaLink': 'https://x/v1.0/b' })] },
      IncompleteReadError,
    ],
    [
      'with a next link to another host',
      { users: [page({ '@odata.nextLink': 'https://x/v1.0/a' })] },
      IncompleteReadError,
    ],
    [
      'with a delta link to another host',
      { groups: [page({ '@odata.deltaLink': 'https://x/v1.0/a' })] },
      IncompleteReadError,
    ],
    ['with a delta link that is no address', { users: [page({ '@odata.deltaLink': 7 })] }, IncompleteReadError],
    ['with a page without a list', { users: [{ json: { value: undefined } }] }, IncompleteReadError],
    ['with a list of something else', { groups: [{ json: { value: ['g'] } }] }, IncompleteReadError],
    ['with an object without an id', { users: [values({ displayName: 'A' })] }, IncompleteReadError],
    ['with members that are no list', { groups: [values({ id: 'g', 'members@delta': {} })] }, IncompleteReadError],
    ['with a member without an id', { groups: [values({ id: 'g', 'members@delta': [{}] })] }, IncompleteReadError],
  ];
  it.each(FAILURES)('%s', async (_name, script, kind) => {
    await expect(read(script)).rejects.toThrow(kind);
  });

  it('with a next link that was followed before', async () => {
    const server = await startLoopback((request, origin) => ({
      json: request.url.includes('latest')
        ? { value: [], '@odata.deltaLink': `${origin}/v1.0/groups/delta?$deltatoken=a` }
        : {
            value: [],
            '@odata.nextLink': `${origin}/v1.0/groups/delta?$skiptoken=${request.url.includes('=b') ? 'c' : 'b'}`,
          },
    }));
    const { directory } = createTestDirectory(endpointsOf(server.origin));
    opened.push(server, directory);
    const watermark = await directory.startWatermark(ATTRIBUTES, signal);
    await expect(directory.readChanges(watermark, ATTRIBUTES, signal)).rejects.toThrow('read before');
    expect(server.graphRequests()).toHaveLength(5);
  });

  it('before a request when the stored link was changed to lead elsewhere', async () => {
    const { directory, watermark, server } = await track({});
    const asked = server.seen.length;
    const changed = { ...watermark, groups: 'https://graph.example/v1.0/groups/delta?$deltatoken=x' };
    await expect(directory.readChanges(changed, ATTRIBUTES, signal)).rejects.toThrow(IncompleteReadError);
    expect(server.seen).toHaveLength(asked);
  });
});

describe('a first watermark', () => {
  it('is not given when Graph refuses the selection, and the mapping is named', async () => {
    const test = await open({ latest: graphError(400, 'BadRequest') });
    const failure: unknown = await test.directory.startWatermark(ATTRIBUTES, signal).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(RejectedError);
    expect(failure).toMatchObject({ facts: { remedy: expect.stringContaining('mapping') as unknown } });
  });

  it('is not given when the permission is missing, and the permission is named', async () => {
    const test = await open({ latest: graphError(403, 'Authorization_RequestDenied') });
    await expect(test.directory.startWatermark(ATTRIBUTES, signal)).rejects.toMatchObject({
      facts: { remedy: expect.stringContaining('GroupMember.Read.All') as unknown },
    });
  });
});
