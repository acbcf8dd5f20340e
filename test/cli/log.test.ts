import type { FastifyInstance } from 'fastify';
import { afterEach, describe, expect, test } from 'vitest';
import type { LogEntry } from '../../src/core/log-entry.ts';
import type { LogPage } from '../../src/ports/provisioning-log.ts';
import { startApi, type ApiServer } from './api-server.ts';
import { run, testIo, testParts } from './builders.ts';

let server: ApiServer | undefined;
afterEach(async () => {
  await server?.close();
  server = undefined;
});

const AT = Date.UTC(2026, 10, 22, 3);

function entry(sequence: number, changes: Partial<LogEntry> = {}): LogEntry {
  return {
    at: AT + sequence * 1000,
    connection: 'acme',
    cycle: 'c-1',
    cycleKind: 'initial',
    requestedBy: 'ada',
    sequence,
    resource: 'account',
    kind: 'update',
    subject: { anchor: `u-${sequence}`, name: `user${sequence}@contoso.com` },
    reason: { code: 'attributes-differ', text: 'title differs' },
    changes: [{ path: 'title', before: 'Clerk', after: 'Lock Keeper' }],
    outcome: 'exported',
    attempts: 1,
    durationMs: 12,
    requestId: 'req-1',
    ...changes,
  };
}

async function serverWith(pages: readonly (LogPage | 'dead')[]): Promise<ApiServer> {
  const left = [...pages];
  const routes = (app: FastifyInstance): void => {
    app.get('/api/v1/log', async (_request, reply) => {
      const page = left.shift();
      if (page === 'dead') return reply.raw.destroy();
      return page ?? { entries: [], newer: '9' };
    });
  };
  return (server = await startApi(routes));
}

function asked(api: ApiServer): readonly Record<string, string>[] {
  return api.asked.map(({ url }) => Object.fromEntries(new URL(url, 'http://daemon').searchParams));
}

describe('headgate log', () => {
  test('shows the newest entries, the newest last, each with what changed, why and the request', async () => {
    const api = await serverWith([{ entries: [entry(2), entry(1)], newer: '9' }]);
    const { code, out } = await run(['log', '--config', api.configFile]);
    expect(code).toBe(0);
    expect(out.split('\n').map((line) => line.slice(0, 20))).toEqual([
      '2026-11-22 03:00:01Z',
      '2026-11-22 03:00:02Z',
      '',
    ]);
    expect(out).toContain(
      'acme done update account user1@contoso.com: title differs (title "Clerk" -> "Lock Keeper", 12 ms, request req-1, cycle c-1 #1)',
    );
  });

  test.each<[string, Partial<LogEntry>, string]>([
    ['held', { outcome: 'held', heldBy: 'too-many-removals' }, 'held by too-many-removals'],
    ['cancelled', { outcome: 'cancelled' }, 'acme cancelled update'],
    [
      'skipped',
      {
        kind: 'skip',
        outcome: 'skipped',
        reason: { code: 'NotEffectivelyEntitled', text: 'sign-in is blocked' },
        changes: [],
      },
      'acme skipped (NotEffectivelyEntitled) account user1@contoso.com: sign-in is blocked (12 ms',
    ],
    [
      'failed',
      { outcome: 'escrowed', failure: { code: 'UnprocessableEntity', status: 422, message: 'no' } },
      'FAILED (UnprocessableEntity 422: no)',
    ],
    [
      'a membership',
      {
        resource: 'group',
        kind: 'members',
        changes: [],
        members: {
          added: 4,
          removed: 0,
          add: [1, 2, 3, 4].map((n) => ({ anchor: `u-${n}`, name: `n${n}` })),
          remove: [],
        },
      },
      'members of group user1@contoso.com: title differs (added n1 n2 n3 and 1 more',
    ],
    [
      'another manager',
      {
        changes: [],
        references: [
          { path: 'manager', from: { resourceId: 'r', anchor: 'a', name: 'ada' }, to: { anchor: 'b', name: 'bob' } },
        ],
      },
      '(manager: ada -> bob, 12 ms',
    ],
    [
      'a manager nobody knows any more',
      { references: [{ path: 'manager', from: { resourceId: 'r-7' }, to: null }] },
      'manager: account r-7 -> nobody',
    ],
  ])('says in words how it ended: %s', async (_what, changes, says) => {
    const api = await serverWith([{ entries: [entry(1, changes)], newer: '9' }]);
    expect((await run(['log', '--config', api.configFile])).out).toContain(says);
  });

  test.each([
    [['done'], 'exported'],
    [['FAILED', 'held'], 'escrowed,held'],
    [['escrowed', 'in-doubt', 'cancelled'], 'escrowed,in-doubt,cancelled'],
    [['skipped'], 'skipped'],
  ])('takes as a filter what it prints: %s', async (words, sent) => {
    const api = await serverWith([]);
    expect((await run(['log', '--outcome', ...words, '--config', api.configFile])).code).toBe(0);
    expect(asked(api)[0]?.['outcome']).toBe(sent);
  });

  test('of an outcome that is none says which there are', async () => {
    const api = await serverWith([]);
    const { code, err } = await run(['log', '--outcome', 'gone', '--config', api.configFile]);
    expect(code).toBe(64);
    expect(err).toContain('Allowed choices are done, failed, held, cancelled, in-doubt, skipped.');
  });

  test('shows every change before and after when asked to', async () => {
    const api = await serverWith([{ entries: [entry(1)], newer: '9' }]);
    const { out } = await run(['log', '--changes', '--config', api.configFile]);
    expect(out).toContain('\n    title: "Clerk" -> "Lock Keeper"\n');
  });

  test('asks the daemon for what was chosen', async () => {
    const api = await serverWith([]);
    const io = testIo();
    const flags = ['-c', 'acme', '--user', 'ada@contoso.com', '--kind', 'disable', 'delete', '--outcome', 'held'];
    const { code, err } = await run(
      [
        'log',
        ...flags,
        '--cycle',
        'c-1',
        '--since',
        '2h',
        '--until',
        '2026-01-01',
        '-n',
        '7',
        '--config',
        api.configFile,
      ],
      io,
    );
    expect({ code, err }).toEqual({ code: 0, err: 'The log has no such entry.\n' });
    expect(asked(api)).toEqual([
      {
        connection: 'acme',
        user: 'ada@contoso.com',
        kind: 'disable,delete',
        outcome: 'held',
        cycle: 'c-1',
        since: String(io.now() - 7_200_000),
        until: String(Date.UTC(2026, 0, 1)),
        limit: '7',
      },
    ]);
  });

  test('asks page by page for more than the API gives at once', async () => {
    const full = Array.from({ length: 1000 }, (_, index) => entry(index));
    const api = await serverWith([{ entries: full, older: '5.1.2', newer: '9' }]);
    await run(['log', '--limit', '1200', '--config', api.configFile]);
    expect(asked(api)).toEqual([{ limit: '1000' }, { limit: '200', before: '5.1.2' }]);
  });

  test('gives one JSON document', async () => {
    const api = await serverWith([{ entries: [entry(1)], newer: '9' }]);
    const { out } = await run(['log', '--json', '--config', api.configFile]);
    expect(JSON.parse(out)).toEqual([entry(1)]);
  });

  test.each([
    ['a time that is none', ['--since', 'yesterday'], /how long ago, such as 90s, 2h or 3d/],
    ['a kind that there is not', ['--kind', 'explode'], /Allowed choices are create, update/],
    ['an end for something that has none', ['--follow', '--until', '1h'], /--follow has no end/],
  ])('does not understand %s', async (_what, flags, says) => {
    const api = await serverWith([]);
    const { code, err } = await run(['log', ...flags, '--config', api.configFile]);
    expect(code).toBe(64);
    expect(err).toMatch(says);
  });
});

