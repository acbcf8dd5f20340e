import { afterEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import type { MigrationReport } from '../../src/core/migration/report.ts';
import { renderMigrationReport } from '../../src/http/migration-report.ts';
import { digestOf } from '../../src/sandbox/provider/request-log.ts';
import { company, cycle, memberCount, personName } from './company.ts';
import { approve, start, still } from './migration-world.ts';
import { startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

/** Eight people: 1 to 4 through Crew, 4 to 6 through Deck, 2 and 3 through Hold, 7 and 8 directly. All have accounts. */
async function open(): Promise<{ readonly at: World; readonly operator: OperatorClient }> {
  const organisation = company({ users: 8, groups: { Crew: [1, 4], Deck: [4, 6], Hold: [2, 3] }, direct: [7, 8] });
  world = await startWorld({ organisation, migrations: true });
  const operator = await world.open();
  expect((await cycle(operator)).result).toBe('succeeded');
  return { at: world, operator };
}

function idOf({ provider }: World, name: string): string {
  const id = provider.accounts.find(name)?.['id'];
  return typeof id === 'string' ? id : '';
}

/** Every write the provider was sent, with the digest of its body: its log keeps no body. */
function sent({ provider }: World): readonly string[] {
  return provider
    .requests()
    .filter(({ method, path }) => method !== 'GET' && !path.endsWith('/.search'))
    .map(({ method, path, bodyDigest }) => `${method} ${path} ${bodyDigest}`)
    .toSorted();
}

/** The same of the writes a report tells. */
function told({ requests }: MigrationReport): readonly string[] {
  return requests
    .filter(({ request }) => request.to === 'provider')
    .map(({ request: { method, path, body } }) => {
      const digest = digestOf(body === undefined ? undefined : Buffer.from(JSON.stringify(body)));
      return `${method} /scim/v2${path} ${digest}`;
    })
    .toSorted();
}

describe('M8: the report of a migration of several groups', () => {
  test('M8: tells every write to the provider, those of its own full cycle too, to the byte', async () => {
    const { at, operator } = await open();
    at.provider.clearRequests();
    await start(operator, 'remove-groups', ['Crew', 'Deck', 'Hold']);
    await approve(operator, 'coverage');
    expect(await still(operator)).toMatchObject({ result: 'succeeded' });
    const report = await operator.migrations.migrationReport('acme');
    expect(sent(at).filter((write) => write.startsWith('DELETE'))).toHaveLength(3);
    expect(told(report)).toEqual(sent(at));
    expect(new Set(report.requests.map(({ outcome }) => outcome))).toEqual(new Set(['done']));
    expect(report).toMatchObject({ verdict: 'passed', chain: { sound: true } });
  });
});

test('M8: an abort in the middle of the full cycle stops it, and tells what it had sent', async () => {
  const { at, operator } = await open();
  at.provider.clearRequests();
  let deletes = 0;
  at.provider.observe({
    async afterWrite({ method }) {
      if (method !== 'DELETE') return;
      deletes += 1;
      // The first is the canary's.
      if (deletes === 2) await operator.migrations.actOnMigration({ connection: 'acme', verb: 'abort', by: 'ada' });
    },
  });
  await start(operator, 'remove-groups', ['Crew', 'Deck', 'Hold']);
  await approve(operator, 'coverage');
  expect(await still(operator)).toMatchObject({ result: 'aborted', frozen: false });
  const [latest] = await operator.listCycles({ connection: 'acme', limit: 1 });
  expect(latest).toMatchObject({ phase: 'closed' });
  const report = await operator.migrations.migrationReport('acme');
  expect(told(report)).toEqual(sent(at));
  expect(told(report).filter((write) => write.startsWith('DELETE')).length).toBeGreaterThan(1);
  expect(report).toMatchObject({ verdict: 'failed', accounts: { lost: [], added: [] } });
});

describe('M8: the report of a migration that did not get to its end', () => {
  test('M8: aborted because an account was lost, it names whom and says what is there now', async () => {
    const { at, operator } = await open();
    const lost = idOf(at, personName(2));
    at.provider.observe({
      async afterWrite({ method, path }) {
        if (method === 'DELETE' && path.includes('/Groups/')) at.provider.change('DELETE', `/Users/${lost}`);
      },
    });
    await start(operator, 'remove-groups', ['Crew', 'Deck', 'Hold']);
    await approve(operator, 'coverage');
    expect(await still(operator)).toMatchObject({ result: 'aborted', frozen: true });
    const report = await operator.migrations.migrationReport('acme');
    expect(report.accounts.lost.map(({ id }) => id)).toEqual([lost]);
    const active = at.provider.accounts.all().filter((account) => account['active'] === true);
    expect(new Set(report.accounts.after?.map(({ id }) => id))).toEqual(new Set(active.map(({ id }) => id)));
    expect(new Set(report.groups.left)).toEqual(new Set(at.provider.groups.all().map(({ id }) => id)));
    expect(report.groups.left).toHaveLength(2);
    expect(report).toMatchObject({ passed: false, chain: { sound: true } });
    expect(renderMigrationReport(report).match(/LOST/g)).toHaveLength(1);
  });

  test('M8: rolled back from the last gate, it shows every group as it is again, and says that all is as it was', async () => {
    const { at, operator } = await open();
    at.provider.clearRequests();
    await start(operator, 'disable-scim');
    await approve(operator, 'coverage');
    expect(await still(operator)).toMatchObject({ gate: { name: 'disable' } });
    expect(at.provider.groups.size).toBe(0);
    await operator.migrations.actOnMigration({ connection: 'acme', verb: 'rollback', by: 'ada' });
    expect(await still(operator)).toMatchObject({ result: 'rolled-back' });
    const report = await operator.migrations.migrationReport('acme');
    expect(told(report)).toEqual(sent(at));
    expect(told(report).filter((write) => write.startsWith('POST'))).toHaveLength(3);
    expect(report).toMatchObject({ passed: false, verdict: 'restored', accounts: { lost: [], added: [] } });
    expect(report.accounts.after).toEqual(report.accounts.before);
    const shown = report.groups.after?.map(({ name, assigned, scimGroup, members }) => [
      name,
      { assigned, scimGroup, members },
    ]);
    const really = ['Crew', 'Deck', 'Hold'].map((name) => [
      name,
      { assigned: true, scimGroup: at.provider.groups.find(name)?.['id'], members: memberCount(at, name) },
    ]);
    expect(shown).toEqual(really);
    const page = renderMigrationReport(report);
    expect(page).not.toMatch(/Not passed|gone<|not known/);
    expect(page).toContain('Rolled back:');
  });
});
