import { afterEach, describe, expect, test } from 'vitest';
import { profileByName } from '../../../src/adapters/scim/profiles/profile-by-name.ts';
import { PROFILE_NAMES } from '../../../src/core/profile.ts';
import type { FaultSetting } from '../../../src/sandbox/provider/faults.ts';
import { never, resources, type Script, TOKEN } from './builders.ts';

const open = resources();
afterEach(() => open.close());

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';

/** An account that no provider finds anything missing in. */
const anAccount = (userName: string) => ({
  schemas: [USER],
  userName,
  externalId: userName,
  displayName: userName,
  name: { givenName: userName, familyName: userName },
  emails: [{ value: `${userName}@x.example`, type: 'work', primary: true }],
});

describe('the check of a provider', () => {
  test.each(PROFILE_NAMES)('that works as its profile %s says finds nothing wrong and writes nothing', async (name) => {
    const sandbox = await open.sandbox({ behaviour: name });
    for (const userName of ['a', 'b', 'c']) sandbox.change('POST', '/Users', anAccount(userName));
    const provider = open.client(sandbox.url, { profile: profileByName(name), readOnly: true });
    const lines = await provider.check(never);
    expect(lines.filter(({ ok }) => !ok)).toEqual([]);
    expect(lines.map(({ name: line }) => line)).toHaveLength(4);
    expect(new Set(sandbox.requests().map(({ method }) => method))).toEqual(new Set(['GET']));
  });

  test.each<[string, FaultSetting, RegExp]>([
    ['a refused token', { fault: 'expiredToken' }, /401/],
    ['a provider that ignores filters', { fault: 'silentAll' }, /ignores filters/],
    ['a provider that ignores startIndex', { fault: 'ignoreStartIndex' }, /ignores startIndex/],
    ['a provider behind a broken gateway', { fault: 'htmlBody' }, /502/],
  ])('names %s and what to do', async (_name, fault, detail) => {
    const sandbox = await open.sandbox();
    for (const userName of ['a', 'b', 'c']) sandbox.change('POST', '/Users', { schemas: [USER], userName });
    sandbox.faults.set(fault);
    const lines = await open.client(sandbox.url).check(never);
    const wrong = lines.filter(({ ok }) => !ok);
    expect(wrong.map((line) => line.detail).join('\n')).toMatch(detail);
    expect(JSON.stringify(lines)).not.toContain(TOKEN);
  });

  const open200: Script = ({ url }) =>
    url.includes('/ServiceProviderConfig')
      ? { body: { patch: { supported: false }, filter: { supported: true, maxResults: 20 } } }
      : { body: { totalResults: 0 } };

  test('names an endpoint that takes any token', async () => {
    const server = await open.scripted(open200);
    const lines = await open.client(server.url).check(never);
    expect(lines.find(({ name }) => name.includes('wrong token'))).toMatchObject({
      ok: false,
      remedy: expect.any(String),
    });
    const tokens = new Set(server.requests.map(({ headers }) => headers.authorization));
    expect(tokens.size).toBe(2);
  });

  test('names what the provider itself says it cannot do', async () => {
    const server = await open.scripted(open200);
    const lines = await open.client(server.url).check(never);
    expect(lines.find(({ name }) => name.includes('configuration'))).toMatchObject({
      ok: false,
      detail: expect.stringContaining('PATCH is not supported'),
    });
  });
});
