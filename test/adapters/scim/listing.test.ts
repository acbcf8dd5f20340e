import { afterEach, describe, expect, test } from 'vitest';
import type { FaultSetting } from '../../../src/sandbox/provider/faults.ts';
import { aProfile, failure, IMPATIENT, never, resources, type Script } from './builders.ts';

const open = resources();
afterEach(() => open.close());

const FIVE = aProfile({ paging: { pageSize: 5 } });

async function sandboxWith(accounts: number, faults: readonly FaultSetting[] = []) {
  const sandbox = await open.sandbox();
  for (let n = 1; n <= accounts; n += 1) {
    sandbox.change('POST', '/Users', {
      schemas: ['urn:ietf:params:scim:schemas:core:2.0:User'],
      userName: `user-${n}`,
    });
  }
  for (const fault of faults) sandbox.faults.set(fault);
  return sandbox;
}

describe('a listing that can be trusted', () => {
  test.each([0, 1, 4, 5, 6, 23])('of %i accounts is whole', async (count) => {
    const sandbox = await sandboxWith(count);
    const listing = await open.client(sandbox.url, { profile: FIVE }).listAccounts(never);
    expect(listing.doubts).toEqual([]);
    expect(listing.trusted).toBe(true);
    expect(listing.resources.map(({ userName }) => userName).sort()).toEqual(
      Array.from({ length: count }, (_, n) => `user-${n + 1}`).sort(),
    );
  });

  test('from a provider whose pages are smaller than asked for advances by what was received', async () => {
    const sandbox = await sandboxWith(23, [{ fault: 'capN', value: 3 }]);
    const listing = await open.client(sandbox.url, { profile: FIVE }).listAccounts(never);
    expect([listing.trusted, listing.resources.length]).toEqual([true, 23]);
  });

  test('from a provider that goes round at the end stops at the end', async () => {
    const sandbox = await sandboxWith(10, [{ fault: 'wrapBeyondEnd' }]);
    const listing = await open.client(sandbox.url, { profile: FIVE }).listAccounts(never);
    expect([listing.trusted, listing.resources.length]).toEqual([true, 10]);
  });

  test('from a provider that answers with cursors unasked follows them to the end', async () => {
    const sandbox = await sandboxWith(12, [{ fault: 'cursorOnly' }]);
    const listing = await open.client(sandbox.url, { profile: FIVE }).listAccounts(never);
    expect([listing.trusted, listing.resources.length]).toEqual([true, 12]);
  });

  test('is read anew when a cursor expired on the way', async () => {
    const sandbox = await sandboxWith(12, [{ fault: 'cursorOnly' }, { fault: 'expireCursor', times: 1 }]);
    const listing = await open.client(sandbox.url, { profile: FIVE }).listAccounts(never);
    expect([listing.trusted, listing.resources.length]).toEqual([true, 12]);
  });

  test('is read anew when it was inconsistent once', async () => {
    const sandbox = await sandboxWith(12, [{ fault: 'lyingTotalResults', times: 1 }]);
    const listing = await open.client(sandbox.url, { profile: FIVE }).listAccounts(never);
    expect([listing.trusted, listing.resources.length]).toEqual([true, 12]);
  });

  test('tells how far it is', async () => {
    const sandbox = await sandboxWith(12);
    const told: unknown[] = [];
    await open.client(sandbox.url, { profile: FIVE }).listAccounts(never, (...progress) => told.push(progress));
    expect(told).toEqual([5, 10, 12].map((done) => ['Users', done, 12]));
  });

  test('carries the parameters without which a listing is not whole', async () => {
    const server = await open.scripted(() => ({ body: { totalResults: 0 } }));
    const profile = aProfile({ paging: { listParameters: { scim_provisioned_only: 'false' } } });
    await open.client(server.url, { profile }).listAccounts(never);
    expect(server.requests[0]?.url).toBe('/scim/v2/Users?scim_provisioned_only=false&startIndex=1&count=100');
  });
});

