import { afterEach, describe, expect, test } from 'vitest';
import { failureOf } from '../../../src/core/operation-failure.ts';
import { generic } from '../../../src/adapters/scim/profiles/generic.ts';
import {
  aProfile,
  failure,
  never,
  resources,
  type ScriptedAnswer,
  toChange,
  toCreate,
  toCreateGroup,
  toMembers,
  toRemove,
} from './builders.ts';

const open = resources();
afterEach(() => open.close());

const NAME = [{ path: 'displayName', before: 'a', after: 'b' }] as const;
const HTML = '<html><body>Bad Gateway: Ada Lovelace</body></html>';

function scimError(status: string | number, scimType?: string) {
  return {
    schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'],
    status,
    scimType,
    detail: 'ada@contoso.com is taken',
  };
}

describe('an answer to a read', () => {
  test.each<[string, ScriptedAnswer, string, object]>([
    ['401 stops the connection', { status: 401, body: scimError('401') }, 'UnauthorizedError', { status: 401 }],
    ['401 without a body stops the connection', { status: 401 }, 'UnauthorizedError', { status: 401 }],
    ['403 stops the connection', { status: 403, body: scimError('403') }, 'UnauthorizedError', { status: 403 }],
    ['429 throttles', { status: 429, body: 'slow down' }, 'ThrottledError', { status: 429 }],
    ['503 with a time throttles', { status: 503, headers: { 'retry-after': '3' } }, 'ThrottledError', { status: 503 }],
    [
      '503 without a time is passing, and says what to do',
      { status: 503 },
      'TransientError',
      { status: 503, remedy: expect.stringContaining('see whether it is down') },
    ],
    ['500 with a web page is passing', { status: 500, body: HTML }, 'TransientError', { status: 500 }],
    ['501 is refused', { status: 501 }, 'RejectedError', { status: 501 }],
    [
      '400 is refused',
      { status: 400, body: scimError(400, 'invalidValue') },
      'RejectedError',
      { status: 400, scimType: 'invalidValue' },
    ],
    [
      'scimType in odd letters is understood',
      { status: 400, body: scimError('400', 'NO_TARGET') },
      'RejectedError',
      { scimType: 'noTarget' },
    ],
    [
      'an unknown scimType is not passed on',
      { status: 400, body: scimError('400', 'ada@contoso.com') },
      'RejectedError',
      { status: 400 },
    ],
    ['a web page with 200 is refused', { status: 200, body: HTML }, 'RejectedError', { status: 200 }],
    ['a cut body is passing', { status: 200, body: '{"id":"1","userNa' }, 'TransientError', { status: 200 }],
    ['an empty body is passing', { status: 200 }, 'TransientError', { status: 200 }],
    ['a SCIM error with 200 is passing', { status: 200, body: scimError('400') }, 'TransientError', { status: 200 }],
    ['a broken connection is passing', { destroy: true }, 'TransientError', {}],
  ])('%s', async (_name, answer, error, facts) => {
    const server = await open.scripted(() => answer);
    const found = await failure(open.client(server.url).readAccount('acc-1', never));
    expect(found).toMatchObject({ name: error, facts });
    expect(found.facts.scimType ?? '').not.toContain('ada');
    expect(found.message).not.toMatch(/ada|Ada|acc-1/);
    expect(found.message).toContain('acme: GET /Users/{id}');
  });

  test('a refusal leaves it to the reader what to do about it', async () => {
    const server = await open.scripted(() => ({ status: 400, body: scimError(400, 'invalidValue') }));
    const found = await failure(open.client(server.url).readAccount('acc-1', never));
    expect(found.facts).not.toHaveProperty('remedy');
  });

  test('404 with a living collection means that there is no such account', async () => {
    const server = await open.scripted(({ url }) =>
      url.includes('/Users/') ? { status: 404, body: scimError('404') } : { body: { totalResults: 0 } },
    );
    expect(await open.client(server.url).readAccount('acc-1', never)).toBeUndefined();
  });

  test('404 for everything means that the URL is wrong, not that the account is gone', async () => {
    const server = await open.scripted(() => ({ status: 404, body: HTML }));
    const found = await failure(open.client(server.url).readAccount('acc-1', never));
    expect(found).toMatchObject({ name: 'RejectedError', facts: { remedy: expect.stringContaining('Check the URL') } });
  });
});

