import { afterEach, describe, expect, test } from 'vitest';
import {
  aProfile,
  failure,
  never,
  resolveNone,
  resources,
  type ScriptedAnswer,
  toChange,
  toCreate,
  toCreateGroup,
  toRemove,
} from './builders.ts';

const open = resources();
afterEach(() => open.close());

const RENAME = [{ path: 'userName', before: 'ada', after: 'augusta' }];
const TITLE = [{ path: 'title', before: 'x', after: 'y' }];
const ADA = { userName: 'Ada', externalId: 'e-1' };
const GONE = { status: 404 };

/** A provider that answers writes with one thing and reads of each account with another. */
function telling(written: ScriptedAnswer, accounts: Readonly<Record<string, ScriptedAnswer>>) {
  return open.scripted(({ method, url }) => {
    if (method !== 'GET') return written;
    const id = /\/(?:Users|Groups)\/([^?]+)/.exec(url)?.[1];
    return id === undefined ? { body: { totalResults: 0 } } : (accounts[id] ?? GONE);
  });
}

describe('the id a create is answered with', () => {
  test.each<[string, ScriptedAnswer, Readonly<Record<string, ScriptedAnswer>>, string]>([
    ['"Id" beside our userName', { body: { Id: 'acc-2', UserName: 'ADA' } }, {}, 'acc-2'],
    ['a number beside our userName', { body: { ID: 7, userName: 'ada' } }, {}, '7'],
    ['beside our externalId', { body: { id: 'acc-2', userName: 'ada-lovela', externalId: 'e-1' } }, {}, 'acc-2'],
    ['alone, and a read shows our userName', { body: { id: 'b' } }, { b: { body: { id: 'b', userName: 'ada' } } }, 'b'],
    ['alone, and it cannot be read yet', { body: { id: 'b' } }, {}, 'InDoubtError'],
    ['alone, and the read fails', { body: { id: 'b' } }, { b: { status: 503 } }, 'InDoubtError'],
    ['alone, and the read is throttled', { body: { id: 'b' } }, { b: { status: 429 } }, 'InDoubtError'],
    [
      'that of a stranger',
      { body: { id: 'b', userName: 'bob', externalId: 'E-1' } },
      { b: { body: { id: 'b', userName: 'bob' } } },
      'RejectedError',
    ],
    ['that of a stranger who shows nothing', { body: { id: 'b' } }, { b: { body: { id: 'b' } } }, 'RejectedError'],
  ])('%s: counts only when it is seen to be ours', async (_name, written, accounts, expected) => {
    const server = await telling({ status: 201, ...written }, accounts);
    const made = open.client(server.url).apply(toCreate(ADA), resolveNone, never);
    const outcome = made.then(
      ({ resourceId }) => resourceId,
      (error: unknown) => (error instanceof Error ? error.name : 'no error'),
    );
    expect(await outcome).toBe(expected);
  });

  test.each([
    ['our name', 'it', 'nothing was thrown'],
    ['another', 'Managers', 'RejectedError'],
  ])('a SCIM group of %s', async (_name, displayName, outcome) => {
    const body = { id: 'g', displayName };
    const server = await telling({ status: 201, body }, { g: { body } });
    const made = open.client(server.url).apply(toCreateGroup('IT'), resolveNone, never);
    expect((await failure(made)).name).toBe(outcome);
  });
});

describe.each(['path', 'put'] as const)('the id a change sent as %s is answered with', (shape) => {
  const ada = { body: { Id: 'acc-1', UserName: 'ada' } };

  async function change(changes: typeof RENAME, accounts: Readonly<Record<string, ScriptedAnswer>>, leaves = false) {
    let written = false;
    const stranger = await open.scripted(({ method, url }) => {
      if (method !== 'GET') written = true;
      if (method !== 'GET') return { body: { Id: 'acc-2', UserName: 'bob' } };
      if (url.endsWith('/acc-1')) return written && leaves ? GONE : ada;
      if (url.endsWith('/acc-2')) return accounts['acc-2'] ?? GONE;
      return { body: { totalResults: 0 } };
    });
    const provider = open.client(stranger.url, { profile: aProfile({ patch: { shape } }) });
    return (await provider.apply(toChange('acc-1', changes), resolveNone, never)).resourceId;
  }
  const renamed = { 'acc-2': { body: { Id: 'acc-2', UserName: 'Augusta' } } };
  const stranger = { 'acc-2': { body: { Id: 'acc-2', UserName: 'bob' } } };

  test('is followed where the old one is gone and the new one has the new name', async () => {
    expect(await change(RENAME, renamed, true)).toBe('acc-2');
  });
  test('is nothing while the account can be read under its own', async () => {
    expect(await change(RENAME, renamed)).toBe('acc-1');
  });
  test('is nothing when it leads to somebody else, or nowhere', async () => {
    expect(await change(RENAME, stranger, true)).toBe('acc-1');
    expect(await change(RENAME, {}, true)).toBe('acc-1');
  });
  test('is nothing when the name did not change', async () => {
    expect(await change(TITLE, renamed, true)).toBe('acc-1');
  });
});

test.each(['path', 'put'] as const)('an inactive stranger in the answer disables nobody (%s)', async (shape) => {
  const server = await telling({ body: { id: 'b', active: false } }, { a: { body: { id: 'a', active: true } } });
  const provider = open.client(server.url, { profile: aProfile({ patch: { shape } }) });
  expect(await failure(provider.apply(toRemove('disable', 'a'), resolveNone, never))).toMatchObject({
    name: 'InDoubtError',
  });
});
