import { getEventListeners } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import {
  IncompleteReadError,
  NotFoundError,
  RejectedError,
  ThrottledError,
  TransientError,
  UnauthorizedError,
  isHeadgateError,
  type HeadgateError,
} from '../../../src/core/errors.ts';
import { graphError, SECRET, type Reply, createOpener, inTurn } from './loopback-graph.ts';

const APP = '33333333-3333-4333-8333-333333333333';
const APPLICATION = { id: 'sp-1', appId: APP, displayName: 'Acme', appRoles: [] };
const signal = new AbortController().signal;

const { open, closeAll } = createOpener();
afterEach(closeAll);

/** Shortest and longest first wait in ms where none was ordered. */
const BACKOFF = [1, 30_000] as const;

const good: Reply = { json: APPLICATION };
const reset: Reply = { send: (response) => response.destroy() };
const cut: Reply = {
  send: (response) => {
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end('{"id":"sp-1","displayNa');
  },
};
const htmlPage = '<html><body>proxy error, ask ada@contoso.example</body></html>';
function html(status: number): Reply {
  return { status, text: htmlPage, headers: { 'content-type': 'text/html', 'request-id': 'from-the-proxy' } };
}

async function failureOf(promise: Promise<unknown>): Promise<HeadgateError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isHeadgateError(error)) throw new Error(`no error of the family: ${String(error)}`);
  return error;
}

describe('a request that fails for a while is asked again', () => {
  const rows: readonly (readonly [string, Reply, readonly [number, number]])[] = [
    [
      '429 waits the seconds of Retry-After',
      graphError(429, 'TooManyRequests', { 'retry-after': '17' }),
      [17_000, 17_000],
    ],
    [
      '429 waits until the date of Retry-After',
      graphError(429, 'TooManyRequests', { 'retry-after': 'Sun, 01 Mar 2026 12:00:42 GMT' }),
      [42_000, 42_000],
    ],
    [
      'Retry-After is honoured beyond the three minutes at which Microsoft’s own client stops',
      graphError(429, 'TooManyRequests', { 'retry-after': '290' }),
      [290_000, 290_000],
    ],
    [
      '503 waits the seconds of Retry-After',
      graphError(503, 'serviceUnavailable', { 'retry-after': '9' }),
      [9000, 9000],
    ],
    ['429 without Retry-After backs off', graphError(429, 'TooManyRequests'), BACKOFF],
    [
      '429 with a Retry-After of nothing backs off',
      graphError(429, 'TooManyRequests', { 'retry-after': '0' }),
      BACKOFF,
    ],
    ['504 backs off', graphError(504, 'gatewayTimeout'), BACKOFF],
    ['an HTML 502 backs off', html(502), BACKOFF],
    ['an HTML page with status 200 backs off', html(200), BACKOFF],
    ['a broken connection backs off', reset, BACKOFF],
    ['a body cut short backs off', cut, BACKOFF],
  ];
  it.each(rows)('%s', async (_name, setback, waits) => {
    const test = await open(inTurn(setback, good));
    await expect(test.directory.readApplication(APP, signal)).resolves.toMatchObject({ id: 'sp-1' });
    expect(test.server.graphRequests()).toHaveLength(2);
    expect(test.waits).toHaveLength(1);
    expect(test.waits[0]).toBeGreaterThanOrEqual(waits[0]);
    expect(test.waits[0]).toBeLessThanOrEqual(waits[1]);
  });

  it('a request without answer after all tries ends as TransientError', async () => {
    const test = await open(() => reset);
    await expect(test.directory.readApplication(APP, signal)).rejects.toThrow(TransientError);
    expect(test.server.graphRequests()).toHaveLength(6);
    expect(test.metrics.filter((line) => line === 'retry graph network')).toHaveLength(5);
    expect(test.log.filter((line) => line.includes('cannot be reached'))).toHaveLength(1);
  });

  it('a Retry-After longer than is waited here is handed to the caller with its length', async () => {
    const test = await open(() => graphError(429, 'TooManyRequests', { 'retry-after': '3600' }));
    const failure = await failureOf(test.directory.readApplication(APP, signal));
    expect(failure).toBeInstanceOf(ThrottledError);
    expect(failure).toMatchObject({ retryAfterMs: 3_600_000, scope: 'connection' });
    expect(test.waits).toEqual([]);
    expect(test.server.graphRequests()).toHaveLength(1);
  });

  it('throttling without end that orders no wait is given up after all tries', async () => {
    const test = await open(() => graphError(429, 'TooManyRequests', { 'retry-after': '0' }));
    await expect(test.directory.readApplication(APP, signal)).rejects.toThrow(ThrottledError);
    expect(test.server.graphRequests()).toHaveLength(6);
  });

  it('throttling without end stops at the total patience and is told as throttling', async () => {
    const test = await open(() => graphError(429, 'TooManyRequests', { 'retry-after': '200' }));
    await expect(test.directory.readApplication(APP, signal)).rejects.toThrow(ThrottledError);
    expect(test.waits).toEqual([200_000, 200_000, 200_000, 200_000]);
  });

  it('an abort ends the wait', async () => {
    const controller = new AbortController();
    const test = await open(() => graphError(429, 'TooManyRequests', { 'retry-after': '5' }), {
      patience: {
        wait: (_ms, waiting) =>
          new Promise((_resolve, reject) => {
            waiting.addEventListener('abort', () => reject(new Error('left')), { once: true });
            controller.abort();
          }),
      },
    });
    await expect(test.directory.readApplication(APP, controller.signal)).rejects.toThrow('left');
    expect(test.server.graphRequests()).toHaveLength(1);
  });

  it('a throttled request holds back the ones beside it', async () => {
    const test = await open((request) => {
      if (request.url.includes('appRoleAssignedTo')) return { json: { value: [] } };
      return graphError(429, 'TooManyRequests', { 'retry-after': '400' });
    });
    await expect(test.directory.readApplication(APP, signal)).rejects.toThrow(ThrottledError);
    await test.directory.readAssignments('sp-1', signal);
    expect(test.waits).toEqual([300_000]);
  });
});

