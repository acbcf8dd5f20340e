import { afterEach, describe, expect, test } from 'vitest';
import { aProfile, never, resolveNone, resources, toChange, toCreate } from './builders.ts';

const open = resources();
afterEach(() => open.close());

const CHANGES = [{ path: 'userName', before: 'ada', after: 'augusta' }];

describe('the id a provider answers a write with', () => {
  test.each([
    ['Id', 'acc-2', 'acc-2'],
    ['ID', 7, '7'],
  ])('is taken from "%s" after a create', async (name, value, id) => {
    const server = await open.scripted(() => ({ status: 201, body: { [name]: value, UserName: 'ada' } }));
    const made = await open.client(server.url).apply(toCreate({ userName: 'ada' }), resolveNone, never);
    expect(made.resourceId).toBe(id);
  });

  test.each(['path', 'put'] as const)('is taken from "Id" after a change sent as %s', async (shape) => {
    const server = await open.scripted(({ method }) => ({
      body: { Id: method === 'GET' ? 'acc-1' : 'acc-2', UserName: 'ada' },
    }));
    const provider = open.client(server.url, { profile: aProfile({ patch: { shape } }) });
    const changed = await provider.apply(toChange('acc-1', CHANGES), resolveNone, never);
    expect(changed.resourceId).toBe('acc-2');
  });
});
