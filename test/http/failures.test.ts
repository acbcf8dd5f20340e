import { afterEach, describe, expect, test } from 'vitest';
import {
  ConfigError,
  ConflictError,
  IncompleteReadError,
  InDoubtError,
  NotFoundError,
  ReadOnlyError,
  RefusedError,
  RejectedError,
  StartupError,
  ThrottledError,
  TransientError,
  UnauthorizedError,
} from '../../src/core/errors.ts';
import { aLog, anOperator, listen, type RunningServer } from './builders.ts';

let server: RunningServer | undefined;

afterEach(async () => {
  await server?.app.close();
  server = undefined;
});

function serveFailing(failure: unknown, log = aLog()): Promise<RunningServer> {
  return listen({ log, operator: anOperator({ startCycle: () => Promise.reject(failure) }) }).then((running) => {
    server = running;
    return running;
  });
}

function start(running: RunningServer) {
  return running.ask('POST', '/api/v1/connections/acme/cycles', { body: { kind: 'initial' } });
}

describe('each class of the error family has its answer', () => {
  test.each([
    ['an open cycle', new RefusedError('cycle-open', 'm'), 409, 'cycle-open'],
    ['a stale plan', new RefusedError('plan-stale', 'm'), 409, 'plan-stale'],
    ['a paused connection', new RefusedError('connection-paused', 'm'), 409, 'connection-paused'],
    ['a guard', new RefusedError('guard', 'm'), 409, 'guard'],
    ['something not there', new RefusedError('not-found', 'm'), 404, 'not-found'],
    ['a stop under way', new RefusedError('shutting-down', 'm'), 503, 'shutting-down'],
    ['a configuration that cannot be used', new ConfigError('f', []), 422, 'config'],
    ['a read-only client', new ReadOnlyError('m'), 409, 'read-only'],
    ['an environment that is not fit', new StartupError('m'), 503, 'startup'],
    ['a remote that cannot be reached', new TransientError('m'), 502, 'remote-unavailable'],
    ['a remote that left us in doubt', new InDoubtError('m'), 502, 'in-doubt'],
    ['a remote that is throttling', new ThrottledError('m', 1500), 503, 'remote-throttled'],
    ['a remote without the object', new NotFoundError('m'), 404, 'remote-not-found'],
    ['a remote with a conflict', new ConflictError('m'), 502, 'remote-conflict'],
    ['a remote that rejects', new RejectedError('m'), 502, 'remote-rejected'],
    ['a remote that refuses our credential', new UnauthorizedError('m'), 502, 'remote-unauthorized'],
    ['a read that did not reach its end', new IncompleteReadError('m'), 502, 'incomplete-read'],
  ])('%s', async (_what, failure, status, code) => {
    const answer = await start(await serveFailing(failure));
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(answer.json).toMatchObject({ type: `urn:headgate:problem:${code}`, status, code, detail: failure.message });
  });
});

test('remedy, and what the other side said, reach the operator', async () => {
  const facts = { status: 403, requestId: 'req-1', scimType: 'invalidValue', remedy: 'Renew the token.' };
  const answer = await start(await serveFailing(new UnauthorizedError('refused', facts)));
  expect(answer.json).toEqual({
    type: 'urn:headgate:problem:remote-unauthorized',
    title: 'Bad Gateway',
    status: 502,
    detail: 'refused',
    code: 'remote-unauthorized',
    remedy: 'Renew the token.',
    remote: { status: 403, requestId: 'req-1', scimType: 'invalidValue' },
  });
});

test('every problem of a configuration is told with its place', async () => {
  const problems = [{ path: 'connections.0.name', message: 'missing', line: 3, column: 5 }];
  const answer = await start(await serveFailing(new ConfigError('headgate.yaml', problems)));
  expect(answer.json).toMatchObject({ problems });
});

test('a wait is told in whole seconds, never too short', async () => {
  const answer = await start(await serveFailing(new ThrottledError('slow down', 1001)));
  expect(answer.headers['retry-after']).toBe('2');
  expect(answer.json).toMatchObject({ retryAfter: 2 });
});

test.each([
  ['an error', new Error('password=hunter2 at 10.0.0.3')],
  [
    'an error that poses as one of the server',
    Object.assign(new Error('hunter2'), { statusCode: 418, code: 'EWHATEVER' }),
  ],
  ['a string', 'hunter2'],
  ['nothing', undefined],
])('of %s that nobody foresaw the caller learns an id, the log everything', async (_what, failure) => {
  const log = aLog();
  const answer = await start(await serveFailing(failure, log));
  expect(answer.status).toBe(500);
  expect(answer.text).not.toMatch(/hunter2|10\.0\.0\.3|node_modules|\.ts/);
  const logged = log.lines.find((line) => line.level === 'error');
  expect(logged?.fields).toMatchObject({ method: 'POST', route: '/api/v1/connections/:name/cycles', err: failure });
  const errorId = logged !== undefined && 'errorId' in logged.fields ? logged.fields.errorId : 'none';
  expect(answer.json).toMatchObject({ code: 'internal', detail: expect.stringContaining(String(errorId)) });
});

test('failures of the other side are logged once, refusals not at all', async () => {
  const log = aLog();
  const running = await serveFailing(new TransientError('down'), log);
  await start(running);
  expect(log.lines.map((line) => line.level)).toEqual(['warn']);
  await running.app.close();
  const quiet = aLog();
  await start(await serveFailing(new RefusedError('cycle-open', 'm'), quiet));
  expect(quiet.lines).toEqual([]);
});

