import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { Pool } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { wholeAnswer } from '../../../src/adapters/scim/whole-answer.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function poolTo(answer: (response: ServerResponse) => void, maxResponseSize = -1): Promise<Pool> {
  const server = createServer((_request, response) => answer(response)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  const pool = new Pool(`http://127.0.0.1:${address.port}`, { connections: 1, maxResponseSize });
  closing.push(
    async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
    () => pool.destroy(),
  );
  return pool;
}

const REQUEST = { method: 'GET', path: '/Users' } as const;
const NEVER = new AbortController().signal;

describe('an answer is read whole', () => {
  test('from pieces that part a letter in two', async () => {
    const [head, tail] = [Buffer.from('{"a":"ü"}').subarray(0, 7), Buffer.from('{"a":"ü"}').subarray(7)];
    const pool = await poolTo((response) => {
      response.write(head, () => setImmediate(() => response.end(tail)));
    });
    expect((await wholeAnswer(pool, REQUEST, 1000, NEVER)).text).toBe('{"a":"ü"}');
  });

  test('without the byte order mark some servers begin with', async () => {
    const pool = await poolTo((response) => void response.end('\uFEFF{}'));
    expect((await wholeAnswer(pool, REQUEST, 1000, NEVER)).text).toBe('{}');
  });

  test('and is empty where there is no body', async () => {
    const pool = await poolTo((response) => void response.writeHead(204, { etag: 'W/"7"' }).end());
    expect(await wholeAnswer(pool, REQUEST, 1000, NEVER)).toMatchObject({
      status: 204,
      headers: { etag: 'W/"7"' },
      text: '',
    });
  });

  test('and what comes before it (1xx) is not taken for it', async () => {
    const pool = await poolTo((response) => {
      response.writeEarlyHints({ link: '</a>; rel=preload' }, () => response.writeHead(201).end('{}'));
    });
    expect(await wholeAnswer(pool, REQUEST, 1000, NEVER)).toMatchObject({ status: 201, text: '{}' });
  });
});

describe('an answer that does not come whole is none', () => {
  test('when it drips for longer than the time for a body', async () => {
    const pool = await poolTo((response) => {
      const drip = setInterval(() => response.write(' '), 5);
      response.on('close', () => clearInterval(drip));
    });
    await expect(wholeAnswer(pool, REQUEST, 60, NEVER)).rejects.toMatchObject({ code: 'BODY_TIMEOUT' });
  });

  test('when the connection breaks in the middle', async () => {
    const pool = await poolTo((response) => void response.write('{"a":', () => response.destroy()));
    await expect(wholeAnswer(pool, REQUEST, 1000, NEVER)).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
  });

  test('when it is larger than any answer', async () => {
    const pool = await poolTo((response) => void response.end('x'.repeat(2000)), 1000);
    await expect(wholeAnswer(pool, REQUEST, 1000, NEVER)).rejects.toMatchObject({
      code: 'UND_ERR_RES_EXCEEDED_MAX_SIZE',
    });
  });

  test.each(['before its head', 'before its end'])('when it is stopped %s', async (when) => {
    const stop = new AbortController();
    const pool = await poolTo((response) => {
      if (when === 'before its head') stop.abort(new Error('stopped'));
      else response.write('{', () => setImmediate(() => stop.abort(new Error('stopped'))));
    });
    await expect(wholeAnswer(pool, REQUEST, 1000, stop.signal)).rejects.toThrow('stopped');
  });

  test('when it was stopped before anything was sent', async () => {
    let asked = 0;
    const pool = await poolTo((response) => {
      asked += 1;
      response.end();
    });
    await expect(wholeAnswer(pool, REQUEST, 1000, AbortSignal.abort(new Error('stopped')))).rejects.toThrow('stopped');
    expect(asked).toBe(0);
  });
});