describe('an answer to a write', () => {
  test.each<[string, ScriptedAnswer, string]>([
    ['409 is a conflict', { status: 409, body: scimError('409') }, 'ConflictError'],
    ['400 uniqueness is a conflict', { status: 400, body: scimError('400', 'uniqueness') }, 'ConflictError'],
    ['400 is refused', { status: 400, body: scimError('400', 'mutability') }, 'RejectedError'],
    ['405 is refused', { status: 405 }, 'RejectedError'],
    ['413 is refused', { status: 413 }, 'RejectedError'],
    ['422 is refused', { status: 422 }, 'RejectedError'],
    ['501 is refused', { status: 501 }, 'RejectedError'],
    ['500 leaves a doubt', { status: 500 }, 'InDoubtError'],
    ['502 with a web page leaves a doubt', { status: 502, body: HTML }, 'InDoubtError'],
    ['503 without a time leaves a doubt', { status: 503 }, 'InDoubtError'],
    ['503 with a time throttles', { status: 503, headers: { 'retry-after': '0' } }, 'ThrottledError'],
    ['202 leaves a doubt', { status: 202 }, 'InDoubtError'],
    ['200 with a web page leaves a doubt', { status: 200, body: HTML }, 'InDoubtError'],
    ['200 with a SCIM error leaves a doubt', { status: 200, body: scimError('400') }, 'InDoubtError'],
    ['a broken connection leaves a doubt', { destroy: true }, 'InDoubtError'],
    ['401 stops the connection', { status: 401 }, 'UnauthorizedError'],
    ['403 stops the connection', { status: 403 }, 'UnauthorizedError'],
    ['307 to itself ends', { status: 307, headers: { location: '/scim/v2/Users/acc-1' } }, 'RejectedError'],
  ])('%s', async (_name, answer, error) => {
    const server = await open.scripted(() => answer);
    const found = await failure(open.client(server.url).apply(toChange('acc-1', NAME), () => undefined, never));
    expect(found).toMatchObject({ name: error });
    expect(found.message).not.toMatch(/ada|Ada|acc-1/);
    expect(failureOf(found).remedy).toMatch(/^[A-Z].{30,}\.$/);
  });

  test('a connection that was refused leaves no doubt: nothing was sent', async () => {
    const server = await open.scripted(() => ({}));
    await server.close();
    const found = await failure(open.client(server.url).apply(toChange('acc-1', NAME), () => undefined, never));
    expect(found).toMatchObject({ name: 'TransientError', message: expect.stringContaining('ECONNREFUSED') });
  });

  test('a host that does not exist leaves no doubt', async () => {
    const found = await failure(
      open.client('https://no-such-host.invalid/scim/v2').apply(toChange('acc-1', NAME), () => undefined, never),
    );
    expect(found).toMatchObject({ name: 'TransientError' });
  });

  test('no answer in time leaves a doubt', async () => {
    const server = await open.scripted(() => ({ hang: true }));
    // Long enough to connect in on a busy machine: that counts against the same limit.
    const provider = open.client(server.url, { timeoutMs: 1000 });
    expect(await failure(provider.apply(toChange('acc-1', NAME), () => undefined, never))).toMatchObject({
      name: 'InDoubtError',
    });
  });

  test('a stop while the request is out leaves a doubt', async () => {
    const stop = new AbortController();
    const server = await open.scripted(() => {
      stop.abort();
      return { hang: true };
    });
    const found = await failure(open.client(server.url).apply(toChange('acc-1', NAME), () => undefined, stop.signal));
    expect(found).toMatchObject({ name: 'InDoubtError' });
  });

  test('after a stop nothing is sent and nothing is in doubt', async () => {
    const server = await open.scripted(() => ({}));
    const found = await failure(
      open.client(server.url).apply(toChange('acc-1', NAME), () => undefined, AbortSignal.abort()),
    );
    expect(found).toMatchObject({ name: 'TransientError' });
    expect(server.requests).toEqual([]);
  });

  test('a created resource without an id leaves a doubt', async () => {
    const server = await open.scripted(() => ({ status: 201, body: { userName: 'ada' } }));
    const found = await failure(open.client(server.url).apply(toCreate({ userName: 'ada' }), () => undefined, never));
    expect(found).toMatchObject({ name: 'InDoubtError' });
  });

  test('the id of a created resource may come in Location alone', async () => {
    const server = await open.scripted(({ method, url }) =>
      method === 'GET'
        ? { body: { id: 'a@b', userName: 'ada' } }
        : { status: 201, headers: { location: `${url}/a%40b` } },
    );
    const created = await open.client(server.url).apply(toCreate({ userName: 'ada' }), () => undefined, never);
    expect(created).toMatchObject({ resourceId: 'a@b' });
  });
});

