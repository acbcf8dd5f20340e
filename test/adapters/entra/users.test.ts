import { afterEach, describe, expect, it } from 'vitest';
import { IncompleteReadError, RejectedError, TransientError, UnauthorizedError } from '../../../src/core/errors.ts';
import { createTestDirectory, endpointsOf, graphError, startLoopback, type Reply } from './loopback-graph.ts';
import { MISSING, batchOf, lastSegment, openTenant, type Answerer, type OpenTenant } from './scripted-tenant.ts';

const signal = new AbortController().signal;
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of opened.splice(0).toReversed()) await thing.close();
});
const open = (answer: Answerer): Promise<OpenTenant> => openTenant(opened, answer);

describe('users by id', () => {
  const user = (id: string, more: object = {}): Reply => ({ json: { id, accountEnabled: true, ...more } });

  it('come twenty to a request, each with its own answer, whatever the order', async () => {
    const ids = Array.from({ length: 45 }, (_, index) => `u${index}`);
    const { directory, server } = await open((path) =>
      user(lastSegment(path), { displayName: `name of ${lastSegment(path)}` }),
    );
    const users = await directory.readUsers(ids, ['displayName'], signal);
    expect([...users].every(([id, { attributes }]) => attributes['displayName'] === `name of ${id}`)).toBe(true);
    expect(users.size).toBe(45);
    expect(server.graphRequests()).toHaveLength(3);
  });

  it('that are throttled one by one inside a batch are asked again by themselves', async () => {
    let throttled = 0;
    const { directory, server, waits } = await open((path) => {
      const odd = Number(lastSegment(path).slice(1)) % 2 === 1;
      return odd && throttled++ < 10
        ? graphError(429, 'TooManyRequests', { 'Retry-After': '13' })
        : user(lastSegment(path));
    });
    const ids = Array.from({ length: 20 }, (_, index) => `u${index}`);
    expect((await directory.readUsers(ids, [], signal)).size).toBe(20);
    expect(waits).toEqual([13_000]);
    const sizes = server.graphRequests().map((request) => batchOf(request).length);
    expect(sizes).toEqual([20, 10]);
  });

  it('that do not exist are left out', async () => {
    const { directory } = await open((path) => (path.includes('/u2') ? MISSING : user(lastSegment(path))));
    expect([...(await directory.readUsers(['u1', 'u2', 'u3'], [], signal)).keys()]).toEqual(['u1', 'u3']);
  });

  it.each([
    ['a 404 that is not Graph’s own', graphError(404, 'UnknownRoute'), Error],
    ['a 403', graphError(403, 'Authorization_RequestDenied'), UnauthorizedError],
    ['a 400', graphError(400, 'Request_BadRequest'), RejectedError],
    ['a failure without end', graphError(500, 'InternalServerError'), TransientError],
    ['another user than the one asked for', user('somebody-else'), IncompleteReadError],
    ['a user whose state is hidden', { json: { id: 'u2', displayName: 'x' } }, IncompleteReadError],
  ])('%s for one of them fails the read', async (_name, reply: Reply, kind) => {
    const { directory } = await open((path) => (path.includes('/u2') ? reply : user(lastSegment(path))));
    await expect(directory.readUsers(['u1', 'u2', 'u3'], [], signal)).rejects.toThrow(kind);
  });

  it('a batch that leaves one of them unanswered is asked again and then fails', async () => {
    const server = await startLoopback(() => ({ json: { responses: [] } }));
    const { directory } = createTestDirectory(endpointsOf(server.origin));
    opened.push(server, directory);
    await expect(directory.readUsers(['u1'], [], signal)).rejects.toThrow(TransientError);
    expect(server.graphRequests()).toHaveLength(6);
  });

  it('are asked for exactly the mapped properties, and read back under the names asked', async () => {
    const { directory, server } = await open(() =>
      user('u1', {
        userPrincipalName: "o'brien_partner.example#EXT#@contoso.example",
        businessPhones: ['1', '2'],
        onPremisesExtensionAttributes: { extensionAttribute1: 'one', extensionAttribute7: null },
        employeeOrgData: { costCenter: '42' },
        extension_0123_shoeSize: 41,
        manager: { '@odata.type': '#microsoft.graph.user', id: 'boss' },
      }),
    );
    const asked = [
      'userPrincipalName',
      'manager',
      'IsSoftDeleted',
      'extensionAttribute1',
      'onPremisesExtensionAttributes.extensionAttribute7',
      'employeeOrgData.costCenter',
      'employeeOrgData.division',
      'extension_0123_shoeSize',
      'businessPhones',
      'objectId',
      'jobTitle',
    ];
    const read = await directory.readUsers(['u1'], asked, signal);
    expect(read.get('u1')).toEqual({
      id: 'u1',
      enabled: true,
      manager: 'boss',
      attributes: {
        userPrincipalName: "o'brien_partner.example#EXT#@contoso.example",
        extensionAttribute1: 'one',
        'onPremisesExtensionAttributes.extensionAttribute7': null,
        'employeeOrgData.costCenter': '42',
        'employeeOrgData.division': null,
        extension_0123_shoeSize: 41,
        businessPhones: ['1', '2'],
        objectId: 'u1',
        jobTitle: null,
      },
    });
    const [batch] = server.graphRequests();
    expect(batch?.body).toContain(
      '$select=accountEnabled,businessPhones,employeeOrgData,extension_0123_shoeSize,id,jobTitle,' +
        'onPremisesExtensionAttributes,userPrincipalName&$expand=manager($select=id)',
    );
  });

  it('with an attribute Graph does not know point at the mapping', async () => {
    const { directory } = await open(() => graphError(400, 'BadRequest'));
    await expect(directory.readUsers(['u1'], ['jobTitel'], signal)).rejects.toMatchObject({
      facts: { status: 400, remedy: expect.stringContaining('mapping') as unknown },
    });
  });

  it('with an attribute that is an object are refused, with the way to write it', async () => {
    const { directory } = await open(() => user('u1', { employeeOrgData: { division: 'x' } }));
    await expect(directory.readUsers(['u1'], ['employeeOrgData'], signal)).rejects.toThrow(RejectedError);
  });
});

describe('users of a whole tenant', () => {
  const ids = Array.from({ length: 1200 }, (_, index) => `u${index}`);
  const user = (id: string): object => ({ id, accountEnabled: true });

  it('are read page by page when many are wanted, and who is missing from the pages is asked for by id', async () => {
    const strangers = Array.from({ length: 300 }, (_, index) => user(`stranger${index}`));
    const { directory, server } = await open((path) => {
      if (path === '/users/$count') return { text: '1500' };
      if (path.startsWith('/users?')) return { json: { value: [...strangers, ...ids.slice(3).map(user)] } };
      return path.includes('/u2?') ? MISSING : { json: user(lastSegment(path)) };
    });
    const users = await directory.readUsers(ids, [], signal);
    expect(users.size).toBe(1199);
    expect([users.has('u0'), users.has('u1'), users.has('u2'), users.has('stranger0')]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect(server.graphRequests()).toHaveLength(3);
  });

  it('are not read when the wanted are few among many', async () => {
    const { directory, server } = await open((path) =>
      path === '/users/$count' ? { text: '900000' } : { json: user(lastSegment(path)) },
    );
    expect((await directory.readUsers(ids, [], signal)).size).toBe(1200);
    expect(server.graphRequests().some(({ url }) => url.startsWith('/v1.0/users?'))).toBe(false);
  });
});
