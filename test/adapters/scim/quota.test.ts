import { afterEach, describe, expect, test } from 'vitest';
import { createQuota } from '../../../src/adapters/scim/quota.ts';
import { ThrottledError } from '../../../src/core/errors.ts';
import {
  aProfile,
  failure,
  idIn,
  never,
  resolveNone,
  resolver,
  resources,
  toCreate,
  toMembers,
  toRemove,
} from './builders.ts';

const open = resources();
afterEach(() => open.close());

const MINUTE = 60_000;

function waitOf(take: () => void): number | undefined {
  try {
    take();
    return undefined;
  } catch (error) {
    if (error instanceof ThrottledError) return error.retryAfterMs;
    throw error;
  }
}

test('so many users within any hour, each kind for itself, and the wait is exactly as long as needed', () => {
  let now = 0;
  const quota = createQuota('acme', 3, () => now);
  quota.take('accounts', 2);
  now = 20 * MINUTE;
  quota.take('accounts', 1);
  expect(waitOf(() => quota.take('accounts', 1))).toBe(40 * MINUTE);
  expect(waitOf(() => quota.take('accounts', 3))).toBe(60 * MINUTE);
  quota.take('group-1', 3);
  now = 60 * MINUTE;
  quota.take('accounts', 2);
  expect(waitOf(() => quota.take('accounts', 1))).toBe(20 * MINUTE);
});

test('without a limit nothing is counted', () => {
  const quota = createQuota('acme', null, () => 0);
  for (let users = 0; users < 10; users += 1) quota.take('accounts', 10_000);
  expect(waitOf(() => quota.take('accounts', 10_000))).toBeUndefined();
});

describe('a provider that takes two users an hour', () => {
  const profile = aProfile({ rate: { usersPerHour: 2 }, groups: { membersPerPatch: 1 } });
  const numbered = (number: number) => toCreate({ userName: `u${number}` });

  test('is not sent a third create, but removals go on', async () => {
    const sandbox = await open.sandbox();
    const provider = open.client(sandbox.url, { profile });
    const { resourceId } = await provider.apply(numbered(1), resolveNone, never);
    await provider.apply(numbered(2), resolveNone, never);
    const third = await failure(provider.apply(numbered(3), resolveNone, never));
    expect(third).toMatchObject({ name: 'ThrottledError', scope: 'resource' });
    expect(sandbox.accounts.size).toBe(2);
    await provider.apply(toRemove('disable', resourceId ?? ''), resolveNone, never);
    expect(sandbox.canSignIn('u1')).toBe(false);
  });

  test('gets a large group in portions, and goes on where it stopped', async () => {
    let now = 0;
    const sandbox = await open.sandbox();
    const provider = open.client(sandbox.url, { profile, now: () => now });
    const ids: Record<string, string> = {};
    const create = (path: string, body: object) =>
      idIn(
        sandbox.change('POST', path, {
          schemas: [`urn:ietf:params:scim:schemas:core:2.0:${path.slice(1, -1)}`],
          ...body,
        }),
      );
    for (const user of ['a', 'b', 'c']) ids[user] = create('/Users', { userName: user });
    ids['group-1'] = create('/Groups', { displayName: 'G' });
    const operation = toMembers(['a', 'b', 'c'], []);
    const first = await failure(provider.apply(operation, resolver(ids), never));
    expect(first).toMatchObject({ name: 'ThrottledError', retryAfterMs: 60 * MINUTE });
    expect(sandbox.groups.find('G')?.['members']).toHaveLength(2);
    now = 60 * MINUTE;
    await provider.apply(operation, resolver(ids), never);
    expect(sandbox.groups.find('G')?.['members']).toHaveLength(3);
  });
});