describe('ids', () => {
  test.each(['.', '..', '', '\ud800'])('an id %j never becomes part of a URL', async (id) => {
    const server = await open.scripted(() => ({ status: 204 }));
    const found = await failure(open.client(server.url).apply(toRemove('delete', id), () => undefined, never));
    expect(found).toMatchObject({ name: 'RejectedError' });
    expect(server.requests).toEqual([]);
  });

  test('an id with every awkward character stays one path segment', async () => {
    const id = 'a/b?c#d%2e@ü';
    const server = await open.scripted(({ method }) =>
      method === 'GET' ? { body: { id, active: false } } : { status: 204 },
    );
    await open.client(server.url).apply(toRemove('disable', id), () => undefined, never);
    expect(server.requests[0]?.url).toBe('/scim/v2/Users/a%2Fb%3Fc%23d%252e%40%C3%BC');
  });
});

describe('redirects', () => {
  test('the token does not follow a redirect to another origin', async () => {
    const elsewhere = await open.scripted(() => ({ body: { id: 'acc-1', userName: 'ada' } }));
    const server = await open.scripted(() => ({ status: 307, headers: { location: `${elsewhere.url}/Users/acc-1` } }));
    const found = await failure(open.client(server.url).readAccount('acc-1', never));
    expect(found).toMatchObject({ name: 'RejectedError', facts: { remedy: expect.stringContaining('Check the URL') } });
    expect(elsewhere.requests).toEqual([]);
    expect(server.requests).toHaveLength(1);
  });

  test('a redirect inside the origin is followed with method and body', async () => {
    const server = await open.scripted(({ url }) =>
      url.startsWith('/scim/v2')
        ? { status: 308, headers: { location: url.replace('/scim/v2', '/v3') } }
        : { status: 200, body: { id: 'acc-1' } },
    );
    const result = await open.client(server.url).apply(toChange('acc-1', NAME), () => undefined, never);
    expect(result).toMatchObject({ resourceId: 'acc-1', requests: 2 });
    expect(server.requests[1]).toMatchObject({
      method: 'PATCH',
      url: '/v3/Users/acc-1',
      body: server.requests[0]?.body,
    });
  });

  test.each([301, 302, 303])('a write is not repeated after %i, which would turn it into a read', async (status) => {
    const server = await open.scripted(() => ({ status, headers: { location: '/elsewhere' } }));
    const found = await failure(open.client(server.url).apply(toChange('acc-1', NAME), () => undefined, never));
    expect(found).toMatchObject({ name: 'RejectedError' });
    expect(server.requests).toHaveLength(1);
  });
});

