import { afterEach, describe, expect, test } from 'vitest';
import { salesforce } from '../../../src/adapters/scim/profiles/salesforce.ts';
import {
  aProfile,
  failure,
  never,
  resolveNone,
  resources,
  type ScriptedAnswer,
  toChange,
  toCreateGroup,
  toRemove,
} from './builders.ts';

const open = resources();
afterEach(() => open.close());

const STILL_THERE = { name: 'RejectedError', facts: { status: 404 }, message: expect.stringContaining('still') };

describe('a removal is done when it can be seen', () => {
  test.each<[string, 'disable' | 'delete', ScriptedAnswer, ScriptedAnswer, string]>([
    ['disabled, and the answer shows it', 'disable', { body: { id: 'a', active: false } }, { status: 500 }, 'done'],
    [
      'disabled, and the answer shows it as text',
      'disable',
      { body: { id: 'a', Active: 'False' } },
      { status: 500 },
      'done',
    ],
    [
      'disabled without a body, and a read shows it',
      'disable',
      { status: 204 },
      { body: { id: 'a', active: false } },
      'done',
    ],
    [
      'disabled with a partial body, and a read shows it',
      'disable',
      { body: { id: 'a' } },
      { body: { id: 'a', active: false } },
      'done',
    ],
    ['disabled, but still active', 'disable', { status: 204 }, { body: { id: 'a', active: true } }, 'InDoubtError'],
    [
      'disabled, but the answer says active',
      'disable',
      { body: { id: 'a', active: true } },
      { body: { id: 'a', active: true } },
      'InDoubtError',
    ],
    ['disabled, but nothing says so', 'disable', { status: 204 }, { body: { id: 'a' } }, 'InDoubtError'],
    ['deleted and gone', 'delete', { status: 204 }, { status: 404 }, 'done'],
    ['deleted and gone for good', 'delete', { status: 204 }, { status: 410 }, 'done'],
    ['deleted, but still there', 'delete', { status: 204 }, { body: { id: 'a', active: true } }, 'InDoubtError'],
    ['gone already', 'delete', { status: 410 }, { status: 404 }, 'done'],
  ])('%s', async (_name, kind, written, read, outcome) => {
    const server = await open.scripted(({ method, url }) =>
      method !== 'GET' ? written : url.includes('/Users/') ? read : { body: { totalResults: 0 } },
    );
    const result = await failure(open.client(server.url).apply(toRemove(kind, 'a'), resolveNone, never));
    expect(result.name).toBe(outcome === 'done' ? 'nothing was thrown' : outcome);
  });

  test.each<['disable' | 'delete', ScriptedAnswer, object]>([
    ['disable', { status: 404 }, { resourceId: null, note: 'gone-already' }],
    ['disable', { body: { id: 'a', active: false } }, { resourceId: 'a', note: 'already-so' }],
    ['delete', { status: 410 }, { resourceId: null, note: 'gone-already' }],
  ])('a 404 to a %s is borne out by a read: %j', async (kind, read, expected) => {
    const server = await open.scripted(({ method, url }) =>
      method !== 'GET' ? { status: 404 } : url.includes('/Users/') ? read : { body: { totalResults: 0 } },
    );
    expect(await open.client(server.url).apply(toRemove(kind, 'a'), resolveNone, never)).toMatchObject(expected);
  });

  test.each(['disable', 'delete'] as const)(
    'a 404 to a %s of an account that is still active is refused',
    async (kind) => {
      const server = await open.scripted(({ method }) =>
        method === 'GET' ? { body: { id: 'a', active: true, totalResults: 0 } } : { status: 404 },
      );
      const provider = open.client(server.url);
      expect(await failure(provider.apply(toRemove(kind, 'a'), resolveNone, never))).toMatchObject(STILL_THERE);
    },
  );

  test('a 404 to the delete of a SCIM group that is still there is refused', async () => {
    const server = await open.scripted(({ method }) => (method === 'GET' ? { body: { id: 'a' } } : { status: 404 }));
    const remove = { ...toCreateGroup('IT'), resourceId: 'a', kind: 'delete' } as const;
    expect(await failure(open.client(server.url).apply(remove, resolveNone, never))).toMatchObject(STILL_THERE);
  });

  test.each(['disable', 'delete'] as const)('a wrong URL never makes a %s look done', async (kind) => {
    const server = await open.scripted(() => ({ status: 404, body: '<html>not found</html>' }));
    const provider = open.client(server.url);
    const refused = { name: 'RejectedError', facts: { remedy: expect.stringContaining('Check the URL') } };
    expect(await failure(provider.apply(toRemove(kind, 'a'), resolveNone, never))).toMatchObject(refused);
    expect(await failure(provider.settle(toRemove(kind, 'a'), resolveNone, never))).toMatchObject(refused);
  });

  test('at Salesforce a deletion that left the account active is in doubt', async () => {
    const server = await open.scripted(({ method }) =>
      method === 'GET' ? { body: { id: 'a', active: true } } : { status: 204 },
    );
    const provider = open.client(server.url, { profile: salesforce });
    expect(await failure(provider.apply(toRemove('delete', 'a'), resolveNone, never))).toMatchObject({
      name: 'InDoubtError',
    });
    expect(await provider.settle(toRemove('delete', 'a'), resolveNone, never)).toBeUndefined();
  });
});

