import { describe, expect, test } from 'vitest';
import type { SandboxProvider } from '../../../src/sandbox/provider/provider.ts';
import { accountBody, create, groupBody, patchBody, textAt, withProvider } from './scim-client.ts';

/*
 * What the administrators of the seeds see and do in a provider's own pages, as anybody with a running sandbox can do it:
 * through its control API.
 */
const ADA = 'ada@x.example';
const BOB = 'bob@x.example';
const CLEO = 'cleo@x.example';
const OFF = patchBody({ op: 'replace', path: 'active', value: false });

function admins(provider: SandboxProvider, userType: string): readonly string[] {
  return [ADA, BOB].map((userName) => create(provider, { ...accountBody(userName), userType }));
}

describe('tokens of administrators, as monday has them', () => {
  test('T7: generated, listed without their secret, and deleted by id', async () => {
    await withProvider({ behaviour: 'monday', tokens: ['given'] }, async ({ provider, send, control }) => {
      admins(provider, 'Admin');
      create(provider, { ...accountBody(CLEO), userType: 'Member' });
      const { body: made } = await control('POST', '/_sandbox/generateToken', { by: ADA });
      const secret = textAt(made, 'secret');
      const authorization = `Bearer ${secret}`;
      expect(made).toEqual({ id: expect.any(String), secret: expect.any(String), url: provider.url });
      expect((await send('GET', '/Users', undefined, { authorization })).status).toBe(200);
      const listed = await control('GET', '/_sandbox/tokens');
      expect(listed.body).toEqual({ tokens: [{ id: 'given-1' }, { id: made['id'], owner: ADA }] });
      expect(listed.text).not.toContain(secret);

      expect((await control('POST', '/_sandbox/generateToken', { by: CLEO })).status).toBe(403);
      expect((await control('POST', '/_sandbox/deleteToken', { id: made['id'], by: CLEO })).status).toBe(403);
      expect((await control('POST', '/_sandbox/deleteToken', { id: 'none', by: BOB })).status).toBe(404);
      expect((await control('POST', '/_sandbox/deleteToken', { id: made['id'], by: BOB })).status).toBe(200);
      expect((await send('GET', '/Users', undefined, { authorization })).status).toBe(401);
    });
  });

  test('T8: its owner is neither deactivated nor made no administrator, until the switch is off', async () => {
    await withProvider({ behaviour: 'monday', tokens: ['given'] }, async ({ provider, control }) => {
      admins(provider, 'Admin');
      await control('POST', '/_sandbox/generateToken', { by: ADA });
      const deactivate = () => control('POST', '/_sandbox/deactivate', { user: ADA });
      const refused = await deactivate();
      expect([refused.status, refused.body['detail']]).toEqual([409, expect.stringContaining('SCIM token')]);
      const demoted = await control('POST', '/_sandbox/setUserType', { user: ADA, userType: 'Member' });
      expect(demoted.status).toBe(409);
      const { body } = await control('PUT', '/_sandbox/behaviour', { ownerGuard: 'off' });
      expect(body).toMatchObject({ behaviour: 'monday', switches: { ownerGuard: 'off' } });
      expect((await deactivate()).status).toBe(200);
      expect((await control('POST', '/_sandbox/deactivate', { user: 'nobody' })).status).toBe(404);
    });
  });

  test.each([
    ['made inactive', 'PATCH', OFF],
    ['made no administrator', 'PATCH', patchBody({ op: 'replace', path: 'userType', value: 'Member' })],
    ['deleted', 'DELETE', undefined],
  ] as const)('T9: by SCIM its owner is %s, unless the switch guards that, too', async (_what, method, sent) => {
    await withProvider({ behaviour: 'monday', tokens: ['given'] }, async ({ provider, send, control }) => {
      const [ada, bob] = admins(provider, 'Admin');
      const authorization = 'Bearer given';
      await control('POST', '/_sandbox/generateToken', { by: ADA });
      await control('PUT', '/_sandbox/behaviour', { ownerGuard: 'everywhere' });
      const write = (id = '') => send(method, `/Users/${id}`, sent, { authorization });
      const refused = await write(ada);
      expect([refused.status, refused.text]).toEqual([409, expect.stringContaining('SCIM token')]);
      expect(provider.canSignIn(ADA)).toBe(true);
      expect((await write(bob)).status).toBeLessThan(300);
      await control('PUT', '/_sandbox/behaviour', { ownerGuard: 'pages' });
      expect((await write(ada)).status).toBeLessThan(300);
    });
  });
});

