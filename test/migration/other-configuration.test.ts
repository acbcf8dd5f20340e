import { expect, test } from 'vitest';
import type { Consent } from '../../src/core/migration/migration.ts';
import { company } from '../e2e/company.ts';
import { started } from '../core/migration/builders.ts';
import { useOwnWorlds, type OwnWorld } from './own-world.ts';
import { startAs } from './surroundings.ts';

const openWorld = useOwnWorlds();

/** Another Headgate on this database has connection `beta` on the same application. */
async function besideBeta(): Promise<OwnWorld> {
  const at = await openWorld(company({ users: 2, groups: { Crew: [1, 2] } }));
  await tellOfBeta(at);
  return at;
}

async function tellOfBeta(at: OwnWorld): Promise<void> {
  const [own] = (await at.stores.connections.told(0)).filter(({ connection }) => connection === at.name);
  if (own === undefined) throw new Error('nobody was told of it');
  await at.stores.connections.tell([{ ...own, connection: 'beta', provider: 'elsewhere' }]);
}

function start(at: OwnWorld, ...accept: readonly Consent[]) {
  return startAs(at.operator, at.name, 'remove-groups', ['Crew'], accept);
}

test('a migration beside a connection of another configuration is asked about', async () => {
  const at = await besideBeta();
  await expect(start(at)).rejects.toThrow(/^other-configuration: beta, in the configuration of another Headgate/);
  await start(at, 'other-configuration');
  expect(await at.live()).toMatchObject({ gate: { name: 'coverage' } });
});

test('of connections on one application one is in a migration, whichever configuration has them', async () => {
  const at = await besideBeta();
  const { id } = await at.stores.migrations.open('beta', [started()]);
  await expect(start(at, 'other-configuration')).rejects.toThrow(/beta provisions from the same application/);
  await at.stores.migrations.append(id, [{ kind: 'ended', result: 'aborted', by: 'bob', text: 'no', frozen: false }]);
  await start(at, 'other-configuration');
});

test.each(['forward', 'rollback'] as const)(
  'one that is found under way stops it before anything is taken away: %s',
  async (way) => {
    const at = await openWorld(company({ users: 2, groups: { Crew: [1, 2] } }));
    await start(at);
    expect(await at.live()).toMatchObject({ gate: { name: 'coverage' } });
    const assigned = at.assigned();
    await tellOfBeta(at);
    if (way === 'forward') await at.approve();
    else await at.operator.actOnMigration({ connection: at.name, verb: 'rollback', by: 'ada' });
    expect(await at.live()).toMatchObject({
      mode: way,
      paused: { reason: expect.stringMatching(/^other-configuration: beta, .*Put it into this configuration/) },
    });
    expect(at.assigned()).toEqual(assigned);
    expect(at.groups()).toMatchObject({ Crew: [expect.anything(), expect.anything()] });
  },
);
