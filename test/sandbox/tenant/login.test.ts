import { createSign } from 'node:crypto';
import { ConfidentialClientApplication, type INetworkModule, type NetworkResponse } from '@azure/msal-node';
import { afterEach, describe, expect, it } from 'vitest';
import { readerApplication } from '../../../src/sandbox/tenant/login/applications.ts';
import type { Tenant } from '../../../src/sandbox/tenant/tenant.ts';
import { answerOf, clientOf, errorOf, GRAPH_SCOPE, secretForm, startClient, tokenRequest } from './client.ts';
import { selfSigned } from './self-signed.ts';

let tenant: Tenant | undefined;

afterEach(async () => {
  await tenant?.close();
  tenant = undefined;
});

const KEY = selfSigned('Headgate');
const OTHER_KEY = selfSigned('Somebody else');
const FEDERATED = { issuer: 'https://issuer.example', subject: 'system:serviceaccount:headgate', audience: 'api://x' };

async function start(overrides: Parameters<typeof readerApplication>[0] = {}, now?: () => number): Promise<Tenant> {
  const application = readerApplication(overrides);
  const clock = now === undefined ? {} : { now };
  tenant = (await startClient(undefined, { applications: [application], ...clock })).tenant;
  return tenant;
}

/** Sends what MSAL asks of https://<host> to the tenant on loopback, as MSAL takes no plain-HTTP authority. */
function loopback(target: Tenant): INetworkModule {
  async function exchange<T>(
    url: string,
    method: string,
    options?: { headers?: Record<string, string>; body?: string },
  ) {
    const { pathname, search } = new URL(url);
    const content = options?.body === undefined ? {} : { body: options.body };
    const response = await fetch(`${target.url}${pathname}${search}`, {
      method,
      headers: options?.headers ?? {},
      ...content,
    });
    const body: T = JSON.parse(await response.text());
    const answer: NetworkResponse<T> = {
      headers: Object.fromEntries(response.headers),
      body,
      status: response.status,
    };
    return answer;
  }
  return {
    sendGetRequestAsync: (url, options) => exchange(url, 'GET', options),
    sendPostRequestAsync: (url, options) => exchange(url, 'POST', options),
  };
}

const SCOPES = { scopes: [GRAPH_SCOPE] };

describe('msal-node gets a token', () => {
  it.each([
    ['by secret', 'login.microsoftonline.com', [], { clientSecret: 'sandbox-client-secret' }],
    [
      'by certificate',
      'login.microsoftonline.com',
      [],
      { clientCertificate: { thumbprintSha256: KEY.thumbprint, privateKey: KEY.privateKey } },
    ],
    [
      'by secret at an authority MSAL does not know, told to trust it',
      'login.sandbox.example',
      ['login.sandbox.example'],
      { clientSecret: 'sandbox-client-secret' },
    ],
    [
      'by certificate at an authority MSAL must discover',
      'login.sandbox.example',
      [],
      { clientCertificate: { thumbprintSha256: KEY.thumbprint, privateKey: KEY.privateKey } },
    ],
    [
      'by an assertion of its own',
      'login.sandbox.example',
      ['login.sandbox.example'],
      {
        clientAssertion: () =>
          Promise.resolve(
            assertion({ iss: FEDERATED.issuer, sub: FEDERATED.subject, aud: FEDERATED.audience }, OTHER_KEY.privateKey),
          ),
      },
    ],
  ])('%s', async (_name, host, knownAuthorities, credential) => {
    const target = await start({
      certificates: [KEY.certificate],
      federated: [{ ...FEDERATED, publicKey: OTHER_KEY.publicKey }],
    });
    const application = new ConfidentialClientApplication({
      auth: {
        clientId: readerApplication().clientId,
        authority: `https://${host}/${target.tenantId}`,
        knownAuthorities,
        ...credential,
      },
      system: { networkClient: loopback(target) },
    });
    const result = await application.acquireTokenByClientCredential(SCOPES);
    const authorization = `Bearer ${result?.accessToken ?? ''}`;
    const answer = await answerOf(await fetch(`${target.graphUrl}/users?$top=1`, { headers: { authorization } }));
    expect(answer.status).toBe(200);
  });

  it('and sees the AADSTS code of a wrong secret', async () => {
    const target = await start();
    const application = new ConfidentialClientApplication({
      auth: {
        clientId: readerApplication().clientId,
        authority: `https://login.microsoftonline.com/${target.tenantId}`,
        clientSecret: 'wrong',
      },
      system: { networkClient: loopback(target) },
    });
    await expect(application.acquireTokenByClientCredential(SCOPES)).rejects.toThrow(/AADSTS7000215/);
  });
});

