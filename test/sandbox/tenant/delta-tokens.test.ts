import { afterEach, describe, expect, it } from 'vitest';
import { clientOf, company, errorOf, startClient, type Answer, type Client } from './client.ts';
import { latestLink, readRound, type Round } from './delta-round.ts';

const state = company();
const USERS = '/users/delta?$select=displayName,jobTitle,manager';
const GROUPS = '/groups/delta?$select=displayName,members';

let client: Client;
let time = Date.parse('2026-05-01T12:00:00Z');
afterEach(() => client.tenant.close());

async function start(): Promise<void> {
  client = await startClient(state, { now: () => time });
}

const round = (from: string): Promise<Round> => readRound(client, from);
const latest = (path: string): Promise<string> => latestLink(client, path);

describe('a state token', () => {
  it('ends with 410 Gone and a location to start over, once tokens expire', async () => {
    await start();
    const link = await latest(USERS);
    client.tenant.control.expireDeltaTokens();
    const answer = await client.get(link);
    expect(answer.status).toBe(410);
    const location = answer.headers.get('location') ?? '';
    expect(location).toBe(`${client.tenant.graphUrl}${USERS}&$deltatoken=`);
    const { values, deltaLink } = await round(location);
    expect(values.length).toBeGreaterThanOrEqual(state.users.length);
    expect((await round(deltaLink)).values).toEqual([]);
  });

  it('is good for seven days and lost after them', async () => {
    await start();
    const link = await latest(GROUPS);
    time += 7 * 24 * 3_600_000;
    // The access token is long dead; its lifetime is not what is tested here.
    const again = await clientOf(client.tenant);
    expect((await again.get(link)).status).toBe(200);
    time += 1;
    const answer = await again.get(link);
    expect([answer.status, errorOf(answer)['code']]).toEqual([400, 'syncStateNotFound']);
  });
});

describe('change tracking refuses', () => {
  const ids = Array.from({ length: 51 }, (_, index) => `id eq '00000000-0000-4000-8000-0000000000${10 + index}'`);
  const REFUSED: readonly (readonly [string, string | ((link: string) => string), number])[] = [
    ['$top', '/users/delta?$top=5', 400],
    ['$orderby', '/users/delta?$orderby=displayName', 400],
    ['$expand', '/groups/delta?$expand=members', 400],
    ['$count', '/users/delta?$count=true', 400],
    ['a filter by name', "/users/delta?$filter=displayName eq 'Ada'", 400],
    ['more than fifty ids', `/users/delta?$filter=${ids.join(' or ')}`, 400],
    ['the relationship of the other type', '/users/delta?$select=members', 400],
    ['another relationship', '/users/delta?$select=directReports', 400],
    ['a made-up token', '/users/delta?$deltatoken=abc', 400],
    ['a page token of another read', '/users/delta?$skiptoken=abc', 400],
    ['a selection beside a token', (link) => `${link}&$select=id`, 400],
    ['both tokens', (link) => `${link}&$skiptoken=x`, 400],
    ['a token of users for groups', (link) => link.replace('/users/', '/groups/'), 400],
    ['a write', '/users/delta', 405],
  ];
  it.each(REFUSED)('%s', async (name, path, status) => {
    await start();
    const link = await latest(USERS);
    const address = typeof path === 'string' ? path : path(link);
    const answer: Answer = name === 'a write' ? await client.send('PUT', address, {}) : await client.get(address);
    expect({ name, status: answer.status, text: answer.text }).toMatchObject({ status });
    expect(errorOf(answer)['code']).toEqual(expect.any(String));
  });

  it('up to fifty ids it takes', async () => {
    await start();
    const answer = await client.get(`/users/delta?$filter=${ids.slice(1).join(' or ')}&$deltatoken=latest`);
    expect(answer.status).toBe(200);
  });
});
