import { describe, expect, test } from 'vitest';
import type { RateLimit } from '../../../src/sandbox/provider/behaviour.ts';
import { githubEmu } from '../../../src/sandbox/provider/behaviours/github-emu.ts';
import { slack } from '../../../src/sandbox/provider/behaviours/slack.ts';
import { createRates } from '../../../src/sandbox/provider/rates.ts';
import { ScimRefusal } from '../../../src/sandbox/provider/refusal.ts';
import type { Value } from '../../../src/sandbox/provider/json.ts';
import { accountBody, create, groupBody, patchBody, withProvider } from './scim-client.ts';

const START = 1_800_000_000_000;

/** A provider with these limits and a clock: sends requests of one kind, and tells how many were taken before one was refused. */
function limited(limits: readonly RateLimit[]) {
  const clock = { now: START };
  const rates = createRates(() => clock.now);
  /** Undefined when taken, else the seconds to wait. */
  const send = (method: string, path: string, body?: Value) => {
    try {
      rates.admit(limits, { method, path, body });
      return undefined;
    } catch (error) {
      if (error instanceof ScimRefusal && error.status === 429) return Number(error.headers['retry-after']);
      throw error;
    }
  };
  const taken = (method: string, path: string, body?: Value) => {
    for (let count = 0; ; count += 1) {
      if (count > 5_000 || send(method, path, body) !== undefined) return count;
    }
  };
  const pass = (seconds: number) => {
    clock.now += seconds * 1000;
  };
  return { send, taken, pass };
}

const members = (count: number) => Array.from({ length: count }, (_, number) => ({ value: `u${number}` }));
const adding = (count: number) => patchBody({ op: 'add', path: 'members', value: members(count) });

describe('the rates of slack', () => {
  test.each([
    ['new accounts', 'POST', '/Users', 20, 180],
    ['changes of accounts', 'PATCH', '/Users/1', 20, 180],
    ['deletions of accounts', 'DELETE', '/Users/1', 20, 180],
    ['reads of accounts', 'GET', '/Users', 300, 300],
    ['changes of groups', 'PATCH', '/Groups/1', 80, 180],
    ['all other writes', 'POST', '/Groups', 180, 600],
    ['all other reads', 'GET', '/Groups', 1_000, 1_000],
  ])('%s: a burst, then so many a minute', (_what, method, path, burst, aMinute) => {
    const { taken, send, pass } = limited(slack.rates);
    expect(taken(method, path)).toBe(burst);
    let more = 0;
    for (let second = 0; second < 60; second += 1) {
      pass(1);
      more += taken(method, path);
    }
    expect(more).toBe(aMinute);
    expect(send(method, path)).toBe(1);
  });

  test('those of one endpoint leave the others alone, and those on all writes count them all', () => {
    const { taken, send } = limited(slack.rates);
    expect(taken('PATCH', '/Users/1') + taken('POST', '/Users') + taken('PATCH', '/Groups/1')).toBe(120);
    expect(send('GET', '/Users')).toBeUndefined();
    expect(taken('DELETE', '/Groups/1')).toBe(60);
    expect(send('DELETE', '/Users/1')).toBe(1);
  });
});

describe('the rates of github-emu', () => {
  test('a thousand accounts an hour are made, while changes and removals go on', () => {
    const { taken, send, pass } = limited(githubEmu.rates);
    expect(taken('POST', '/Users')).toBe(1_000);
    expect(send('POST', '/Users')).toBe(4);
    expect([send('PATCH', '/Users/1'), send('DELETE', '/Users/1'), send('GET', '/Users')]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    pass(3_600);
    expect(taken('POST', '/Users')).toBe(1_000);
  });

  test('a thousand members an hour go into each group, however they are sent, and any number comes out', () => {
    const { send, pass } = limited(githubEmu.rates);
    expect(send('PATCH', '/Groups/1', adding(600))).toBeUndefined();
    expect(send('PATCH', '/Groups/1', adding(500))).toBe(360);
    expect(send('PATCH', '/Groups/1', patchBody({ op: 'add', value: { members: members(500) } }))).toBe(360);
    expect(send('PUT', '/Groups/1', groupBody('IT', ['a', 'b']))).toBeUndefined();
    expect(send('PATCH', '/Groups/2', adding(500))).toBeUndefined();
    const removal = patchBody({ op: 'remove', path: 'members', value: members(900) });
    expect(send('PATCH', '/Groups/1', removal)).toBeUndefined();
    pass(367.2);
    expect(send('PATCH', '/Groups/1', adding(500))).toBeUndefined();
  });

  test('more at once than an hour takes is taken once nothing else was', () => {
    const { send, pass } = limited(githubEmu.rates);
    expect(send('PATCH', '/Groups/1', adding(1_500))).toBeUndefined();
    expect(send('PATCH', '/Groups/1', adding(1))).toBe(4);
    pass(3_599);
    expect(send('PATCH', '/Groups/1', adding(1_500))).toBe(1);
  });
});

test('a request too many is answered 429 with the time to wait, and changes nothing', async () => {
  const clock = { now: START };
  await withProvider({ behaviour: 'slack', now: () => clock.now }, async ({ provider, send }) => {
    const named = (name: string) => accountBody(name, { emails: [{ value: `${name}@x.example`, type: 'work' }] });
    for (let number = 0; number < 20; number += 1) await send('POST', '/Users', named(`u${number}`));
    const refused = await send('POST', '/Users', named('late'));
    expect([refused.status, refused.headers['retry-after'], refused.body['status']]).toEqual([429, '1', 429]);
    expect(provider.accounts.size).toBe(20);
    expect(provider.requests().at(-1)).toMatchObject({ status: 429, applied: false });
    // What a person does in the provider's own pages is no request.
    create(provider, named('by-hand'));
    clock.now += 1_000;
    expect((await send('POST', '/Users', named('late'))).status).toBe(201);
  });
});

test('nobody is counted whose token is not taken', async () => {
  const rates = [{ methods: ['GET'], of: 'requests', requests: 1, seconds: 60, burst: 1 }] as const;
  await withProvider({ overrides: { rates }, now: () => START }, async ({ send }) => {
    const stranger = { authorization: 'Bearer wrong' };
    expect((await send('GET', '/Users', undefined, stranger)).status).toBe(401);
    expect((await send('GET', '/Users')).status).toBe(200);
    expect((await send('GET', '/Users')).status).toBe(429);
  });
});
