import { afterEach, describe, expect, test } from 'vitest';
import { aHold } from '../http/builders.ts';
import { startApi, type ApiServer } from './api-server.ts';
import { run, testIo } from './builders.ts';

const DIGEST = 'ab'.repeat(32);
const asked: { readonly path: string; readonly body: unknown }[] = [];
let server: ApiServer | undefined;
afterEach(async () => {
  await server?.close();
  asked.length = 0;
});

async function headgate(...argv: readonly string[]) {
  const decision = {
    kind: 'approved',
    by: 'ada',
    reason: 'they left',
    digest: DIGEST,
    at: 0,
    until: 3_600_000,
  } as const;
  server = await startApi((app) => {
    app.get('/api/v1/holds/5', async () => ({ hold: aHold({ id: '5', decision }), history: [], held: [] }));
    app.get('/api/v1/holds/6', async () => ({
      hold: aHold({ id: '6', decision, state: 'approved' }),
      history: [],
      held: [],
    }));
    app.get('/api/v1/holds', async () => [aHold(), aHold({ id: '8', guard: 'matching-collision', approvable: false })]);
    app.get('/api/v1/holds/:id', async () => ({
      hold: aHold(),
      history: [{ at: 0, event: 'opened', digest: DIGEST, operations: 60 }],
      held: [],
    }));
    app.post('/api/v1/holds/:id/approve', async (request, reply) => {
      asked.push({ path: request.url, body: request.body });
      if (request.url.includes('/9/'))
        return reply.code(409).type('application/problem+json').send({ code: 'hold', detail: 'it changed' });
      return aHold({ state: 'approved' });
    });
    app.post('/api/v1/holds/:id/reject', async (request) => {
      asked.push({ path: request.url, body: request.body });
      return aHold({ state: 'rejected' });
    });
  });
  return run([...argv, '--config', server.configFile], testIo());
}

describe('headgate holds', () => {
  test('lists what is held, for people and for programs', async () => {
    expect((await headgate('holds', 'list')).out).toMatch(/7 +acme +too-many-removals +60 +waiting .* abababababab/);
    const { out } = await headgate('holds', 'list', '--json');
    expect(JSON.parse(out)).toMatchObject([{ id: '7' }, { id: '8', approvable: false }]);
  });

  test('shows one hold with the line that approves exactly it', async () => {
    const { code, out } = await headgate('holds', 'show', '7');
    expect(code).toBe(0);
    expect(out).toContain('headgate holds approve 7 --digest abababababab');
    expect(out).toContain('opened, 60 operations');
  });

  test('says of an approval that has expired that it is over, and of one that stands how long it does', async () => {
    const until = 'approved by ada at 1970-01-01 00:00:00Z, until 1970-01-01 01:00:00Z';
    expect((await headgate('holds', 'show', '5')).out).toContain(`${until}, which is over: it waits again: they left`);
    expect((await headgate('holds', 'show', '6')).out).toContain(`${until}: they left`);
  });

  test('approves with digest, name and reason, and rejects the same way', async () => {
    const decision = ['--digest', DIGEST, '--by', 'ada', '--reason', 'they left'];
    expect((await headgate('holds', 'approve', '7', ...decision)).code).toBe(0);
    expect((await headgate('holds', 'reject', '7', ...decision)).code).toBe(0);
    const body = { digest: DIGEST, by: 'ada', reason: 'they left' };
    expect(asked).toEqual([
      { path: '/api/v1/holds/7/approve', body },
      { path: '/api/v1/holds/7/reject', body },
    ]);
  });

  test.each([
    ['without a reason', ['--digest', DIGEST], 64],
    ['without a digest', ['--reason', 'because'], 64],
  ])('does not decide %s', async (_what, options, code) => {
    expect((await headgate('holds', 'approve', '7', ...options)).code).toBe(code);
    expect(asked).toEqual([]);
  });

  test.each([['approve'], ['reject']])(
    '%s without a digest shows the hold, and the line that decides about it',
    async (verb) => {
      const { code, out, err } = await headgate('holds', verb, '7');
      expect(code).toBe(64);
      expect(out).toContain(`headgate holds ${verb} 7 --digest abababababab --reason`);
      expect(err).toContain('look at the above');
      expect(asked).toEqual([]);
    },
  );

  test('ends with 3 when the hold changed', async () => {
    const ran = await headgate('holds', 'approve', '9', '--digest', DIGEST, '--reason', 'x');
    expect(ran).toMatchObject({ code: 3, err: expect.stringContaining('it changed') });
  });
});
