import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import type { Rotation } from '../../src/ports/credential-desk.ts';
import { aCredential } from '../builders.ts';
import { startApi, type ApiServer } from './api-server.ts';
import { run, testIo } from './builders.ts';

const SECRET = 'a-secret-nobody-may-see';
let server: ApiServer | undefined;
afterEach(async () => server?.close());

function rotation(waitsFor: Rotation['waitsFor']): Rotation {
  const done = ['took in f1'];
  return {
    connection: 'acme',
    model: 'overlap',
    done,
    waitsFor,
    instruction: 'delete the token there',
    credentials: [],
  };
}

async function start(waitsFor: Rotation['waitsFor'] = 'deletion'): Promise<ApiServer> {
  const api = await startApi((app) => {
    app.post('/api/v1/connections/:name/credentials', async () => aCredential({ state: 'candidate' }));
    app.post('/api/v1/connections/:name/rotation', async () => rotation(waitsFor));
    app.get('/api/v1/credentials', async () => [
      aCredential({ owner: { kind: 'user', name: 'ada@contoso.com' } }),
      aCredential({ fingerprint: 'f0', state: 'retiring', refusedAt: 1, expiresAt: Date.UTC(2025, 11, 31) }),
      aCredential({ fingerprint: 'e9', state: 'retired', expiresAt: Date.UTC(2025, 11, 31) }),
      aCredential({ fingerprint: 'd8', owner: { kind: 'user', name: 'ben@contoso.com', absent: true } }),
      aCredential({ fingerprint: 'd7', owner: { kind: 'user', name: 'eda@contoso.com', anchor: 'eda', absent: true } }),
      aCredential({ fingerprint: 'c7', owner: { kind: 'user', name: 'eve@contoso.com', anchor: 'eve' } }),
    ]);
  });
  server = api;
  return api;
}

