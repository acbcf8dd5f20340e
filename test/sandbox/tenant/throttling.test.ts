import { afterEach, describe, expect, it } from 'vitest';
import { clientOf, errorOf, isObject, startClient, type Client } from './client.ts';
import { readerApplication } from '../../../src/sandbox/tenant/login/applications.ts';

let client: Client;
let time = Date.parse('2026-05-01T12:00:00Z');

afterEach(() => client.tenant.close());

async function start(units: number): Promise<Client> {
  client = await startClient(undefined, { now: () => time, throttle: { units, perMilliseconds: 10_000 } });
  return client;
}

describe('throttling', () => {
  it('refuses what the bucket lacks, says for how long, and admits again exactly then', async () => {
    await start(4);
    // A list of users costs 2.
    expect((await client.get('/users')).status).toBe(200);
    expect((await client.get('/users')).status).toBe(200);
    const refused = await client.get('/users');
    expect(refused.status).toBe(429);
    expect(errorOf(refused)['code']).toBe('TooManyRequests');
    expect(refused.headers.get('retry-after')).toBe('5');
    expect(refused.headers.get('x-ms-throttle-information')).toBe('ResourceUnitLimitExceeded');
    time += 4_999;
    expect((await client.get('/users')).status).toBe(429);
    time += 1;
    expect((await client.get('/users')).status).toBe(200);
  });

  it.each([
    ['/users', 2],
    ['/users?$select=id', 1],
    ['/users?$select=id&$expand=manager', 2],
    ['/users?$top=19', 1],
    ['/users?$top=20', 2],
    ['/servicePrincipals', 1],
  ])('%s costs %d', async (path, units) => {
    await start(100);
    expect((await client.get(path)).headers.get('x-ms-resource-unit')).toBe(String(units));
  });

  it('says how much is used once it is most of it', async () => {
    await start(10);
    const shares: (string | null)[] = [];
    for (let request = 0; request < 5; request += 1) {
      shares.push((await client.get('/users')).headers.get('x-ms-throttle-limit-percentage'));
    }
    expect(shares).toEqual([null, null, null, '0.80', '1.00']);
  });

  it('counts each application by itself', async () => {
    await start(2);
    const second = readerApplication({ clientId: 'second' });
    client.tenant.control.registerApplication(second);
    const other = await clientOf(client.tenant, second);
    await client.get('/users');
    expect((await client.get('/users')).status).toBe(429);
    expect((await other.get('/users')).status).toBe(200);
  });

  it('counts every step of a batch, and refuses steps one by one', async () => {
    await start(2);
    const requests = ['1', '2', '3'].map((id) => ({ id, method: 'GET', url: '/users?$top=1' }));
    const { status, json } = await client.send('POST', '/$batch', { requests });
    expect(status).toBe(200);
    const responses = Array.isArray(json['responses']) ? json['responses'].filter(isObject) : [];
    const byId = new Map(responses.map((response) => [response['id'], response]));
    expect(['1', '2', '3'].map((id) => byId.get(id)?.['status'])).toEqual([200, 200, 429]);
    expect(byId.get('3')?.['headers']).toHaveProperty('Retry-After', '5');
  });

  it('can be lifted', async () => {
    await start(2);
    await client.get('/users');
    client.tenant.control.setThrottle(undefined);
    expect((await client.get('/users')).status).toBe(200);
  });
});
