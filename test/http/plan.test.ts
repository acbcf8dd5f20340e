import { once } from 'node:events';
import { request } from 'undici';
import { afterEach, describe, expect, test } from 'vitest';
import { RefusedError, TransientError } from '../../src/core/errors.ts';
import { WAVE, type Operation } from '../../src/core/operation.ts';
import type { Operator } from '../../src/ports/operator.ts';
import { ALLOWED, aLog, anOperator, aPlan, listen, TOKEN, type RunningServer } from './builders.ts';

const PLAN = '/api/v1/connections/acme/plan';

let server: RunningServer | undefined;

afterEach(async () => {
  await server?.app.close();
  server = undefined;
});

async function serve(plan: Operator['plan'], log = aLog()): Promise<RunningServer> {
  server = await listen({ log, operator: anOperator({ plan }) });
  return server;
}

function linesOf(text: string): unknown[] {
  expect(text.endsWith('\n')).toBe(true);
  return text
    .slice(0, -1)
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

/** A promise to be settled from outside. */
function aGate<T = void>() {
  let open: (value: T) => void = () => undefined;
  const opened = new Promise<T>((resolve) => (open = resolve));
  return { open: (value: T) => open(value), opened };
}

describe('a plan over HTTP', () => {
  test('is a stream: version first, then progress as it happens, the plan last', async () => {
    const finish = aGate();
    const running = await serve(async (_connection, progress) => {
      progress('users', 10, 20);
      await finish.opened;
      progress('accounts', 5);
      return { plan: aPlan(2), verdict: ALLOWED };
    });
    const response = await request(`${running.url}${PLAN}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    });
    expect(response.statusCode).toBe(200);
    expect(response.headers['content-type']).toBe('application/x-ndjson');
    let text = '';
    for await (const chunk of response.body) {
      text += String(chunk);
      // The planning goes on only once its first progress has arrived here.
      if (text.includes('"users"')) finish.open();
    }
    expect(linesOf(text)).toEqual([
      { type: 'version', schema: '1.0' },
      { type: 'progress', what: 'users', done: 10, total: 20 },
      { type: 'progress', what: 'accounts', done: 5 },
      { type: 'plan', plan: aPlan(2), verdict: ALLOWED },
    ]);
  });

  test.each([0, 1, 499, 500, 501, 1500])('of %i operations arrives whole', async (operations) => {
    const { ask } = await serve(async () => ({ plan: aPlan(operations), verdict: ALLOWED }));
    expect(linesOf((await ask('POST', PLAN)).text).at(-1)).toEqual({
      type: 'plan',
      plan: aPlan(operations),
      verdict: ALLOWED,
    });
  });

  test('that cannot be made ends with the problem', async () => {
    const log = aLog();
    const { ask } = await serve(async () => {
      throw new TransientError('Graph did not answer', { status: 503 });
    }, log);
    const { status, text } = await ask('POST', PLAN);
    expect(status).toBe(200);
    expect(linesOf(text).at(-1)).toMatchObject({
      type: 'error',
      problem: { status: 502, code: 'remote-unavailable', detail: 'Graph did not answer', remote: { status: 503 } },
    });
    expect(log.lines.map((line) => line.message)).toEqual(['request failed']);
  });

  test('that fails before anything was awaited ends with the problem too', async () => {
    const { ask } = await serve(() => {
      throw new RefusedError('connection-paused', 'paused');
    });
    expect(linesOf((await ask('POST', PLAN)).text).at(-1)).toMatchObject({ problem: { code: 'connection-paused' } });
  });

  test('shows no password that it would set', async () => {
    const create: Operation = {
      key: '1:account:create:ada',
      wave: WAVE.accounts,
      resource: 'account',
      kind: 'create',
      anchor: 'ada',
      label: 'ada@contoso.com',
      reason: { code: 'entitled', text: 'assigned directly' },
      attributes: [{ path: 'password', before: null, after: '4711-Start!' }],
      references: [],
    };
    const { ask } = await serve(async () => ({ plan: { ...aPlan(1), operations: [create] }, verdict: ALLOWED }));
    expect(linesOf((await ask('POST', PLAN)).text).at(-1)).toMatchObject({
      plan: { operations: [{ label: 'ada@contoso.com', attributes: [{ path: 'password', after: '[redacted]' }] }] },
    });
  });

  test('whose reader is slow tells the newest progress, not all there ever was', async () => {
    const { ask } = await serve(async (_connection, progress) => {
      for (let done = 1; done <= 100_000; done += 1) progress('users', done);
      return { plan: aPlan(0), verdict: ALLOWED };
    });
    expect(linesOf((await ask('POST', PLAN)).text)).toMatchObject([
      { type: 'version' },
      { type: 'progress', what: 'users', done: 100_000 },
      { type: 'plan' },
    ]);
  });

  test('ends when the client goes away, without a word in the log', async () => {
    const log = aLog();
    const started = aGate();
    const aborted = aGate();
    const running = await serve(async (_connection, progress, signal) => {
      progress('users', 1);
      started.open();
      await once(signal, 'abort');
      aborted.open();
      throw signal.reason;
    }, log);
    const client = new AbortController();
    const response = await request(`${running.url}${PLAN}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      signal: client.signal,
    });
    await started.opened;
    client.abort();
    await expect(response.body.text()).rejects.toThrow(/abort/i);
    await aborted.opened;
    await running.app.close();
    expect(log.lines).toEqual([]);
  });

  test('is not aborted when its client stays to the end', async () => {
    const signals: AbortSignal[] = [];
    const running = await serve(async (_connection, _progress, signal) => {
      signals.push(signal);
      return { plan: aPlan(1), verdict: ALLOWED };
    });
    await running.ask('POST', PLAN);
    await running.app.close();
    expect(signals.map((signal) => signal.aborted)).toEqual([false]);
  });

  test('under way when the server stops ends with the reason, and the stop waits for it', async () => {
    const started = aGate();
    const running = await serve(async (_connection, _progress, signal) => {
      started.open();
      await once(signal, 'abort');
      throw new Error('whatever the vendor throws when aborted');
    });
    const answer = running.ask('POST', PLAN);
    await started.opened;
    await running.app.close();
    expect(linesOf((await answer).text).at(-1)).toMatchObject({
      type: 'error',
      problem: { status: 503, code: 'shutting-down' },
    });
  });

  test('whose planning never ends and whose reader never reads does not hold up the stop', async () => {
    const started = aGate();
    const plan = () => {
      started.open();
      return new Promise<never>(() => undefined);
    };
    server = await listen({ operator: anOperator({ plan }), limits: { drainMs: 50 } });
    const answer = server.ask('POST', PLAN).then(
      () => 'answered',
      () => 'cut off',
    );
    await started.opened;
    await server.app.close();
    expect(await answer).toBe('cut off');
  });

  test('works in-process, streaming through inject', async () => {
    const finish = aGate();
    const running = await serve(async (_connection, progress) => {
      progress('users', 1);
      await finish.opened;
      return { plan: aPlan(1), verdict: ALLOWED };
    });
    const response = await running.app.inject({
      method: 'POST',
      url: PLAN,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      payloadAsStream: true,
    });
    let text = '';
    for await (const chunk of response.stream()) {
      text += String(chunk);
      if (text.includes('"users"')) finish.open();
    }
    expect(linesOf(text)).toHaveLength(3);
  });

  test('ends in-process, too, when its caller goes away', async () => {
    const aborted = aGate();
    const running = await serve(async (_connection, progress, signal) => {
      progress('users', 1);
      await once(signal, 'abort');
      aborted.open();
      throw signal.reason;
    });
    const response = await running.app.inject({
      method: 'POST',
      url: PLAN,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      payloadAsStream: true,
    });
    const failed = once(response.stream(), 'error');
    // Neither aborting the request nor leaving its answer unread reaches a server that is not behind a socket.
    response.raw.res.destroy();
    await expect(aborted.opened).resolves.toBeUndefined();
    await failed;
  });
});