/** A signed JWT; claims not given are sound. */
function assertion(
  claims: Record<string, unknown>,
  privateKey = KEY.privateKey,
  header: Record<string, unknown> = {},
): string {
  const seconds = Math.floor(Date.now() / 1000);
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const body = { nbf: seconds, exp: seconds + 600, ...claims };
  const signed = `${encode({ alg: 'RS256', typ: 'JWT', ...header })}.${encode(body)}`;
  return `${signed}.${createSign('sha256').update(signed).sign(privateKey).toString('base64url')}`;
}

const NAMED = { 'x5t#S256': Buffer.from(KEY.thumbprint, 'hex').toString('base64url') };

function ownClaims(target: Tenant, claims: Record<string, unknown> = {}): Record<string, unknown> {
  const { clientId } = readerApplication();
  return { iss: clientId, sub: clientId, aud: `${target.url}/${target.tenantId}/oauth2/v2.0/token`, ...claims };
}

describe('client assertions are verified', () => {
  const sound = { iss: FEDERATED.issuer, sub: FEDERATED.subject, aud: FEDERATED.audience };
  it.each([
    [
      'a sound one signed by the registered certificate',
      (t: Tenant) => assertion(ownClaims(t), undefined, NAMED),
      undefined,
    ],
    [
      'one naming the certificate but signed by another key',
      (t: Tenant) => assertion(ownClaims(t), OTHER_KEY.privateKey, NAMED),
      700027,
    ],
    [
      'one naming a certificate that is not registered',
      (t: Tenant) => assertion(ownClaims(t), undefined, { 'x5t#S256': 'bm9uZQ' }),
      700027,
    ],
    ['one that has expired', (t: Tenant) => assertion(ownClaims(t, { exp: 1 }), undefined, NAMED), 700024],
    [
      'one for another tenant',
      (t: Tenant) => assertion(ownClaims(t, { aud: 'https://login.microsoftonline.com/x/v2.0' }), undefined, NAMED),
      700023,
    ],
    ['one of another application', (t: Tenant) => assertion(ownClaims(t, { sub: 'x' }), undefined, NAMED), 700021],
    [
      'one without a signature algorithm',
      (t: Tenant) => assertion(ownClaims(t), undefined, { ...NAMED, alg: 'none' }),
      50027,
    ],
    ['a federated one with everything registered', () => assertion(sound, OTHER_KEY.privateKey), undefined],
    [
      'a federated one of an unknown issuer',
      () => assertion({ ...sound, iss: 'https://evil.example' }, OTHER_KEY.privateKey),
      700211,
    ],
    [
      'a federated one of an unknown subject',
      () => assertion({ ...sound, sub: 'other' }, OTHER_KEY.privateKey),
      700213,
    ],
    [
      'a federated one for an unknown audience',
      () => assertion({ ...sound, aud: 'other' }, OTHER_KEY.privateKey),
      700212,
    ],
    ['a federated one with a forged signature', () => assertion(sound, KEY.privateKey), 700027],
  ])('%s', async (_name, make, code) => {
    const target = await start({
      certificates: [KEY.certificate],
      federated: [{ ...FEDERATED, publicKey: OTHER_KEY.publicKey }],
    });
    const answer = await tokenRequest(target, {
      grant_type: 'client_credentials',
      client_id: readerApplication().clientId,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: make(target),
      scope: GRAPH_SCOPE,
    });
    expect(answer.status).toBe(code === undefined ? 200 : 401);
    expect(answer.json['error_codes']).toEqual(code === undefined ? undefined : [code]);
  });
});

