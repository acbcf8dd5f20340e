import { afterEach, describe, expect, test } from 'vitest';
import { aProfile, failure, idIn, never, resolveNone, resources, toChange, toRemove } from './builders.ts';

const open = resources();
afterEach(() => open.close());

const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const titled = (id: string) => toChange(id, [{ path: 'title', before: null, after: 'Countess' }]);

/** A provider that insists on versions, with an account somebody else changes just before some of our writes. */
async function rig(isMeddled: (write: number) => boolean, shape: 'path' | 'put' = 'path') {
  const sandbox = await open.sandbox({ overrides: { etag: 'required' } });
  const id = idIn(sandbox.change('POST', '/Users', { schemas: [USER], userName: 'ada' }));
  let writes = 0;
  sandbox.observe({
    beforeWrite: () => {
      writes += 1;
      if (!isMeddled(writes)) return;
      const Operations = [{ op: 'replace', path: 'nickName', value: `nick ${writes}` }];
      sandbox.change('PATCH', `/Users/${id}`, { schemas: [PATCH], Operations });
    },
  });
  const answers = () => sandbox.requests().map(({ method, status }) => `${method} ${status}`);
  return { sandbox, provider: open.client(sandbox.url, { profile: aProfile({ patch: { shape } }) }), id, answers };
}

describe('a write bound to a version that somebody else outran', () => {
  test('is a PATCH that is bound to the version read anew and sent again', async () => {
    const { sandbox, provider, id, answers } = await rig((write) => write === 2);
    await provider.apply(titled(id), resolveNone, never);
    expect(answers()).toEqual(['PATCH 428', 'GET 200', 'PATCH 412', 'GET 200', 'PATCH 200']);
    expect(sandbox.accounts.get(id)).toMatchObject({ title: 'Countess', nickName: 'nick 2' });
  });

  test('is a DELETE that is bound to the version read anew and sent again', async () => {
    const { sandbox, provider, id, answers } = await rig((write) => write === 2);
    expect(await provider.apply(toRemove('delete', id), resolveNone, never)).toMatchObject({ resourceId: null });
    expect(answers().filter((answer) => answer.startsWith('DELETE'))).toEqual([
      'DELETE 428',
      'DELETE 412',
      'DELETE 204',
    ]);
    expect(sandbox.accounts.size).toBe(0);
  });

  test.each([
    ['path', ['428', '412', '412']],
    ['put', ['412', '412', '412']],
  ] as const)('and that is outrun again and again is given up with nothing done (%s)', async (shape, refusals) => {
    const { sandbox, provider, id, answers } = await rig(() => true, shape);
    const found = await failure(provider.apply(titled(id), resolveNone, never));
    expect(found).toMatchObject({ name: 'RejectedError', facts: { status: 412 } });
    const sent = answers().filter((answer) => !answer.startsWith('GET'));
    expect(sent.map((answer) => answer.slice(-3))).toEqual(refusals);
    expect(sandbox.accounts.get(id)).toMatchObject({ nickName: 'nick 3' });
    expect(sandbox.accounts.get(id)).not.toHaveProperty('title');
    // Giving up is not for good: the next attempt goes through.
    sandbox.observe({});
    await provider.apply(titled(id), resolveNone, never);
    expect(sandbox.accounts.get(id)).toMatchObject({ title: 'Countess' });
  });

  test('is no write at all when the account went meanwhile', async () => {
    const { sandbox, provider, id, answers } = await rig(() => false);
    sandbox.observe({ beforeWrite: () => void sandbox.change('DELETE', `/Users/${id}`) });
    expect(await failure(provider.apply(titled(id), resolveNone, never))).toMatchObject({ name: 'NotFoundError' });
    expect(answers().filter((answer) => answer.startsWith('PATCH'))).toEqual(['PATCH 404']);
  });

  test('and for which the provider shows no version is refused in words, not sent in circles', async () => {
    const server = await open.scripted(({ method }) =>
      method === 'PATCH' ? { status: 428 } : { body: { id: 'acc-1', userName: 'ada' } },
    );
    const found = await failure(open.client(server.url).apply(titled('acc-1'), resolveNone, never));
    expect(found.message).toContain('the provider demands a version but shows none');
    expect(server.requests.map(({ method }) => method)).toEqual(['PATCH', 'GET']);
  });
});