describe('a listing that cannot be trusted', () => {
  test.each<[string, FaultSetting, RegExp]>([
    ['counts more than it shows', { fault: 'lyingTotalResults', value: 2 }, /totalResults is 14, but 12 different/],
    ['counts less than it holds', { fault: 'lyingTotalResults', value: -2 }, /more than the 10|totalResults is 10/],
    ['leaves some out', { fault: 'listShort', value: 2 }, /totalResults is 12, but 10 different/],
    ['repeats a page', { fault: 'repeatPage' }, /listed twice/],
    ['ignores startIndex', { fault: 'ignoreStartIndex' }, /asked for startIndex 6, the provider answered startIndex 1/],
  ])('%s', async (_name, fault, doubt) => {
    const sandbox = await sandboxWith(12, [fault]);
    const listing = await open.client(sandbox.url, { profile: FIVE }).listAccounts(never);
    expect(listing.trusted).toBe(false);
    expect(listing.doubts.join('; ')).toMatch(doubt);
  });

  test.each<[string, Script, RegExp]>([
    [
      'takes the size of a page for the total',
      ({ url }) => {
        const start = Number(new URL(url, 'http://x').searchParams.get('startIndex'));
        return { body: { totalResults: 2, startIndex: start, Resources: [{ id: `a${start}` }, { id: `b${start}` }] } };
      },
      /holds more than the 2 it states/,
    ],
    ['states no total', () => ({ body: { startIndex: 1, Resources: [{ id: 'a' }] } }), /states no totalResults/],
    [
      'shows a resource without id',
      () => ({ body: { totalResults: 1, Resources: [{ userName: 'ada' }] } }),
      /has no id/,
    ],
    [
      'gives the same cursor for ever',
      () => ({ body: { nextCursor: 'c', Resources: [{ id: 'a' }] } }),
      /same cursor twice/,
    ],
    [
      'goes round by cursors that are new each time',
      (_request, number) => ({ body: { nextCursor: `c${number}`, Resources: [{ id: 'a' }] } }),
      /gave a page of its cursors again/,
    ],
    [
      'changes its mind about the total',
      ({ url }) =>
        url.includes('startIndex=1&')
          ? { body: { totalResults: 2, startIndex: 1, Resources: [{ id: 'a' }] } }
          : { body: { totalResults: 3, startIndex: 2, Resources: [{ id: 'b' }] } },
      /changed from 2 to 3/,
    ],
  ])('%s', async (_name, script, doubt) => {
    const server = await open.scripted(script);
    const listing = await open.client(server.url, { profile: FIVE }).listAccounts(never);
    expect(listing.trusted).toBe(false);
    expect(listing.doubts.join('; ')).toMatch(doubt);
  });
});

describe('a page that fails', () => {
  test('for ever is an exception, never a short list', async () => {
    const sandbox = await sandboxWith(12, []);
    const provider = open.client(sandbox.url, { profile: FIVE });
    const pages: unknown[] = [];
    const reading = provider.listAccounts(never, (...progress) => {
      pages.push(progress);
      sandbox.faults.set({ fault: 'failBefore' });
    });
    expect(await failure(reading)).toMatchObject({ name: 'TransientError', facts: { status: 500 } });
    expect(pages).toHaveLength(1);
  });

  test('a few times does not end the listing', async () => {
    const sandbox = await sandboxWith(12, [{ fault: 'failBefore', times: IMPATIENT.retries }]);
    expect(await open.client(sandbox.url, { profile: FIVE }).listAccounts(never)).toMatchObject({ trusted: true });
  });

  test('by throttling is asked for again after the time named', async () => {
    const sandbox = await sandboxWith(12, [{ fault: 'throttle', value: 0, times: 2 }]);
    expect(await open.client(sandbox.url, { profile: FIVE }).listAccounts(never)).toMatchObject({ trusted: true });
  });

  test('by throttling for long is left to the caller', async () => {
    const sandbox = await sandboxWith(1, [{ fault: 'throttle', value: 3600 }]);
    const found = await failure(open.client(sandbox.url).listAccounts(never));
    expect(found).toMatchObject({ name: 'ThrottledError', retryAfterMs: 3_600_000 });
    expect(sandbox.requests()).toHaveLength(1);
  });

  test.each([
    ['a wrong token', { status: 401 }, 'UnauthorizedError'],
    ['a wrong URL', { status: 404 }, 'RejectedError'],
    ['JSON that is no list', { body: { hello: 'world' } }, 'RejectedError'],
    ['a list that is no list', { body: { totalResults: 1, Resources: 'x' } }, 'TransientError'],
  ])('%s is an exception', async (_name, answer, name) => {
    const server = await open.scripted(() => answer);
    expect(await failure(open.client(server.url).listAccounts(never))).toMatchObject({ name });
  });
});

