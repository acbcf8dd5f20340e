import { rmSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import Fastify from 'fastify';
import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import { pausedBefore, waitingForCredential } from '../../src/core/pause-reason.ts';
import { freePort } from '../../src/cli/demo/daemon.ts';
import { WAVE } from '../../src/core/operation.ts';
import type { Plan } from '../../src/core/plan.ts';
import type { Finding, Verdict } from '../../src/core/verdict.ts';
import { shownOperation } from '../../src/core/without-secrets.ts';
import { inProcessTransport } from '../../src/cli/in-process.ts';
import { aHold } from '../http/builders.ts';
import { configFor, startApi } from './api-server.ts';
import type { ApiServer } from './api-server.ts';
import {
  connectionStatus,
  createOperation,
  cycleView,
  disableOperation,
  planOf,
  run,
  testIo,
  testParts,
} from './builders.ts';
import type { Ran, TestIo } from './builders.ts';
import type { CycleView } from '../../src/ports/operator.ts';

let server: ApiServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

async function serverWith(routes: (app: FastifyInstance) => void): Promise<ApiServer> {
  return (server = await startApi(routes));
}

async function headgate(api: ApiServer, argv: readonly string[], io: TestIo = testIo()): Promise<Ran> {
  return run([...argv, '--config', api.configFile], io);
}

const PLAN = planOf([disableOperation('1', 'leaver@contoso.com'), createOperation('2', 'joiner@contoso.com')]);
const ALLOWED: Verdict = { refused: false, findings: [] };
/** What `token-owner` says of the first operation of the plan. */
function aboutFirst(changes: Partial<Finding> = {}): Verdict {
  const finding: Finding = {
    guard: 'token-owner',
    effect: 'hold',
    message: 'leaver@contoso.com owns a live token',
    remedy: 'rotate the token',
    operations: PLAN.operations.slice(0, 1).map(({ key }) => key),
    numbers: { operations: 1 },
    ...changes,
  };
  return { refused: false, findings: [finding] };
}
const HELD = aboutFirst();
const APPROVED = aboutFirst({ guard: 'too-many-removals', approved: { hold: 'h1', by: 'bob', until: 1 } });
const WARNED = aboutFirst({ effect: 'warn' });
const REFUSED: Verdict = {
  refused: true,
  findings: [
    {
      guard: 'empty-directory',
      effect: 'refuse',
      message: 'nobody is assigned',
      remedy: 'look at the application',
      operations: [],
      numbers: {},
    },
  ],
};

function linesOf(text: string): unknown[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
}

function planRoute(lines: readonly object[]): (app: FastifyInstance) => void {
  return (app) => {
    app.post('/api/v1/connections/:name/plan', async (_request, reply) =>
      reply.type('application/x-ndjson').send(lines.map((line) => `${JSON.stringify(line)}\n`).join('')),
    );
  };
}

function planLines(verdict: Verdict, plan = PLAN): readonly object[] {
  return [
    { type: 'version', schema: '1.0' },
    { type: 'progress', what: 'users', done: 1, total: 3 },
    { type: 'plan', plan, verdict },
  ];
}

describe('headgate plan', () => {
  test('prints the plan on stdout and progress on stderr, with the token of the daemon', async () => {
    const api = await serverWith(planRoute(planLines(ALLOWED)));
    const { code, out, err } = await headgate(api, ['plan']);
    expect(code).toBe(0);
    expect(out).toContain('lost its only path: group IT was unassigned');
    expect(out).toContain(PLAN.digest);
    expect(err).toBe('reading users: 1 of 3\n');
    expect(api.asked).toEqual([
      { method: 'POST', url: '/api/v1/connections/acme/plan', authorization: 'Bearer api-t0ken', body: {} },
    ]);
  });

  test.each([
    ['changes, without --detailed-exitcode', ALLOWED, PLAN, [], 0],
    ['changes, with --detailed-exitcode', ALLOWED, PLAN, ['--detailed-exitcode'], 2],
    ['no changes, with --detailed-exitcode', ALLOWED, planOf([]), ['--detailed-exitcode'], 0],
    ['a refused plan', REFUSED, PLAN, [], 3],
    ['a plan of which a guard holds a part', HELD, PLAN, [], 3],
    ['a plan of which a guard holds a part, with --detailed-exitcode', HELD, PLAN, ['--detailed-exitcode'], 3],
    ['a plan of which a person approved what is held', APPROVED, PLAN, [], 0],
    ['a plan that a guard only warns of', WARNED, PLAN, [], 0],
    ['a refused plan, with --detailed-exitcode', REFUSED, PLAN, ['--detailed-exitcode'], 3],
  ])('ends for %s with its own code', async (_rule, verdict, plan, flags, code) => {
    const api = await serverWith(planRoute(planLines(verdict, plan)));
    expect((await headgate(api, ['plan', ...flags])).code).toBe(code);
  });

  test('prints one JSON object a line under --json, beginning with the version', async () => {
    const api = await serverWith(planRoute(planLines(ALLOWED)));
    const { out, err } = await headgate(api, ['plan', '--json']);
    expect(linesOf(out)).toMatchObject([{ type: 'version', schema: '1.0' }, { type: 'progress' }, { type: 'plan' }]);
    expect(err).toBe('');
  });

  test('writes the plan readable for its owner only, and says that it names people', async () => {
    const api = await serverWith(planRoute(planLines(ALLOWED)));
    const file = join(api.folder, 'plan.json');
    const { err } = await headgate(api, ['plan', '--out', file]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({
      type: 'plan',
      schema: '1.0',
      plan: PLAN,
      verdict: ALLOWED,
    });
    expect(err).toContain('names people');
  });

  test('does not write over a file that is there', async () => {
    const api = await serverWith(planRoute(planLines(ALLOWED)));
    const { code, err } = await headgate(api, ['plan', '--out', api.configFile]);
    expect(code).toBe(1);
    expect(err).toMatch(/cannot be written .*EEXIST/);
    expect(readFileSync(api.configFile, 'utf8')).toContain('connections:');
  });

  test.each([
    [
      'is an error line',
      [
        { type: 'version', schema: '1.0' },
        {
          type: 'error',
          problem: { status: 502, code: 'incomplete-read', detail: 'page 3 of users failed', remedy: 'try again' },
        },
      ],
      /page 3 of users failed\n.*what to do: try again/,
      1,
    ],
    ['stops before the plan', [{ type: 'version', schema: '1.0' }], /stopped before the plan was made/, 1],
    ['has another major version', [{ type: 'version', schema: '2.0' }], /speaks version 2\.0/, 64],
  ])('fails when the stream %s', async (_rule, lines, says, expected) => {
    const api = await serverWith(planRoute(lines));
    const { code, out, err } = await headgate(api, ['plan']);
    expect({ code, out }).toEqual({ code: expected, out: '' });
    expect(err).toMatch(says);
  });

  test('fails when the last line was cut off', async () => {
    const api = await serverWith((app) => {
      app.post('/api/v1/connections/:name/plan', async (_request, reply) =>
        reply.type('application/x-ndjson').send('{"type":"version","schema":"1.0"}\n{"type":"plan","pl'),
      );
    });
    expect(await headgate(api, ['plan'])).toMatchObject({ code: 1, err: expect.stringContaining('was cut off') });
  });
});

/** A daemon with one cycle that moves on at every look. */
function cycleRoutes(views: readonly CycleView[]): (app: FastifyInstance) => void {
  let looks = 0;
  return (app) => {
    app.post('/api/v1/connections/:name/cycles', async (_request, reply) => reply.code(202).send(views[0]));
    app.get('/api/v1/cycles/:id', async () => views[Math.min((looks += 1), views.length - 1)]);
  };
}

const OPEN = cycleView({ settled: 1, total: 2, counts: { [WAVE.accounts]: { exported: 1, pending: 1 } } });

function closed(result: NonNullable<CycleView['result']>, changes: Partial<CycleView> = {}): CycleView {
  return cycleView({ phase: 'closed', result, closedAt: Date.UTC(2026, 0, 1, 0, 1), ...changes });
}

describe('headgate cycle start --full --wait', () => {
  test.each([
    ['succeeded', closed('succeeded'), 0],
    [
      'finished with failed operations',
      closed('entry-level-errors', { counts: { [WAVE.accounts]: { escrowed: 1 } } }),
      4,
    ],
    ['failed', closed('failed', { failure: { message: 'the provider is down' } }), 1],
    ['was cancelled', closed('cancelled'), 1],
    ['was refused', closed('refused', { failure: { message: 'the plan is stale', remedy: 'plan again' } }), 3],
    ['left operations held by a guard', closed('succeeded', { counts: { [WAVE.disable]: { held: 2 } } }), 3],
  ])('ends by how the cycle ended: %s', async (_rule, end, code) => {
    const api = await serverWith(cycleRoutes([OPEN, OPEN, end]));
    const ran = await headgate(api, ['cycle', 'start', '--full', '--wait', '-c', 'acme']);
    expect(ran.code).toBe(code);
    expect(ran.out).toContain(end.failure?.message ?? 'Cycle c-1');
    expect(api.asked[0]?.body).toEqual({ kind: 'initial', requestedBy: expect.stringMatching(/^cli:./) });
  });

  test('prints one JSON object a line under --json, beginning with the version', async () => {
    const api = await serverWith(cycleRoutes([OPEN, OPEN, closed('succeeded')]));
    const { out } = await headgate(api, ['cycle', 'start', '--full', '--wait', '--json']);
    expect(linesOf(out)).toMatchObject([
      { type: 'version', schema: '1.0' },
      { type: 'cycle', cycle: { phase: 'exporting' } },
      { type: 'cycle', cycle: { phase: 'closed', result: 'succeeded' } },
    ]);
  });

  test('stops waiting after --timeout and says that the cycle goes on', async () => {
    const api = await serverWith(cycleRoutes([OPEN]));
    const { code, err } = await headgate(api, ['cycle', 'start', '--full', '--wait', '--timeout', '3s']);
    expect(code).toBe(5);
    expect(err).toMatch(/Not closed after 3s\. Cycle c-1 goes on in the daemon\. .*headgate cycle show c-1/);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)('on %s says that the cycle goes on in the daemon, and how to look at it', async (signal, code) => {
    const api = await serverWith(cycleRoutes([OPEN]));
    const io = testIo();
    io.onPause = (times) => times === 2 && io.interrupt(signal);
    const ran = await headgate(api, ['cycle', 'start', '--full', '--wait'], io);
    expect(ran.code).toBe(code);
    expect(ran.err).toContain('Cycle c-1 goes on in the daemon. Look at it with: headgate cycle show c-1');
  });

  test('outlives a daemon that is restarted', async () => {
    let looks = 0;
    const api = await serverWith((app) => {
      app.post('/api/v1/connections/:name/cycles', async (_request, reply) => reply.code(202).send(OPEN));
      app.get('/api/v1/cycles/:id', async (_request, reply) => {
        looks += 1;
        if (looks === 1 || looks === 2) reply.raw.destroy();
        return closed('succeeded');
      });
    });
    const { code, err } = await headgate(api, ['cycle', 'start', '--full', '--wait']);
    expect(code).toBe(0);
    expect(err.match(/does not answer; asking again/g)).toHaveLength(1);
  });

  test('outlives a database that is away for a while', async () => {
    let looks = 0;
    const api = await serverWith((app) => {
      app.post('/api/v1/connections/:name/cycles', async (_request, reply) => reply.code(202).send(OPEN));
      app.get('/api/v1/cycles/:id', async (_request, reply) => {
        looks += 1;
        if (looks > 2) return closed('succeeded');
        const away = { code: 'remote-unavailable', detail: 'the database cannot be reached (ECONNREFUSED)' };
        return reply
          .code(502)
          .type('application/problem+json')
          .send({ status: 502, ...away });
      });
    });
    const { code, err } = await headgate(api, ['cycle', 'start', '--full', '--wait']);
    expect(code).toBe(0);
    expect(err.match(/the database cannot be reached \(ECONNREFUSED\); asking again/g)).toHaveLength(1);
  });

  test('gives up a daemon that stays silent', async () => {
    const api = await serverWith((app) => {
      app.post('/api/v1/connections/:name/cycles', async (_request, reply) => reply.code(202).send(OPEN));
      app.get('/api/v1/cycles/:id', async (_request, reply) => {
        reply.raw.destroy();
      });
    });
    expect(await headgate(api, ['cycle', 'start', '--full', '--wait'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('does not answer'),
    });
  });

  test('is told to say which cycle', async () => {
    const api = await serverWith(cycleRoutes([OPEN]));
    expect(await headgate(api, ['cycle', 'start'])).toMatchObject({ code: 64, err: expect.stringContaining('--full') });
    expect(api.asked).toEqual([]);
  });
});

describe('headgate apply', () => {
  async function saved(
    api: ApiServer,
    change: (text: string) => string = (text) => text,
    plan: Plan = PLAN,
  ): Promise<string> {
    const file = join(api.folder, 'plan.json');
    writeFileSync(file, change(JSON.stringify({ type: 'plan', schema: '1.0', plan, verdict: ALLOWED })));
    return file;
  }

  test('takes a plan that was saved without the passwords it sets', async () => {
    const api = await serverWith(cycleRoutes([OPEN, closed('succeeded')]));
    const password = { path: 'password', before: null, after: '4711-Start!' };
    const plan = planOf([{ ...createOperation('3', 'starter@contoso.com'), attributes: [password] }]);
    const shown = { ...plan, operations: plan.operations.map(shownOperation) };
    const file = await saved(api, (text) => text, shown);
    expect(readFileSync(file, 'utf8')).not.toContain('4711');
    expect((await headgate(api, ['apply', file])).code).toBe(0);
    expect(api.asked[0]).toMatchObject({ body: { expectedDigest: plan.digest } });
  });

  test('asks for exactly the digest that was reviewed, and waits', async () => {
    const api = await serverWith(cycleRoutes([OPEN, closed('succeeded')]));
    expect((await headgate(api, ['apply', await saved(api)])).code).toBe(0);
    expect(api.asked[0]).toMatchObject({
      url: '/api/v1/connections/acme/cycles',
      body: { kind: 'initial', expectedDigest: PLAN.digest },
    });
  });

  test('ends with 3 and the reason when the plan is stale', async () => {
    const failure = { message: 'the directory changed since the plan was made', remedy: 'plan again' };
    const api = await serverWith(cycleRoutes([OPEN, closed('refused', { failure })]));
    const { code, out } = await headgate(api, ['apply', await saved(api)]);
    expect(code).toBe(3);
    expect(out).toContain('the directory changed since the plan was made\n    plan again');
  });

  test('refuses an edited plan without asking the daemon', async () => {
    const api = await serverWith(cycleRoutes([OPEN]));
    const file = await saved(api, (text) => text.replace('joiner@contoso.com', 'intruder@contoso.com'));
    const { code, err } = await headgate(api, ['apply', file]);
    expect(code).toBe(3);
    expect(err).toContain('was changed after it was made');
    expect(api.asked).toEqual([]);
  });

  test.each([
    ['no JSON', () => 'plan'],
    ['no plan', () => '{}'],
    ['a plan of a later format', (text: string) => text.replace('"schema":"1.0"', '"schema":"2.0"')],
  ])('refuses a file that is %s', async (_rule, change) => {
    const api = await serverWith(cycleRoutes([OPEN]));
    expect(await headgate(api, ['apply', await saved(api, change)])).toMatchObject({
      code: 64,
      err: expect.stringContaining('is not a plan saved by this version'),
    });
  });
});

describe('a refusal of the daemon', () => {
  test.each([
    ['cycle-open', 409, 3],
    ['plan-stale', 409, 3],
    ['connection-paused', 409, 3],
    ['guard', 409, 3],
    ['not-found', 404, 1],
    ['remote-unauthorized', 502, 1],
    ['config', 422, 78],
    ['internal', 500, 1],
  ])('%s ends with its own code, its words and its remedy', async (code, status, expected) => {
    const api = await serverWith((app) => {
      app.get('/api/v1/status', async (_request, reply) =>
        reply
          .code(status)
          .type('application/problem+json')
          .send({ type: 'x', title: 'X', status, code, detail: 'why so', remedy: 'do this' }),
      );
    });
    const human = await headgate(api, ['status']);
    expect(human).toMatchObject({ code: expected, out: '' });
    expect(human.err).toBe('error: why so\n  what to do: do this\n');
    const { out } = await headgate(api, ['status', '--json']);
    expect(JSON.parse(out)).toMatchObject({ type: 'error', problem: { code, detail: 'why so', remedy: 'do this' } });
  });
});

describe('without a daemon', () => {
  test('the same API is opened in this process and closed at the end', async () => {
    const { configFile, folder } = configFor(await freePort());
    let closes = 0;
    const asked: unknown[] = [];
    const parts = testParts({
      async openInProcess(_config, { work, migrationsOf }) {
        asked.push({ work, migrationsOf });
        const app = Fastify();
        cycleRoutes([OPEN, closed('succeeded')])(app);
        return inProcessTransport(app, async () => void (closes += 1));
      },
    });
    const waited = await run(['cycle', 'start', '--full', '--wait', '--config', configFile], testIo(), parts);
    expect(waited.code).toBe(0);
    expect(waited.err).toContain('no daemon is running, so it is carried out here');
    const left = await run(['cycle', 'start', '--full', '--config', configFile], testIo(), parts);
    expect(left).toMatchObject({ code: 0, out: 'c-1\n' });
    expect(left.err).toContain('once "headgate serve" runs');
    expect({ asked, closes }).toEqual({
      asked: [
        { work: true, migrationsOf: [] },
        { work: false, migrationsOf: [] },
      ],
      closes: 2,
    });
    rmSync(folder, { recursive: true, force: true });
  });

  test('a daemon whose token cannot be read is a matter of configuration', async () => {
    const api = await serverWith(cycleRoutes([OPEN]));
    rmSync(join(api.folder, 'headgate-api-token'));
    const { code, err } = await headgate(api, ['cycle', 'list']);
    expect(code).toBe(78);
    expect(err).toMatch(/http\.token_file: a daemon runs, but its API token .* cannot be read \(ENOENT\)/);
  });
});

describe('the other commands', () => {
  test('cycle list, show, cancel', async () => {
    const done = closed('succeeded', { total: 3, counts: { [WAVE.accounts]: { exported: 3 } } });
    const api = await serverWith((app) => {
      app.get('/api/v1/cycles', async () => [done]);
      app.get('/api/v1/cycles/:id', async () => done);
      app.get('/api/v1/cycles/:id/operations', async () => [
        {
          cycle: 'c-1',
          sequence: 1,
          operation: createOperation('2', 'joiner@contoso.com'),
          state: 'escrowed',
          attempts: 1,
          failure: { code: 'rejected', message: 'userName too long', status: 400, requestId: 'q-7' },
        },
      ]);
      app.post('/api/v1/cycles/:id/cancel', async () => ({ cancelled: false }));
    });
    expect((await headgate(api, ['cycle', 'list', '-n', '5'])).out).toMatch(
      /c-1 +acme +full +2026-01-01 00:00:00Z +1m 00s +succeeded/,
    );
    const shown = await headgate(api, ['cycle', 'show', 'c-1', '--failed']);
    expect(shown.out).toContain('3 operations: 3 done');
    expect(shown.out).toContain('failed: userName too long (rejected, status 400, request q-7)');
    expect(await headgate(api, ['cycle', 'cancel', 'c-1'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('is closed already (succeeded)'),
    });
    expect(api.asked.map(({ url }) => url)).toEqual([
      '/api/v1/cycles?limit=5',
      '/api/v1/cycles/c-1',
      '/api/v1/cycles/c-1/operations?limit=50&state=escrowed',
      '/api/v1/cycles/c-1/cancel',
      '/api/v1/cycles/c-1',
    ]);
  });

  test.each([
    ['none is configured', /^ *schedule:.*\n/m, 'No connection has a schedule'],
    ['one is configured, but no daemon has set it', /nothing is taken away/, 'once "headgate serve" runs'],
  ])('schedule list without schedules says what is missing when %s', async (_when, without, says) => {
    const api = await serverWith((app) => {
      app.get('/api/v1/schedules', async () => []);
    });
    writeFileSync(api.configFile, readFileSync(api.configFile, 'utf8').replace(without, ''));
    expect((await headgate(api, ['schedule', 'list'])).err).toContain(says);
  });

  test.each([
    [
      'refused',
      { planCounts: { ...PLAN.counts, operations: { 'account.disable': 3 } } },
      '3 operations planned, none of them sent',
    ],
    ['failed', {}, 'no plan was made'],
  ] as const)('cycle show of a %s cycle says what became of its operations', async (result, facts, says) => {
    const view = { ...cycleView({ phase: 'closed', result, counts: {}, settled: 0, total: 0 }), ...facts };
    const api = await serverWith((app) => {
      app.get('/api/v1/cycles/:id', async () => view);
    });
    expect((await headgate(api, ['cycle', 'show', 'c-1'])).out).toContain(says);
  });

  test('schedule list, remove, pause, resume and connection resume', async () => {
    const api = await serverWith((app) => {
      app.get('/api/v1/schedules', async () => [
        {
          connection: 'acme',
          kind: 'initial',
          pattern: '0 3 * * 0',
          timezone: 'UTC',
          nextRun: Date.UTC(2026, 0, 4, 3),
          paused: false,
          configured: true,
        },
        {
          connection: 'gone',
          kind: 'initial',
          pattern: '0 4 * * 0',
          timezone: 'UTC',
          paused: false,
          configured: false,
        },
      ]);
      app.post('/api/v1/connections/:name/schedules/remove', async () => ({}));
      app.post('/api/v1/connections/:name/schedules/pause', async () => ({}));
      app.post('/api/v1/connections/:name/schedules/resume', async () => ({}));
      app.post('/api/v1/connections/:name/resume', async () => ({ resumed: false }));
    });
    const list = await headgate(api, ['schedule', 'list']);
    expect(list.out).toMatch(/acme +full +0 3 \* \* 0 +UTC +2026-01-04 03:00:00Z +active/);
    expect(list.err).toContain('headgate schedule remove -c gone');
    expect((await headgate(api, ['schedule', 'remove', '-c', 'gone'])).err).toContain('gone has no schedules any more');
    expect((await headgate(api, ['schedule', 'remove'])).code).toBe(64);
    expect((await headgate(api, ['schedule', 'pause'])).err).toContain('headgate schedule resume -c acme');
    expect((await headgate(api, ['schedule', 'resume', '-c', 'acme'])).code).toBe(0);
    expect((await headgate(api, ['connection', 'resume'])).err).toContain(
      'was neither paused, in quarantine nor waiting',
    );
    expect(api.asked.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'GET /api/v1/schedules',
      'POST /api/v1/connections/gone/schedules/remove',
      'POST /api/v1/connections/acme/schedules/pause',
      'POST /api/v1/connections/acme/schedules/resume',
      'POST /api/v1/connections/acme/resume',
    ]);
  });

  test.each([
    {
      rule: 'is the reason of the pause, and what ends it is said',
      answer: { paused: true, already: false, since: Date.UTC(2026, 0, 4, 3), reason: 'maintenance (by bob)' },
      says: 'Nothing is sent over acme until: headgate connection resume -c acme\n',
    },
    {
      rule: 'is not kept where it is paused already, and why it is stays',
      answer: { paused: true, already: true, since: Date.UTC(2026, 0, 4, 3), reason: 'audit (by ada)' },
      says:
        'acme is paused already, since 2026-01-04 03:00:00Z: audit (by ada). That reason stays; the one given now is not kept.\n' +
        'Nothing is sent over acme until: headgate connection resume -c acme\n',
    },
    {
      rule: 'is kept where it waits for a token, and does not end with a new one',
      answer: {
        paused: true,
        already: false,
        since: Date.UTC(2026, 0, 4, 3),
        reason: pausedBefore('maintenance (by bob)', waitingForCredential('it was revoked')),
      },
      says: 'Nothing is sent over acme until: headgate connection resume -c acme\n',
    },
  ])('what connection pause is given $rule', async ({ answer, says }) => {
    const api = await serverWith((app) => {
      app.post('/api/v1/connections/:name/pause', async () => answer);
    });
    const asked = ['connection', 'pause', '--reason', 'maintenance'];
    expect(await headgate(api, asked)).toMatchObject({ code: 0, err: says });
    const { reason, already } = answer;
    expect(JSON.parse((await headgate(api, [...asked, '--json'])).out)).toMatchObject({
      connection: 'acme',
      reason,
      already,
    });
  });

  test.each([['retry'], ['drop']])('escrow %s says how to go on now, with the connection', async (verb) => {
    const api = await serverWith((app) => {
      app.post('/api/v1/connections/:name/escrows/:verb', async () => ({ count: 1 }));
    });
    const { err } = await headgate(api, ['escrow', verb, '--all', '--reason', 'mended']);
    expect(err).toContain('headgate cycle start -c acme --incremental\n');
  });

  test.each([['retry'], ['drop']])(
    'escrow %s of all where there is nothing says so, and asks for no cycle',
    async (verb) => {
      const api = await serverWith((app) => {
        app.post('/api/v1/connections/:name/escrows/:verb', async () => ({ count: 0 }));
      });
      const ran = await headgate(api, ['escrow', verb, '--all', '--reason', 'mended']);
      expect(ran).toMatchObject({ code: 0, err: 'Nothing of acme is in escrow.\n' });
    },
  );

  test('escrow show names in the command to try again whom it is about', async () => {
    const failure = { message: 'no', scimType: 'invalidValue', remedy: 'Mend it.' };
    const times = { attempts: 1, firstFailedAt: 1, lastFailedAt: 1, dueAt: 1 };
    const need = { resource: 'group', kind: 'members', anchor: 'a-1', label: "Sales o'West", cycle: 'c-1' };
    const api = await serverWith((app) => {
      app.get('/api/v1/connections/:name/escrows', async () => [{ ...need, ...times, failure }]);
    });
    const { out } = await headgate(api, ['escrow', 'show', 'a-1']);
    expect(out).toMatch(/^members of group Sales o'West \(a-1\)$/m);
    expect(out).toMatch(/^ {2}to do {4}Mend it\.$/m);
    expect(out).toContain(`headgate escrow retry 'Sales o'\\''West' -c acme\n`);
  });

  test('notification list shows no empty table of channels where nobody is told', async () => {
    const api = await serverWith((app) => {
      app.get('/api/v1/notifications', async () => ({ notifications: [], channels: [] }));
    });
    const { out, err } = await headgate(api, ['notification', 'list']);
    expect(out).not.toContain('CHANNEL');
    expect(err).toBe('Nobody is told anything: set notifications in the configuration.\n');
  });

  test('status shows a paused connection with its cause and the way out', async () => {
    const api = await serverWith((app) => {
      app.get('/api/v1/status', async () => ({
        version: '1.2.3',
        startedAt: Date.UTC(2026, 0, 1),
        connections: [
          {
            connection: 'acme',
            application: 'a',
            profile: 'generic',
            state: {
              connection: 'acme',
              pausedReason: 'the token was refused (401)',
              pausedAt: 0,
              schedulesPaused: false,
            },
            links: { 'account.active': 1234 },
            held: 0,
            holds: [],
            guards: [],
            escrowed: 2,
          },
        ],
        schedules: [],
        queues: [
          {
            queue: 'headgate-control',
            states: { waiting: 3 },
            paused: false,
            workers: 1,
            oldestWaitingMs: 0,
            completedTotal: 0,
            failedTotal: 0,
          },
        ],
      }));
    });
    const { out } = await headgate(api, ['status']);
    expect(out).toMatch(/acme +paused +1,234 +0 +- +- +0 +2/);
    expect(out).toContain('the token was refused (401)\n  mend the cause, then: headgate connection resume -c acme');
    expect(out).toMatch(/headgate-control +3 +0 +0 +0 +1/);
  });

  test('status says why the last cycle came to nothing, what guards hold and how to see what failed', async () => {
    const lastPlanned = {
      id: 'cycle-6',
      connection: 'acme',
      kind: 'initial',
      phase: 'closed',
      requestedBy: 'schedule',
      createdAt: 0,
      notices: [],
      cancelRequested: false,
      attempts: 1,
      result: 'entry-level-errors',
      verdict: {
        refused: false,
        findings: [
          {
            guard: 'too-many-removals',
            effect: 'hold',
            message: '58 accounts to disable in one cycle: more than 50',
            remedy: 'look at the plan.',
            operations: ['a', 'b'],
            numbers: { removals: 58 },
          },
        ],
      },
    };
    const failure = { message: 'Microsoft Graph did not answer.', remedy: 'look at the network.' };
    const api = await serverWith((app) => {
      app.get('/api/v1/status', async () => ({
        version: '1.2.3',
        startedAt: 0,
        connections: [
          {
            connection: 'acme',
            application: 'a',
            profile: 'generic',
            state: { connection: 'acme', schedulesPaused: false },
            links: {},
            held: 2,
            holds: [aHold({ operations: 2 })],
            guards: [{ guard: 'group-cliff', on: false, detail: 'switched off by guards.off' }],
            escrowed: 1,
            lastCycle: { ...lastPlanned, id: 'cycle-7', result: 'failed', verdict: undefined, failure },
            lastPlanned,
          },
        ],
        schedules: [],
        queues: [],
      }));
    });
    const { out } = await headgate(api, ['status']);
    expect(out).toContain('acme: the last cycle failed: Microsoft Graph did not answer.\n  look at the network.');
    expect(out).toContain(
      'acme: guard too-many-removals holds 2 operations: 58 accounts to disable in one cycle: more than 50\n  look at the plan.',
    );
    expect(out).toMatch(/acme: 1 operation failed; .*headgate escrow list -c acme/);
    expect(out).toContain('hold 7: too-many-removals, 2 operations, waiting; see: headgate holds show 7');
    expect(out).toContain('acme: guards switched off by the configuration: group-cliff');
  });

  test.each([
    ['gathering', {}, /acme +gathering +0/],
    ['gathering', { progress: { what: 'users', done: 5, total: 12 } }, /acme +reading users: 5 of 12 /],
    ['exporting', { settled: 3, total: 9 }, /acme +exporting 3\/9 /],
  ] as const)('status shows how far an open cycle is: %s %o', async (phase, facts, says) => {
    const connection = connectionStatus({
      openCycle: cycleView({ phase, ...facts }),
      lastCycle: cycleView({
        phase: 'closed',
        result: 'refused',
        failure: { message: 'plan-stale', remedy: 'plan again' },
      }),
    });
    const api = await serverWith((app) => {
      app.get('/api/v1/status', async () => ({
        version: '1.2.3',
        startedAt: 0,
        connections: [connection],
        schedules: [],
        queues: [],
      }));
    });
    const { out } = await headgate(api, ['status']);
    expect(out).toMatch(says);
    expect(out).toContain('acme: the last cycle was refused: plan-stale\n  plan again');
  });

  test('explain quotes the user in the query and says paths, mapping and account', async () => {
    const api = await serverWith((app) => {
      app.get('/api/v1/connections/:name/explain', async () => ({
        connection: 'acme',
        found: true,
        user: { id: 'u1', name: "o'neil+%@contoso.com", enabled: false },
        paths: [{ kind: 'group', assignment: 'as1', roleId: 'r', group: 'g1', groupName: 'IT' }],
        conclusion: 'entitled through group IT',
        mapped: { userName: "o'neil" },
        link: { resourceId: 'r1', state: 'active', origin: 'userName' },
        operations: [],
      }));
    });
    const { code, out } = await headgate(api, ['explain', "o'neil+%&x=#@contoso.com"]);
    expect(code).toBe(0);
    expect(new URL(api.asked[0]?.url ?? '', 'http://x').searchParams.get('user')).toBe("o'neil+%&x=#@contoso.com");
    expect(out).toContain('through group IT, assignment as1');
    expect(out).toContain('r1, active, matched by userName');
    expect(out).toContain('sign-in blocked');
  });

  test('explain of a name that no connection knows says what a name may be', async () => {
    const api = await serverWith((app) => {
      const nobody = { connection: 'acme', found: false, paths: [], conclusion: 'nobody', mapped: {}, operations: [] };
      app.get('/api/v1/connections/:name/explain', async () => nobody);
    });
    const { code, err } = await headgate(api, ['explain', 'adda']);
    expect(code).toBe(1);
    expect(err).toContain('"adda"');
    expect(err).toContain('userPrincipalName');
  });

  test('doctor ends with 0 when it only warns, and says what to do', async () => {
    const api = await serverWith((app) => {
      app.get('/api/v1/doctor', async () => [
        { area: 'acme: token', name: 'owner of f1', ok: true, warns: true, detail: 'is gone', remedy: 'name another' },
      ]);
    });
    const { code, out, err } = await headgate(api, ['doctor']);
    expect(code).toBe(0);
    expect(err).toBe('reading what the directory and the service providers answer…\n');
    expect(out).toContain('warn acme: token: owner of f1: is gone\n     name another');
  });

  test('doctor ends with 1 when a check fails, with its remedy', async () => {
    const api = await serverWith((app) => {
      app.get('/api/v1/doctor', async () => [
        { area: 'directory', name: 'users', ok: false, detail: '403', remedy: 'grant User.Read.All' },
      ]);
    });
    const { code, out } = await headgate(api, ['doctor']);
    expect(code).toBe(1);
    expect(out).toContain('FAIL directory: users: 403\n     grant User.Read.All');
    expect(out).toMatch(/ok +daemon: http:\/\/127\.0\.0\.1:\d+: answers/);
  });
});
