import { afterEach, expect, test } from 'vitest';
import { aProfile, failure, never, resolveNone, resources, toChange, toCreateGroup, toRemove } from './builders.ts';

const open = resources();
afterEach(() => open.close());

test('a disable is not confirmed by a read that shows another account', async () => {
  const server = await open.scripted(({ method, url }) =>
    method !== 'GET'
      ? { status: 204 }
      : url.includes('/Users/a')
        ? { body: { id: 'b', userName: 'bob', active: false } }
        : { body: { totalResults: 0 } },
  );
  const error = await failure(open.client(server.url).apply(toRemove('disable', 'a'), resolveNone, never));
  expect(error).toMatchObject({ name: 'RejectedError', message: expect.stringContaining('with another resource') });
});

test('an unanswered disable is not settled by a read that shows another account', async () => {
  const server = await open.scripted(({ url }) =>
    url.includes('/Users/a') ? { body: { id: 'b', userName: 'bob', active: false } } : { body: { totalResults: 0 } },
  );
  const error = await failure(open.client(server.url).settle(toRemove('disable', 'a'), resolveNone, never));
  expect(error).toMatchObject({ name: 'RejectedError' });
});

test('a PUT does not write one account over another', async () => {
  const server = await open.scripted(({ method, url }) =>
    method !== 'GET'
      ? { body: { id: 'a' } }
      : url.includes('/Users/a')
        ? { body: { id: 'b', userName: 'bob', active: true, emails: [{ value: 'bob@x' }] } }
        : { body: { totalResults: 0 } },
  );
  const profile = aProfile({ patch: { shape: 'put' } });
  const change = toChange('a', [{ path: 'title', before: 'x', after: 'y' }]);
  await failure(open.client(server.url, { profile }).apply(change, resolveNone, never));
  expect(server.requests.filter(({ method }) => method === 'PUT').map(({ url, body }) => `${url} ${body}`)).toEqual([]);
});

test('where a deleted group takes accounts along, another group that is empty does not prove this one empty', async () => {
  const server = await open.scripted(({ method, url }) =>
    method !== 'GET'
      ? { status: 204 }
      : url.includes('/Groups/g')
        ? { body: { id: 'other', displayName: 'Other', members: [] } }
        : { body: { totalResults: 0 } },
  );
  const profile = aProfile({ groups: { deleteCascades: true } });
  const remove = { ...toCreateGroup('IT'), resourceId: 'g', kind: 'delete' } as const;
  await failure(open.client(server.url, { profile }).apply(remove, resolveNone, never));
  expect(server.requests.filter(({ method }) => method === 'DELETE').map(({ url }) => url)).toEqual([]);
});
