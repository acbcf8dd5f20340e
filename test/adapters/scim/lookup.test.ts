import { parse } from 'scim2-parse-filter';
import * as fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { aProfile, failure, never, resources, type ScriptedServer } from './builders.ts';

const open = resources();
afterEach(() => open.close());

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const AWKWARD = [
  'O\'Brien "the boss"',
  '100%',
  'a+b&c=d#e',
  'back\\slash',
  'grüße@例え.jp',
  'line\nbreak',
  '😀',
  'a" or userName pr or "',
  '%22',
];

function filterOf(server: ScriptedServer): string | null {
  return new URL(server.requests.at(-1)?.url ?? '', 'http://x').searchParams.get('filter');
}

describe('a filter', () => {
  test.each(AWKWARD)('with the value %j finds exactly that account', async (value) => {
    const sandbox = await open.sandbox();
    sandbox.change('POST', '/Users', { schemas: [USER], userName: 'other', externalId: 'other' });
    sandbox.change('POST', '/Users', { schemas: [USER], userName: value, externalId: value });
    const provider = open.client(sandbox.url);
    for (const attribute of ['userName', 'externalId']) {
      const found = await provider.findAccounts({ attribute, value }, never);
      expect(found.map(({ userName }) => userName)).toEqual([value]);
    }
  });

  test('of any value is one comparison that a parser reads back', async () => {
    const server = await open.scripted(() => ({ body: { totalResults: 0 } }));
    const provider = open.client(server.url);
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1 }), async (value) => {
        await provider.findAccounts({ attribute: 'userName', value }, never);
        const text = filterOf(server) ?? '';
        const literal = text.slice('userName eq '.length);
        expect(JSON.parse(literal)).toBe(value);
        // The parser reads an escaped quote but does not give it back as it was.
        fc.pre(!/["\\]/.test(value));
        expect(parse(text)).toEqual({ op: 'eq', attrPath: 'userName', compValue: value });
      }),
      { numRuns: 200 },
    );
  });

  test('for the work e-mail asks by emails.value and checks the type itself', async () => {
    const sandbox = await open.sandbox();
    const make = (userName: string, type: string) =>
      sandbox.change('POST', '/Users', { schemas: [USER], userName, emails: [{ type, value: 'Ada@x.org' }] });
    make('at-home', 'home');
    make('at-work', 'work');
    const key = { attribute: 'emails[type eq "work"].value', value: 'ada@x.org' };
    const found = await open.client(sandbox.url).findAccounts(key, never);
    expect(found.map(({ userName }) => userName)).toEqual(['at-work']);
  });

  test('by an attribute the provider cannot filter is refused with those it can', async () => {
    const server = await open.scripted(() => ({ body: { totalResults: 0 } }));
    const found = await failure(open.client(server.url).findAccounts({ attribute: 'title', value: 'x' }, never));
    expect(found).toMatchObject({ name: 'RejectedError', facts: { remedy: expect.stringContaining('userName') } });
    expect(server.requests).toEqual([]);
  });

  test('that the provider cannot read means that the object cannot be matched', async () => {
    const sandbox = await open.sandbox({ faults: [{ fault: 'noUnescape' }] });
    const found = await failure(open.client(sandbox.url).findAccounts({ attribute: 'userName', value: 'a"b' }, never));
    expect(found).toMatchObject({ name: 'RejectedError', message: expect.stringMatching(/cannot be matched.*quote/) });
    expect(found.message).not.toContain('a"b');
  });

  test('too sensitive for a URL is sent as a search', async () => {
    const server = await open.scripted(({ method, url }) => {
      if (method === 'GET') return { status: 403, body: { scimType: 'sensitive' } };
      return url === '/scim/v2/Users/.search'
        ? { body: { totalResults: 1, Resources: [{ id: 'acc-1', userName: 'ada' }] } }
        : { status: 404 };
    });
    const provider = open.client(server.url, { readOnly: true });
    expect(await provider.findAccounts({ attribute: 'userName', value: 'ada' }, never)).toHaveLength(1);
    expect(JSON.parse(server.requests[1]?.body ?? '')).toEqual({
      schemas: ['urn:ietf:params:scim:api:messages:2.0:SearchRequest'],
      filter: 'userName eq "ada"',
      startIndex: 1,
      count: 20,
    });
  });

  test('too sensitive for a URL, at a provider without search, ends in a refusal', async () => {
    const server = await open.scripted(({ method }) =>
      method === 'GET' ? { status: 403, body: { scimType: 'sensitive' } } : { status: 404 },
    );
    const found = await failure(open.client(server.url).findAccounts({ attribute: 'userName', value: 'ada' }, never));
    expect(found).toMatchObject({ name: 'RejectedError' });
    expect(server.requests).toHaveLength(2);
  });
});

describe('rows are checked again', () => {
  test.each([
    ['userName without case', 'userName', 'ADA', ['a']],
    ['externalId with case', 'externalId', 'EXT-1', []],
    ['externalId exactly', 'externalId', 'ext-1', ['a']],
    ['id exactly', 'id', 'A', []],
    ['displayName without case', 'displayName', 'ada l.', ['a']],
  ])('%s', async (_name, attribute, value, ids) => {
    const rows = [
      { id: 'a', userName: 'ada', externalId: 'ext-1', displayName: 'Ada L.' },
      { id: 'b', userName: 'adam', externalId: 'ext-10', displayName: 'Ada L.s' },
    ];
    const server = await open.scripted(() => ({ body: { totalResults: 2, Resources: rows } }));
    const found = await open.client(server.url).findAccounts({ attribute, value }, never);
    expect(found.map(({ id }) => id)).toEqual(ids);
  });

  test('in whatever letters the list has its names', async () => {
    const list = { totalresults: 1, resources: [{ ID: 'acc-1', username: 'ada' }] };
    const server = await open.scripted(() => ({ body: list }));
    const found = await open.client(server.url).findAccounts({ attribute: 'userName', value: 'ada' }, never);
    expect(found).toMatchObject([{ id: 'acc-1', userName: 'ada' }]);
  });

  test('a provider that ignores filters is found out', async () => {
    const sandbox = await open.sandbox({ faults: [{ fault: 'silentAll' }] });
    for (let n = 0; n < 30; n += 1) sandbox.change('POST', '/Users', { schemas: [USER], userName: `u${n}` });
    const found = await failure(open.client(sandbox.url).findAccounts({ attribute: 'userName', value: 'ada' }, never));
    expect(found).toMatchObject({ name: 'RejectedError', message: expect.stringContaining('ignores the filter') });
  });

  test('several groups of one name are all returned', async () => {
    const sandbox = await open.sandbox();
    const body = { schemas: ['urn:ietf:params:scim:schemas:core:2.0:Group'], displayName: 'IT' };
    sandbox.change('POST', '/Groups', body);
    sandbox.change('POST', '/Groups', body);
    const found = await open.client(sandbox.url).findGroups({ attribute: 'displayName', value: 'it' }, never);
    expect(found).toHaveLength(2);
  });

  test('a count is asked for, as some servers answer no rows without', async () => {
    const server = await open.scripted(() => ({ body: { totalResults: 0 } }));
    const profile = aProfile({ paging: { listParameters: { all: 'true' } } });
    await open.client(server.url, { profile }).findAccounts({ attribute: 'userName', value: 'ada' }, never);
    expect(server.requests[0]?.url).toBe(
      '/scim/v2/Users?all=true&startIndex=1&count=20&filter=userName%20eq%20%22ada%22',
    );
  });
});
