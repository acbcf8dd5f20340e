import { afterEach, describe, expect, test } from 'vitest';
import type { LinkDesk } from '../../src/ports/link-desk.ts';
import { anOperator, listen, type RunningServer } from './builders.ts';

const BASE = '/api/v1/connections/acme/links';
const FOUND = {
  connection: 'acme',
  target: 'https://acme.example',
  linked: { accounts: 0, groups: 0 },
  listed: { accounts: 0, groups: 0 },
  gone: [],
  digest: 'ab'.repeat(32),
};
let server: RunningServer | undefined;
afterEach(async () => {
  await server?.app.close();
  server = undefined;
});

async function serving() {
  const asked: unknown[] = [];
  const links: LinkDesk = {
    list: async (...values) => {
      asked.push(values);
      return { links: [] };
    },
    vanished: async (connection) => {
      asked.push(connection);
      return FOUND;
    },
    forgetVanished: async (decision) => {
      asked.push(decision);
      return FOUND;
    },
  };
  server = await listen({ operator: anOperator({ links }) });
  return { ask: server.ask, asked };
}

describe('links over HTTP', () => {
  const decision = { digest: 'abababab', by: 'ada', reason: 'built anew' };

  test.each<[does: string, method: 'GET' | 'POST', path: string, body: object | undefined, asked: unknown]>([
    ['lists them', 'GET', '', undefined, ['acme', { limit: 100 }]],
    ['pages', 'GET', '?limit=5&after=group%3Acrew', undefined, ['acme', { limit: 5, after: 'group:crew' }]],
    ['tells what is gone', 'GET', '/vanished', undefined, 'acme'],
    ['forgets exactly that', 'POST', '/forget-vanished', decision, { connection: 'acme', ...decision }],
  ])('%s', async (_does, method, path, body, expected) => {
    const { ask, asked } = await serving();
    expect((await ask(method, `${BASE}${path}`, body === undefined ? {} : { body })).status).toBe(200);
    expect(asked).toEqual([expected]);
  });

  test.each<[fault: string, body: object]>([
    ['no digest', { by: 'ada', reason: 'x' }],
    ['no reason', { by: 'ada', digest: 'abababab' }],
    ['nobody who decides', { digest: 'abababab', reason: 'x' }],
    ['a digest of three digits', { ...decision, digest: 'aba' }],
  ])('forgets nothing with %s', async (_fault, body) => {
    const { ask, asked } = await serving();
    expect((await ask('POST', `${BASE}/forget-vanished`, { body })).status).toBe(400);
    expect(asked).toEqual([]);
  });

  test('knows no other place than those it gave out', async () => {
    const { ask } = await serving();
    expect((await ask('GET', `${BASE}?after=crew`)).status).toBe(400);
  });
});