describe('headgate log --follow', () => {
  test('shows each entry once, asks a daemon that is away again, and ends quietly when interrupted', async () => {
    const api = await serverWith([
      { entries: [entry(2), entry(1)], newer: '5' },
      { entries: [entry(2), entry(3)], newer: '6' },
      'dead',
      'dead',
      { entries: [entry(4)], newer: '7' },
    ]);
    const io = testIo();
    io.onPause = (times) => {
      if (times === 5) io.interrupt('SIGINT');
    };
    const { code, out, err } = await run(['log', '--follow', '--config', api.configFile], io);
    expect(code).toBe(130);
    expect([...out.matchAll(/user(\d)@/g)].map(([, number]) => number)).toEqual(['1', '2', '3', '4']);
    expect(err).toBe('the daemon does not answer; asking again\nthe daemon answers again\n');
    expect(asked(api).map(({ after }) => after)).toEqual([undefined, '5', '6', '6', '6', '7']);
  });

  test('ends, and well, when nobody reads it any more', async () => {
    const api = await serverWith([{ entries: [entry(1)], newer: '5' }]);
    const io = testIo();
    io.onPause = () => io.leave();
    expect(await run(['log', '--follow', '--config', api.configFile], io)).toMatchObject({ code: 0, err: '' });
    expect(asked(api)).toHaveLength(2);
  });

  test('gives one JSON object a line', async () => {
    const api = await serverWith([{ entries: [entry(1)], newer: '5' }]);
    const io = testIo();
    io.onPause = () => io.interrupt('SIGTERM');
    const { code, out } = await run(['log', '--follow', '--json', '--config', api.configFile], io);
    expect(code).toBe(143);
    expect(
      out
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toEqual([
      { type: 'version', schema: '1.0' },
      { type: 'entry', entry: entry(1) },
    ]);
  });

  test('needs a daemon when the database is embedded: nobody else could settle anything', async () => {
    const api = await serverWith([]);
    const file = api.configFile;
    await api.app.close();
    const parts = {
      openInProcess: async () => ({
        request: async () => Promise.reject(new Error('not asked')),
        close: async () => undefined,
      }),
    };
    const { code, err } = await run(['log', '--follow', '--config', file], testIo(), testParts(parts));
    expect(code).toBe(1);
    expect(err).toContain('no daemon runs, so there is nothing to follow');
  });
});
