import { afterEach, describe, expect, it } from 'vitest';
import { createTestDirectory, endpointsOf, graphError, startLoopback } from './loopback-graph.ts';
import { openTenant, type Answerer, type OpenTenant } from './scripted-tenant.ts';

const signal = new AbortController().signal;
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of opened.splice(0).toReversed()) await thing.close();
});
const open = (answer: Answerer): Promise<OpenTenant> => openTenant(opened, answer);

describe('the check', () => {
  const APP = '33333333-3333-4333-8333-333333333333';
  const good: Answerer = (path) =>
    path.startsWith('/servicePrincipals(')
      ? { json: { id: 'sp', appId: APP, displayName: 'Acme', appRoles: [] } }
      : { json: { value: [{ id: 'x', accountEnabled: true }] } };

  it('proves token, application and every permission', async () => {
    const { directory } = await open(good);
    const results = await directory.check(APP, signal);
    expect(results.filter(({ ok }) => !ok)).toEqual([]);
    expect(results).toHaveLength(7);
  });

  it.each([
    ['/servicePrincipals', 'Application.Read.All'],
    ['/groups?', 'GroupMember.Read.All'],
    ['/groups/x/members', 'GroupMember.Read.All'],
    ['/users?', 'User.Read.All'],
    ['/directory/deletedItems', 'User.Read.All'],
  ])('names the permission to grant when %s is refused', async (prefix, permission) => {
    const { directory } = await open((path, request) =>
      path.startsWith(prefix) ? graphError(403, 'Authorization_RequestDenied') : good(path, request),
    );
    const failed = (await directory.check(APP, signal)).filter(({ ok }) => !ok);
    expect(failed).not.toEqual([]);
    expect(failed.every(({ remedy }) => remedy?.includes(permission))).toBe(true);
  });

  it('stops at the token when there is none', async () => {
    const server = await startLoopback(
      () => ({}),
      () => ({
        status: 401,
        json: { error: 'invalid_client', error_description: 'AADSTS7000215: no.', error_codes: [7000215] },
      }),
    );
    const { directory } = createTestDirectory(endpointsOf(server.origin));
    opened.push(server, directory);
    expect(await directory.check(APP, signal)).toEqual([
      expect.objectContaining({
        name: 'access token',
        ok: false,
        remedy: expect.stringContaining('secret') as unknown,
      }),
    ]);
  });
});
