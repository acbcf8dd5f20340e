import * as fc from 'fast-check';
import { inspect } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { createScimProvider } from '../../../src/adapters/scim/provider.ts';
import { generic } from '../../../src/adapters/scim/profiles/generic.ts';
import {
  IMPATIENT,
  never,
  recorder,
  resources,
  type ScriptedAnswer,
  toChange,
  toCreate,
  toMembers,
  toRemove,
  TOKEN,
} from './builders.ts';

const open = resources();
afterEach(() => open.close());

const NAME = 'ada.lovelace@contoso.com';
const ECHO = `you sent Bearer ${TOKEN} for ${NAME}`;

/** Answers of a provider that repeats everything it was sent wherever it can. */
const answer: fc.Arbitrary<ScriptedAnswer> = fc.oneof(
  fc.constant({ destroy: true }),
  fc.record({
    status: fc.constantFrom(
      200,
      201,
      202,
      204,
      301,
      307,
      400,
      401,
      403,
      404,
      409,
      410,
      412,
      413,
      418,
      428,
      429,
      500,
      501,
      502,
      503,
    ),
    headers: fc.record(
      {
        'x-request-id': fc.constantFrom(TOKEN, `id-${TOKEN}`, `${NAME.replace('@', '%')}${TOKEN}`, 'r-1'),
        location: fc.constantFrom(`/scim/v2/Users/${TOKEN}`, `http://${TOKEN}.invalid/`, 'http://127.0.0.1:1/x'),
        'retry-after': fc.constantFrom('0', TOKEN),
        etag: fc.constant(TOKEN),
      },
      { requiredKeys: [] },
    ),
    body: fc.constantFrom<string | object>(
      '',
      ECHO,
      `<html>${ECHO}</html>`,
      { schemas: [TOKEN], scimType: TOKEN, detail: ECHO, status: NAME },
      { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], scimType: NAME, detail: ECHO, status: '400' },
      { totalResults: ECHO, Resources: ECHO, startIndex: ECHO },
      { totalResults: 3, Resources: [{ id: 'x', userName: NAME, externalId: ECHO }] },
      { id: 'x', userName: NAME, active: ECHO, members: [{ value: ECHO }] },
    ),
  }),
);

test('no error, log line or metric carries the token, a body or a name, whatever the provider answers', async () => {
  let current: ScriptedAnswer = {};
  const server = await open.scripted(() => current);
  const { log, metrics, lines } = recorder();
  const provider = createScimProvider({
    connection: 'acme',
    url: server.url,
    profile: generic,
    credential: { kind: 'bearer', token: async () => TOKEN },
    patience: { ...IMPATIENT, retries: 0 },
    adaptive: false,
    log,
    metrics,
    now: Date.now,
  });
  open.onClose(() => provider.close());
  const works: (() => Promise<unknown>)[] = [
    () => provider.apply(toCreate({ userName: NAME, externalId: NAME }), () => undefined, never),
    () => provider.settle(toCreate({ userName: NAME, externalId: NAME }), () => undefined, never),
    () => provider.apply(toChange(NAME, [{ path: 'displayName', before: NAME, after: 'x' }]), () => undefined, never),
    () => provider.apply(toRemove('disable', NAME), () => undefined, never),
    () => provider.apply(toRemove('delete', NAME), () => undefined, never),
    () => provider.apply(toMembers(['a'], [{ anchor: 'b', resourceId: NAME }]), () => NAME, never),
    () => provider.findAccounts({ attribute: 'userName', value: NAME }, never),
    () => provider.findAccounts({ attribute: 'userName', value: `${NAME}"\\` }, never),
    () => provider.listAccounts(never),
    () => provider.listGroups(never),
    () => provider.readAccount(NAME, never),
    () => provider.check(never).then((found) => Promise.reject(new Error(JSON.stringify(found)))),
  ];
  let errors = 0;
  await fc.assert(
    fc.asyncProperty(answer, fc.constantFrom(...works), async (next, work) => {
      current = next;
      lines.length = 0;
      const error = await work().catch((thrown: unknown) => thrown);
      const told = [...lines];
      if (error instanceof Error) {
        errors += 1;
        told.push(inspect(error, { depth: 10 }), error.message);
      }
      const all = told.join('\n');
      for (const secret of [TOKEN, NAME, encodeURIComponent(NAME), 'ada.lovelace']) expect(all).not.toContain(secret);
    }),
    { numRuns: 600 },
  );
  expect(errors).toBeGreaterThan(100);
});
