import { afterEach, describe, expect, test } from 'vitest';
import { entraLegacy } from '../../../src/adapters/scim/profiles/entra-legacy.ts';
import { generic } from '../../../src/adapters/scim/profiles/generic.ts';
import type { ProviderProfile } from '../../../src/core/profile.ts';
import type { ProviderOptions } from '../../../src/sandbox/provider/provider.ts';
import { aProfile, failure, idIn, never, resolveNone, resources, toCreateGroup, toMembers } from './builders.ts';

const open = resources();
afterEach(() => open.close());

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';

/** A provider with accounts `user-0` to `user-<count>` and the SCIM group `group-1` with the first `members` of them. */
async function start(
  count: number,
  members: number,
  profile: ProviderProfile = generic,
  options: ProviderOptions = {},
) {
  const sandbox = await open.sandbox(options);
  const ids = new Map<string, string>();
  for (let n = 0; n < count; n += 1) {
    const made = sandbox.change('POST', '/Users', { schemas: [USER], userName: `user-${n}` });
    ids.set(`user-${n}`, idIn(made));
  }
  const provider = open.client(sandbox.url, { profile });
  const { resourceId } = await provider.apply(toCreateGroup('IT'), resolveNone, never);
  const group = resourceId ?? '';
  ids.set('group-1', group);
  const idOf = (anchor: string) => ids.get(anchor) ?? '';
  const users = (from: number, to: number) => Array.from({ length: to - from }, (_, n) => `user-${from + n}`);
  const leaving = (anchors: readonly string[]) => anchors.map((anchor) => ({ anchor, resourceId: idOf(anchor) }));
  const resolve = (anchor: string) => ids.get(anchor);
  if (members > 0) await provider.apply(toMembers(users(0, members), []), resolve, never);
  sandbox.clearRequests();
  const inside = async () => new Set((await provider.readGroup(group, never))?.members ?? []);
  const patches = () => sandbox.requests().filter(({ method }) => method === 'PATCH');
  return { sandbox, provider, resolve, ids, idOf, users, leaving, inside, patches };
}

describe('members are added', () => {
  test('in chunks: ten thousand of them in a hundred requests', async () => {
    const { provider, resolve, users, inside, patches } = await start(10_000, 0);
    const done = await provider.apply(toMembers(users(0, 10_000), []), resolve, never);
    expect(done.requests).toBe(101);
    expect(patches()).toHaveLength(100);
    expect((await inside()).size).toBe(10_000);
    expect(await provider.settle(toMembers(users(0, 10_000), []), resolve, never)).toMatchObject({ requests: 1 });
  });

  test('on and on under throttling: what is in already is not sent again', async () => {
    const { sandbox, provider, resolve, users, inside, patches } = await start(1000, 0);
    let written = 0;
    sandbox.observe({
      afterWrite: () => {
        written += 1;
        if (written % 3 === 0) sandbox.faults.set({ fault: 'throttle', value: 0, times: 1 });
      },
    });
    const operation = toMembers(users(0, 1000), []);
    const attempts: string[] = [];
    while (attempts.at(-1) !== 'nothing was thrown' && attempts.length < 10) {
      attempts.push((await failure(provider.apply(operation, resolve, never))).name);
    }
    expect(attempts.length).toBeGreaterThan(2);
    expect(new Set(attempts)).toEqual(new Set(['ThrottledError', 'nothing was thrown']));
    expect((await inside()).size).toBe(1000);
    expect(patches().filter(({ status }) => status < 300)).toHaveLength(10);
  });

  test('without those who have no account, who are reported', async () => {
    const { provider, resolve, idOf, inside } = await start(2, 0);
    const done = await provider.apply(toMembers(['user-0', 'stranger', 'user-1'], []), resolve, never);
    expect(done.unresolved).toEqual(['stranger']);
    expect(await inside()).toEqual(new Set([idOf('user-0'), idOf('user-1')]));
  });

  test('all but one whose account vanished, who is reported', async () => {
    const { sandbox, provider, resolve, idOf, users, inside, patches } = await start(64, 0);
    sandbox.change('DELETE', `/Users/${idOf('user-17')}`);
    const done = await provider.apply(toMembers(users(0, 64), []), resolve, never);
    expect(done.unresolved).toEqual(['user-17']);
    expect((await inside()).size).toBe(63);
    expect(patches().length).toBeLessThan(16);
  });

  test('where nothing helps, with an error after the others are in', async () => {
    const { provider, resolve, users, idOf } = await start(8, 0);
    const refusing = await open.scripted(({ method, body, url }) => {
      if (method === 'PATCH') return { status: body.includes(idOf('user-3')) ? 400 : 204 };
      return { body: { id: url.split('/').at(-1), userName: 'x' } };
    });
    expect(provider.profile.name).toBe('generic');
    const found = await failure(open.client(refusing.url).apply(toMembers(users(0, 8), []), resolve, never));
    expect(found).toMatchObject({ name: 'RejectedError', message: expect.stringContaining('refused to add 1 of 8') });
    const accepted = refusing.requests.filter(
      ({ method, body }) => method === 'PATCH' && !body.includes(idOf('user-3')),
    );
    const inside = new Set(accepted.flatMap(({ body }) => [...ids(body)]));
    expect(inside.size).toBe(7);
  });

  test('a request that is wrong as a whole is not taken apart for ever', async () => {
    const { resolve, users } = await start(100, 0);
    const refusing = await open.scripted(({ method, url }) =>
      method === 'PATCH' ? { status: 400 } : { body: { id: url.split('/').at(-1), userName: 'x' } },
    );
    const found = await failure(open.client(refusing.url).apply(toMembers(users(0, 100), []), resolve, never));
    expect(found).toMatchObject({ name: 'RejectedError' });
    expect(refusing.requests.length).toBeLessThan(60);
  });

  test('to a group that is gone ends at once', async () => {
    const { sandbox, provider, resolve, idOf, users, patches } = await start(8, 0);
    sandbox.change('DELETE', `/Groups/${idOf('group-1')}`);
    const found = await failure(provider.apply(toMembers(users(0, 8), []), resolve, never));
    expect(found).toMatchObject({ name: 'NotFoundError' });
    expect(patches()).toHaveLength(1);
  });

  test('to a group that was never created is refused without a request', async () => {
    const { sandbox, provider, users } = await start(1, 0);
    const found = await failure(provider.apply(toMembers(users(0, 1), []), resolveNone, never));
    expect(found).toMatchObject({ name: 'RejectedError' });
    expect(sandbox.requests()).toEqual([]);
  });

  test('in smaller chunks where the provider takes fewer than the profile says', async () => {
    const { provider, resolve, users, inside } = await start(90, 0, generic, {
      faults: [{ fault: 'maxMembers', value: 30 }],
    });
    await provider.apply(toMembers(users(0, 90), []), resolve, never);
    expect((await inside()).size).toBe(90);
  });
});

