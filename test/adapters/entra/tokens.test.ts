import { execFileSync } from 'node:child_process';
import { createHash, verify, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { EntraCredential } from '../../../src/adapters/entra/options.ts';
import { StartupError, TransientError, UnauthorizedError, isHeadgateError } from '../../../src/core/errors.ts';
import {
  CLIENT,
  createTestDirectory,
  endpointsOf,
  SECRET,
  startLoopback,
  TENANT,
  type Loopback,
  type Script,
  type TestDirectory,
} from './loopback-graph.ts';

const signal = new AbortController().signal;
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of opened.splice(0).toReversed()) await thing.close();
});

async function open(credential: EntraCredential, login?: Script): Promise<TestDirectory & { server: Loopback }> {
  const server = await startLoopback(() => ({ json: { id: 'sp', appId: 'app', displayName: 'Acme' } }), login);
  const test = createTestDirectory(endpointsOf(server.origin), { credential });
  opened.push(server, test.directory);
  return { ...test, server };
}

const secret: EntraCredential = { kind: 'client_secret', secret: () => SECRET };

function form(server: Loopback, index = 0): URLSearchParams {
  return new URLSearchParams(server.tokenRequests()[index]?.body);
}

/** Entra's refusal of a token request, with the words it uses. */
function refusal(number: number, words: string): Script {
  return () => ({
    status: 401,
    json: {
      error: 'invalid_client',
      error_description: `AADSTS${number}: ${words} Trace ID: 0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0 Correlation ID: x Timestamp: y`,
      error_codes: [number],
      trace_id: '0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0',
    },
  });
}

describe('a token by client secret', () => {
  it('is asked of the configured login service for the cloud’s Graph, and nothing is discovered', async () => {
    const { directory, server } = await open(secret);
    await directory.readApplication('app', signal);
    expect(server.seen.map(({ method, url }) => `${method} ${url.split('?')[0]}`)).toEqual([
      `POST /login/${TENANT}/oauth2/v2.0/token`,
      "GET /v1.0/servicePrincipals(appId='app')",
    ]);
    expect(Object.fromEntries(form(server))).toMatchObject({
      grant_type: 'client_credentials',
      client_id: CLIENT,
      client_secret: SECRET,
    });
    expect(form(server).get('scope')).toContain('https://graph.microsoft.com/.default');
  });

  it('is kept and used again', async () => {
    const { directory, server } = await open(secret);
    await directory.readApplication('app', signal);
    await directory.readApplication('app', signal);
    expect(server.tokenRequests()).toHaveLength(1);
  });

  it('comes from the new secret when the old one was replaced', async () => {
    const secrets = ['first', 'second'];
    const { directory, server } = await open({ kind: 'client_secret', secret: () => secrets[0] ?? '' }, () => ({
      json: { access_token: 'short', token_type: 'Bearer', expires_in: 1 },
    }));
    await directory.readApplication('app', signal);
    secrets.shift();
    await directory.readApplication('app', signal);
    expect([form(server, 0).get('client_secret'), form(server, 1).get('client_secret')]).toEqual(['first', 'second']);
  });
});

describe('a refused token', () => {
  const rows: readonly (readonly [string, number, RegExp])[] = [
    ['a wrong secret says to create one and to store its value', 7000215, /value, not its id/u],
    ['an expired secret says so', 7000222, /expired/u],
    [
      'an application that is not in the tenant names both settings',
      700016,
      /directory\.client and directory\.tenant/u,
    ],
    ['an unknown tenant names the setting', 90002, /directory\.tenant/u],
    ['a code without advice of its own still gives a direction', 123456, /Entra authentication errors/u],
  ];
  it.each(rows)('%s', async (_name, number, remedy) => {
    const { directory, log } = await open(secret, refusal(number, `Something about '${SECRET}' happened.`));
    const error: unknown = await directory.readApplication('app', signal).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(UnauthorizedError);
    const facts = isHeadgateError(error) ? error.facts : {};
    expect(facts.remedy).toMatch(remedy);
    expect(facts.requestId).toBe('0f1e2d3c-4b5a-6978-8796-a5b4c3d2e1f0');
    expect(String(error)).toContain(`AADSTS${number}`);
    expect(JSON.stringify([String(error), error, facts, log])).not.toContain(SECRET);
  });

  it('the login service being down for a while is waited for', async () => {
    let down = 3;
    const { directory, server, waits } = await open(secret, () => {
      if (down-- > 0) return { status: 503, headers: { 'retry-after': '11' } };
      return { json: { access_token: 't', token_type: 'Bearer', expires_in: 3600 } };
    });
    await directory.readApplication('app', signal);
    expect(waits).toEqual([11_000, 11_000, 11_000]);
    expect(server.tokenRequests()).toHaveLength(4);
  });

  it.each([
    [
      'an HTML page in place of the login service',
      { status: 200, text: '<html>', headers: { 'content-type': 'text/html' } },
    ],
    ['a login service that breaks every connection', { send: (response: { destroy(): void }) => response.destroy() }],
  ])('%s is TransientError', async (_name, reply) => {
    const { directory } = await open(secret, () => reply);
    await expect(directory.readApplication('app', signal)).rejects.toThrow(TransientError);
  });

  it('a success without a token is no token', async () => {
    const { directory, server } = await open(secret, () => ({ json: {} }));
    await expect(directory.readApplication('app', signal)).rejects.toThrow(TransientError);
    expect(server.graphRequests()).toEqual([]);
  });

  it('the login service recovers without a pause of msal’s own', async () => {
    let down = true;
    const { directory } = await open(secret, () =>
      down ? { status: 500, json: {} } : { json: { access_token: 't', token_type: 'Bearer', expires_in: 3600 } },
    );
    await expect(directory.readApplication('app', signal)).rejects.toThrow(Error);
    down = false;
    await expect(directory.readApplication('app', signal)).resolves.toMatchObject({ id: 'sp' });
  });
});

