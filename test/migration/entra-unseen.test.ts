import { describe, expect, test } from 'vitest';
import type { MigrationStep } from '../../src/core/migration/migration.ts';
import type { MigrationView } from '../../src/core/migration/view.ts';
import { company, people, personName } from '../e2e/company.ts';
import { useEntraWorlds, type EntraWorld } from './entra-world.ts';

const openWorld = useEntraWorlds();

/** Five people: 1 to 3 through Crew, 4 through Deck, 5 directly; 6 and 7 without access. At the gate coverage. */
async function open(): Promise<EntraWorld> {
  const organisation = company({ users: 7, groups: { Crew: [1, 3], Deck: [4, 4] }, direct: [5, 5] });
  // One that keeps the members of a deleted group: whoever is lost here is lost to Entra.
  const at = await openWorld({ organisation, vendor: 'generic' });
  await at.start('remove-groups', ['Crew', 'Deck']);
  expect(await at.settle()).toMatchObject({ gate: { name: 'coverage' } });
  return at;
}

/** As somebody does by hand in Entra's pages. */
function assignAnew({ tenant: { control } }: EntraWorld, n: number): void {
  control.unassign({ principal: personName(n) });
  control.assign({ principal: personName(n) });
}

/** A cycle of Entra's in the middle of which something happens: it makes an account, and is not over yet. */
async function duringCycle(at: EntraWorld, happens: () => Promise<unknown>): Promise<void> {
  at.tenant.control.assign({ principal: personName(7) });
  let begun = false;
  at.provider.observe({
    async afterWrite({ method, path }) {
      if (begun || method !== 'POST' || !path.includes('/Users')) return;
      begun = true;
      await happens();
    },
  });
  await at.cycle();
  at.provider.observe({});
  expect(begun).toBe(true);
}

/** Until a step is begun or done; nobody has looked since. */
async function until(at: EntraWorld, kind: 'begun' | 'done', step: MigrationStep): Promise<void> {
  at.dieRightAfter((entry) => entry.kind === kind && entry.step === step);
  for (let life = 0; at.deaths() === 0 && life < 40; life++) {
    await at.cycle();
    await at.look(1);
  }
  expect(at.deaths()).toBe(1);
  at.dieRightAfter(() => false);
}

function now({ steps }: MigrationView): string | undefined {
  return steps.find(({ state }) => state === 'now')?.step;
}

describe('a direct assignment that no whole cycle of Entra has seen yet', () => {
  test.each<readonly [moment: string, reach: (at: EntraWorld) => Promise<void>, n: number]>([
    [
      'of a member of the canary, made anew while the groups are emptied',
      (at) => until(at, 'begun', 'empty-groups'),
      4,
    ],
    ['of a member of another group, made anew once the canary is gone', (at) => until(at, 'done', 'canary'), 1],
    [
      'of somebody who has joined the group since',
      async (at) => {
        await until(at, 'done', 'canary');
        at.tenant.control.addMember('Crew', personName(5));
      },
      5,
    ],
  ])('M3, M6: %s takes no group away before one has', async (_moment, reach, n) => {
    const at = await open();
    await at.approve();
    await reach(at);
    await duringCycle(at, async () => {
      assignAnew(at, n);
      await at.look(14);
    });
    expect(at.active()).toEqual([...people(1, 5), personName(7)]);
    const view = await at.settle();
    expect(view).toMatchObject({ gate: { name: 'coverage', why: 'not-approved' } });
    await at.approve();
    expect(await at.settle()).toMatchObject({ result: 'succeeded' });
    expect(at.assigned()).toEqual([...people(1, 5), personName(7)]);
    expect(at.active()).toEqual([...people(1, 5), personName(7)]);
  });

  test('M3, M6: of a member, made anew while the gate was asked, is waited for before anybody is taken out of a group', async () => {
    const at = await open();
    assignAnew(at, 1);
    await at.approve();
    at.provider.clearRequests();
    expect(now(await at.look(14))).toBe('assignments-cycle');
    expect(at.provider.requests().filter(({ method }) => method !== 'GET')).toEqual([]);
    const view = await at.settle();
    expect(view).toMatchObject({ gate: { name: 'coverage', why: 'not-approved' } });
    expect(view.mayRollBack).toBe(true);
    await at.approve();
    expect(await at.settle()).toMatchObject({ result: 'succeeded' });
    expect(at.active()).toEqual(people(1, 5));
  });
});

describe('a way by a group that no whole cycle of Entra has seen yet', () => {
  /** As somebody does by hand in Entra's pages. */
  const assignGroupAnew = ({ tenant: { control } }: EntraWorld, group: string) => {
    control.unassign({ principal: group });
    control.assign({ principal: group });
  };

  test.each<readonly [what: string, between: (at: EntraWorld) => void, n: number]>([
    ['assigned anew while they are withdrawn', (at) => assignGroupAnew(at, 'Crew'), 1],
    [
      'that somebody has changed over to',
      ({ tenant: { control } }) => {
        control.addMember('Deck', personName(1));
        control.removeMember('Crew', personName(1));
      },
      1,
    ],
  ])('M9: a group %s takes no direct assignment back before one has', async (_what, between, n) => {
    const at = await open();
    await at.operator.actOnMigration({ connection: at.connection.rules.name, verb: 'rollback', by: 'ada' });
    await until(at, 'done', 'restore-cycle');
    await duringCycle(at, async () => {
      between(at);
      await at.look(14);
    });
    expect(at.active()).toEqual([...people(1, 5), personName(7)]);
    expect(at.assigned()).toContain(personName(n));
    expect(await at.settle()).toMatchObject({ result: 'rolled-back', frozen: false });
    expect(at.assigned()).toEqual(['Crew', 'Deck', personName(5), personName(7)]);
    expect(at.active()).toEqual([...people(1, 5), personName(7)]);
  });
});
