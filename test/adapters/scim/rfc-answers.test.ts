import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { never, failure, resolveNone, resources, toChange, toCreate, type ScriptedAnswer } from './builders.ts';

const open = resources();
afterEach(() => open.close());

const body = z.record(z.string(), z.unknown());
const EXAMPLES = z
  .array(z.object({ rfc: z.string(), line: z.number(), json: z.unknown() }))
  .parse(JSON.parse(readFileSync(new URL('../../fixtures/rfc-examples.json', import.meta.url), 'utf8')));

/** The example of an RFC at a line of its text edition, or what stands in it below these names. */
function example(rfc: string, line: number, ...names: readonly string[]): Record<string, unknown> {
  const found = EXAMPLES.find((each) => each.rfc === rfc && each.line === line)?.json;
  return names.reduce((inside, name) => body.parse(inside[name]), body.parse(found));
}

const LIST = example('7644', 817);
const [BJENSEN, JSMITH] = z.array(body).parse(LIST['Resources']);
const ERROR = 'urn:ietf:params:scim:api:messages:2.0:Error';
const NICK = toChange('acc-1', [{ path: 'nickName', before: null, after: 'Babs' }]);

async function answering(answer: ScriptedAnswer, other: ScriptedAnswer = { body: { totalResults: 0 } }) {
  const server = await open.scripted(({ url }, number) => (number > 1 && !url.includes('/acc-1') ? other : answer));
  return { server, provider: open.client(server.url) };
}

describe('the answers the RFCs show are read', () => {
  test('a list of accounts: whole, and trusted although it states no startIndex', async () => {
    const { provider } = await answering({ body: LIST }, { body: LIST });
    const listing = await provider.listAccounts(never);
    expect(listing).toMatchObject({ trusted: true, doubts: [] });
    expect(listing.resources.map(({ id, userName }) => [id, userName])).toEqual([
      ['2819c223-7f76-453a-919d-413861904646', 'bjensen'],
      ['c75ad752-64ae-4823-840d-ffa80929976c', 'jsmith'],
    ]);
  });

  test('a list of groups that are members of each other', async () => {
    const groups = example('7644', 2739);
    const { provider } = await answering({ body: groups }, { body: groups });
    const listing = await provider.listGroups(never);
    expect(listing.trusted).toBe(true);
    const [a, b] = listing.resources;
    expect([a?.displayName, b?.displayName]).toEqual(['Group A', 'Group B']);
    expect([a?.members, b?.members]).toEqual([[b?.id], [a?.id]]);
  });

  test('an account by itself, and one that a create was answered with', async () => {
    const { provider } = await answering({ body: example('7644', 721) });
    expect(await provider.readAccount('2819c223-7f76-453a-919d-413861904646', never)).toMatchObject({
      userName: 'bjensen',
      externalId: 'bjensen',
    });
    const created = await answering({ status: 201, body: example('7644', 653) });
    const operation = toCreate({ userName: 'bjensen', externalId: 'bjensen' });
    expect(await created.provider.apply(operation, resolveNone, never)).toMatchObject({
      resourceId: '2819c223-7f76-453a-919d-413861904646',
    });
  });

  /** RFC 9865 section 2.1 has its pages cut short, so that they are no JSON: the pages of RFC 7644 with its members. */
  test('a list in pages with cursors, to the page without one', async () => {
    const { schemas } = LIST;
    const server = await open.scripted(({ url }) => {
      const cursor = new URL(url, 'http://x').searchParams.get('cursor');
      return cursor === null
        ? { body: { schemas, itemsPerPage: 1, nextCursor: 'VZUTiyhEQJ94IR~_-.', Resources: [BJENSEN] } }
        : { body: { schemas, itemsPerPage: 1, previousCursor: 'ze7L30kMiiLX6x', Resources: [JSMITH] } };
    });
    const listing = await open.client(server.url).listAccounts(never);
    expect(listing.resources.map(({ userName }) => userName)).toEqual(['bjensen', 'jsmith']);
    expect(server.requests.map(({ url }) => /cursor=(.*?)(&|$)/.exec(url)?.[1])).toEqual([
      undefined,
      'VZUTiyhEQJ94IR~_-.',
    ]);
  });
});

describe('the errors the RFCs show say what to do', () => {
  test.each([2532, 3721])('404 (RFC 7644 line %i): there is no such account', async (line) => {
    const { provider } = await answering({ status: 404, body: example('7644', line) });
    expect(await provider.readAccount('acc-1', never)).toBeUndefined();
  });

  test.each<[string, number, Record<string, unknown>, object]>([
    [
      '413',
      413,
      example('7644', 3335),
      { detail: 'The size of the bulk operation exceeds the maxPayloadSize (1048576).' },
    ],
    [
      '400 in an event',
      400,
      example('9967', 853, 'events', 'urn:ietf:params:scim:event:misc:asyncresp', 'response'),
      {
        scimType: 'invalidSyntax',
        detail: 'Request is unparsable',
      },
    ],
  ])('%s: the request is refused, in the words of the provider', async (_name, status, json, facts) => {
    const { provider } = await answering({ status, body: json });
    const found = await failure(provider.apply(NICK, resolveNone, never));
    expect(found).toMatchObject({ name: 'RejectedError', facts: { status, ...facts } });
  });

  test.each([3263, 3275])(
    '412 in a bulk answer (RFC 7644 line %i): the version is read, then it is refused',
    async (line) => {
      const refusal = { status: 412, body: example('7644', line, 'response') };
      const current = { headers: { etag: 'W/"1"' }, body: { id: 'acc-1' } };
      const server = await open.scripted(({ method }) => (method === 'PATCH' ? refusal : current));
      const found = await failure(open.client(server.url).apply(NICK, resolveNone, never));
      expect(found.facts).toMatchObject({ status: 412, detail: 'Failed to update. Resource changed on the server.' });
      expect(server.requests.filter(({ headers }) => headers['if-match'] === 'W/"1"')).toHaveLength(2);
    },
  );

  test('403 sensitive, with a status in the body that is another: the filter is sent as a search', async () => {
    const restricted = example('7644', 4216);
    expect(restricted['status']).toBe('404');
    const { server, provider } = await answering({ status: 403, body: restricted }, { body: LIST });
    const found = await provider.findAccounts({ attribute: 'userName', value: 'bjensen' }, never);
    expect(found).toMatchObject([{ userName: 'bjensen' }]);
    expect(server.requests.map(({ method }) => method)).toEqual(['GET', 'POST']);
  });

  test.each(['invalidCursor', 'expiredCursor', 'invalidCount'])(
    '400 %s (RFC 9865): no list at all',
    async (scimType) => {
      const refused = { status: 400, body: { schemas: [ERROR], scimType, status: '400' } };
      const { provider } = await answering(refused, refused);
      expect(await failure(provider.listAccounts(never))).toMatchObject({ name: 'RejectedError', facts: { scimType } });
    },
  );
});
