import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  company,
  errorOf,
  EVENTUAL,
  first,
  isObject,
  startClient,
  valuesOf,
  type Answer,
  type Client,
} from './client.ts';

let client: Client;
const state = company();
const user = first(state.users);
const group = first(state.groups);

beforeAll(async () => {
  client = await startClient(state);
});
afterAll(() => client.tenant.close());

function responsesOf({ json }: Answer): Record<string, unknown>[] {
  const { responses } = json;
  if (!Array.isArray(responses)) throw new Error('no responses');
  return responses.filter(isObject);
}

function step(id: string, url = '/users?$top=1', more: Record<string, unknown> = {}): Record<string, unknown> {
  return { id, method: 'GET', url, ...more };
}

/** An answer without what differs between two requests for the same thing. */
function withoutIds(body: Record<string, unknown>): Record<string, unknown> {
  if (!isObject(body['error'])) return body;
  const { innerError: _ids, ...error } = body['error'];
  return { error };
}

describe('$batch', () => {
  it('answers each step as the single request would be, in an order of its own', async () => {
    const urls = [`/users/${user.id}`, '/groups/x', `users?$top=1`, `/users/${encodeURIComponent(user.id)}/manager`];
    const requests = urls.map((url, index) => step(String(index), url));
    const answer = await client.send('POST', '/$batch', { requests });
    expect(answer.status).toBe(200);
    const responses = responsesOf(answer);
    expect(responses.map((response) => response['id'])).not.toEqual(requests.map((request) => request['id']));
    for (const response of responses) {
      const single = await client.get(`/${urls[Number(response['id'])]?.replace(/^\//, '') ?? ''}`);
      expect(response['status']).toBe(single.status);
      const body = isObject(response['body']) ? response['body'] : {};
      expect(withoutIds(body)).toEqual(withoutIds(single.json));
    }
  });

  it('passes headers on to a step, and encodes a count as base64url', async () => {
    const url = `/groups/${group.id}/members/$count`;
    const requests = [step('with', url, { headers: EVENTUAL }), step('without', url)];
    const responses = responsesOf(await client.send('POST', '/$batch', { requests }));
    const [withHeader] = responses.filter((response) => response['id'] === 'with');
    expect(Buffer.from(String(withHeader?.['body']), 'base64url').toString()).toBe(String(group.members.length));
    expect(responses.find((response) => response['id'] === 'without')?.['status']).toBe(400);
  });

  it('fails what depends on a failure with 424 and goes on with the rest', async () => {
    const requests = [
      step('a', '/groups/x'),
      step('b', '/users?$top=1', { dependsOn: ['a'] }),
      step('c', '/users?$top=1', { dependsOn: ['b'] }),
      step('d', '/users?$top=1'),
    ];
    const responses = responsesOf(await client.send('POST', '/$batch', { requests }));
    expect(Object.fromEntries(responses.map((response) => [response['id'], response['status']]))).toEqual({
      a: 400,
      b: 424,
      c: 424,
      d: 200,
    });
  });

  it('denies a write inside as outside', async () => {
    const requests = [{ id: '1', method: 'DELETE', url: `/users/${user.id}` }];
    const [response] = responsesOf(await client.send('POST', '/$batch', { requests }));
    expect(response?.['status']).toBe(403);
  });

  it('logs the envelope and every step', async () => {
    client.tenant.control.clearRequests();
    await client.send('POST', '/$batch', { requests: [step('1'), step('2')] });
    expect(client.tenant.control.requests().map(({ path, batched }) => [path, batched])).toEqual([
      ['/users', true],
      ['/users', true],
      ['/$batch', false],
    ]);
  });

  it.each([
    ['21 steps', Array.from({ length: 21 }, (_, index) => step(String(index))), 'exceeds the maximum value of 20'],
    ['no step', [], 'Invalid batch payload'],
    ['two steps with one id', [step('1'), step('1')], 'duplicated'],
    ['a step without an id', [{ method: 'GET', url: '/users' }], 'Invalid batch payload'],
    ['an absolute url', [step('1', 'https://graph.microsoft.com/v1.0/users')], 'must be relative'],
    ['a batch in a batch', [step('1', '/$batch')], 'Nested'],
    ['a dependency on a later step', [step('1', '/users', { dependsOn: ['2'] }), step('2')], 'not an earlier request'],
    ['a body without a content type', [step('1', '/users', { method: 'POST', body: {} })], 'Content-Type'],
  ])('refuses %s as a whole', async (_name, requests, message) => {
    const answer = await client.send('POST', '/$batch', { requests });
    expect(answer.status).toBe(400);
    expect(errorOf(answer)).toMatchObject({ code: 'BadRequest', message: expect.stringContaining(message) });
  });

  it('refuses a body that is no JSON, or not said to be', async () => {
    const json = await client.send('POST', '/$batch', 'text', { 'content-type': 'text/plain' });
    expect(errorOf(json)['message']).toContain('Unable to read JSON request payload');
  });
});

describe('getByIds', () => {
  it('gives the objects there are, of the types asked for', async () => {
    const application = first(state.servicePrincipals);
    const ids = [user.id, group.id, application.id, '00000000-0000-4000-8000-00000000dead'];
    const typesOf = async (types?: string[]): Promise<unknown[]> => {
      const body = types === undefined ? { ids } : { ids, types };
      const answer = await client.send('POST', '/directoryObjects/getByIds', body);
      return valuesOf(answer).map((value) => value['@odata.type']);
    };
    const everything = ['user', 'group', 'servicePrincipal'].map((type) => `#microsoft.graph.${type}`);
    expect(await typesOf()).toEqual(everything);
    expect(await typesOf(['user'])).toEqual(['#microsoft.graph.user']);
    expect(await typesOf(['directoryObject'])).toEqual(everything);
  });

  it.each([
    ['a thousand and one ids', { ids: Array.from({ length: 1001 }, () => user.id) }, 'Max allowed: 1000'],
    ['no id', { ids: [] }, 'at least 1'],
    ['an id that is no GUID', { ids: ['x'] }, 'Invalid object identifier'],
    ['an unknown type', { ids: [user.id], types: ['robot'] }, "'robot'"],
    ['an unknown member', { ids: [user.id], kinds: [] }, 'Unable to read JSON'],
  ])('refuses %s', async (_name, body, message) => {
    const answer = await client.send('POST', '/directoryObjects/getByIds', body);
    expect(answer.status).toBe(400);
    expect(errorOf(answer)['message']).toContain(message);
  });
});
