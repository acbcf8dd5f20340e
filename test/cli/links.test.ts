import { afterEach, describe, expect, test } from 'vitest';
import type { VanishedLinks } from '../../src/core/vanished.ts';
import { startApi, type ApiServer } from './api-server.ts';
import { run, testIo } from './builders.ts';

const DIGEST = 'ab'.repeat(32);
const ADA = { resource: 'account', resourceId: 'a-1', label: 'ada@contoso.com', state: 'active' } as const;
const LINKS = [
  { ...ADA, anchor: 'ada', origin: 'created' },
  { resource: 'group', anchor: 'crew', resourceId: 'g-1', label: 'Crew', state: 'active', origin: 'displayName' },
] as const;
const GONE: VanishedLinks = {
  connection: 'acme',
  target: 'https://acme.example',
  linked: { accounts: 4, groups: 1 },
  listed: { accounts: 1, groups: 1 },
  gone: [
    { ...ADA, anchor: 'ada', origin: 'created', inScope: true },
    { ...ADA, anchor: 'eve', label: 'eve@contoso.com', state: 'disabled', origin: 'userName', inScope: false },
    {
      ...ADA,
      anchor: 'ian',
      resourceId: '7',
      label: 'ian@contoso.com',
      origin: 'created',
      inScope: false,
      whose: 'it is of bob',
    },
  ],
  digest: DIGEST,
};
let server: ApiServer | undefined;
afterEach(() => server?.close());

async function headgate(...argv: readonly string[]) {
  server = await startApi((app) => {
    app.get<{ Querystring: { after?: string } }>('/api/v1/connections/acme/links', async ({ query }) =>
      query.after === undefined ? { links: LINKS.slice(0, 1), next: 'account:ada' } : { links: LINKS.slice(1) },
    );
    app.get('/api/v1/connections/acme/links/vanished', async () => GONE);
    app.post('/api/v1/connections/acme/links/forget-vanished', async () => GONE);
  });
  return run(['connection', ...argv, '-c', 'acme', '--config', server.configFile], testIo());
}

const posted = () => server?.asked.filter(({ method }) => method === 'POST').map(({ body }) => body);

describe('headgate connection links', () => {
  test('lists every page, for people and for programs', async () => {
    const { code, out } = await headgate('links');
    expect(code).toBe(0);
    expect(out).toMatch(/ada@contoso.com +account +a-1 +active +made by Headgate +ada/);
    expect(out).toMatch(/Crew +group +g-1 +active +displayName +crew/);
    await server?.close();
    expect(JSON.parse((await headgate('links', '--json')).out)).toEqual(LINKS);
  });

  test('says that there are more than were asked for', async () => {
    const { err, out } = await headgate('links', '--limit', '1');
    expect(out).not.toContain('Crew');
    expect(err).toContain('more with --limit');
  });
});

describe('headgate connection forget-vanished', () => {
  test('shows by name what is gone, what comes of it, and the line that forgets exactly that; it changes nothing', async () => {
    const { code, out } = await headgate('forget-vanished');
    expect(code).toBe(0);
    expect(out).toContain('2 of 4 linked accounts, 0 of 1 linked SCIM group');
    expect(out).toContain("Somebody else's by now: 1 linked account.");
    expect(out).toContain('ian@contoso.com: it is of bob');
    expect(out).toMatch(/ada@contoso.com .*matches it, or makes it anew/);
    expect(out).toMatch(/eve@contoso.com .*nothing: out of scope/);
    expect(out).toContain('forgotten too');
    expect(out).toContain('forget-vanished -c acme --execute --digest abababababab --reason');
    expect(posted()).toEqual([]);
  });

  test('shows no more names than asked for, and says how many there are', async () => {
    const { out } = await headgate('forget-vanished', '--limit', '1');
    expect(out).not.toContain('eve@contoso.com');
    expect(out).toContain('and 2 more');
  });

  test('forgets with digest, reason and name, and says how to go on', async () => {
    const how = ['--execute', '--digest', DIGEST, '--reason', 'built anew', '--by', 'ada'];
    const { code, out } = await headgate('forget-vanished', ...how);
    expect(code).toBe(0);
    expect(posted()).toEqual([{ digest: DIGEST, reason: 'built anew', by: 'ada' }]);
    expect(out).toContain('headgate quarantine release -c acme');
    expect(out).toContain('headgate cycle start -c acme --full --wait');
  });

  test.each([
    ['without a digest', ['--execute', '--reason', 'x']],
    ['without a reason', ['--execute', '--digest', DIGEST]],
    ['without --execute', ['--digest', DIGEST, '--reason', 'x']],
  ])('does nothing %s', async (_what, options) => {
    expect((await headgate('forget-vanished', ...options)).code).toBe(64);
    expect(posted()).toEqual([]);
  });
});
