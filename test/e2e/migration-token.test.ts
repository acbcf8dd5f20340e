import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createStores } from '../../src/adapters/postgres/stores.ts';
import { guideCompany } from '../../src/sandbox/organisation/guide-company.ts';
import { silentLog } from '../silent-log.ts';
import { approve, OPTIONS, start, still } from './migration-world.ts';
import { startWorld, type World } from './world.ts';

const NEW = 'new-token-0123456789';
const never = new AbortController().signal;

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

test('M7, O6: of the tokens of a connection that was switched off no secret is kept, and none may be left alive unseen', async () => {
  world = await startWorld({
    organisation: guideCompany(),
    migrations: true,
    provider: { behaviour: 'uniqkey' },
    profile: 'uniqkey',
    config: { credentials: { key: Buffer.alloc(32, 7).toString('base64') } },
  });
  expect((await world.fullCycle()).result).toBe('succeeded');
  const operator = await world.open();
  world.provider.addToken(NEW);
  const added = await operator.credentials.add(
    { connection: 'acme', secret: { text: NEW }, owner: 'service-account', by: 'ada' },
    never,
  );
  const { id } = await operator.credentials.promote(added.fingerprint, 'ada', never);
  const asked = { connection: 'acme', kind: 'disable-scim', groups: [], options: OPTIONS } as const;
  const plan = await operator.migrations.plan(asked, never);
  await start(operator, 'disable-scim');
  await approve(operator, 'coverage');
  await approve(operator, 'disable');
  expect(await still(operator)).toMatchObject({ gate: { name: 'revocation' } });

  // The one in use is read with once more, so it does not end before that.
  await expect(operator.credentials.revoke(id, { by: 'ada', deleted: true }, never)).rejects.toMatchObject({
    remedy: expect.stringContaining('headgate migration status acme'),
  });

  // The token in use is dead, and the one before it may be anything: no request is sent to find out.
  world.provider.revokeToken(NEW);
  world.provider.clearRequests();
  await approve(operator, 'revocation');
  const old = (await operator.credentials.list('acme')).find(({ state }) => state === 'retiring');
  expect(await still(operator)).toMatchObject({
    gate: { name: 'revocation', why: 'not-approved' },
    latest: {
      text: expect.stringContaining(`headgate token revoke ${old?.fingerprint} -c acme --deleted-at-provider`),
    },
  });
  expect(new Set(world.provider.requests().map(({ status }) => status))).toEqual(new Set([401]));

  await operator.credentials.revoke(old?.fingerprint ?? '', { by: 'ada', deleted: true }, never);
  await approve(operator, 'revocation');
  expect(await still(operator)).toMatchObject({ result: 'succeeded' });
  const tokens = await operator.credentials.list('acme');
  const report = await operator.migrations.migrationReport('acme');
  expect(tokens.map(({ state }) => state)).toEqual(['dead', 'dead']);
  await operator.close();

  const database = await openDatabase({ url: `file:${join(world.directory, 'data')}`, log: silentLog });
  const { credentials, migrations } = createStores({ database, clock: { now: () => Date.now() } });
  const journal = await migrations.lines(report.id);
  const kept = await Promise.all(tokens.map((token) => credentials.secret(token.id)));
  await database.close();
  expect(tokens.map((token) => token.id)).toContain(id);
  expect(kept).toEqual([undefined, undefined]);

  expect(journal.length).toBeGreaterThan(10);
  const said = Object.entries({ plan, report, tokens, journal });
  for (const secret of [NEW, world.provider.token, world.provider.url])
    expect(
      said
        .filter(([, value]) => secret === undefined || JSON.stringify(value).includes(secret))
        .map(([where]) => where),
    ).toEqual([]);
});
