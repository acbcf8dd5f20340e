import { afterEach, describe, expect, test } from 'vitest';
import { countDrift } from '../../src/core/drift.ts';
import type { Operator } from '../../src/ports/operator.ts';
import {
  aConnectionStatus,
  aCycle,
  ALLOWED,
  anOperation,
  anOperator,
  aPlan,
  aStatus,
  listen,
  type RunningServer,
} from './builders.ts';

let server: RunningServer | undefined;

async function serve(operator: Partial<Operator> = {}): Promise<RunningServer> {
  server = await listen({ operator: anOperator(operator) });
  return server;
}

afterEach(async () => {
  await server?.app.close();
  server = undefined;
});

describe('reading', () => {
  test.each([
    ['the status', '/api/v1/status', aStatus()],
    ['the names of the connections', '/api/v1/connections', ['acme']],
    ['the cycles', '/api/v1/cycles', [aCycle()]],
    ['the cycles of one connection', '/api/v1/cycles?connection=acme&limit=5', [aCycle()]],
    ['one cycle', '/api/v1/cycles/cycle-1', aCycle()],
    ['the operations of a cycle', '/api/v1/cycles/cycle-1/operations', [anOperation(1)]],
    [
      'why somebody has access',
      '/api/v1/connections/acme/explain?user=ada%40contoso.com',
      { connection: 'acme', found: false, paths: [], conclusion: 'not assigned', mapped: {}, operations: [] },
    ],
    [
      'what provisioning somebody would do',
      '/api/v1/connections/acme/provision?subject=ada%40contoso.com',
      {
        connection: 'acme',
        subject: { resource: 'user', anchor: 'u1', name: 'ada@contoso.com' },
        plan: aPlan(0),
        verdict: ALLOWED,
        steps: [{ step: 'guards', text: 'no guard objects' }],
      },
    ],
    [
      'what a probe would do',
      '/api/v1/connections/acme/probe?domain=contoso.com',
      { connection: 'acme', profile: 'generic', target: 'https://x.example', names: 'n', steps: [] },
    ],
    ['the provisioning log', '/api/v1/log?connection=acme', { entries: [], newer: '0' }],
    ['the schedules', '/api/v1/schedules', []],
    ['the checks of the doctor', '/api/v1/doctor', [{ area: 'store', name: 'answers', ok: true, detail: 'in 1 ms' }]],
  ])('%s is answered as the operator gives it', async (_what, path, expected) => {
    const { ask } = await serve();
    const answer = await ask('GET', path);
    expect(answer.status).toBe(200);
    expect(answer.headers['content-type']).toMatch(/^application\/json/);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.json).toEqual(expected);
  });

  test('an on-demand cycle is opened for the subject as written, and where it can be looked at is said', async () => {
    const asked: string[] = [];
    const { ask } = await serve({
      provision: async ({ connection, idOrName, requestedBy }) => {
        asked.push(`${requestedBy}: ${idOrName}`);
        return aCycle({ connection, kind: 'on-demand', requestedBy });
      },
    });
    const answer = await ask('POST', '/api/v1/connections/acme/provision', {
      body: { subject: "R&D 100% 'x'", requestedBy: 'ada' },
    });
    expect(answer.status).toBe(202);
    expect(answer.headers['location']).toBe('/api/v1/cycles/cycle-1');
    expect(asked).toEqual(["ada: R&D 100% 'x'"]);
    expect((await ask('POST', '/api/v1/connections/acme/provision', { body: {} })).status).toBe(400);
  });

  test('the user asked about reaches the operator as written, with signs that mean something in addresses', async () => {
    const asked: string[] = [];
    const { ask } = await serve({
      explain: async (connection, user) => {
        asked.push(user);
        return { connection, found: false, paths: [], conclusion: '', mapped: {}, operations: [] };
      },
    });
    await ask('GET', `/api/v1/connections/acme/explain?user=${encodeURIComponent("o'neil+100%@contoso.com")}`);
    expect(asked).toEqual(["o'neil+100%@contoso.com"]);
  });

  test('the log is asked for by everything it can be chosen by', async () => {
    const filters: object[] = [];
    const { ask } = await serve({
      log: async (filter) => {
        filters.push(filter);
        return { entries: [], newer: '0' };
      },
    });
    const query =
      'user=ada%40contoso.com&kind=disable,delete&outcome=held&since=2026-11-22T00:00:00Z&until=1800000000000';
    expect((await ask('GET', `/api/v1/log?${query}&cycle=c-1&limit=5&after=17.3.4`)).status).toBe(200);
    expect(filters).toEqual([
      {
        user: 'ada@contoso.com',
        kinds: ['disable', 'delete'],
        outcomes: ['held'],
        since: Date.UTC(2026, 10, 22),
        until: 1_800_000_000_000,
        cycle: 'c-1',
        limit: 5,
        after: '17.3.4',
      },
    ]);
  });

  test.each([
    ['an unknown connection', 'connection=globex', 404],
    ['a kind that there is not', 'kind=explode', 400],
    ['a time that is none', 'since=yesterday', 400],
    ['a place that no answer gave', 'after=x', 400],
    ['both directions at once', 'after=1&before=2', 400],
  ])('the log refuses %s', async (_what, query, status) => {
    const { ask } = await serve();
    expect((await ask('GET', `/api/v1/log?${query}`)).status).toBe(status);
  });

  test('operations are asked for by state, place and number, and a full page leads to the next', async () => {
    const filters: object[] = [];
    const { ask } = await serve({
      operations: async (_id, filter) => {
        filters.push(filter);
        return [anOperation(8), anOperation(9)];
      },
    });
    const answer = await ask(
      'GET',
      '/api/v1/cycles/cycle-1/operations?state=held,escrowed&state=pending&after=7&limit=2',
    );
    expect(filters).toEqual([{ states: ['held', 'escrowed', 'pending'], after: 7, limit: 2 }]);
    expect(answer.headers.link).toBe(
      '</api/v1/cycles/cycle-1/operations?after=9&limit=2&state=held%2Cescrowed%2Cpending>; rel="next"',
    );
    const next = /<([^>]+)>/.exec(String(answer.headers.link))?.[1] ?? '';
    await ask('GET', next);
    expect(filters[1]).toEqual({ states: ['held', 'escrowed', 'pending'], after: 9, limit: 2 });
  });

  test('a page that is not full is the last', async () => {
    const { ask } = await serve();
    expect((await ask('GET', '/api/v1/cycles/cycle-1/operations?limit=2')).headers.link).toBeUndefined();
  });
});

