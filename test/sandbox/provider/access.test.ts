import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { URN } from '../../../src/core/scim.ts';
import { accountBody, create, patchBody, withProvider, type Answer } from './scim-client.ts';

const granted = z.object({ access_token: z.string(), token_type: z.literal('Bearer'), expires_in: z.number() });

const ADA = accountBody('ada@x.example');

describe('versions', () => {
  const change = patchBody({ op: 'replace', path: 'title', value: 'Dr' });

  test('a stale If-Match is refused on every write, a fresh one is taken', async () => {
    await withProvider({}, async ({ provider, send }) => {
      const id = create(provider, ADA);
      for (const method of ['PUT', 'PATCH', 'DELETE']) {
        const answer = await send(method, `/Users/${id}`, method === 'DELETE' ? undefined : change, {
          'if-match': 'W/"7"',
        });
        expect(answer.status).toBe(412);
      }
      expect((await send('PATCH', `/Users/${id}`, change, { 'if-match': 'W/"3", W/"1"' })).headers['etag']).toBe(
        'W/"2"',
      );
      expect((await send('GET', `/Users/${id}`, undefined, { 'if-none-match': 'W/"2"' })).status).toBe(304);
      expect((await send('GET', `/Users/${id}`, undefined, { 'if-none-match': 'W/"1"' })).status).toBe(200);
      expect((await send('DELETE', `/Users/${id}`, undefined, { 'if-match': '*' })).status).toBe(204);
    });
  });

  test('a write without If-Match is refused where the provider wants one', async () => {
    await withProvider({ overrides: { etag: 'required' } }, async ({ provider, send }) => {
      const id = create(provider, ADA);
      expect((await send('PATCH', `/Users/${id}`, change)).status).toBe(428);
      expect((await send('PATCH', `/Users/${id}`, change, { 'if-match': 'W/"1"' })).status).toBe(200);
    });
  });
});

describe('authentication', () => {
  test('no token, a wrong one, an expired one and a revoked one are refused with a challenge', async () => {
    let now = 1000;
    const tokens = ['good', { secret: 'short', expiresAt: 2000 }];
    await withProvider({ tokens, now: () => now }, async ({ provider, send }) => {
      const as = (token: string): Promise<Answer> => send('GET', '/Users', undefined, { authorization: token });
      expect((await as('Bearer short')).status).toBe(200);
      now = 2000;
      for (const wrong of ['Bearer short', 'Bearer bad', 'Basic good', '']) {
        const answer = await as(wrong);
        expect(answer.status).toBe(401);
        expect(answer.headers['www-authenticate']).toContain('Bearer realm');
        expect(answer.body).toMatchObject({ status: '401', schemas: [URN.error] });
      }
      expect((await as('Bearer good')).status).toBe(200);
      expect(provider.revokeToken('good')).toBe(true);
      expect((await as('Bearer good')).status).toBe(401);
      provider.addToken('new');
      expect((await as('Bearer new')).status).toBe(200);
    });
  });

  test('a token dies with its owner where the provider couples them', async () => {
    const tokens = [{ secret: 'adas', owner: 'ada@x.example' }];
    await withProvider({ tokens, overrides: { tokenOwner: 'coupled' } }, async ({ provider, send }) => {
      const id = create(provider, ADA);
      const as = { authorization: 'Bearer adas' };
      expect((await send('GET', '/Users', undefined, as)).status).toBe(200);
      provider.change('PATCH', `/Users/${id}`, patchBody({ op: 'replace', value: { active: false } }));
      expect((await send('GET', '/Users', undefined, as)).status).toBe(401);
    });
  });

  test('OAuth clients get a token that works until it expires', async () => {
    let now = 1000;
    const oauthClients = [{ id: 'client:1', secret: 'se cret', lifetimeSeconds: 60 }];
    await withProvider({ tokens: [], oauthClients, now: () => now }, async ({ provider, send }) => {
      async function grant(form: Record<string, string>, authorization?: string): Promise<Response> {
        const headers = authorization === undefined ? {} : { authorization };
        return fetch(provider.tokenUrl, { method: 'POST', body: new URLSearchParams(form), headers });
      }
      const basic = `Basic ${Buffer.from('client%3A1:se+cret').toString('base64')}`;
      const body = { grant_type: 'client_credentials', client_id: 'client:1', client_secret: 'se cret' };
      for (const ask of [() => grant({ grant_type: 'client_credentials' }, basic), () => grant(body)]) {
        const response = await ask();
        expect(response.status).toBe(200);
        const { access_token: token, expires_in: lifetime } = granted.parse(await response.json());
        const as = { authorization: `Bearer ${token}` };
        expect(lifetime).toBe(60);
        expect((await send('GET', '/Users', undefined, as)).status).toBe(200);
        now += 60_000;
        expect((await send('GET', '/Users', undefined, as)).status).toBe(401);
      }
      expect(
        (await grant({ grant_type: 'client_credentials', client_id: 'client:1', client_secret: 'x' })).status,
      ).toBe(401);
      expect((await grant({ grant_type: 'password' }, basic)).status).toBe(400);
      expect(provider.token).toBeUndefined();
    });
  });
});
