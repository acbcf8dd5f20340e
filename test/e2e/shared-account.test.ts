import { readFileSync, writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { company, people, personName, userNames } from './company.ts';
import { closed, startWorld } from './world.ts';

test('somebody moved from one application to another of the same provider keeps the account, however its host is written', async () => {
  const world = await startWorld({ organisation: company({ users: 12, direct: [1, 8] }) });
  const { control } = world.tenant;
  const [first] = [...world.tenant.organisation.servicePrincipals.values(world.tenant.organisation.version())];
  const other = control.createApplication({
    appId: 'c0ffee00-0000-4000-8004-0000000000aa',
    displayName: 'Acme EU',
    appRoles: [],
  });
  for (let n = 9; n <= 12; n++) control.assign({ principal: personName(n), application: other.id });
  const file = parse(readFileSync(world.configFile, 'utf8'));
  const [acme] = file.connections;
  const at = (host: string) => ({ ...acme.provider, url: acme.provider.url.replace('127.0.0.1', host) });
  const connections = [
    { ...acme, provider: at('localhost') },
    { ...acme, name: 'acme-eu', application: other.appId, provider: at('LocalHost') },
  ];
  writeFileSync(world.configFile, stringify({ ...file, connections }));
  const operator = await world.open();
  const run = async (connection: string, kind: 'initial' | 'incremental') => {
    const { id } = await operator.startCycle({ connection, kind, requestedBy: 'test' });
    return (await closed(operator, id)).result;
  };
  expect([await run('acme', 'initial'), await run('acme-eu', 'initial')]).toEqual(['succeeded', 'succeeded']);
  control.assign({ principal: personName(1), application: other.id });
  expect(await run('acme-eu', 'incremental')).toBe('succeeded');
  control.unassign({ principal: personName(1), application: first?.id ?? '' });
  expect(await run('acme', 'incremental')).toBe('held');
  expect(userNames(world)).toEqual(people(1, 12));
  const holds = await operator.holds.list({ connection: 'acme', ended: false, limit: 10 });
  expect(holds.map(({ guard, operations }) => `${guard} ${operations}`)).toEqual(['shared-account 1']);
  control.unassign({ principal: personName(1), application: other.id });
  control.assign({ principal: personName(1), application: first?.id ?? '' });
  expect(await run('acme', 'incremental')).toBe('succeeded');
  expect(await operator.holds.list({ connection: 'acme', ended: false, limit: 10 })).toEqual([]);
  await world.close();
});
