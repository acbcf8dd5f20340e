import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Webhook } from 'standardwebhooks';
import { afterEach, describe, expect, test } from 'vitest';
import { createWebhookChannel } from '../../../src/adapters/webhook/webhook-channel.ts';
import { RejectedError, TransientError } from '../../../src/core/errors.ts';
import { freePort } from '../../../src/cli/demo/daemon.ts';
import type { Notification } from '../../../src/core/notification.ts';

const KEY = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;
const NEXT_KEY = `whsec_${Buffer.alloc(32, 4).toString('base64')}`;
const signal = new AbortController().signal;
const paused: Notification = {
  id: '0d3f',
  at: Date.UTC(2026, 10, 22),
  kind: 'connection.paused',
  connection: 'acme',
  facts: {},
};

interface Received {
  readonly headers: Record<string, string>;
  readonly body: string;
}

let server: Server | undefined;
afterEach(() => server?.close());

async function receiver(status: number): Promise<{ readonly url: string; readonly received: Received[] }> {
  const received: Received[] = [];
  const listening = createServer((request, response) => {
    void text(request).then((body) => {
      const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
      received.push({ headers, body });
      response.writeHead(status, status === 302 ? { location: '/elsewhere' } : {}).end('thanks');
    });
  }).listen(0, '127.0.0.1');
  server = listening;
  await once(listening, 'listening');
  return { url: `http://127.0.0.1:${portOf(listening)}/hook?team=ops`, received };
}

function portOf(listening: Server): number {
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  return address.port;
}

function channelTo(url: string, secret = KEY) {
  return createWebhookChannel({ name: 'ops', url, secret: async () => secret, now: () => Date.now() });
}

describe('a webhook', () => {
  test('is signed so that the receiver can verify it, with the id as key for doing it once', async () => {
    const { url, received } = await receiver(204);
    await channelTo(url).deliver([paused], signal);
    const [{ headers, body } = { headers: {}, body: '' }] = received;
    expect(new Webhook(KEY).verify(body, headers)).toEqual({
      type: 'connection.paused',
      timestamp: '2026-11-22T00:00:00.000Z',
      data: {
        connection: 'acme',
        text: 'Connection acme is paused, and nothing is sent. Why, and what to do: headgate status',
      },
    });
    expect(headers['webhook-id']).toBe('0d3f');
    expect(() => new Webhook(NEXT_KEY).verify(body, headers)).toThrow('No matching signature found');
    expect(() => new Webhook(KEY).verify(body.replace('acme', 'beta'), headers)).toThrow('No matching signature found');
  });

  test('while its key is replaced, is signed with both', async () => {
    const { url, received } = await receiver(200);
    await channelTo(url, `${NEXT_KEY} ${KEY}`).deliver([paused], signal);
    const [{ headers, body } = { headers: {}, body: '' }] = received;
    for (const key of [KEY, NEXT_KEY]) expect(new Webhook(key).verify(body, headers)).toBeTruthy();
  });

  test.each([
    { rule: 'a failure of the receiver is tried again', status: 500, error: TransientError },
    { rule: 'a redirect is not followed', status: 302, error: TransientError },
    { rule: 'gone is gone', status: 410, error: RejectedError },
  ])('$rule', async ({ status, error }) => {
    const { url, received } = await receiver(status);
    await expect(channelTo(url).deliver([paused], signal)).rejects.toThrow(error);
    expect(received).toHaveLength(1);
  });

  test('a failure says where and what was answered, without the path, which may be a secret', async () => {
    const { url } = await receiver(404);
    const { host } = new URL(url);
    await expect(channelTo(`${url}/s3cret`).deliver([paused], signal)).rejects.toMatchObject({
      message: `ops: the webhook at ${host} answered 404`,
      facts: { status: 404, remedy: expect.stringContaining('notifications.webhooks') },
    });
    const port = await freePort();
    await expect(channelTo(`http://127.0.0.1:${port}/s3cret`).deliver([paused], signal)).rejects.toMatchObject({
      message: `ops: the webhook at 127.0.0.1:${port} did not answer (ECONNREFUSED)`,
      facts: { remedy: expect.stringContaining('can be reached') },
    });
  });

  test('a receiver that never answers is given up, however much memory is cleared up meanwhile', async () => {
    const listening = createServer().listen(0, '127.0.0.1');
    server = listening;
    await once(listening, 'listening');
    const port = portOf(listening);
    const channel = createWebhookChannel({
      name: 'ops',
      url: `http://127.0.0.1:${port}/hook`,
      secret: async () => KEY,
      now: () => Date.now(),
      timeoutMs: 300,
    });
    setFlagsFromString('--expose-gc');
    const collect: () => void = runInNewContext('gc');
    const clearing = setInterval(collect, 20);
    try {
      await expect(channel.deliver([paused], signal)).rejects.toThrow(/did not answer \(no answer in time\)/);
    } finally {
      clearInterval(clearing);
      listening.closeAllConnections();
    }
  });

  test('O6: a key that is none is said without being repeated', async () => {
    const { url, received } = await receiver(200);
    const failure = channelTo(url, 'whsec_not base64 at all!').deliver([paused], signal);
    await expect(failure).rejects.toThrow(/^ops: the secret of the webhook is not whsec_ followed by base64$/);
    expect(received).toEqual([]);
  });
});
