import { afterEach, expect, test } from 'vitest';
import { profileByName } from '../../../src/adapters/scim/profiles/profile-by-name.ts';
import { githubEmu } from '../../../src/sandbox/provider/behaviours/github-emu.ts';
import { slack } from '../../../src/sandbox/provider/behaviours/slack.ts';
import {
  failure,
  never,
  planting,
  resolveNone,
  resolver,
  resources,
  toChange,
  toCreate,
  toMembers,
} from './builders.ts';

const open = resources();
afterEach(() => open.close());

const pilot = (id: string) => toChange(id, [{ path: 'displayName', before: null, after: 'Pilot' }]);

test('a client at the pace of the profile stays within the rates of the provider', () => {
  const writes = slack.rates.filter(({ methods, type }) => type === 'User' && !methods.includes('GET'));
  expect(writes).toHaveLength(3);
  const pace = profileByName('slack').rate;
  for (const { requests, seconds, burst } of writes) {
    expect(pace.requestsPerSecond).toBeLessThanOrEqual(requests / seconds);
    expect(pace.concurrency).toBeLessThanOrEqual(burst);
  }
  for (const { requests, seconds } of githubEmu.rates) {
    expect([requests, seconds]).toEqual([profileByName('github-emu').rate.usersPerHour, 3_600]);
  }
});

test('who sends faster waits as long as Slack says, and then goes on', async () => {
  const clock = { now: Date.now() };
  const sandbox = await open.sandbox({ behaviour: 'slack', now: () => clock.now });
  const { account } = planting(sandbox);
  const id = account('ada', { emails: [{ value: 'ada@x.example', type: 'work' }] });
  const provider = open.client(sandbox.url, { profile: profileByName('slack'), now: () => clock.now });
  for (let sent = 0; sent < 20; sent += 1) {
    await provider.apply(toChange(id, [{ path: 'title', before: null, after: `t${sent}` }]), resolveNone, never);
  }
  expect(await failure(provider.apply(pilot(id), resolveNone, never))).toMatchObject({
    name: 'ThrottledError',
    scope: 'connection',
    retryAfterMs: 1_000,
  });
  expect(sandbox.accounts.get(id)).not.toHaveProperty('displayName');
  clock.now += 1_000;
  await provider.apply(pilot(id), resolveNone, never);
  expect(sandbox.accounts.get(id)).toMatchObject({ displayName: 'Pilot' });
});

test('newcomers beyond the hour are not sent to GitHub at all, where a naive client is refused', async () => {
  const clock = { now: Date.now() };
  const rates = githubEmu.rates.map((limit) => ({ ...limit, requests: 2, burst: 2 }));
  const sandbox = await open.sandbox({ behaviour: 'github-emu', overrides: { rates }, now: () => clock.now });
  const profile = profileByName('github-emu');
  const provider = open.client(sandbox.url, {
    profile: { ...profile, rate: { ...profile.rate, usersPerHour: 2 } },
    now: () => clock.now,
  });
  const naive = open.client(sandbox.url, {
    profile: { ...profile, rate: { ...profile.rate, usersPerHour: null } },
    now: () => clock.now,
  });
  const newcomer = (name: string) =>
    toCreate({
      userName: name,
      externalId: name,
      active: true,
      displayName: name,
      emails: [{ value: `${name}@x.example`, type: 'work', primary: true }],
    });
  const made: string[] = [];
  for (const name of ['ada', 'bob']) {
    made.push((await provider.apply(newcomer(name), resolveNone, never)).resourceId ?? '');
  }
  const late = await failure(provider.apply(newcomer('cleo'), resolveNone, never));
  expect(late).toMatchObject({ name: 'ThrottledError', scope: 'resource', retryAfterMs: 3_600_000 });
  await provider.apply(pilot(made[0] ?? ''), resolveNone, never);
  expect(sandbox.requests().filter(({ status }) => status === 429)).toEqual([]);
  expect(await failure(naive.apply(newcomer('dan'), resolveNone, never))).toMatchObject({
    name: 'ThrottledError',
    scope: 'connection',
  });
  expect(sandbox.requests().filter(({ status }) => status === 429)).toHaveLength(1);
  clock.now += 3_600_000;
  made.push((await provider.apply(newcomer('cleo'), resolveNone, never)).resourceId ?? '');
  const group = planting(sandbox).group('IT');
  const resolve = resolver({ 'group-1': group, ada: made[0] ?? '', bob: made[1] ?? '', cleo: made[2] ?? '' });
  await provider.apply(toMembers(['ada', 'bob'], []), resolve, never);
  expect(await failure(naive.apply(toMembers(['cleo'], []), resolve, never))).toMatchObject({ name: 'ThrottledError' });
});