describe('a token request is refused in the words of Entra', () => {
  it.each([
    ['a wrong secret', { client_secret: 'wrong' }, 401, 'invalid_client', 7000215],
    [
      'an unknown application',
      { client_id: '99999999-0000-4000-8000-000000000000' },
      400,
      'unauthorized_client',
      700016,
    ],
    ['another grant', { grant_type: 'password' }, 400, 'unsupported_grant_type', 70003],
    ['a scope without .default', { scope: 'User.Read' }, 400, 'invalid_scope', 1002012],
    ['two scopes', { scope: `${GRAPH_SCOPE} ${GRAPH_SCOPE}` }, 400, 'invalid_scope', 1002012],
    ['an unknown resource', { scope: 'https://other.example/.default' }, 400, 'invalid_resource', 500011],
    ['no scope', { scope: '' }, 400, 'invalid_request', 900144],
  ])('%s', async (_name, wrong, status, error, code) => {
    const target = await start();
    const answer = await tokenRequest(target, { ...secretForm(readerApplication()), ...wrong });
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ error, error_codes: [code], trace_id: expect.any(String) });
    expect(answer.json['error_description']).toMatch(
      new RegExp(`^AADSTS${code}: .+Trace ID: .+Correlation ID: .+Timestamp: `),
    );
    expect(answer.text).not.toContain('sandbox-client-secret');
  });

  it.each([
    ['an expired secret', { secrets: [{ value: 'sandbox-client-secret', expiresAt: 1 }] }, 7000222],
    ['a disabled application', { enabled: false }, 7000112],
  ])('%s', async (_name, overrides, code) => {
    const target = await start(overrides);
    expect((await tokenRequest(target, secretForm(readerApplication()))).json['error_codes']).toEqual([code]);
  });

  it('no credential at all, and another tenant', async () => {
    const target = await start();
    const { client_secret: _secret, ...form } = secretForm(readerApplication());
    expect((await tokenRequest(target, form)).json['error_codes']).toEqual([7000216]);
    const url = `${target.url}/00000000-0000-4000-8000-000000000000/oauth2/v2.0/token`;
    const elsewhere = await answerOf(await fetch(url, { method: 'POST', body: new URLSearchParams(form) }));
    expect(elsewhere.json['error_codes']).toEqual([90002]);
  });
});

describe('access tokens', () => {
  it('are worthless after their lifetime', async () => {
    let time = Date.parse('2026-05-01T12:00:00Z');
    const target = await start({}, () => time);
    target.control.setTokenLifetime(300);
    const client = await clientOf(target);
    expect((await client.get('/users?$top=1')).status).toBe(200);
    time += 300_000;
    const answer = await client.get('/users?$top=1');
    expect(answer.status).toBe(401);
    expect(errorOf(answer)['code']).toBe('InvalidAuthenticationToken');
    expect(answer.headers.get('www-authenticate')).toMatch(/^Bearer /);
  });

  it('are worthless once revoked, while later ones are not', async () => {
    const client = await clientOf(await start());
    client.tenant.control.revokeTokens(readerApplication().clientId);
    expect((await client.get('/users')).status).toBe(401);
    expect((await (await clientOf(client.tenant)).get('/users')).status).toBe(200);
    client.tenant.control.revokeTokens();
    expect((await client.get('/users')).status).toBe(401);
  });

  it.each([
    ['none', undefined],
    ['another scheme', 'Basic eDp5'],
    ['garbage', 'Bearer garbage'],
    ['a changed one', 'Bearer a.b.c'],
  ])('are required: %s is 401', async (_name, authorization) => {
    const target = await start();
    const headers: Record<string, string> = authorization === undefined ? {} : { authorization };
    const answer = await answerOf(await fetch(`${target.graphUrl}/users`, { headers }));
    expect(answer.status).toBe(401);
    expect(target.control.requests().at(-1)).toMatchObject({ path: '/users', status: 401, clientId: null });
  });
});
