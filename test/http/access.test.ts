import { isIP } from 'node:net';
import { assert, asyncProperty, domain, oneof, pre, string, webAuthority } from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import type { ApiToken } from '../../src/http/options.ts';
import { createHttpApp } from '../../src/http/server.ts';
import { aLog, anOperator, httpOptions, listen, TOKEN, type AskOptions, type RunningServer } from './builders.ts';

let server: RunningServer | undefined;

afterEach(async () => {
  await server?.app.close();
  server = undefined;
});

async function serve(apiToken: ApiToken | undefined = { read: async () => TOKEN }): Promise<RunningServer> {
  server = await listen({ apiToken });
  return server;
}

function basic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
}

describe('the API token', () => {
  test.each<[string, string | undefined, number]>([
    ['a bearer token is let in', `Bearer ${TOKEN}`, 200],
    ['the scheme is written in any case', `bearer ${TOKEN}`, 200],
    ['the token as password of any user is let in', basic('anyone', TOKEN), 200],
    ['the token as password without a user is let in', basic('', TOKEN), 200],
    ['no token is refused', undefined, 401],
    ['an empty header is refused', '', 401],
    ['another token is refused', 'Bearer another', 401],
    ['the beginning of the token is refused', `Bearer ${TOKEN.slice(0, -1)}`, 401],
    ['the token and more is refused', `Bearer ${TOKEN}x`, 401],
    ['the token in other case is refused', `Bearer ${TOKEN.toUpperCase()}`, 401],
    ['the token as user name is refused', basic(TOKEN, ''), 401],
    ['a password that is not base64 is refused', 'Basic ???', 401],
    ['a password without a colon is refused', `Basic ${Buffer.from(TOKEN).toString('base64')}`, 401],
    ['another scheme is refused', `Token ${TOKEN}`, 401],
    ['the bare token is refused', TOKEN, 401],
  ])('%s', async (_rule, authorization, status) => {
    const { ask } = await serve();
    expect((await ask('GET', '/api/v1/status', { headers: { authorization } })).status).toBe(status);
  });

  test.each([
    ['GET', '/api/v1/status', 401],
    ['POST', '/api/v1/connections/acme/cycles', 401],
    ['POST', '/api/v1/connections/acme/plan', 401],
    ['POST', '/api/v1/connections/acme/resume', 401],
    ['GET', '/api/v1/cycles/cycle-1', 401],
    ['GET', '/api/v1/doctor', 401],
    ['GET', '/status', 401],
    ['GET', '/', 200],
    ['GET', '/style.css', 200],
    ['GET', '/metrics', 200],
    ['GET', '/livez', 200],
    ['GET', '/readyz', 200],
    ['GET', '/healthz', 200],
  ] as const)('%s %s without a token is answered %i', async (method, path, status) => {
    const { ask } = await serve();
    const options: AskOptions = { headers: { authorization: undefined }, ...(method === 'POST' ? { body: {} } : {}) };
    expect((await ask(method, path, options)).status).toBe(status);
  });

  test.each([
    '//api/v1/status',
    '/api//v1/status',
    '/API/v1/status',
    '/api/v1/status/',
    '/api%2Fv1/status',
    '/api/v1/%73tatus',
    '/./api/v1/status',
    '/x/../api/v1/status',
    '/livez/../api/v1/status',
    '/api/v1/status?x=/livez',
    '/api/v1/status;livez',
    '//status',
    '/%73tatus',
    '/status/',
  ])('%s is no way around it', async (path) => {
    const { ask } = await serve();
    const answer = await ask('GET', path, { headers: { authorization: undefined } });
    expect([401, 404]).toContain(answer.status);
    expect(answer.text).not.toMatch(/acme|startedAt/);
  });

  test('a browser is asked for a password, a program is not', async () => {
    const { ask } = await serve();
    const without = { headers: { authorization: undefined } };
    expect((await ask('GET', '/status', without)).headers['www-authenticate']).toMatch(/^Basic /);
    expect((await ask('GET', '/api/v1/status', without)).headers['www-authenticate']).toMatch(/^Bearer /);
  });

  test('a token that was rotated is accepted at once, and the old one no more', async () => {
    let current = 'old';
    const { ask } = await serve({ read: async () => current });
    const withToken = (token: string) =>
      ask('GET', '/api/v1/status', { headers: { authorization: `Bearer ${token}` } });
    expect((await withToken('old')).status).toBe(200);
    current = 'new';
    expect((await withToken('old')).status).toBe(401);
    expect((await withToken('new')).status).toBe(200);
  });

  test('an empty token file lets nobody in', async () => {
    const { ask } = await serve({ read: async () => '' });
    expect((await ask('GET', '/api/v1/status', { headers: { authorization: basic('x', '') } })).status).toBe(401);
  });

  test('a token that cannot be read lets nobody in, and only the log says why', async () => {
    const log = aLog();
    server = await listen({ log, apiToken: { read: () => Promise.reject(new Error('/secret/place: EACCES')) } });
    const answer = await server.ask('GET', '/api/v1/status');
    expect(answer.status).toBe(503);
    expect(answer.json).toMatchObject({ code: 'token-unreadable' });
    expect(answer.text).not.toContain('/secret/place');
    expect(log.lines.map((line) => line.message)).toEqual(['the API token cannot be read']);
  });

  test('neither the token given nor the query is in the log of a refusal', async () => {
    const log = aLog();
    server = await listen({ log });
    const path = '/api/v1/connections/acme/explain?user=ada%40contoso.com';
    await server.ask('GET', path, { headers: { authorization: 'Bearer wrong-token' } });
    expect(log.lines).toHaveLength(1);
    expect(JSON.stringify(log.lines)).not.toMatch(/wrong-token|ada/);
    expect(log.lines[0]?.fields).toMatchObject({ method: 'GET', route: '/api/v1/connections/:name/explain' });
  });
});