describe('a probe', () => {
  test('is run with the domain asked for, or the one nobody has, and can be ended', async () => {
    const asked: string[] = [];
    const { experiments } = anOperator();
    const run: typeof experiments.run = async (request, signal) => {
      asked.push(`${request.connection} ${request.domain} ${request.requestedBy}`);
      return experiments.run(request, signal);
    };
    const { ask } = await serve({ experiments: { ...experiments, run } });
    const path = '/api/v1/connections/acme/probe';
    expect((await ask('POST', path)).json).toMatchObject({ ended: 'complete', left: [] });
    await ask('POST', path, { body: { domain: 'contoso.com', requestedBy: 'ada' } });
    expect(asked).toEqual(['acme probe.invalid api', 'acme contoso.com ada']);
    expect((await ask('POST', `${path}/stop`)).json).toEqual({ stopped: false });
    expect((await ask('POST', path, { body: { domain: '"x' } })).status).toBe(400);
    expect(asked).toHaveLength(2);
  });
});

describe('drift', () => {
  test('is answered as the newest report has it', async () => {
    const report = { ...aDriftReport, counts: countDrift(aDriftReport.findings) };
    const { ask } = await serve({ drift: async () => report });
    expect((await ask('GET', '/api/v1/connections/acme/drift')).json).toEqual(report);
  });

  test('before the first audit there is none, and the answer says how to make one', async () => {
    const { ask } = await serve();
    const { status, json } = await ask('GET', '/api/v1/connections/acme/drift');
    expect(status).toBe(404);
    expect(json).toMatchObject({ remedy: 'Audit it: headgate cycle start -c acme --audit --wait' });
  });
});

const aDriftReport = {
  connection: 'acme',
  cycle: 'cycle-1',
  at: 5,
  policy: 'enforce',
  findings: [{ kind: 'member-added', name: 'ada', group: 'IT', certain: true, text: 'put in', next: 'taken out' }],
  pending: 0,
  doubts: [],
} as const;

