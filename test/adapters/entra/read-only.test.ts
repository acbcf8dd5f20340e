import { afterEach, describe, expect, it } from 'vitest';
import type { Client, GraphRequest } from '@microsoft/microsoft-graph-client';
import { Readable } from 'node:stream';
import { createMicrosoftClient } from '../../../src/adapters/entra/graph-client.ts';
import { Exchange } from '../../../src/adapters/entra/middleware.ts';
import { createPersistence, DEFAULT_PATIENCE } from '../../../src/adapters/entra/patience.ts';
import { createTransport } from '../../../src/adapters/entra/transport.ts';
import { ReadOnlyError } from '../../../src/core/errors.ts';
import { createSpyLog, createSpyMetrics, startLoopback, type Loopback } from './loopback-graph.ts';

const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of opened.splice(0).toReversed()) await thing.close();
});

interface Opened {
  readonly server: Loopback;
  readonly microsoft: Client;
  /** How often a token was asked for. */
  readonly tokens: () => number;
}

/** Microsoft's own client with our chain, against a server that would accept anything. */
async function open(): Promise<Opened> {
  const server = await startLoopback(() => ({ status: 200, json: { id: 'done' } }));
  const transport = createTransport(DEFAULT_PATIENCE);
  opened.push(server, transport);
  const { metrics } = createSpyMetrics();
  let tokens = 0;
  const now = (): number => 0;
  const microsoft = createMicrosoftClient({
    root: new URL(`${server.origin}/v1.0`),
    client: 'client',
    tokens: {
      token: () => {
        tokens += 1;
        return Promise.resolve('token');
      },
    },
    transport,
    persistence: createPersistence({ patience: DEFAULT_PATIENCE, metrics, log: createSpyLog().log, now }),
    metrics,
    now,
  });
  return { server, microsoft, tokens: () => tokens };
}

type Send = (request: GraphRequest) => Promise<unknown>;

const get = { id: '1', method: 'GET', url: '/users/1' };
const WRITES: readonly (readonly [string, string, Send])[] = [
  ['POST', '/users', (request) => request.post({ displayName: 'x' })],
  ['POST by its other name', '/users', (request) => request.create({ displayName: 'x' })],
  ['PUT', '/users/1/manager/$ref', (request) => request.put({ '@odata.id': 'x' })],
  ['PUT of a stream', '/users/1/photo/$value', (request) => request.putStream(Readable.from(['x']))],
  ['PATCH', '/users/1', (request) => request.patch({ accountEnabled: false })],
  ['PATCH by its other name', '/users/1', (request) => request.update({ accountEnabled: false })],
  ['DELETE', '/groups/1/members/2/$ref', (request) => request.delete()],
  ['DELETE by its other name', '/users/1', (request) => request.del()],
  ['a GET turned into something else by an option', '/users/1', (request) => request.option('method', 'DELETE').get()],
  ['a GET with a body', '/users/1', (request) => request.option('body', '{}').get()],
  ['POST to an action', '/users/1/revokeSignInSessions', (request) => request.post({})],
  ['a batch that deletes', '/$batch', (request) => request.post({ requests: [{ ...get, method: 'DELETE' }] })],
  [
    'a batch that writes among reads',
    '/$batch',
    (request) => request.post({ requests: [get, { ...get, id: '2', method: 'PATCH' }] }),
  ],
  [
    'a batch that spells get in small letters',
    '/$batch',
    (request) => request.post({ requests: [{ ...get, method: 'get' }] }),
  ],
  ['a batch without methods', '/$batch', (request) => request.post({ requests: [{ id: '1', url: '/users/1' }] })],
  [
    'a batch whose GET carries a body',
    '/$batch',
    (request) => request.post({ requests: [{ ...get, body: { a: 1 } }] }),
  ],
  ['a batch that is no JSON', '/$batch', (request) => request.post('requests')],
  ['a batch without requests', '/$batch', (request) => request.post({})],
  ['PATCH to the batch address', '/$batch', (request) => request.patch({ requests: [get] })],
  ['a batch below another path', '/users/$batch', (request) => request.post({ requests: [get] })],
];

describe('the client for the directory', () => {
  it.each(WRITES)('refuses %s before a byte is sent', async (_name, path, send) => {
    const { server, microsoft, tokens } = await open();
    const exchange = new Exchange(new AbortController().signal);
    await expect(send(microsoft.api(path).middlewareOptions([exchange]))).rejects.toThrow(Error);
    expect(exchange.failure).toBeInstanceOf(ReadOnlyError);
    expect(server.seen).toEqual([]);
    expect(tokens()).toBe(0);
  });

  it('refuses writes made without our own options as well', async () => {
    const { server, microsoft } = await open();
    await expect(microsoft.api('/users/1').delete()).rejects.toThrow('only read');
    expect(server.seen).toEqual([]);
  });

  it('does not send the token to another host', async () => {
    const { server, microsoft } = await open();
    const other = await startLoopback(() => ({}));
    opened.push(other);
    const exchange = new Exchange(new AbortController().signal, `${other.origin}/v1.0/users`);
    await expect(microsoft.api('/').middlewareOptions([exchange]).get()).rejects.toThrow(Error);
    expect(exchange.failure).toBeInstanceOf(ReadOnlyError);
    expect([...server.seen, ...other.seen]).toEqual([]);
  });

  it('lets reads and batches of reads through', async () => {
    const { server, microsoft } = await open();
    await microsoft.api('/users/1').get();
    await microsoft.api('/$batch').post({ requests: [get] });
    expect(server.seen.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /v1.0/users/1',
      'POST /v1.0/$batch',
    ]);
  });
});
