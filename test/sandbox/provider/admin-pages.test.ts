import { describe, expect, test } from 'vitest';
import { BEHAVIOURS } from '../../../src/sandbox/provider/behaviours/registry.ts';
import type { SandboxProvider } from '../../../src/sandbox/provider/provider.ts';
import { accountBody, patchBody, withProvider, type Answer } from './scim-client.ts';

const ADA = 'ada@x.example';
const BOB = 'bob@x.example';
const CLEO = 'cleo@x.example';

function seed(provider: SandboxProvider, types: Readonly<Record<string, string>>): void {
  for (const [userName, userType] of Object.entries(types)) {
    provider.change('POST', '/Users', { ...accountBody(userName), userType });
  }
}

type Send = (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;

const as = async (send: Send, secret: string): Promise<number> =>
  (await send('GET', '/Users', undefined, { authorization: `Bearer ${secret}` })).status;

function idOf(provider: SandboxProvider, userName: string): string {
  const id = provider.accounts.find(userName)?.['id'];
  return typeof id === 'string' ? id : '';
}

describe('tokens of administrators, as monday has them', () => {
  test('T7: several, each of an administrator; shown by id and owner, the secret once; deleted by id', async () => {
    await withProvider({ behaviour: 'monday', tokens: ['given'] }, async ({ provider, send }) => {
      seed(provider, { [ADA]: 'Admin', [BOB]: 'Admin', [CLEO]: 'Member' });
      const first = provider.admin.generateToken(ADA);
      const second = provider.admin.generateToken(BOB);
      expect(() => provider.admin.generateToken(CLEO)).toThrow('only Admin users may do this');
      expect([await as(send, first.secret), await as(send, second.secret)]).toEqual([200, 200]);
      const shown = JSON.stringify(provider.admin.tokens());
      expect(provider.admin.tokens().map(({ owner }) => owner)).toEqual([undefined, ADA, BOB]);
      expect(shown).not.toContain(first.secret);
      provider.admin.deleteToken(first.id, BOB, false);
      expect([await as(send, first.secret), await as(send, second.secret)]).toEqual([401, 200]);
    });
  });

  test('T8: its owner is neither deactivated nor made no administrator while the token exists', async () => {
    await withProvider({ behaviour: 'monday', tokens: ['given'] }, async ({ provider, send }) => {
      seed(provider, { [ADA]: 'Admin', [BOB]: 'Admin' });
      const { id, secret } = provider.admin.generateToken(ADA);
      expect(() => provider.admin.deactivate(ADA)).toThrow('has generated a SCIM token');
      expect(() => provider.admin.setUserType(ADA, 'Member')).toThrow('has generated a SCIM token');
      expect(await as(send, secret)).toBe(200);
      // The article's way round: another token, the old one deleted, and then.
      provider.admin.generateToken(BOB);
      provider.admin.deleteToken(id, BOB, false);
      provider.admin.deactivate(ADA);
      expect(provider.canSignIn(ADA)).toBe(false);
    });
  });

  test('T8: before there was that restriction, the token died with its owner', async () => {
    const adminPages = { ...BEHAVIOURS.monday.adminPages, ownerGuard: 'off' } as const;
    await withProvider(
      { behaviour: 'monday', tokens: ['given'], overrides: { adminPages } },
      async ({ provider, send }) => {
        seed(provider, { [ADA]: 'Admin', [BOB]: 'Admin' });
        const [ofAda, ofBob] = [provider.admin.generateToken(ADA), provider.admin.generateToken(BOB)];
        provider.admin.deactivate(ADA);
        provider.admin.setUserType(BOB, 'Member');
        expect([await as(send, ofAda.secret), await as(send, ofBob.secret)]).toEqual([401, 401]);
      },
    );
  });

  test('T9: by SCIM its owner is made inactive all the same, and the token dies', async () => {
    await withProvider({ behaviour: 'monday', tokens: ['given'] }, async ({ provider, send }) => {
      seed(provider, { [ADA]: 'Admin' });
      const { secret } = provider.admin.generateToken(ADA);
      const off = patchBody({ op: 'replace', path: 'active', value: false });
      const authorization = `Bearer ${secret}`;
      expect((await send('PATCH', `/Users/${idOf(provider, ADA)}`, off, { authorization })).status).toBe(200);
      expect(await as(send, secret)).toBe(401);
    });
  });
});

describe('the one token of Own', () => {
  test('O1: only Master Admins and Security Admins generate and revoke it, single sign-on must be on, both are mailed', async () => {
    await withProvider({ behaviour: 'own', tokens: ['given'] }, async ({ provider, send }) => {
      seed(provider, { [ADA]: 'Master Admin', [BOB]: 'Security Admin', [CLEO]: 'Admin' });
      expect(() => provider.admin.generateToken(CLEO)).toThrow('only Master Admin and Security Admin users');
      provider.admin.setSso(false);
      expect(() => provider.admin.generateToken(ADA)).toThrow('single sign-on must be configured and activated first');
      provider.admin.setSso(true);
      const first = provider.admin.generateToken(ADA);
      expect(first.url).toBe(provider.url);
      const second = provider.admin.generateToken(BOB);
      expect([await as(send, 'given'), await as(send, first.secret), await as(send, second.secret)]).toEqual([
        401, 401, 200,
      ]);
      expect(provider.admin.tokens()).toEqual([{ id: second.id, owner: BOB }]);
      expect(() => provider.admin.deleteToken(second.id, CLEO, true)).toThrow(
        'only Master Admin and Security Admin users',
      );
      provider.admin.deleteToken(second.id, ADA, true);
      expect(await as(send, second.secret)).toBe(401);
      expect(provider.admin.mails()).toEqual([
        { to: ADA, subject: 'New SCIM Token' },
        { to: BOB, subject: 'New SCIM Token' },
        { to: ADA, subject: 'SCIM Token Revoked' },
      ]);
    });
  });

  test('O3: who is provisioned gets a mail, and who is deprovisioned has the status Disabled', async () => {
    await withProvider({ behaviour: 'own', tokens: ['given'] }, async ({ provider, send }) => {
      const authorization = 'Bearer given';
      const made = await send('POST', '/Users', accountBody(CLEO), { authorization });
      expect(made.status).toBe(201);
      expect(provider.admin.mails()).toEqual([{ to: CLEO, subject: 'New SSO account with Own' }]);
      expect(provider.admin.users()).toEqual([{ userName: CLEO, status: 'Active' }]);
      const off = patchBody({ op: 'replace', path: 'active', value: false });
      await send('PATCH', `/Users/${idOf(provider, CLEO)}`, off, { authorization });
      expect(provider.admin.users()).toEqual([{ userName: CLEO, status: 'Disabled' }]);
    });
  });
});
