import { afterEach, describe, expect, test } from 'vitest';
import { RefusedError } from '../../src/core/errors.ts';
import type { CredentialDesk } from '../../src/ports/credential-desk.ts';
import { aCredential } from '../builders.ts';
import { aDesk, aLog, anOperator, listen, type RunningServer } from './builders.ts';

const SECRET = 'a-secret-nobody-may-see';
let server: RunningServer | undefined;
afterEach(async () => server?.app.close());

async function serve(desk: Partial<CredentialDesk>) {
  const log = aLog();
  server = await listen({ log, operator: anOperator({ credentials: aDesk(desk) }) });
  return { server, log };
}

describe('credentials by the API', () => {
  test('a token is taken in with its owner, and the answer does not hold it', async () => {
    const taken: unknown[] = [];
    const { server: api, log } = await serve({
      add: async (request) => {
        taken.push(request);
        return aCredential({ state: 'candidate' });
      },
    });
    const body = { secret: { text: SECRET }, owner: 'ada@contoso.com', expiresAt: 5, by: 'cli:ada' };
    const answer = await api.ask('POST', '/api/v1/connections/acme/credentials', { body });
    expect(answer.status).toBe(201);
    expect(taken).toEqual([{ connection: 'acme', ...body }]);
    expect(answer.text).not.toContain(SECRET);
    expect(JSON.stringify(log.lines)).not.toContain(SECRET);
  });

  test.each([
    { fault: 'an owner that is nobody', body: { secret: { text: SECRET }, owner: 'ada' } },
    { fault: 'a misspelt key', body: { secret: { text: SECRET, txt: SECRET } } },
    { fault: 'no secret', body: { owner: 'ada@contoso.com' } },
    { fault: 'a secret that is no text', body: { secret: { text: [SECRET] } } },
  ])('O6: $fault is refused, and the refusal does not repeat the secret', async ({ body }) => {
    const { server: api, log } = await serve({});
    const answer = await api.ask('POST', '/api/v1/connections/acme/credentials', { body });
    expect(answer.status).toBe(400);
    expect(answer.text).not.toContain(SECRET);
    expect(JSON.stringify(log.lines)).not.toContain(SECRET);
  });

  test('what may not be done now is a conflict that says what to do', async () => {
    const { server: api } = await serve({
      retire: () =>
        Promise.reject(new RefusedError('credential', 'it is still accepted', { remedy: 'delete it there' })),
    });
    const answer = await api.ask('POST', '/api/v1/credentials/abcd1234/retire', { body: {} });
    expect(answer.status).toBe(409);
    expect(JSON.parse(answer.text)).toMatchObject({
      code: 'credential',
      detail: 'it is still accepted',
      remedy: 'delete it there',
    });
  });

  test('each verb reaches its own, with who asked and what they say', async () => {
    const asked: string[] = [];
    const note = (verb: string) => async (reference: string, how: unknown) => {
      asked.push(`${verb} ${reference} ${JSON.stringify(how)}`);
      return aCredential();
    };
    const { server: api } = await serve({
      probe: async (reference, by) => {
        asked.push(`probe ${reference} ${by}`);
        return { credential: aCredential(), outcome: 'accepted' };
      },
      promote: note('promote'),
      retire: note('retire'),
      revoke: note('revoke'),
      setOwner: note('owner'),
    });
    const at = (verb: string) => `/api/v1/credentials/abcd1234/${verb}`;
    await api.ask('POST', at('probe'), { body: { by: 'ada' } });
    await api.ask('POST', at('promote'), { body: {} });
    await api.ask('POST', at('retire'), { body: { deleted: true } });
    await api.ask('POST', at('revoke'), { body: { by: 'ada' } });
    await api.ask('POST', at('owner'), { body: { owner: 'service-account' } });
    expect(asked).toEqual([
      'probe abcd1234 ada',
      'promote abcd1234 "api"',
      'retire abcd1234 {"by":"api","deleted":true}',
      'revoke abcd1234 {"by":"ada","deleted":false}',
      'owner abcd1234 "service-account"',
    ]);
  });

  test('a connection that is not configured is not found', async () => {
    const { server: api } = await serve({});
    expect((await api.ask('GET', '/api/v1/credentials?connection=other')).status).toBe(404);
    expect((await api.ask('POST', '/api/v1/connections/other/rotation', { body: {} })).status).toBe(404);
    expect((await api.ask('GET', '/api/v1/credentials?connection=acme')).status).toBe(200);
  });
});
