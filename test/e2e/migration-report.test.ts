import { afterEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { renderMigrationReport } from '../../src/http/migration-report.ts';
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
    await start(operator, 'disable-scim');
    await approve(operator, 'coverage');
    expect(await still(operator)).toMatchObject({ gate: { name: 'disable' } });
    expect(at.provider.groups.size).toBe(0);
    await operator.migrations.actOnMigration({ connection: 'acme', verb: 'rollback', by: 'ada' });
    expect(await still(operator)).toMatchObject({ result: 'rolled-back' });
    const report = await operator.migrations.migrationReport('acme');
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
