import { afterEach, describe, expect, test } from 'vitest';
import { ThrottledError, TransientError, UnauthorizedError } from '../../../src/core/errors.ts';
import { IMPATIENT, never, resources, type ScriptedAnswer } from './builders.ts';

const open = resources();
afterEach(() => open.close());

/** Waits for an answer of a provider that gives these one after the other, and the last for ever. */
async function waitFor(...answers: readonly ScriptedAnswer[]) {
  const server = await open.scripted((_request, number) => answers[number - 1] ?? answers.at(-1) ?? {});
  const failure = await open
    .client(server.url)
    .awaitAnswer(never)
    .catch((error: unknown) => error);
  return { failure, requests: server.requests.map(({ method, url }) => `${method} ${url}`) };
}

const READ = 'GET /scim/v2/Users?startIndex=1&count=1';

describe('waiting for any answer of a provider', () => {
  test.each([
    ['accounts', { body: { totalResults: 0, Resources: [] } }],
    ['that it has trouble', { status: 500 }],
    ['that it does not list', { status: 403 }],
    ['that it does not know the question', { status: 400 }],
  ])('ends with one request when it answers %s', async (_what, answer) => {
    expect(await waitFor(answer)).toEqual({ failure: undefined, requests: [READ] });
  });

  test('ends at once when the credential is refused, which is not tried again', async () => {
    const { failure, requests } = await waitFor({ status: 401 });
    expect(failure).toBeInstanceOf(UnauthorizedError);
    expect(requests).toEqual([READ]);
  });

  test('goes on while the provider asks to wait', async () => {
    const busy = { status: 429, headers: { 'retry-after': '0' } };
    expect(await waitFor(busy, busy, { status: 200, body: {} })).toEqual({
      failure: undefined,
      requests: [READ, READ, READ],
    });
    expect((await waitFor(busy)).failure).toBeInstanceOf(ThrottledError);
  });

  test('goes on while no answer comes, until its patience is spent', async () => {
    const broken = { destroy: true };
    expect((await waitFor(broken, { status: 200, body: {} })).failure).toBeUndefined();
    const { failure, requests } = await waitFor(broken);
    expect(failure).toBeInstanceOf(TransientError);
    expect(requests).toHaveLength(IMPATIENT.retries + 1);
  });
});
