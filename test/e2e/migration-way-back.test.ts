import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { closed, startWorld, type World } from './world.ts';
import { company, cycle, memberCount } from './company.ts';
import { accountsOf, approve, start, still } from './migration-world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Four people through Crew, two directly, all provisioned. */
async function open() {
  const at = await startWorld({
    organisation: company({ users: 6, groups: { Crew: [1, 4] }, direct: [5, 6] }),
    migrations: true,
  });
  world = at;
  expect((await at.fullCycle()).result).toBe('succeeded');
  return { at, operator: await at.open(), before: accountsOf(at) };
}

test('after remove-groups the way back it names leads back: the group assigned again, its SCIM group is there with everybody', async () => {
  const { at, operator, before } = await open();
  await start(operator, 'remove-groups', ['Crew']);
  await approve(operator, 'coverage');
  const ended = await still(operator);
  expect(ended).toMatchObject({ result: 'succeeded', mayRollBack: false });
  const way = /assign Crew again .*The next cycle makes .* anew, with other ids/;
  expect(ended.wayBack).toMatch(way);
  expect((await operator.migrations.migrationReport('acme')).wayBack).toBe(ended.wayBack);
  const rollback = operator.migrations.actOnMigration({ connection: 'acme', verb: 'rollback', by: 'ada' });
  await expect(rollback).rejects.toMatchObject({
    message: 'the migration has succeeded, and nothing rolls that back',
    remedy: expect.stringMatching(way),
  });

  at.tenant.control.assign({ principal: 'Crew' });
  expect((await cycle(operator)).result).toBe('succeeded');
  expect(memberCount(at, 'Crew')).toBe(4);
  expect(accountsOf(at)).toEqual(before);
});

test('after disable-scim, too: a connection of another name links the accounts that are there and makes none', async () => {
  const { at, operator, before } = await open();
  await start(operator, 'disable-scim');
  await approve(operator, 'coverage');
  await approve(operator, 'disable');
  await still(operator);
  at.provider.revokeToken(at.provider.token ?? '');
  await approve(operator, 'revocation');
  const ended = await still(operator);
  expect(ended.result).toBe('succeeded');
  expect(ended.wayBack).toMatch(/new token .*another name.*instead of acme.*links the accounts .*assign Crew again/);
  await operator.close();

  at.provider.addToken({ secret: 'another' });
  writeFileSync(join(at.directory, 'acme-token'), 'another');
  writeFileSync(at.configFile, readFileSync(at.configFile, 'utf8').replace('name: acme', 'name: acme-again'));
  at.tenant.control.assign({ principal: 'Crew' });
  at.provider.clearRequests();
  const again = await at.open();
  const started = await again.startCycle({ connection: 'acme-again', kind: 'initial', requestedBy: 'test' });
  expect((await closed(again, started.id)).result).toBe('succeeded');
  expect(accountsOf(at)).toEqual(before);
  expect(memberCount(at, 'Crew')).toBe(4);
  const posts = at.provider.requests().filter(({ method }) => method === 'POST');
  expect(posts.map(({ path }) => path).filter((path) => !path.includes('.search'))).toEqual([
    expect.stringMatching(/\/Groups$/),
  ]);
});