describe('headgate token', () => {
  test.each([
    { rule: 'from standard input or a prompt', argv: [] },
    { rule: 'from a file', argv: ['--token-file', 'TOKEN'] },
  ])('O6: takes a token $rule, and says only its fingerprint', async ({ argv }) => {
    const api = await start();
    const file = join(api.folder, 'new-token');
    writeFileSync(file, `${SECRET}\n`);
    const words = argv.map((word) => (word === 'TOKEN' ? file : word));
    const io = testIo({ secret: argv.length === 0 ? `${SECRET}\n` : '' });
    const asked = ['token', 'add', ...words, '--owner', 'ada@contoso.com', '--expires', '2027-03-31'];
    const ran = await run([...asked, '--config', api.configFile, '--json'], io);
    expect(ran).toMatchObject({ code: 0 });
    expect(api.asked[0]?.body).toEqual({
      secret: { text: SECRET },
      owner: 'ada@contoso.com',
      expiresAt: Date.UTC(2027, 3, 1),
      by: expect.stringMatching(/^cli:/),
    });
    expect(ran.out + ran.err).not.toContain(SECRET);
    expect(JSON.parse(ran.out)).toMatchObject({ fingerprint: 'f1', state: 'candidate' });
  });

  test.each(['add', 'rotate'])(
    'O6: %s takes no token as an argument, which the list of processes would show',
    async (verb) => {
      const api = await start();
      for (const words of [['--token', SECRET], [SECRET], [`--token=${SECRET}`]]) {
        const ran = await run(['token', verb, ...words, '--config', api.configFile]);
        expect(ran.code).toBe(64);
        expect(api.asked).toEqual([]);
      }
    },
  );

  test.each([
    { rule: 'nothing handed over', argv: [], says: 'no token was handed over' },
    { rule: 'a file and a reference', argv: ['--token-file', 'a', '--reference', 'b'], says: 'exclude each other' },
    { rule: 'a file that is not there', argv: ['--token-file', '/none/such'], says: 'cannot be read (ENOENT)' },
    { rule: 'a day that is none', argv: ['--reference', 'b', '--expires', 'soon'], says: 'use a date such as' },
    { rule: 'a day no month has', argv: ['--reference', 'b', '--expires', '2027-02-30'], says: 'use a date such as' },
  ])('refuses $rule', async ({ argv, says }) => {
    const api = await start();
    const ran = await run(['token', 'add', ...argv, '--config', api.configFile]);
    expect(ran.code).toBe(64);
    expect(ran.err).toContain(says);
    expect(api.asked).toEqual([]);
  });

  test('lists tokens with their state and owner, and says which in use are past their day', async () => {
    const api = await start();
    const { out } = await run(['token', 'list', '--config', api.configFile]);
    expect(out.split('\n').map((line) => line.split(/ {2,}/).slice(0, 4))).toEqual([
      ['CONNECTION', 'FINGERPRINT', 'STATE', 'OWNER'],
      ['acme', 'f1', 'active', 'ada@contoso.com (not looked up yet)'],
      ['acme', 'f0', 'retiring, refused', 'unknown'],
      ['acme', 'e9', 'retired', 'unknown'],
      ['acme', 'd8', 'active', 'ben@contoso.com (not in the directory)'],
      ['acme', 'd7', 'active', 'eda@contoso.com (not in the directory)'],
      ['acme', 'c7', 'active', 'eve@contoso.com'],
      [''],
    ]);
    expect(out.split('\n').filter((line) => line.endsWith('2025-12-31 00:00:00Z, past'))).toHaveLength(1);
  });

  test.each([
    { verb: 'show', argv: [], method: 'GET', url: '/api/v1/credentials/00bb' },
    { verb: 'probe', argv: [], method: 'POST', url: '/api/v1/credentials/00bb/probe' },
    { verb: 'promote', argv: [], method: 'POST', url: '/api/v1/credentials/00bb/promote' },
    { verb: 'retire', argv: [], method: 'POST', url: '/api/v1/credentials/00bb/retire' },
    { verb: 'revoke', argv: [], method: 'POST', url: '/api/v1/credentials/00bb/revoke' },
    { verb: 'owner', argv: ['ada@contoso.com'], method: 'POST', url: '/api/v1/credentials/00bb/owner' },
  ])('$verb takes the connection of a token that two have', async ({ verb, argv, method, url }) => {
    const both = [
      aCredential({ id: '00aa', fingerprint: 'abcd1111' }),
      aCredential({ id: '00bb', connection: 'gone', fingerprint: 'abcd1111' }),
    ];
    const api = await startApi((app) => {
      app.get('/api/v1/credentials', async () => both);
      app.get('/api/v1/credentials/00bb', async () => ({ credential: both[1], history: [] }));
      app.post('/api/v1/credentials/00bb/probe', async () => ({ credential: both[1], outcome: 'accepted' }));
      for (const act of ['promote', 'retire', 'revoke', 'owner'])
        app.post(`/api/v1/credentials/00bb/${act}`, async () => both[1]);
    });
    server = api;
    const asked = ['token', verb, 'abcd1111', ...argv, '-c', 'gone', '--config', api.configFile];
    expect(await run(asked)).toMatchObject({
      code: 0,
      out: expect.stringMatching(verb === 'show' ? /gone +abcd1111/ : ''),
    });
    expect(api.asked.at(-1)).toMatchObject({ method, url });
  });

  test('says of an owner what is remembered then, and not what was asked for', async () => {
    const owner = { kind: 'user', name: 'ada@contoso.com' } as const;
    const api = await startApi((app) => {
      app.post('/api/v1/credentials/abcd/owner', async () => aCredential({ owner }));
    });
    server = api;
    const ran = await run(['token', 'owner', 'abcd', 'bob@contoso.com', '--config', api.configFile]);
    expect(ran.err).toBe('f1 of acme belongs to ada@contoso.com (not looked up yet).\n');
  });

  test('says where a rotation stands and what a person has to do', async () => {
    const api = await start();
    const { out } = await run(['token', 'rotate', '--config', api.configFile]);
    expect(out).toBe(
      '  done  took in f1\nWaits for: the old token to be deleted at the service provider\n  delete the token there\n',
    );
  });

  test('T5: passes on a person’s word that Entra’s own job has the new token', async () => {
    const api = await start('deletion');
    await run(['token', 'rotate', '--installed-in-entra', '--config', api.configFile]);
    expect(api.asked[0]?.body).toEqual({ installed: true, by: expect.stringMatching(/^cli:/) });
  });

  test.each<{ waitsFor: Rotation['waitsFor']; code: number }>([
    { waitsFor: 'new-token', code: 3 },
    { waitsFor: 'cycle', code: 3 },
    { waitsFor: 'entra', code: 3 },
    { waitsFor: 'deletion', code: 3 },
    { waitsFor: 'nothing', code: 0 },
  ])('a rotation that waits for $waitsFor ends with exit code $code', async ({ waitsFor, code }) => {
    const api = await start(waitsFor);
    for (const json of [[], ['--json']]) {
      expect(await run(['token', 'rotate', ...json, '--config', api.configFile])).toMatchObject({ code });
    }
  });
});