describe('an update', () => {
  test('of an account that is gone says so', async () => {
    const server = await open.scripted(({ url }) =>
      url.includes('/a') ? { status: 404 } : { body: { totalResults: 0 } },
    );
    const update = toChange('a', [{ path: 'title', before: 'x', after: 'y' }]);
    const provider = open.client(server.url);
    expect(await failure(provider.apply(update, resolveNone, never))).toMatchObject({ name: 'NotFoundError' });
    expect(await provider.settle(update, resolveNone, never)).toBeUndefined();
  });

  test.each(['path', 'put'] as const)(
    'answered 404 of an account that can be read is refused, not gone (%s)',
    async (shape) => {
      const server = await open.scripted(({ method }) =>
        method === 'GET' ? { body: { id: 'a', userName: 'x', totalResults: 0 } } : { status: 404 },
      );
      const provider = open.client(server.url, { profile: aProfile({ patch: { shape } }) });
      const update = toChange('a', [{ path: 'userName', before: 'x', after: 'y' }]);
      expect(await failure(provider.apply(update, resolveNone, never))).toMatchObject(STILL_THERE);
      const attributes = [{ path: 'displayName', before: 'IT', after: 'HR' }];
      const rename = { ...toCreateGroup('HR'), kind: 'update', resourceId: 'a', attributes } as const;
      expect(await failure(provider.apply(rename, resolveNone, never))).toMatchObject(STILL_THERE);
    },
  );

  test('of an account created earlier in the cycle goes to the account its anchor is linked to', async () => {
    const server = await open.scripted(() => ({ status: 204 }));
    const { resourceId: _, ...update } = toChange('a', [{ path: 'title', before: 'x', after: 'y' }]);
    const provider = open.client(server.url);
    await provider.apply(update, (anchor) => (anchor === 'user-1' ? 'linked' : undefined), never);
    expect(server.requests[0]?.url).toBe('/scim/v2/Users/linked');
    expect(await failure(provider.apply(update, resolveNone, never))).toMatchObject({ name: 'RejectedError' });
  });

  test('without changes sends nothing', async () => {
    const server = await open.scripted(() => ({}));
    expect(await open.client(server.url).apply(toChange('a', []), resolveNone, never)).toEqual({
      resourceId: 'a',
      requests: 0,
    });
  });

  test('that only records a link sends nothing', async () => {
    const server = await open.scripted(() => ({}));
    const link = { ...toChange('a', []), kind: 'link', matchedBy: 'userName' } as const;
    const provider = open.client(server.url);
    expect(await provider.apply(link, resolveNone, never)).toMatchObject({ resourceId: 'a', note: 'already-so' });
    expect(await provider.settle(link, resolveNone, never)).toMatchObject({ resourceId: 'a' });
    expect(server.requests).toEqual([]);
  });
});