function ids(body: string): readonly string[] {
  return [...body.matchAll(/"value":"([^"]+)"/g)].map((match) => match[1] ?? '');
}

describe('members are removed', () => {
  test.each([
    ['one filter each', generic, {}],
    ['a list in value where the profile says so', entraLegacy, { behaviour: 'entra-legacy' }],
  ] as const)('by %s, and nobody else goes', async (_name, profile, options) => {
    const { provider, resolve, idOf, users, leaving, inside } = await start(250, 250, profile, options);
    await provider.apply(toMembers([], leaving(users(0, 120))), resolve, never);
    expect(await inside()).toEqual(new Set(users(120, 250).map(idOf)));
  });

  test('all of them, one filter each: never by a remove without a member', async () => {
    const { provider, resolve, users, leaving, inside } = await start(30, 30);
    await provider.apply(toMembers([], leaving(users(0, 30))), resolve, never);
    expect((await inside()).size).toBe(0);
  });

  test.each([generic, entraLegacy])('with $name no request ever empties a group by accident', async (profile) => {
    const members = Array.from({ length: 5 }, (_, n) => ({ value: `acc-${n}` }));
    const gone = new Set<string>();
    const server = await open.scripted(({ method, body }) => {
      if (method !== 'PATCH') return { body: { id: 'g', members: members.filter(({ value }) => !gone.has(value)) } };
      for (const id of body.matchAll(/acc-\d/g)) gone.add(id[0]);
      return { status: 204 };
    });
    const provider = open.client(server.url, { profile });
    const leaving = [0, 1].map((n) => ({ anchor: `u${n}`, resourceId: `acc-${n}` }));
    await provider.apply(toMembers([], leaving), () => 'g', never);
    const resolveSome = (anchor: string) => (anchor === 'group-1' ? 'g' : undefined);
    await provider.apply(toMembers([], leaving), resolveSome, never);
    await provider.apply(toMembers(['stranger'], []), resolveSome, never);
    await provider.apply(toMembers([], []), resolveSome, never);
    const operations = server.requests
      .filter(({ method }) => method === 'PATCH')
      .flatMap(({ body }): { path: string; value?: unknown }[] => JSON.parse(body).Operations);
    expect(operations.length).toBeGreaterThan(0);
    const harmless = operations.map(({ path, value }) => (path === 'members' ? value : path));
    expect(harmless.filter((each) => each === undefined || (Array.isArray(each) && each.length === 0))).toEqual([]);
    for (const each of harmless) expect(JSON.stringify(each)).toMatch(/acc-[01]/);
  });

  test('somebody who is no member any more needs no request', async () => {
    const { provider, resolve, users, leaving, patches } = await start(4, 2);
    await provider.apply(toMembers([], leaving(users(2, 4))), resolve, never);
    expect(patches()).toEqual([]);
  });

  test('an id with quotes stays inside its filter', async () => {
    const server = await open.scripted(() => ({ status: 204 }));
    const profile = aProfile({ groups: { membersReadable: 'never' } });
    const leaving = [{ anchor: 'u', resourceId: 'a"] or "b' }];
    await open.client(server.url, { profile }).apply(toMembers([], leaving), () => 'g', never);
    expect(JSON.parse(server.requests[0]?.body ?? '')).toMatchObject({
      Operations: [{ op: 'remove', path: 'members[value eq "a\\"] or \\"b"]' }],
    });
  });

  test('at a provider that removes everybody, the others are put back and the removal is an error', async () => {
    const { sandbox, provider, resolve, users, leaving, inside, idOf } = await start(
      250,
      250,
      aProfile({ groups: { memberRemoval: 'value-array' } }),
      { overrides: { removeWithValue: 'ignore' } },
    );
    const found = await failure(provider.apply(toMembers([], leaving(users(0, 120))), resolve, never));
    expect(found).toMatchObject({
      name: 'RejectedError',
      message: expect.stringContaining('150 more; they were put back'),
    });
    expect(await inside()).toEqual(new Set(users(100, 250).map(idOf)));
    expect(sandbox.groups.size).toBe(1);
  });

  test.each([5, 40])('and where it refuses to take %i back, the error says how many are out', async (others) => {
    const profile = aProfile({ groups: { memberRemoval: 'value-array' } });
    const { sandbox, provider, resolve, users, leaving, inside } = await start(10 + others, 10 + others, profile, {
      overrides: { removeWithValue: 'ignore' },
    });
    sandbox.observe({
      afterWrite: () => sandbox.faults.set({ fault: 'failBefore', value: 400, method: 'PATCH' }),
    });
    const found = await failure(provider.apply(toMembers([], leaving(users(0, 10))), resolve, never));
    expect(found).toMatchObject({
      name: 'RejectedError',
      message: expect.stringContaining(`removed ${others} more; ${others} of them could not be put back`),
    });
    expect((await inside()).size).toBe(0);
  });

  test('at a provider that answers success and removes nobody, the removal is in doubt', async () => {
    const server = await open.scripted(({ method }) =>
      method === 'GET' ? { body: { id: 'g', members: [{ value: 'acc-1' }] } } : { status: 204 },
    );
    const operation = toMembers([], [{ anchor: 'u', resourceId: 'acc-1' }]);
    const provider = open.client(server.url);
    expect(await failure(provider.apply(operation, () => 'g', never))).toMatchObject({ name: 'InDoubtError' });
    expect(await provider.settle(operation, () => 'g', never)).toBeUndefined();
  });

  test('and added in one operation, each its own way', async () => {
    const { provider, resolve, users, leaving, inside, idOf } = await start(6, 3);
    const operation = toMembers(users(3, 6), leaving(users(0, 2)));
    await provider.apply(operation, resolve, never);
    expect(await inside()).toEqual(new Set(users(2, 6).map(idOf)));
    expect(await provider.settle(operation, resolve, never)).toMatchObject({ resourceId: idOf('group-1') });
  });

  test('somebody who is also to be added stays', async () => {
    const { provider, resolve, users, leaving, inside, idOf } = await start(2, 2);
    await provider.apply(toMembers(users(0, 1), leaving(users(0, 2))), resolve, never);
    expect(await inside()).toEqual(new Set([idOf('user-0')]));
  });
});

describe('where members cannot be read', () => {
  test('changes are sent as planned and a lost answer means sending again', async () => {
    const profile = aProfile({ groups: { membersReadable: 'never' } });
    const { sandbox, provider, resolve, users, leaving, patches } = await start(4, 2, profile);
    sandbox.faults.set({ fault: 'membersHidden' });
    const operation = toMembers(users(2, 4), leaving(users(0, 1)));
    const done = await provider.apply(operation, resolve, never);
    expect(done.requests).toBe(2);
    expect(patches()).toHaveLength(2);
    expect(await provider.settle(operation, resolve, never)).toBeUndefined();
    await provider.apply(operation, resolve, never);
    sandbox.faults.clear();
    expect(sandbox.groups.find('IT')?.['members']).toHaveLength(3);
  });
});