describe('the one token of Own', () => {
  test('O1: single sign-on first; revoking it wants a yes; and each is mailed', async () => {
    await withProvider({ behaviour: 'own', tokens: ['given'] }, async ({ provider, send, control }) => {
      admins(provider, 'Security Admin');
      await control('POST', '/_sandbox/setSso', { on: false });
      expect((await control('POST', '/_sandbox/generateToken', { by: ADA })).status).toBe(409);
      await control('POST', '/_sandbox/setSso', { on: true });
      const { body } = await control('POST', '/_sandbox/generateToken', { by: ADA });
      const works = async () => {
        const headers = { authorization: `Bearer ${textAt(body, 'secret')}` };
        return (await send('GET', '/Users', undefined, headers)).status;
      };
      const revoke = { id: body['id'], by: BOB };
      const asked = await control('POST', '/_sandbox/deleteToken', revoke);
      expect([asked.status, asked.body['detail'], await works()]).toEqual([
        409,
        expect.stringContaining('"confirm": true'),
        200,
      ]);
      expect((await control('POST', '/_sandbox/deleteToken', { ...revoke, confirm: true })).status).toBe(200);
      expect(await works()).toBe(401);
      expect((await control('GET', '/_sandbox/mails')).body).toEqual({
        mails: [
          { to: ADA, subject: 'New SCIM Token' },
          { to: BOB, subject: 'SCIM Token Revoked' },
        ],
      });
    });
  });

  test('O3: who is provisioned is told, and who is deprovisioned has the status Disabled', async () => {
    await withProvider({ behaviour: 'own', tokens: ['given'] }, async ({ send, control }) => {
      const authorization = 'Bearer given';
      const made = await send('POST', '/Users', accountBody(CLEO), { authorization });
      await send('PATCH', `/Users/${textAt(made.body, 'id')}`, OFF, { authorization });
      expect((await control('GET', '/_sandbox/users')).body).toEqual({
        users: [{ userName: CLEO, status: 'Disabled' }],
      });
      expect((await control('GET', '/_sandbox/mails')).body).toEqual({
        mails: [{ to: CLEO, subject: 'New SSO account with Own' }],
      });
    });
  });
});

describe('switches', () => {
  test('M11: what the delete of a group does to its members', async () => {
    await withProvider({}, async ({ provider, send, control }) => {
      const group = create(provider, groupBody('Full', [create(provider, accountBody(ADA))]));
      await control('PUT', '/_sandbox/behaviour', { groupDelete: 'refuse-non-empty' });
      expect((await send('DELETE', `/Groups/${group}`)).status).toBe(409);
      await control('PUT', '/_sandbox/behaviour', { groupDelete: 'users' });
      expect((await send('DELETE', `/Groups/${group}`)).status).toBe(204);
      expect(provider.accounts.size).toBe(0);
    });
  });

  test('a name takes the place of everything, switches are set beside it, and what is none is refused', async () => {
    await withProvider({}, async ({ control }) => {
      const put = (body: object) => control('PUT', '/_sandbox/behaviour', body);
      await put({ groupDelete: 'users' });
      expect((await put({ name: 'monday', deleteUser: 'remove' })).body).toMatchObject({
        behaviour: 'monday',
        switches: { groupDelete: 'memberships', deleteUser: 'remove', ownerGuard: 'pages', tokenOwner: 'coupled' },
      });
      expect((await put({ groupDelete: 'members' })).status).toBe(400);
      expect((await put({ filters: 'all' })).status).toBe(400);
    });
  });
});