describe('the signal of many requests', () => {
  it('is left as it was after each of them, refused or not', async () => {
    const test = await open(inTurn(good, graphError(403, 'Authorization_RequestDenied'), good));
    const { signal: long } = new AbortController();
    await test.directory.readApplication(APP, long);
    await expect(test.directory.readApplication(APP, long)).rejects.toThrow(UnauthorizedError);
    for (let request = 0; request < 10; request += 1) await test.directory.readApplication(APP, long);
    expect(getEventListeners(long, 'abort')).toEqual([]);
  });
});

describe('a refusal becomes an error that says what to do', () => {
  const rows: readonly (readonly [string, Reply, new (...rest: never[]) => HeadgateError, RegExp])[] = [
    [
      '403 names the permission that is missing',
      graphError(403, 'Authorization_RequestDenied'),
      UnauthorizedError,
      /Application\.Read\.All/u,
    ],
    ['400 is rejected with Graph’s code', graphError(400, 'Request_BadRequest'), RejectedError, /request id/u],
    ['404 is not found and points at the appId', graphError(404, 'Request_ResourceNotFound'), NotFoundError, /client/u],
    ['an HTML 403 is a refusal too', html(403), UnauthorizedError, /Application\.Read\.All/u],
    [
      'a redirect is not followed',
      { status: 302, headers: { location: 'http://127.0.0.1:9/' } },
      RejectedError,
      /request id/u,
    ],
  ];
  it.each(rows)('%s', async (_name, reply, kind, remedy) => {
    const test = await open(() => reply);
    const failure = await failureOf(test.directory.readApplication(APP, signal));
    expect(failure).toBeInstanceOf(kind);
    expect(failure.facts.remedy).toMatch(remedy);
    expect(failure.facts.status).toBe(reply.status);
    expect(test.server.graphRequests()).toHaveLength(1);
    const told = JSON.stringify([failure.message, failure.facts, test.log]);
    expect(told).not.toContain('contoso');
    expect(told).not.toContain('<html');
  });

  it('the request id of Graph comes along', async () => {
    const test = await open(() => graphError(403, 'Authorization_RequestDenied'));
    const failure = await failureOf(test.directory.readApplication(APP, signal));
    expect(failure.facts.requestId).toBe('a1b2c3d4-0000-4000-8000-000000000000');
  });

  it('an answer larger than allowed is not read to its end', async () => {
    const test = await open(() => ({ json: { filler: 'x'.repeat(5000) } }), { patience: { largestBody: 1000 } });
    await expect(test.directory.readApplication(APP, signal)).rejects.toThrow(IncompleteReadError);
  });
});

describe('a token that Graph refuses', () => {
  it('is replaced once by a fresh one', async () => {
    const test = await open((request) =>
      request.headers.authorization === 'Bearer token-1' ? graphError(401, 'InvalidAuthenticationToken') : good,
    );
    await expect(test.directory.readApplication(APP, signal)).resolves.toMatchObject({ appId: APP });
    expect(test.server.tokenRequests()).toHaveLength(2);
    expect(test.metrics).toEqual([
      'token graph success',
      'request graph GET 401',
      'token graph success',
      'request graph GET 200',
    ]);
  });

  it('twice is UnauthorizedError and is not asked a third time', async () => {
    const test = await open(() => graphError(401, 'InvalidAuthenticationToken'));
    await expect(test.directory.readApplication(APP, signal)).rejects.toThrow(UnauthorizedError);
    expect(test.server.graphRequests()).toHaveLength(2);
    expect(test.server.tokenRequests()).toHaveLength(2);
  });

  it('is asked for once by many requests at the same time', async () => {
    const test = await open(() => good);
    await Promise.all(Array.from({ length: 12 }, () => test.directory.readApplication(APP, signal)));
    expect(test.server.tokenRequests()).toHaveLength(1);
  });

  it('every request has an id of its own for Microsoft’s support', async () => {
    const test = await open(() => good);
    await test.directory.readApplication(APP, signal);
    await test.directory.readApplication(APP, signal);
    const ids = test.server.graphRequests().map((request) => request.headers['client-request-id']);
    expect(new Set(ids).size).toBe(2);
  });
});

describe('secrets', () => {
  it('no token and no secret reaches the log or the address', async () => {
    const test = await open(() => good);
    await test.directory.readApplication(APP, signal);
    const told = JSON.stringify([test.log, test.metrics, test.server.seen.map(({ url }) => url)]);
    expect(told).not.toContain(SECRET);
    expect(told).not.toContain('token-1');
  });
});