describe('accounts and groups as read', () => {
  test('names come in canonical case, booleans as booleans', async () => {
    const body = {
      totalResults: 1,
      resources: [
        {
          ID: 7,
          UserName: 'Ada',
          Active: 'False',
          Emails: [{ Value: 'a@x', Type: 'work' }],
          'URN:ietf:params:scim:schemas:extension:enterprise:2.0:user': { Department: 'IT', Manager: { Value: 'm' } },
          'urn:acme:custom': { Keep: 1 },
        },
      ],
    };
    const server = await open.scripted(() => ({ body }));
    const { resources: found } = await open.client(server.url).listAccounts(never);
    expect(found[0]).toEqual({
      id: '7',
      userName: 'Ada',
      active: false,
      body: {
        id: 7,
        userName: 'Ada',
        active: 'False',
        emails: [{ value: 'a@x', type: 'work' }],
        'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User': { department: 'IT', manager: { value: 'm' } },
        'urn:acme:custom': { Keep: 1 },
      },
    });
  });

  test('groups without members are asked one by one when the listing shows no members at all', async () => {
    const server = await open.scripted(({ url }) =>
      url.includes('/Groups/')
        ? { body: { id: url.split('/').at(-1), displayName: 'G', members: [{ value: 'acc-1' }] } }
        : {
            body: {
              totalResults: 2,
              Resources: [
                { id: 'g1', displayName: 'A' },
                { id: 'g2', displayName: 'B' },
              ],
            },
          },
    );
    const { resources: groups } = await open.client(server.url).listGroups(never);
    expect(groups.map(({ id, members }) => [id, members])).toEqual([
      ['g1', ['acc-1']],
      ['g2', ['acc-1']],
    ]);
  });

  test.each<[string, readonly string[], readonly string[]]>([
    ['is gone where it was deleted meanwhile', ['g1'], ['g1']],
    ['stays, its members unknown, where the listing goes on showing it', ['g1', 'g2'], ['g1', 'g2']],
  ])('a group that is listed and then not found by its id %s', async (_, listedThen, expected) => {
    let listings = 0;
    const server = await open.scripted(({ url }) => {
      if (url.endsWith('/Groups/g2')) return { status: 404, body: {} };
      if (url.endsWith('/Groups/g1')) return { body: { id: 'g1', displayName: 'G', members: [{ value: 'acc-1' }] } };
      listings += 1;
      const ids = listings === 1 ? ['g1', 'g2'] : listedThen;
      return { body: { totalResults: ids.length, Resources: ids.map((id) => ({ id, displayName: 'G' })) } };
    });
    const listing = await open.client(server.url, { patience: IMPATIENT }).listGroups(never);
    expect(listing.trusted).toBe(true);
    expect(listing.resources.map(({ id }) => id)).toEqual(expected);
    expect(listing.resources.map(({ members }) => members)).toEqual([['acc-1'], undefined].slice(0, expected.length));
  });

  test('groups of a provider that never shows members have none to show', async () => {
    const server = await open.scripted(() => ({
      body: { totalResults: 1, Resources: [{ id: 'g1', displayName: 'A' }] },
    }));
    const profile = aProfile({ groups: { membersReadable: 'never' } });
    const { resources: groups } = await open.client(server.url, { profile }).listGroups(never);
    expect(groups[0]).toEqual({ id: 'g1', displayName: 'A' });
    expect(server.requests[0]?.url).toContain('excludedAttributes=members');
  });
});