describe('what a request may say', () => {
  const cycles = '/api/v1/connections/acme/cycles';
  const digest = 'ab'.repeat(32);
  test.each<[string, 'GET' | 'POST', string, string | object | undefined, string]>([
    ['a body is needed to start a cycle', 'POST', cycles, undefined, 'body'],
    ['a cycle has a kind', 'POST', cycles, {}, 'body.kind'],
    ['full is no kind', 'POST', cycles, { kind: 'full' }, 'body.kind'],
    ['unknown fields are refused', 'POST', cycles, { kind: 'initial', force: true }, 'body'],
    ['a list is no body', 'POST', cycles, [], 'body'],
    ['a digest is 64 digits', 'POST', cycles, { kind: 'initial', expectedDigest: 'abc' }, 'body.expectedDigest'],
    [
      'a digest is lower case',
      'POST',
      cycles,
      { kind: 'initial', expectedDigest: digest.toUpperCase() },
      'body.expectedDigest',
    ],
    ['a name is not blank', 'POST', cycles, { kind: 'initial', requestedBy: '  ' }, 'body.requestedBy'],
    ['a name has no line breaks', 'POST', cycles, { kind: 'initial', requestedBy: 'a\nb' }, 'body.requestedBy'],
    ['a name has an end', 'POST', cycles, { kind: 'initial', requestedBy: 'a'.repeat(201) }, 'body.requestedBy'],
    ['a path that says all takes no fields', 'POST', '/api/v1/connections/acme/resume', { force: true }, 'body'],
    ['nor does a plan', 'POST', '/api/v1/connections/acme/plan', { execute: true }, 'body'],
    ['unknown query parameters are refused', 'GET', '/api/v1/status?verbose=1', undefined, 'query'],
    ['a limit is a number', 'GET', '/api/v1/cycles?limit=many', undefined, 'query.limit'],
    ['a limit is at least 1', 'GET', '/api/v1/cycles?limit=0', undefined, 'query.limit'],
    ['a limit is not without end', 'GET', '/api/v1/cycles?limit=1001', undefined, 'query.limit'],
    ['a limit is given once', 'GET', '/api/v1/cycles?limit=5&limit=6', undefined, 'query.limit'],
    [
      'a state is one of those there are',
      'GET',
      '/api/v1/cycles/cycle-1/operations?state=lost',
      undefined,
      'query.state.0',
    ],
    ['a place is not negative', 'GET', '/api/v1/cycles/cycle-1/operations?after=-1', undefined, 'query.after'],
    ['a user must be named', 'GET', '/api/v1/connections/acme/explain', undefined, 'query.user'],
    ['a user is not blank', 'GET', '/api/v1/connections/acme/explain?user=%20', undefined, 'query.user'],
    [
      'a connection has a name of letters',
      'GET',
      '/api/v1/connections/..%2Fx/explain?user=a',
      undefined,
      'params.name',
    ],
    ['a cycle id holds no path', 'GET', '/api/v1/cycles/..%2F..%2Fx', undefined, 'params.id'],
  ])('%s', async (_rule, method, path, body, faulty) => {
    server = await listen();
    const answer = await server.ask(method, path, body === undefined ? {} : { body });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({
      code: 'invalid-request',
      problems: [{ path: faulty, message: expect.stringMatching(/./) }],
    });
  });

  const half = '{"text":"\\ud800"}';
  const of = '/api/v1/connections/acme';
  test.each<[string, string, string, string]>([
    ['whom to provision', `${of}/provision`, '{"subject":"ada\\ud800"}', 'body.subject'],
    ['who asks', cycles, '{"kind":"initial","requestedBy":"\\udc00a"}', 'body.requestedBy'],
    ['a reason', `${of}/pause`, '{"reason":"\\ud800"}', 'body.reason'],
    ['a token', `${of}/credentials`, `{"secret":${half}}`, 'body.secret.text'],
    ['a group to migrate', `${of}/migration`, '{"kind":"remove-groups","groups":["IT","I\\u0000T"]}', 'body.groups.1'],
  ])('half a character, or none, is refused before anything is asked: %s', async (_what, path, body, faulty) => {
    server = await listen();
    const answer = await server.ask('POST', path, { body });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({
      code: 'invalid-request',
      problems: [{ path: faulty, message: expect.stringContaining('no character') }],
    });
  });

  test('a character of two halves is one', async () => {
    server = await listen();
    const answer = await server.ask('POST', cycles, { body: { kind: 'initial', requestedBy: 'Ada 😀' } });
    expect(answer.status).toBe(202);
  });

  test('all faults are told at once', async () => {
    server = await listen();
    const answer = await server.ask('GET', '/api/v1/cycles?limit=x&connection=A!&other=1');
    expect(answer.json).toMatchObject({ detail: 'The request has 3 faults.' });
  });

  test.each([
    ['a body that is not JSON', '{"kind":', 400, 'invalid-json'],
    ['a body that would reach a prototype', '{"kind":"initial","__proto__":{"x":1}}', 400, 'invalid-json'],
    ['a body beyond the limit', JSON.stringify({ kind: 'x'.repeat(70_000) }), 413, 'body-too-large'],
  ])('%s is refused', async (_what, body, status, code) => {
    server = await listen();
    const answer = await server.ask('POST', cycles, { body });
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ code });
  });

  test.each([
    ['a path that cannot be decoded', '/api/v1/cycles/%zz', 400],
    ['a path without end', `/api/v1/cycles/${'x'.repeat(500)}`, 414],
  ])('%s is refused in the same form', async (_what, path, status) => {
    server = await listen();
    const answer = await server.ask('GET', path);
    expect(answer.status).toBe(status);
    expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  });

  test('what was sent is not sent back', async () => {
    server = await listen();
    const answer = await server.ask('POST', cycles, { body: { kind: 'ada@contoso.com' } });
    expect(answer.text).not.toContain('ada@contoso.com');
  });
});
