import { expect, test } from 'vitest';
import { accountBody, create, groupBody, patchBody, withProvider } from './scim-client.ts';

test('a fault shows only for its method and path, and as many times as it was given', async () => {
  await withProvider({}, async ({ provider, send }) => {
    provider.faults.set({ fault: 'failBefore', times: 2, method: 'post', path: '^/Users$' });
    expect((await send('GET', '/Users')).status).toBe(200);
    expect((await send('POST', '/Groups', groupBody('G'))).status).toBe(201);
    expect((await send('POST', '/Users', accountBody('a'))).status).toBe(500);
    expect(provider.faults.list()).toMatchObject([{ fault: 'failBefore', times: 1 }]);
    expect((await send('POST', '/Users', accountBody('a'))).status).toBe(500);
    expect((await send('POST', '/Users', accountBody('a'))).status).toBe(201);
    expect(provider.faults.list()).toEqual([]);
  });
});

test('faults are set and cleared through the control API, and a wrong one is refused', async () => {
  await withProvider({}, async ({ send, control }) => {
    expect((await control('POST', '/_sandbox/faults', { fault: 'htmlBody', times: 5 })).body).toEqual({
      faults: [{ fault: 'htmlBody', times: 5 }],
    });
    expect((await send('GET', '/Users')).status).toBe(502);
    expect((await control('DELETE', '/_sandbox/faults')).body).toEqual({ faults: [] });
    expect((await send('GET', '/Users')).status).toBe(200);
    for (const wrong of [
      { fault: 'nonsense' },
      { fault: 'slow', times: 0 },
      { fault: 'slow', colour: 'x' },
      { fault: 'slow', path: '(' },
    ]) {
      expect((await control('POST', '/_sandbox/faults', wrong)).status).toBe(400);
    }
  });
});

test('a fault of members is not used up by a write that has no members', async () => {
  await withProvider({}, async ({ provider, send }) => {
    const ada = create(provider, accountBody('ada'));
    const group = create(provider, groupBody('G', [ada]));
    provider.faults.set({ fault: 'duplicateMembers', times: 1 });
    await send('PATCH', `/Users/${ada}`, patchBody({ op: 'replace', path: 'title', value: 'Dr' }));
    await send('PATCH', `/Groups/${group}`, patchBody({ op: 'replace', path: 'displayName', value: 'H' }));
    expect(provider.faults.list()).toHaveLength(1);
    await send('PATCH', `/Groups/${group}`, patchBody({ op: 'add', path: 'members', value: [{ value: ada }] }));
    expect(provider.groups.get(group)?.['members']).toHaveLength(2);
    expect(provider.faults.list()).toEqual([]);
  });
});