describe('throttling', () => {
  const locking = aProfile({ rate: { resourceLock: true } });
  test.each([
    ['a locked resource waits alone', 'resource_locked', locking, 'resource'],
    ['any other 429 holds the connection', 'ratelimited', locking, 'connection'],
    ['elsewhere the word means nothing', 'resource_locked', generic, 'connection'],
  ])('%s', async (_name, word, profile, scope) => {
    const server = await open.scripted(() => ({
      status: 429,
      headers: { 'retry-after': '7' },
      body: `{"error":"${word}"}`,
    }));
    const found = await failure(
      open.client(server.url, { profile }).apply(toChange('acc-1', NAME), () => undefined, never),
    );
    expect(found).toMatchObject({ name: 'ThrottledError', scope, retryAfterMs: 7000 });
  });
});

describe('request ids', () => {
  test.each([
    ['x-request-id', 'abc-123', 'abc-123'],
    ['x-correlation-id', 'abc-123', 'abc-123'],
    ['request-id', 'a<script>b', 'ascriptb'],
    ['x-request-id', 'z'.repeat(500), 'z'.repeat(100)],
  ])('%s %s is kept as %s', async (header, value, kept) => {
    const server = await open.scripted(() => ({ status: 400, headers: { [header]: value } }));
    expect((await failure(open.client(server.url).readAccount('acc-1', never))).facts.requestId).toBe(kept);
  });

  test.each([
    ['the token itself', 'tok-123456', 'tok-123456'],
    ['the token with something around it', 'tok-123456', 'id/tok-123456/7'],
    ['a part of the token', 'tok-123456', 'tok-1234'],
    ['the token in pieces that cleaning would join', 'tok-123456', 'tok-(1234)56'],
    ['a token that cleaning would change', 'tok~12!34', 'tok~12!34'],
  ])('one that repeats %s is dropped', async (_name, token, value) => {
    const server = await open.scripted(() => ({ status: 400, headers: { 'x-request-id': value } }));
    const provider = open.client(server.url, { credential: { kind: 'bearer', token: async () => token } });
    const { facts } = await failure(provider.readAccount('acc-1', never));
    expect([facts.status, facts.requestId]).toEqual([400, undefined]);
  });

  test('the id of the last change is part of its result', async () => {
    const server = await open.scripted(() => ({
      status: 200,
      headers: { 'x-request-id': 'r-7' },
      body: { id: 'acc-1' },
    }));
    expect(await open.client(server.url).apply(toChange('acc-1', NAME), () => undefined, never)).toMatchObject({
      requestId: 'r-7',
    });
  });
});

describe('the read-only switch', () => {
  test.each([
    ['create', toCreate({ userName: 'ada' })],
    ['update', toChange('acc-1', NAME)],
    ['disable', toRemove('disable', 'acc-1')],
    ['delete', toRemove('delete', 'acc-1')],
    ['group create', toCreateGroup('IT')],
    ['members', toMembers(['user-1'], [])],
  ])('keeps a %s from the wire', async (_name, operation) => {
    const server = await open.scripted(() => ({ status: 204 }));
    const provider = open.client(server.url, { readOnly: true });
    expect(await failure(provider.apply(operation, (anchor) => anchor, never))).toMatchObject({
      name: 'ReadOnlyError',
    });
    expect(server.requests.filter(({ method }) => method !== 'GET')).toEqual([]);
  });
});

describe('the URL', () => {
  test.each([
    ['http://example.com/scim/v2', 'https'],
    ['https://ada:secret@example.com/scim/v2', 'user name or password'],
    ['scim/v2', 'not a URL'],
    ['ftp://127.0.0.1/', 'https'],
  ])('%s is refused', (url, word) => {
    expect(() => open.client(url)).toThrow(word);
  });

  test('a query in the URL is kept, as some providers ask for one', async () => {
    const server = await open.scripted(() => ({ body: { id: 'acc-1', userName: 'ada' } }));
    await open.client(`${server.url}/?aadOptscim062020`).readAccount('acc-1', never);
    expect(server.requests[0]?.url).toBe('/scim/v2/Users/acc-1?aadOptscim062020=');
  });
});
