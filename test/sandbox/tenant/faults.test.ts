import { afterEach, describe, expect, it } from 'vitest';
import type { Fault, FaultEffect } from '../../../src/sandbox/tenant/faults.ts';
import { readerApplication } from '../../../src/sandbox/tenant/login/applications.ts';
import {
  company,
  EVENTUAL,
  first,
  isObject,
  secretForm,
  startClient,
  tokenRequest,
  valuesOf,
  type Client,
} from './client.ts';

let client: Client;
const state = company();
const group = first(state.groups);

afterEach(() => client.tenant.close());

async function startWith(fault: Fault): Promise<Client> {
  client = await startClient(state, { pageSize: 10 });
  client.tenant.control.addFault(fault);
  return client;
}

async function secondPage(): Promise<string> {
  const { json } = await client.get('/users?$select=id');
  return String(json['@odata.nextLink']);
}

const AVAILABLE: FaultEffect = { kind: 'status', status: 503, retryAfter: '7' };

describe('faults', () => {
  it('fail one page for ever and leave the others alone', async () => {
    await startWith({ path: '/users', page: 2, effect: AVAILABLE });
    const next = await secondPage();
    for (let attempt = 0; attempt < 3; attempt += 1) {
      const answer = await client.get(next);
      expect(answer.status).toBe(503);
      expect(answer.headers.get('retry-after')).toBe('7');
    }
    expect((await client.get('/groups')).status).toBe(200);
  });

  it('fail as often as told and no more', async () => {
    await startWith({ path: '/users', times: 2, effect: AVAILABLE });
    const statuses = [];
    for (let attempt = 0; attempt < 4; attempt += 1) statuses.push((await client.get('/users')).status);
    expect(statuses).toEqual([503, 503, 200, 200]);
    expect(client.tenant.control.faults()).toEqual([]);
  });

  it('throttle without saying for how long', async () => {
    await startWith({ path: '/groups/*/members', effect: { kind: 'status', status: 429 } });
    const answer = await client.get(`/groups/${group.id}/members`);
    expect(answer.status).toBe(429);
    expect(answer.headers.get('retry-after')).toBeNull();
    expect((await client.get(`/groups/${group.id}`)).status).toBe(200);
  });

  it('reset the connection', async () => {
    await startWith({ path: '/users', times: 1, effect: { kind: 'reset' } });
    await expect(client.get('/users')).rejects.toThrow('fetch failed');
    expect((await client.get('/users')).status).toBe(200);
  });

  it('drop the connection in the middle of the body', async () => {
    await startWith({ path: '/users', effect: { kind: 'cut' } });
    await expect(client.get('/users')).rejects.toThrow(/terminated|aborted/);
  });

  it('send JSON that stops in the middle', async () => {
    await startWith({ path: '/users', effect: { kind: 'truncated' } });
    const answer = await client.get('/users');
    expect(answer.status).toBe(200);
    expect(() => void JSON.parse(answer.text)).toThrow(SyntaxError);
  });

  it("send a proxy's HTML page", async () => {
    await startWith({ path: '/users', effect: { kind: 'html', status: 502 } });
    const answer = await client.get('/users');
    expect([answer.status, answer.headers.get('content-type')]).toEqual([502, 'text/html']);
    expect(answer.text).toMatch(/^<!DOCTYPE html>/);
  });

  it('answer late', async () => {
    await startWith({ path: '/users', effect: { kind: 'slow', milliseconds: 5 } });
    expect((await client.get('/users')).status).toBe(200);
  });

  it('do not keep the tenant from closing while an answer is late', async () => {
    await startWith({ path: '/users', effect: { kind: 'slow', milliseconds: 3_600_000 } });
    const late = client.get('/users').catch((error: unknown) => error);
    await client.get('/groups');
    await client.tenant.close();
    expect(await late).toBeInstanceOf(Error);
  });

  it('serve a page twice under different links, and then go on', async () => {
    await startWith({ path: '/users', page: 2, times: 1, effect: { kind: 'repeat-page' } });
    const { values } = await client.all('/users?$select=id');
    expect(values).toHaveLength(state.users.length + 10);
    expect(new Set(values.map((value) => value['id'])).size).toBe(state.users.length);
  });

  it('link a page to itself for ever', async () => {
    await startWith({ path: '/users', page: 2, effect: { kind: 'loop' } });
    const next = await secondPage();
    const page = await client.get(next);
    expect(page.json['@odata.nextLink']).toBe(next);
    expect(valuesOf(page)).toHaveLength(10);
  });

  it('end a list early without a word', async () => {
    await startWith({ path: '/users', page: 2, effect: { kind: 'end-early' } });
    expect((await client.all('/users')).values).toHaveLength(20);
  });

  it('leave out the values of a page', async () => {
    await startWith({ path: '/users', effect: { kind: 'no-value' } });
    expect((await client.get('/users')).json).not.toHaveProperty('value');
  });

  it('make counts wrong, as text and in a page', async () => {
    await startWith({ path: '/groups/*/members/$count', effect: { kind: 'count-off', by: 3 } });
    client.tenant.control.addFault({ path: '/users', effect: { kind: 'count-off', by: -1 } });
    const text = await client.get(`/groups/${group.id}/members/$count`, EVENTUAL);
    expect(text.text).toBe(String(group.members.length + 3));
    const page = await client.get('/users?$count=true', EVENTUAL);
    expect(page.json['@odata.count']).toBe(state.users.length - 1);
  });

  it('strike steps of a batch, a broken transport as 503', async () => {
    await startWith({ path: '/users', effect: { kind: 'reset' } });
    const requests = ['/users', '/groups'].map((url) => ({ id: url, method: 'GET', url }));
    const { json } = await client.send('POST', '/$batch', { requests });
    const responses = Array.isArray(json['responses']) ? json['responses'].filter(isObject) : [];
    expect(Object.fromEntries(responses.map((response) => [response['id'], response['status']]))).toEqual({
      '/users': 503,
      '/groups': 200,
    });
  });

  it('take the token endpoint down and bring it back', async () => {
    await startWith({ path: '/*/oauth2/v2.0/token', times: 1, effect: { kind: 'status', status: 503 } });
    const form = secretForm(readerApplication());
    expect((await tokenRequest(client.tenant, form)).status).toBe(503);
    expect((await tokenRequest(client.tenant, form)).status).toBe(200);
  });

  it('are bound to a method, and can be taken back', async () => {
    await startWith({ path: '/users', method: 'POST', effect: AVAILABLE });
    expect((await client.get('/users')).status).toBe(200);
    const id = client.tenant.control.addFault({ path: '/users', effect: AVAILABLE });
    expect((await client.get('/users')).status).toBe(503);
    expect(client.tenant.control.removeFault(id)).toBe(true);
    expect(client.tenant.control.removeFault(id)).toBe(false);
    expect((await client.get('/users')).status).toBe(200);
  });
});
