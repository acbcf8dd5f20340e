import { afterEach, describe, expect, test } from 'vitest';
import type { Operator } from '../../src/ports/operator.ts';
import { anOperator, listen, type RunningServer } from './builders.ts';

const BASE = '/api/v1/connections/acme';
let server: RunningServer | undefined;
afterEach(async () => {
  await server?.app.close();
  server = undefined;
});

/** A server whose operator remembers what it was asked. */
async function serving() {
  const asked: unknown[] = [];
  const remember =
    <T>(answer: T) =>
    async (...values: readonly unknown[]) => {
      asked.push(values);
      return answer;
    };
  const overrides: Partial<Operator> = {
    escrows: remember([]),
    retryEscrows: remember(2),
    dropEscrows: remember(1),
    recoveryActs: remember([]),
    releaseQuarantine: remember(true),
    pauseConnection: remember({ already: false, since: 1, reason: 'maintenance (by bob)' }),
  };
  server = await listen({ operator: anOperator(overrides) });
  return { ask: server.ask, asked };
}

describe('escrows, quarantines and pauses over HTTP', () => {
  test.each<[does: string, method: 'GET' | 'POST', path: string, body: object | undefined, asked: unknown]>([
    [
      'lists escrows of one resource',
      'GET',
      '/escrows?who=ada%40contoso.com&limit=5',
      undefined,
      ['acme', { limit: 5, who: 'ada@contoso.com' }],
    ],
    [
      'tries one again',
      'POST',
      '/escrows/retry',
      { who: 'ada', requestedBy: 'bob' },
      [{ connection: 'acme', by: 'bob', who: 'ada' }],
    ],
    ['tries all again', 'POST', '/escrows/retry', { all: true }, [{ connection: 'acme', by: 'api' }]],
    [
      'drops one with a reason',
      'POST',
      '/escrows/drop',
      { who: 'ada', reason: 'by hand' },
      [{ connection: 'acme', by: 'api', who: 'ada', reason: 'by hand' }],
    ],
    [
      'releases from quarantine',
      'POST',
      '/quarantine/release',
      { reason: 'new token' },
      [{ connection: 'acme', by: 'api', reason: 'new token' }],
    ],
    ['pauses', 'POST', '/pause', { reason: 'maintenance', requestedBy: 'bob' }, ['acme', 'maintenance (by bob)']],
    ['tells what people did', 'GET', '/recovery-acts?limit=3', undefined, ['acme', 3]],
  ])('%s', async (_does, method, path, body, expected) => {
    const { ask, asked } = await serving();
    expect((await ask(method, `${BASE}${path}`, body === undefined ? {} : { body })).status).toBe(200);
    expect(asked).toEqual([expected]);
  });

  test.each<[fault: string, path: string, body: object]>([
    ['nobody is named', '/escrows/retry', {}],
    ['somebody is named and all are asked for', '/escrows/retry', { who: 'ada', all: true }],
    ['something is dropped without a reason', '/escrows/drop', { who: 'ada' }],
    ['a pause has no reason', '/pause', {}],
    ['an unknown word is sent', '/quarantine/release', { force: true }],
  ])('refuses where %s, and does nothing', async (_fault, path, body) => {
    const { ask, asked } = await serving();
    expect((await ask('POST', `${BASE}${path}`, { body })).status).toBe(400);
    expect(asked).toEqual([]);
  });

  test('knows no connection that is not configured', async () => {
    const { ask } = await serving();
    expect((await ask('GET', '/api/v1/connections/globex/escrows')).status).toBe(404);
  });
});
