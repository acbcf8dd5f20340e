import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { isUnreachable } from '../../../src/core/operation-failure.ts';
import { failure, never, resources, toRemove, type ScriptedAnswer, type SeenRequest } from './builders.ts';

const open = resources();
afterEach(() => open.close());

const USER = { body: { id: 'acc-1', userName: 'ada' } };
const SECRET = 'cl13nt/s3cr+t&=%';

function bearerOf(request: SeenRequest): string {
  return request.headers.authorization ?? '';
}

/** The client secret of a request to the token endpoint, where it stands in Basic (RFC 6749 section 2.3.1). */
function secretIn(request: SeenRequest): string {
  const basic = Buffer.from(bearerOf(request).replace('Basic ', ''), 'base64').toString();
  return new URLSearchParams(`v=${basic.split(':')[1] ?? ''}`).get('v') ?? '';
}

/** A token endpoint that gives t1, t2, …, and a provider that takes only what `valid` accepts. */
async function oauth(
  valid: (bearer: string) => boolean,
  token: (request: SeenRequest, number: number) => ScriptedAnswer,
  spare?: string,
) {
  let now = 1_000_000;
  let secret = SECRET;
  const asked: string[] = [];
  const issuer = await open.scripted(token);
  const server = await open.scripted((request) => (valid(bearerOf(request)) ? USER : { status: 401 }));
  const provider = open.client(server.url, {
    now: () => now,
    credential: {
      kind: 'oauth_client_credentials',
      tokenUrl: issuer.url,
      clientId: 'client:1',
      clientSecret: async () => secret,
      scope: 'scim',
      // As the keyring does: what was switched to is what the connection works with from then on.
      async spare(refused) {
        asked.push(refused);
        secret = spare ?? secret;
        return spare;
      },
    },
  });
  const pass = (ms: number) => void (now += ms);
  return { issuer, server, provider, asked, pass, use: (other: string) => void (secret = other) };
}

const numbered = (_request: SeenRequest, number: number): ScriptedAnswer => ({
  body: { access_token: `t${number}`, token_type: 'Bearer', expires_in: 3600 },
});

describe('a bearer token', () => {
  test('is read again after a second, so a new file is noticed', async () => {
    let token = 'first';
    let now = 1_000_000;
    const server = await open.scripted(() => USER);
    const provider = open.client(server.url, {
      now: () => now,
      credential: { kind: 'bearer', token: async () => token },
    });
    await provider.readAccount('acc-1', never);
    token = 'second\n';
    now += 1000;
    await provider.readAccount('acc-1', never);
    expect(server.requests.map(bearerOf)).toEqual(['Bearer first', 'Bearer second']);
  });

  test('is read once for many requests at a time', async () => {
    let reads = 0;
    const server = await open.scripted(() => USER);
    const token = async () => `token-${(reads += 1)}`;
    const provider = open.client(server.url, { now: () => 1_000_000, credential: { kind: 'bearer', token } });
    await Promise.all([1, 2, 3].map(() => provider.readAccount('acc-1', never)));
    expect([reads, ...server.requests.map(bearerOf)]).toEqual([1, ...Array(3).fill('Bearer token-1')]);
  });

  test('is read at once when the one known is refused, and the request succeeds with the new one', async () => {
    let token = 'old';
    const server = await open.scripted((request) => (bearerOf(request) === `Bearer ${token}` ? USER : { status: 401 }));
    const provider = open.client(server.url, {
      now: () => 1_000_000,
      credential: { kind: 'bearer', token: async () => token },
    });
    await provider.readAccount('acc-1', never);
    token = 'new';
    await provider.readAccount('acc-1', never);
    expect(server.requests.map(bearerOf)).toEqual(['Bearer old', 'Bearer old', 'Bearer new']);
  });

  test('that could not be read is asked for again by the next request', async () => {
    let token = '';
    const server = await open.scripted(() => USER);
    const provider = open.client(server.url, {
      now: () => 1_000_000,
      credential: { kind: 'bearer', token: async () => token },
    });
    expect(await failure(provider.readAccount('acc-1', never))).toMatchObject({ name: 'UnauthorizedError' });
    token = 'mended';
    await provider.readAccount('acc-1', never);
    expect(server.requests.map(bearerOf)).toEqual(['Bearer mended']);
  });

  test('is not tried again when refused', async () => {
    const server = await open.scripted(() => ({ status: 401 }));
    expect(await failure(open.client(server.url).readAccount('acc-1', never))).toMatchObject({
      name: 'UnauthorizedError',
    });
    expect(server.requests).toHaveLength(1);
  });

  test.each(['', ' \n', 'two words', 'line\nbreak', 'schlüssel'])('%j is no token and is never sent', async (token) => {
    const server = await open.scripted(() => USER);
    const provider = open.client(server.url, { credential: { kind: 'bearer', token: async () => token } });
    expect(await failure(provider.readAccount('acc-1', never))).toMatchObject({ name: 'UnauthorizedError' });
    expect(server.requests).toEqual([]);
  });
});

