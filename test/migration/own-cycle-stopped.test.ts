import { expect, test, vi } from 'vitest';
import type { MigrationVerb } from '../../src/core/migration/permitted.ts';
import { company } from '../e2e/company.ts';
import { useOwnWorlds, type OwnWorld } from './own-world.ts';

const openWorld = useOwnWorlds();
const GROUPS = { Crew: [1, 2], Deck: [3, 4], Mess: [5, 6] } as const;

/** One of three groups was deleted, as the canary; the provider puts the next delete off, and meanwhile somebody says a word. */
async function sayBetweenDeletes(verb: Exclude<MigrationVerb, 'approve' | 'resume'>): Promise<OwnWorld> {
  const at = await openWorld(company({ users: 6, groups: GROUPS }));
  at.provider.observe({
    afterWrite({ method }) {
      if (method === 'DELETE' && deletes(at) === 0)
        at.provider.faults.set({ fault: 'throttle', value: 30, times: 2, method, path: '^/Groups' });
    },
  });
  const { connections } = at.stores;
  const throttle = connections.throttle.bind(connections);
  vi.spyOn(connections, 'throttle').mockImplementationOnce(async (...asked) => {
    await at.operator.actOnMigration({ connection: at.name, verb, by: 'ada' });
    return throttle(...asked);
  });
  await at.start('remove-groups', Object.keys(GROUPS));
  await at.live();
  await at.approve();
  return at;
}

function deletes({ provider }: OwnWorld): number {
  return provider.requests().filter(({ method, applied }) => method === 'DELETE' && applied).length;
}

test('a pause stops the full cycle between two requests as well; resumed, another one takes its place', async () => {
  const at = await sayBetweenDeletes('pause');
  expect(await at.live()).toMatchObject({ status: 'paused', paused: { by: 'ada' } });
  expect(deletes(at)).toBe(1);
  await at.operator.actOnMigration({ connection: at.name, verb: 'resume', by: 'ada' });
  expect(await at.live()).toMatchObject({ result: 'succeeded' });
  expect(deletes(at)).toBe(3);
  expect(await at.operator.migrationReport(at.name)).toMatchObject({ verdict: 'passed' });
});

test('a rollback stops the full cycle that deletes the groups: those that are there stay', async () => {
  const at = await sayBetweenDeletes('rollback');
  expect(await at.live()).toMatchObject({ result: 'rolled-back' });
  expect(deletes(at)).toBe(1);
  expect(await at.operator.migrationReport(at.name)).toMatchObject({ verdict: 'restored' });
});