describe('changing', () => {
  test('a cycle is started, accepted and found at its address', async () => {
    const requests: object[] = [];
    const { ask } = await serve({
      startCycle: async (request) => {
        requests.push(request);
        return aCycle({ phase: 'gathering' });
      },
    });
    const expectedDigest = 'ab'.repeat(32);
    const body = { kind: 'initial', expectedDigest, requestedBy: 'ada' };
    const answer = await ask('POST', '/api/v1/connections/acme/cycles', { body });
    expect(answer.status).toBe(202);
    expect(answer.headers.location).toBe('/api/v1/cycles/cycle-1');
    expect(answer.json).toEqual(aCycle({ phase: 'gathering' }));
    expect(requests).toEqual([{ connection: 'acme', kind: 'initial', expectedDigest, requestedBy: 'ada' }]);
  });

  test('who does not say who they are is the API', async () => {
    const { ask } = await serve();
    const answer = await ask('POST', '/api/v1/connections/acme/cycles', { body: { kind: 'incremental' } });
    expect(answer.json).toMatchObject({ requestedBy: 'api', kind: 'incremental' });
  });

  test.each([
    ['a cycle is cancelled', '/api/v1/cycles/cycle-1/cancel', { cancelled: true }],
    ['schedules are paused', '/api/v1/connections/acme/schedules/pause', { connection: 'acme', paused: true }],
    [
      'schedules of a removed connection are removed',
      '/api/v1/connections/gone/schedules/remove',
      { connection: 'gone' },
    ],
    ['schedules are resumed', '/api/v1/connections/acme/schedules/resume', { connection: 'acme', paused: false }],
    ['a connection is resumed', '/api/v1/connections/acme/resume', { resumed: true }],
  ])('%s, with an empty body or an empty object alike', async (_what, path, expected) => {
    const { ask } = await serve();
    for (const given of [{}, { body: {} }]) {
      const answer = await ask('POST', path, given);
      expect(answer.status).toBe(200);
      expect(answer.json).toEqual(expected);
    }
  });

  test('pausing tells the operator which connection and which way', async () => {
    const calls: unknown[] = [];
    const { ask } = await serve({ setSchedulesPaused: async (...call) => void calls.push(call) });
    await ask('POST', '/api/v1/connections/acme/schedules/pause');
    await ask('POST', '/api/v1/connections/acme/schedules/resume');
    expect(calls).toEqual([
      ['acme', true],
      ['acme', false],
    ]);
  });
});

describe('asking for what is not there', () => {
  test.each([
    ['a connection that is not configured', 'POST', '/api/v1/connections/other/resume', 'not-found', 'acme'],
    ['a plan of one', 'POST', '/api/v1/connections/other/plan', 'not-found', 'acme'],
    ['the cycles of one', 'GET', '/api/v1/cycles?connection=other', 'not-found', 'acme'],
    ['a cycle that never was', 'GET', '/api/v1/cycles/cycle-2', 'not-found', 'headgate cycle list'],
    ['its operations', 'GET', '/api/v1/cycles/cycle-2/operations', 'not-found', 'headgate cycle list'],
    ['its cancellation', 'POST', '/api/v1/cycles/cycle-2/cancel', 'not-found', 'headgate cycle list'],
    ['a path of the API that does not exist', 'GET', '/api/v1/nothing', 'no-such-path', 'start page'],
  ] as const)('%s is answered 404 with what to do', async (_what, method, path, code, remedy) => {
    const { ask } = await serve();
    const answer = await ask(method, path);
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.json).toMatchObject({
      status: 404,
      code,
      title: 'Not Found',
      remedy: expect.stringContaining(remedy),
    });
  });
});

describe('the status page', () => {
  test('shows each connection, with everything that came from outside as text', async () => {
    const { ask } = await serve({
      status: async () =>
        aStatus({
          connections: [
            aConnectionStatus({
              state: { connection: 'acme', schedulesPaused: false, pausedReason: '<script>alert("1")</script> & more' },
              openCycle: aCycle(),
            }),
          ],
        }),
    });
    const { status, headers, text } = await ask('GET', '/status');
    expect(status).toBe(200);
    expect(headers['content-type']).toBe('text/html; charset=utf-8');
    expect(text).toContain('paused: &lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt; &amp; more');
    expect(text).not.toContain('<script');
    expect(text).toContain('initial, exporting, 3 of 4');
  });

  test('tells of a connection that was switched off, and since when', async () => {
    const state = { connection: 'acme', schedulesPaused: false, switchedOffAt: Date.UTC(2026, 0, 1) };
    const { ask } = await serve({ status: async () => aStatus({ connections: [aConnectionStatus({ state })] }) });
    expect((await ask('GET', '/status')).text).toContain('switched off by a migration since 2026-01-01 00:00:00 UTC');
  });

  test('says so when no connection is configured', async () => {
    const { ask } = await serve({ status: async () => aStatus({ connections: [] }) });
    expect((await ask('GET', '/status')).text).toContain('No connection is configured.');
  });
});