describe('OAuth client credentials', () => {
  test('one token serves many requests', async () => {
    const { issuer, server, provider } = await oauth((bearer) => bearer === 'Bearer t1', numbered);
    await Promise.all([1, 2, 3].map(() => provider.readAccount('acc-1', never)));
    await provider.readAccount('acc-1', never);
    expect(server.requests).toHaveLength(4);
    expect(issuer.requests).toHaveLength(1);
    const form = new URLSearchParams(issuer.requests[0]?.body);
    expect([...form.keys()].sort()).toEqual(['grant_type', 'scope']);
    const basic = Buffer.from(bearerOf(issuer.requests[0]!).replace('Basic ', ''), 'base64').toString();
    expect(basic.split(':').map((part) => new URLSearchParams(`v=${part}`).get('v'))).toEqual(['client:1', SECRET]);
  });

  test('a token is renewed before it expires', async () => {
    const { issuer, server, provider, pass } = await oauth(() => true, numbered);
    await provider.readAccount('acc-1', never);
    pass(3600_000 - 61_000);
    await provider.readAccount('acc-1', never);
    expect(issuer.requests).toHaveLength(1);
    pass(2000);
    await provider.readAccount('acc-1', never);
    expect(server.requests.map(bearerOf)).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2']);
  });

  test('a refused token is replaced once, by one request for all who met the refusal', async () => {
    const { issuer, provider } = await oauth((bearer) => bearer === 'Bearer t2', numbered);
    const accounts = await Promise.all([1, 2, 3].map(() => provider.readAccount('acc-1', never)));
    expect(accounts.map((account) => account?.id)).toEqual(['acc-1', 'acc-1', 'acc-1']);
    expect(issuer.requests).toHaveLength(2);
  });

  test('a new token that is refused too ends the attempt', async () => {
    const { issuer, server, provider } = await oauth(() => false, numbered);
    expect(await failure(provider.readAccount('acc-1', never))).toMatchObject({ name: 'UnauthorizedError' });
    expect([issuer.requests.length, server.requests.length]).toEqual([2, 2]);
  });

  test('a server that does not read Basic gets client and secret in the body', async () => {
    const { issuer, provider } = await oauth(
      () => true,
      ({ body }) => {
        const form = new URLSearchParams(body);
        return form.get('client_id') === 'client:1' && form.get('client_secret') === SECRET
          ? { body: { access_token: 't', expires_in: '60' } }
          : { status: 401, body: { error: 'invalid_client' } };
      },
    );
    expect(await provider.readAccount('acc-1', never)).toMatchObject({ id: 'acc-1' });
    expect(issuer.requests.map(({ headers }) => headers.authorization?.slice(0, 5))).toEqual(['Basic', undefined]);
  });

  test.each<[string, ScriptedAnswer, string]>([
    ['a refused client stops the connection', { status: 400, body: { error: 'invalid_client' } }, 'UnauthorizedError'],
    ['an answer without a token stops the connection', { status: 200, body: {} }, 'UnauthorizedError'],
    [
      'a redirect is not followed with the secret',
      { status: 307, headers: { location: 'http://127.0.0.1:1/' } },
      'UnauthorizedError',
    ],
    ['a failing token endpoint is passing', { status: 500 }, 'TransientError'],
    ['a broken connection is passing', { destroy: true }, 'TransientError'],
    ['a throttled token endpoint is waited for', { status: 429, headers: { 'retry-after': '9' } }, 'ThrottledError'],
  ])('%s', async (_name, answer, name) => {
    const { server, provider } = await oauth(
      () => true,
      () => answer,
    );
    const found = await failure(provider.readAccount('acc-1', never));
    expect(found).toMatchObject({ name });
    expect(found.message).not.toContain(SECRET);
    expect(server.requests).toEqual([]);
  });

  test.each<[string, ScriptedAnswer]>([
    ['breaks the connection', { destroy: true }],
    ['fails', { status: 503 }],
  ])('a token endpoint that %s is a provider that is down, and no trouble of what is sent', async (_how, answer) => {
    const { provider } = await oauth(
      () => true,
      () => answer,
    );
    const found = await failure(provider.apply(toRemove('disable', 'acc-1'), () => undefined, never));
    expect(found.name).toBe('TransientError');
    expect(isUnreachable(found)).toBe(true);
  });

  test('a token endpoint that drips for longer than an answer may take is a provider that is down, not a wait without end', async () => {
    const issuer = createServer((_request, response) => {
      const drip = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(drip));
    }).listen(0, '127.0.0.1');
    await once(issuer, 'listening');
    const address = issuer.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const provider = open.client('http://127.0.0.1:9', {
      timeoutMs: 60,
      credential: {
        kind: 'oauth_client_credentials',
        tokenUrl: `http://127.0.0.1:${port}/token`,
        clientId: 'client:1',
        clientSecret: async () => SECRET,
      },
    });
    const found = await failure(provider.ping(never));
    issuer.close();
    expect(found.message).toContain('the token endpoint could not be reached');
    expect(isUnreachable(found)).toBe(true);
  });

  test('a secret that was replaced is used from the next second on, and what it got is used no more', async () => {
    const { server, provider, pass, use } = await oauth(() => true, numbered);
    await provider.readAccount('acc-1', never);
    use('another');
    await provider.readAccount('acc-1', never);
    pass(1000);
    await provider.readAccount('acc-1', never);
    expect(server.requests.map(bearerOf)).toEqual(['Bearer t1', 'Bearer t1', 'Bearer t2']);
  });

  test.each<[string, ScriptedAnswer]>([
    ['401', { status: 401 }],
    ['400 invalid_client', { status: 400, body: { error: 'invalid_client' } }],
  ])('T6: after a refusal with %s the secret switched to is used', async (_name, refused) => {
    const { server, provider, asked } = await oauth(
      () => true,
      (request, number) => (secretIn(request) === 'spare' ? numbered(request, number) : refused),
      'spare',
    );
    await Promise.all([1, 2, 3].map(() => provider.readAccount('acc-1', never)));
    expect(asked).toEqual([SECRET]);
    expect(new Set(server.requests.map(bearerOf)).size).toBe(1);
  });

  test('T6: a client that dies with the tokens it got is replaced in the middle of a request', async () => {
    let dead = false;
    const { provider, asked } = await oauth(
      (bearer) => !dead || bearer === 'Bearer t-spare',
      (request, number) => {
        if (!dead) return numbered(request, number);
        const spare = { access_token: 't-spare', expires_in: 3600 };
        return secretIn(request) === 'spare' ? { body: spare } : { status: 401 };
      },
      'spare',
    );
    await provider.readAccount('acc-1', never);
    dead = true;
    expect(await provider.readAccount('acc-1', never)).toMatchObject({ id: 'acc-1' });
    expect(asked).toEqual([SECRET]);
  });

  test.each<[string, ScriptedAnswer]>([
    ['a scope that is not known', { status: 400, body: { error: 'invalid_scope' } }],
    ['a grant that is not known', { status: 400, body: { error: 'unsupported_grant_type' } }],
    ['400 from something before it', { status: 400, body: { message: 'Bad Request' } }],
    ['400 for a passing trouble', { status: 400, body: { error: 'temporarily_unavailable' } }],
    ['400 for too many requests', { status: 400, body: { error: 'slow_down' } }],
    ['400 for a right that is lacking', { status: 400, body: { error: 'unauthorized_client' } }],
    ['an address that is nothing', { status: 404 }],
    ['an endpoint that is down', { status: 503 }],
  ])('%s is no reason to switch, and proves no secret dead', async (_name, answer) => {
    const { provider, asked } = await oauth(
      () => true,
      () => answer,
      'spare',
    );
    await failure(provider.readAccount('acc-1', never));
    expect(asked).toEqual([]);
    await expect(provider.probe('old', never)).rejects.toThrow(/the token endpoint answered/);
    await expect(provider.credentialWorks(never)).rejects.toThrow(/the token endpoint answered/);
  });

  test('a refused secret is told of as refused, also where the other way of sending it is not known', async () => {
    const { provider } = await oauth(
      () => true,
      ({ headers }) =>
        headers.authorization === undefined
          ? { status: 400, body: { error: 'invalid_request' } }
          : { status: 401, body: { error: 'invalid_client' } },
    );
    expect(await provider.probe('old', never)).toBe('refused');
  });

  test('the emulated provider with its own token endpoint', async () => {
    const sandbox = await open.sandbox({ oauthClients: [{ id: 'headgate', secret: SECRET }] });
    const provider = open.client(sandbox.url, {
      credential: {
        kind: 'oauth_client_credentials',
        tokenUrl: sandbox.tokenUrl,
        clientId: 'headgate',
        clientSecret: async () => SECRET,
      },
    });
    expect(await provider.listAccounts(never)).toMatchObject({ resources: [], trusted: true });
  });
});