describe('a token by certificate', () => {
  let folder: string;
  let privateKey: string;
  let certificate: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'headgate-certificate-'));
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const make = 'req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=headgate'.split(' ');
    execFileSync('openssl', [...make, '-keyout', key, '-out', cert], { stdio: 'ignore' });
    privateKey = readFileSync(key, 'utf8');
    certificate = readFileSync(cert, 'utf8');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  it('is asked for with an assertion signed by its key and named by its SHA-256 thumbprint', async () => {
    const { directory, server } = await open({
      kind: 'certificate',
      privateKey: () => privateKey,
      certificate: () => certificate,
    });
    await directory.readApplication('app', signal);
    const [head = '', payload = '', signature = ''] = (form(server).get('client_assertion') ?? '').split('.');
    const x509 = new X509Certificate(certificate);
    const header: unknown = JSON.parse(Buffer.from(head, 'base64url').toString());
    expect(header).toMatchObject({
      alg: 'PS256',
      'x5t#S256': createHash('sha256').update(x509.raw).digest('base64url'),
    });
    const claims: unknown = JSON.parse(Buffer.from(payload, 'base64url').toString());
    expect(claims).toMatchObject({ iss: CLIENT, sub: CLIENT });
    const key = { key: x509.publicKey, padding: 6, saltLength: 32 };
    expect(verify('sha256', Buffer.from(`${head}.${payload}`), key, Buffer.from(signature, 'base64url'))).toBe(true);
  });

  it('that cannot be read is a StartupError without the key in it', async () => {
    const { directory, server } = await open({
      kind: 'certificate',
      privateKey: () => privateKey,
      certificate: () => 'not a certificate',
    });
    const error: unknown = await directory.readApplication('app', signal).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StartupError);
    expect(JSON.stringify([String(error), error])).not.toContain('PRIVATE KEY');
    expect(server.seen).toEqual([]);
  });
});

describe('a token by workload identity', () => {
  it('is asked for with what the file holds at that moment', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'headgate-federated-'));
    const tokenFile = join(folder, 'token');
    writeFileSync(tokenFile, 'projected-1\n');
    const { directory, server } = await open({ kind: 'workload_identity', tokenFile }, () => ({
      json: { access_token: 'short', token_type: 'Bearer', expires_in: 1 },
    }));
    await directory.readApplication('app', signal);
    writeFileSync(tokenFile, 'projected-2\n');
    await directory.readApplication('app', signal);
    rmSync(folder, { recursive: true });
    expect([form(server, 0), form(server, 1)].map((sent) => sent.get('client_assertion'))).toEqual([
      'projected-1',
      'projected-2',
    ]);
    await expect(directory.readApplication('app', signal)).rejects.toThrow(/cannot be read/u);
  });

  it('may come from a function instead', async () => {
    const { directory, server } = await open({
      kind: 'workload_identity',
      assertion: () => Promise.resolve('from-elsewhere'),
    });
    await directory.readApplication('app', signal);
    expect(form(server).get('client_assertion')).toBe('from-elsewhere');
  });
});

describe('a token by managed identity', () => {
  const before = { endpoint: process.env['IDENTITY_ENDPOINT'], header: process.env['IDENTITY_HEADER'] };
  afterEach(() => {
    restore('IDENTITY_ENDPOINT', before.endpoint);
    restore('IDENTITY_HEADER', before.header);
  });
  function restore(name: string, value: string | undefined): void {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }

  it('is asked of the platform’s own endpoint', async () => {
    const { directory, server } = await open({ kind: 'managed_identity', clientId: CLIENT }, () => ({
      json: { access_token: 'managed', token_type: 'Bearer', resource: 'x', expires_on: 4_102_444_800 },
    }));
    process.env['IDENTITY_ENDPOINT'] = `${server.origin}/login/msi/token`;
    process.env['IDENTITY_HEADER'] = 'platform-header';
    await directory.readApplication('app', signal);
    const asked = new URL(server.tokenRequests()[0]?.url ?? '', server.origin);
    expect(asked.searchParams.get('resource')).toBe('https://graph.microsoft.com');
    expect(asked.searchParams.get('client_id')).toBe(CLIENT);
    expect(server.graphRequests()[0]?.headers.authorization).toBe('Bearer managed');
  });
});

describe('endpoints and tenant', () => {
  const options = (endpoints: object, tenant = TENANT): (() => unknown) => {
    return () => createTestDirectory(endpoints, { tenant });
  };
  it.each([
    ['plain http to another machine', options({ graph: 'http://10.0.0.1/v1.0' }), /plain http/u],
    [
      'plain http to a host that only looks like loopback',
      options({ login: 'http://127.0.0.1.evil.example' }),
      /plain http/u,
    ],
    ['something that is no address', options({ login: 'sandbox' }), /not an http/u],
    ['another scheme', options({ login: 'file:///etc/passwd' }), /not an http/u],
    ['an address with a password', options({ graph: 'https://me:pw@graph.example/v1.0' }), /password/u],
    ['a tenant that is every tenant', options({}, 'common'), /one tenant/u],
    ['a tenant that is a path', options({}, '../x'), /one tenant/u],
  ])('%s is refused at the start', (_name, create, message) => {
    expect(create).toThrow(StartupError);
    expect(create).toThrow(message);
  });
});
