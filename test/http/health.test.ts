import { afterEach, describe, expect, test } from 'vitest';
import { createMetrics } from '../../src/adapters/prometheus/create-metrics.ts';
import type { ReadinessCheck } from '../../src/http/options.ts';
import { prefersOpenMetrics } from '../../src/http/routes/metrics.ts';
import { aLog, listen, type RunningServer } from './builders.ts';

let server: RunningServer | undefined;

afterEach(async () => {
  await server?.app.close();
  server = undefined;
});

async function serve(checks: () => Promise<readonly ReadinessCheck[]>, log = aLog()): Promise<RunningServer> {
  server = await listen({ readiness: checks, log });
  return server;
}

const store = { name: 'store', ok: true, detail: 'answers' };
const storeDown = { name: 'store', ok: false, detail: 'ECONNREFUSED 10.0.0.3:5432', remedy: 'Start the database.' };
const graphDown = { name: 'directory', ok: false, detail: 'HTTP 503', required: false };
const noToken = { headers: { authorization: undefined } };

describe('readiness', () => {
  test.each<[string, readonly ReadinessCheck[], number, string]>([
    ['all well is ready', [store], 200, 'ok'],
    ['no check at all is ready', [], 200, 'ok'],
    ['a directory that is down degrades', [store, graphDown], 200, 'degraded'],
    ['a store that is down makes unready', [storeDown], 503, 'unready'],
    ['a store that is down weighs more than a directory', [graphDown, storeDown], 503, 'unready'],
  ])('%s', async (_rule, checks, status, word) => {
    const { ask } = await serve(async () => checks);
    for (const path of ['/readyz', '/healthz']) {
      const answer = await ask('GET', path, noToken);
      expect([answer.status, answer.json]).toEqual([status, { status: word }]);
    }
  });

  test('verbose lists the checks, with details only for those who hold the token', async () => {
    const { ask } = await serve(async () => [store, storeDown]);
    const open = await ask('GET', '/readyz?verbose', noToken);
    const checks = [
      { name: 'store', ok: true },
      { name: 'store', ok: false },
    ];
    expect(open.json).toEqual({ status: 'unready', checks });
    const { name, ok, detail, remedy } = storeDown;
    expect((await ask('GET', '/readyz?verbose=1')).json).toEqual({
      status: 'unready',
      checks: [store, { name, ok, detail, remedy }],
    });
  });

  test('checks that fail themselves are unready, and the log says why', async () => {
    const log = aLog();
    const { ask } = await serve(() => Promise.reject(new Error('broken check')), log);
    const answer = await ask('GET', '/readyz?verbose', noToken);
    expect(answer.status).toBe(503);
    expect(answer.text).not.toContain('broken check');
    expect(log.lines.map((line) => line.message)).toEqual(['readiness cannot be determined']);
  });

  test('checks that never answer are unready, and probes do not pile up on them', async () => {
    let asked = 0;
    const readiness = () => {
      asked += 1;
      return new Promise<never>(() => undefined);
    };
    server = await listen({ readiness, limits: { readinessMs: 50 } });
    const { ask } = server;
    const answers = await Promise.all([ask('GET', '/readyz'), ask('GET', '/readyz'), ask('GET', '/healthz')]);
    expect(answers.map((answer) => answer.status)).toEqual([503, 503, 503]);
    expect(asked).toBe(1);
  });

  test('is asked anew for each later probe', async () => {
    let up = false;
    const { ask } = await serve(async () => (up ? [store] : [storeDown]));
    expect((await ask('GET', '/readyz')).status).toBe(503);
    up = true;
    expect((await ask('GET', '/readyz')).status).toBe(200);
  });
});

test('liveness asks nothing and nobody', async () => {
  const { ask } = await serve(() => Promise.reject(new Error('down')));
  const answer = await ask('GET', '/livez', noToken);
  expect([answer.status, answer.json]).toEqual([200, { status: 'ok' }]);
});

describe('the metrics page', () => {
  test.each([
    ['', false],
    ['*/*', false],
    ['text/plain', false],
    ['application/openmetrics-text', true],
    ['application/openmetrics-text; version=1.0.0', true],
    ['APPLICATION/OPENMETRICS-TEXT', true],
    ['application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1', true],
    ['application/openmetrics-text;q=0.2,text/plain;q=0.7', false],
    ['application/openmetrics-text;q=0', false],
    ['application/openmetrics-text;q=none', false],
  ])('with Accept "%s" is in OpenMetrics: %s', (accept, expected) => {
    expect(prefersOpenMetrics(accept)).toBe(expected);
  });

  test('is served in the format asked for', async () => {
    const metrics = createMetrics({
      version: '1',
      commit: 'c',
      connections: ['acme'],
      clock: { now: () => 0 },
      log: aLog(),
    });
    server = await listen({ renderMetrics: metrics.render });
    const text = await server.ask('GET', '/metrics', noToken);
    expect(text.headers['content-type']).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(text.text).toContain('# TYPE headgate_cycles_total counter');
    const accept = { authorization: undefined, accept: 'application/openmetrics-text; version=1.0.0' };
    const open = await server.ask('GET', '/metrics', { headers: accept });
    expect(open.headers['content-type']).toBe('application/openmetrics-text; version=1.0.0; charset=utf-8');
    expect(open.text.endsWith('# EOF\n')).toBe(true);
  });
});

test('the start page says what this is, shows no data and leads on', async () => {
  server = await listen();
  const { status, text } = await server.ask('GET', '/', noToken);
  expect(status).toBe(200);
  expect(text).not.toContain('acme');
  for (const link of ['/status', '/queues/', '/metrics', '/style.css']) expect(text).toContain(`href="${link}"`);
});
