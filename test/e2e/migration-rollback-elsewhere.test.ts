import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { startProvider } from '../../src/sandbox/provider/provider.ts';
import { company, people, personName, userNames } from './company.ts';
import { assignedTo, OPTIONS } from './migration-world.ts';
import { closed, eventually, startWorld } from './world.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function run(operator: OperatorClient, connection: string): Promise<void> {
  const { id } = await operator.startCycle({ connection, kind: 'initial', requestedBy: 'test' });
  expect((await closed(operator, id)).result).toBe('succeeded');
}

/**
 * Two connections of one application: acme counts members of groups inside, beta does not. Crew has 1 to 4, and Deck, with 5
 * and 6, is in Crew; 5 is in Bridge as well. A migration of acme that takes Crew out was aborted at its first gate.
 */
async function prepare() {
  const organisation = company({ users: 8, groups: { Crew: [1, 4], Deck: [5, 6], Bridge: [5, 5] } });
  const at = await startWorld({ organisation, migrations: true });
  at.tenant.control.addMember('Crew', 'Deck');
  at.tenant.control.unassign({ principal: 'Deck' });
  const beta = await startProvider({ tokens: ['beta-token-1'], behaviour: 'uniqkey' });
  closing.push(
    () => beta.close(),
    () => at.close(),
  );
  writeFileSync(join(at.directory, 'beta-token'), 'beta-token-1', { mode: 0o600 });
  const file = parse(readFileSync(at.configFile, 'utf8'));
  const [acme] = file.connections;
  const provider = { profile: 'uniqkey', url: beta.url, credential: { kind: 'bearer', token_file: './beta-token' } };
  const connections = [
    { ...acme, scope: { nestedGroups: 'expand' } },
    { ...acme, name: 'beta', provider },
  ];
  writeFileSync(at.configFile, stringify({ ...file, connections }));
  const operator = await at.open();
  await run(operator, 'acme');
  await run(operator, 'beta');
  const { migrations } = operator;
  const stands = (connection: string) =>
    eventually(async () => {
      const view = await migrations.migrationStatus(connection);
      return view.status === 'running' ? undefined : view;
    });
  const begin = async (connection: string, group: string) => {
    const options = { ...OPTIONS, accept: ['group-elsewhere' as const] };
    const ask = { connection, kind: 'remove-groups', groups: [group], options, requestedBy: 'ada' } as const;
    await migrations.start(ask, new AbortController().signal);
    return stands(connection);
  };
  const act = async (verb: 'abort' | 'rollback') => {
    await migrations.actOnMigration({ connection: 'acme', verb, by: 'ada' });
    return stands('acme');
  };
  const assigned = assignedTo(at);
  expect(await begin('acme', 'Crew')).toMatchObject({ gate: { name: 'coverage' } });
  expect(await act('abort')).toMatchObject({ result: 'aborted' });
  return {
    at,
    assigned,
    operator,
    begin,
    stands,
    rollBack: () => act('rollback'),
    atBeta: () => userNames({ ...at, provider: beta }),
  };
}

describe('a rollback beside another connection of the application, which counts fewer members', () => {
  test('leaves the direct assignments on which people rest there since their other group has gone', async () => {
    const { at, operator, begin, stands, rollBack, atBeta } = await prepare();
    const { digest = '' } = (await begin('beta', 'Bridge')).gate ?? {};
    await operator.migrations.approve({ connection: 'beta', gate: 'coverage', digest, by: 'bob' });
    expect(await stands('beta')).toMatchObject({ result: 'succeeded' });
    const end = await rollBack();
    expect(end).toMatchObject({ result: 'rolled-back', frozen: false });
    expect(end.resultText).toMatch(/direct assignments? of the migration .* left, .*person5@/);
    expect(assignedTo(at)).toContain(personName(5));
    await run(operator, 'beta');
    expect(atBeta()).toContain(personName(5));
  });

  test('takes back all of them where everybody there has a way in by a group, or no account', async () => {
    const { at, assigned, operator, rollBack, atBeta } = await prepare();
    expect(await rollBack()).toMatchObject({ result: 'rolled-back', frozen: false });
    expect(assignedTo(at)).toEqual(assigned);
    await run(operator, 'beta');
    expect(atBeta()).toEqual(people(1, 5));
  });
});