describe('without a configured token', () => {
  test.each([
    ['127.0.0.1', 200],
    ['127.8.9.10', 200],
    ['::1', 200],
    ['::ffff:127.0.0.1', 200],
    ['192.0.2.7', 403],
    ['::ffff:192.0.2.7', 403],
    ['2001:db8::127', 403],
  ])('a request from %s is answered %i', async (remoteAddress, status) => {
    const app = createHttpApp(httpOptions({ apiToken: undefined }));
    const answer = await app.inject({ method: 'GET', url: '/api/v1/status', remoteAddress });
    expect(answer.statusCode).toBe(status);
    await app.close();
  });
});

describe('the Host header (DNS rebinding)', () => {
  test.each([
    ['localhost', 200],
    ['localhost:4040', 200],
    ['LOCALHOST:4040', 200],
    ['tool.localhost', 200],
    ['127.0.0.1:4040', 200],
    ['[::1]:4040', 200],
    ['192.0.2.7:4040', 200],
    ['headgate.example', 200],
    ['HEADGATE.example.:4040', 200],
    ['evil.example', 421],
    ['evil.example:4040', 421],
    ['localhost.evil.example', 421],
    ['evil-localhost', 421],
    ['headgate.example.evil.example', 421],
    ['127.0.0.1.evil.example', 421],
    ['headgate.example@evil.example', 421],
    ['headgate.example:4040:1', 421],
    ['headgate.example/x', 421],
    ['', 421],
  ])('"%s" is answered %i by the API and by the pages', async (host, status) => {
    const { ask } = await serve();
    for (const path of ['/api/v1/status', '/status', '/']) {
      expect((await ask('GET', path, { headers: { host } })).status).toBe(status);
    }
  });

  test('no other name is ever answered, whatever it looks like', async () => {
    const app = createHttpApp(httpOptions());
    const own = /^(.*\.)?localhost\.?$|^headgate\.example\.?$/i;
    await assert(
      asyncProperty(oneof(domain(), webAuthority(), string()), async (name) => {
        pre(
          name !== '' &&
            !own.test(name) &&
            !/[^\x20-\x7e]/.test(name) &&
            isIP(name.replace(/^\[|\]?(:\d+)?$/g, '')) === 0,
        );
        const answer = await app.inject({ method: 'GET', url: '/', headers: { host: name } });
        expect(answer.statusCode).toBe(421);
      }),
    );
    await app.close();
  });

  test('monitoring is answered under any name, as scrapers and probes use the name of the container', async () => {
    const { ask } = await serve();
    for (const path of ['/metrics', '/livez', '/readyz']) {
      expect((await ask('GET', path, { headers: { host: 'headgate-7f9c:4040' } })).status).toBe(200);
    }
  });
});

describe('changes (cross-site request forgery)', () => {
  test.each<[string, Readonly<Record<string, string | undefined>>, number]>([
    ['JSON is accepted', {}, 200],
    ['JSON with a charset is accepted', { 'content-type': 'application/json; charset=utf-8' }, 200],
    ['JSON from one of our own pages is accepted', { 'sec-fetch-site': 'same-origin' }, 200],
    ['JSON from the address bar is accepted', { 'sec-fetch-site': 'none' }, 200],
    ['a page of another site is refused', { 'sec-fetch-site': 'cross-site' }, 403],
    ['a page of a sibling site is refused', { 'sec-fetch-site': 'same-site' }, 403],
    ['a form is refused', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['a form with files is refused', { 'content-type': 'multipart/form-data; boundary=x' }, 415],
    ['plain text is refused', { 'content-type': 'text/plain' }, 415],
    ['plain text that mentions JSON is refused', { 'content-type': 'text/plain; application/json' }, 415],
    ['no content type is refused', { 'content-type': undefined }, 415],
  ])('%s', async (_rule, headers, status) => {
    const calls: unknown[] = [];
    server = await listen({ operator: anOperator({ resumeConnection: async () => calls.push('resumed') > 0 }) });
    const answer = await server.ask('POST', '/api/v1/connections/acme/resume', { headers, body: '{}' });
    expect(answer.status).toBe(status);
    expect(calls).toHaveLength(status === 200 ? 1 : 0);
  });

  test('reading from another site is no change, and its answer is closed to that site by the browser', async () => {
    const { ask } = await serve();
    const answer = await ask('GET', '/api/v1/status', { headers: { 'sec-fetch-site': 'cross-site' } });
    expect(answer.status).toBe(200);
    expect(answer.headers['access-control-allow-origin']).toBeUndefined();
    expect(answer.headers['cross-origin-resource-policy']).toBe('same-origin');
  });
});

describe('security headers', () => {
  test.each(['/', '/status', '/api/v1/status', '/livez', '/metrics', '/nothing-here'])(
    '%s carries them',
    async (path) => {
      const { ask } = await serve();
      const { headers } = await ask('GET', path);
      expect(headers['content-security-policy']).toContain("default-src 'none'");
      expect(headers['content-security-policy']).not.toMatch(/unsafe-|upgrade-insecure-requests/);
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['x-frame-options']).toBe('SAMEORIGIN');
      expect(headers['referrer-policy']).toBe('no-referrer');
      expect(headers['strict-transport-security']).toBeUndefined();
      expect(headers['x-powered-by']).toBeUndefined();
    },
  );
});
