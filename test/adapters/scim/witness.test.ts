import { afterEach, describe, expect, test } from 'vitest';
import type { SentWrite } from '../../../src/core/operation.ts';
import { failure, never, resolver, resources, toChange, TOKEN, toMembers, type ScriptedAnswer } from './builders.ts';

const open = resources();
afterEach(() => open.close());

const titled = toChange('a/1', [{ path: 'title', before: null, after: 'Countess' }]);

/** What is told of a change that is answered so, and whether it left. */
async function toldOf(answer: ScriptedAnswer) {
  const server = await open.scripted(({ method }) => (method === 'GET' ? { body: { id: 'a/1' } } : answer));
  const told: SentWrite[] = [];
  await failure(
    open.client(server.url).apply(
      titled,
      () => undefined,
      never,
      (write) => told.push(write),
    ),
  );
  return { told, writes: server.requests.filter(({ method }) => method !== 'GET').length };
}

describe('whoever watches an operation is told of each write', () => {
  test.each<readonly [string, ScriptedAnswer, Partial<SentWrite>]>([
    ['that was done', { status: 204 }, { outcome: 'done' }],
    [
      'that was refused, with the request id of the provider',
      { status: 400, headers: { 'x-request-id': 'r-7' }, body: { scimType: 'mutability', detail: TOKEN } },
      { outcome: 'failed', why: 'acme: PATCH /Users/{id} was answered 400 mutability (request id r-7)' },
    ],
    ['that came too soon', { status: 429 }, { outcome: 'failed', why: expect.stringContaining('answered 429') }],
    [
      'that the credential does not allow',
      { status: 403 },
      { outcome: 'failed', why: expect.stringContaining('answered 403') },
    ],
    ['that may have been done', { status: 500 }, { outcome: 'unknown', why: expect.stringContaining('answered 500') }],
    ['that got no answer', { destroy: true }, { outcome: 'unknown', why: expect.stringContaining('got no answer') }],
    ['that is only promised', { status: 202 }, { outcome: 'unknown', why: expect.stringContaining('answered 202') }],
  ])('%s', async (_what, answer, expected) => {
    const { told, writes } = await toldOf(answer);
    expect(told).toEqual([{ method: 'PATCH', path: '/Users/a%2F1', body: expect.anything(), ...expected }]);
    expect(writes).toBe(1);
    expect(JSON.stringify(told)).not.toContain(TOKEN);
  });

  test('and of none that never left: a stop, a provider that cannot be reached, a token that cannot be had', async () => {
    const server = await open.scripted(() => ({ status: 204 }));
    const told: SentWrite[] = [];
    const witness = (write: SentWrite) => void told.push(write);
    const send = (provider: ReturnType<typeof open.client>, signal = never) =>
      failure(provider.apply(titled, () => undefined, signal, witness));
    await send(open.client(server.url), AbortSignal.abort());
    await send(open.client(server.url, { readOnly: true }));
    await send(open.client(server.url, { credential: { kind: 'bearer', token: async () => ' ' } }));
    expect(server.requests).toEqual([]);
    await server.close();
    await send(open.client(server.url));
    expect(told).toEqual([]);
  });

  test('in the order in which they were sent', async () => {
    const server = await open.scripted(({ method, body }) =>
      method === 'GET' ? { body: { id: 'g', members: [] } } : { status: body.includes('},{') ? 400 : 204 },
    );
    const told: SentWrite[] = [];
    const operation = toMembers(['u', 'v', 'w'], []);
    const resolve = resolver({ 'group-1': 'g', u: '1', v: '2', w: '3' });
    await open.client(server.url).apply(operation, resolve, never, (write) => told.push(write));
    const sent = server.requests.filter(({ method }) => method === 'PATCH').map(({ body }) => body);
    expect(told.map(({ body }) => JSON.stringify(body))).toEqual(sent);
    expect(told.map(({ outcome }) => outcome)).toEqual(['failed', 'done', 'failed', 'done', 'done']);
  });
});
