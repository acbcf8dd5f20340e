import { afterEach, describe, expect, it } from 'vitest';
import { IncompleteReadError, TransientError } from '../../../src/core/errors.ts';
import { graphError, type Reply, createOpener, inTurn } from './loopback-graph.ts';

const signal = new AbortController().signal;

const { open, closeAll } = createOpener();
afterEach(closeAll);

const reset: Reply = { send: (response) => response.destroy() };

describe('paging', () => {
  function assignment(id: string): object {
    return { id, principalId: `user-${id}`, principalType: 'User', appRoleId: '00000000-0000-0000-0000-000000000000' };
  }
  function pageOf(request: { readonly url: string }): number {
    return Number(new URL(request.url, 'http://x').searchParams.get('$skiptoken') ?? '1');
  }
  function page(origin: string, number: number, last: number): Reply {
    const link = `${origin}/v1.0/servicePrincipals/sp-1/appRoleAssignedTo?$skiptoken=${number + 1}`;
    return { json: { value: [assignment(`a${number}`)], ...(number < last ? { '@odata.nextLink': link } : {}) } };
  }

  it('follows next links as they are, to the end, through an empty page', async () => {
    const test = await open((request, origin) => {
      const link = `${origin}/v1.0/servicePrincipals/sp-1/appRoleAssignedTo?$skiptoken=https%3A%2F%2Fx%26&$top=999&a=b(c`;
      if (request.url.includes('a=b(c')) return { json: { value: [assignment('last')] } };
      return { json: { value: [], '@odata.nextLink': link } };
    });
    const read = await test.directory.readAssignments('sp-1', signal);
    expect(read).toEqual({ gaps: [], value: [expect.objectContaining({ id: 'last', principal: 'user-last' })] });
    expect(test.server.graphRequests()[1]?.url).toBe(
      '/v1.0/servicePrincipals/sp-1/appRoleAssignedTo?$skiptoken=https%3A%2F%2Fx%26&$top=999&a=b(c',
    );
  });

  it('a page that fails for ever midway fails the read', async () => {
    const test = await open((request, origin) =>
      pageOf(request) === 3 ? graphError(500, 'InternalServerError') : page(origin, pageOf(request), 5),
    );
    await expect(test.directory.readAssignments('sp-1', signal)).rejects.toThrow(TransientError);
  });

  it('a page that fails a few times midway changes nothing in the result', async () => {
    let failures = 0;
    const test = await open((request, origin) =>
      pageOf(request) === 3 && failures++ < 3 ? reset : page(origin, pageOf(request), 5),
    );
    const read = await test.directory.readAssignments('sp-1', signal);
    expect(read.value.map(({ id }) => id)).toEqual(['a1', 'a2', 'a3', 'a4', 'a5']);
  });

  const broken: readonly (readonly [string, (origin: string, url: string) => unknown])[] = [
    ['a next link seen before', (origin, url) => ({ value: [], '@odata.nextLink': `${origin}${url}` })],
    ['a next link to another host', () => ({ value: [], '@odata.nextLink': 'https://graph.example/v1.0/users' })],
    ['a next link to another port', () => ({ value: [], '@odata.nextLink': 'http://127.0.0.1:1/v1.0/users' })],
    ['a next link outside the version', (origin) => ({ value: [], '@odata.nextLink': `${origin}/beta/users` })],
    ['a next link that is no address', () => ({ value: [], '@odata.nextLink': 'page 2' })],
    ['a page without a list', () => ({ values: [] })],
    ['a list of something else than objects', () => ({ value: ['a1'] })],
    ['an assignment without a principal', () => ({ value: [{ id: 'a1', principalType: 'User' }] })],
  ];
  it.each(broken)('%s is an incomplete read', async (_name, body) => {
    const test = await open((request, origin) => ({ json: body(origin, request.url) }));
    await expect(test.directory.readAssignments('sp-1', signal)).rejects.toThrow(IncompleteReadError);
    expect(test.server.graphRequests().length).toBeLessThanOrEqual(2);
  });

  it('assignments listed twice are read again and are a gap when it stays so', async () => {
    const test = await open(() => ({ json: { value: [assignment('a1'), assignment('a2'), assignment('a1')] } }));
    const read = await test.directory.readAssignments('sp-1', signal);
    expect(read.value).toHaveLength(2);
    expect(read.gaps).toEqual([expect.objectContaining({ expected: 2, found: 3 })]);
    expect(test.server.graphRequests()).toHaveLength(4);
  });

  it('a listing that ended early once is found out by the next read', async () => {
    const test = await open(inTurn({ json: { value: [] } }, { json: { value: [assignment('a1'), assignment('a2')] } }));
    const read = await test.directory.readAssignments('sp-1', signal);
    expect(read.gaps).toEqual([]);
    expect(read.value).toHaveLength(2);
    expect(test.server.graphRequests()).toHaveLength(3);
  });

  it('a listing that is never the same twice is a gap', async () => {
    let reads = 0;
    const test = await open(() => ({ json: { value: [assignment(`a${(reads += 1)}`)] } }));
    const read = await test.directory.readAssignments('sp-1', signal);
    expect(read.gaps).toEqual([expect.objectContaining({ what: expect.stringContaining('differ') as unknown })]);
  });

  it('assignments listed twice once are no gap after a clean second read', async () => {
    const twice = { json: { value: [assignment('a1'), assignment('a1')] } };
    const test = await open(inTurn(twice, { json: { value: [assignment('a1'), assignment('a2')] } }));
    const read = await test.directory.readAssignments('sp-1', signal);
    expect(read.gaps).toEqual([]);
    expect(read.value).toHaveLength(2);
  });

  it('a principal of an unknown kind is a gap, so that nothing is removed on its account', async () => {
    const robot = { id: 'a9', principalId: 'x', principalType: 'Robot', appRoleId: 'r' };
    const test = await open(() => ({ json: { value: [assignment('a1'), robot] } }));
    const read = await test.directory.readAssignments('sp-1', signal);
    expect(read.value.map(({ id }) => id)).toEqual(['a1']);
    expect(read.gaps).toEqual([expect.objectContaining({ found: 1 })]);
  });
});
