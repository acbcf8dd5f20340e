import { expect, test } from 'vitest';
import { z } from 'zod';
import type { MigrationOperator } from '../../src/ports/migration-operator.ts';
import { company, people, personName } from '../e2e/company.ts';
import { useEntraWorlds } from './entra-world.ts';
import { useOwnWorlds } from './own-world.ts';
import { accountStates, startAs, type Surroundings } from './surroundings.ts';

const openOwn = useOwnWorlds('generic');
const openKeeping = useOwnWorlds('generic', [], { disabled: 'keep' });
const openEntra = useEntraWorlds();

/** Crew lets 1 to 3 in, 4 is assigned directly. Somebody put `byhand`, of whom the directory knows nothing, into Crew. */
const organisation = () => company({ users: 4, groups: { Crew: [1, 3] }, direct: [4, 4] });
const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const USER = 'urn:ietf:params:scim:schemas:core:2.0:User';
const SHOWN = z.looseObject({ id: z.string(), members: z.array(z.object({ value: z.string() })).default([]) });

type Place = Pick<Surroundings, 'provider' | 'tenant'>;

function idOf(found: unknown): string {
  return SHOWN.parse(found).id;
}

function putInByHand({ provider }: Place): string {
  provider.change('POST', '/Users', { schemas: [USER], userName: 'byhand', active: true });
  const id = idOf(provider.accounts.find('byhand'));
  const Operations = [{ op: 'add', path: 'members', value: [{ value: id }] }];
  provider.change('PATCH', `/Groups/${idOf(provider.groups.find('Crew'))}`, { schemas: [PATCH], Operations });
  return id;
}

function membersOf({ provider }: Place): readonly string[] {
  return SHOWN.parse(provider.groups.find('Crew'))
    .members.map(({ value }) => z.string().parse(provider.accounts.get(value)?.['userName']))
    .toSorted();
}

interface Opened extends Place {
  readonly name: string;
  readonly operator: Pick<MigrationOperator, 'startMigration' | 'actOnMigration' | 'migrationReport'>;
  goOn(): Promise<unknown>;
  approve(): Promise<unknown>;
}

async function own(): Promise<Opened> {
  const at = await openOwn(organisation());
  return { ...at, goOn: () => at.live() };
}

async function withEntra(): Promise<Opened> {
  const at = await openEntra({ organisation: organisation(), vendor: 'generic' });
  return { ...at, name: at.connection.rules.name, goOn: () => at.settle() };
}

/** As far as the gate disable: nobody is in a SCIM group any more, and there is none. */
async function toTheGate(at: Opened): Promise<void> {
  await startAs(at.operator, at.name, 'disable-scim', [], ['foreign-members', 'unclaimed-accounts', 'user-disabled']);
  await at.goOn();
  await at.approve();
  expect(await at.goOn()).toMatchObject({ gate: { name: 'disable' } });
  expect(at.provider.groups.size).toBe(0);
}

function rollBack(at: Opened): Promise<unknown> {
  return at.operator.actOnMigration({ connection: at.name, verb: 'rollback', by: 'ada' }).then(() => at.goOn());
}

const ENGINES: readonly (readonly [engine: string, open: () => Promise<Opened>])[] = [
  ['headgate', own],
  ['entra', withEntra],
];

test.each(ENGINES)(
  'M9: with the engine %s who was put in by hand is put back by the rollback',
  async (_engine, open) => {
    const at = await open();
    putInByHand(at);
    const [members, accounts] = [membersOf(at), accountStates(at)];
    expect(members).toEqual(['byhand', ...people(1, 3)]);
    await toTheGate(at);
    expect(await rollBack(at)).toMatchObject({ result: 'rolled-back' });
    expect(membersOf(at)).toEqual(members);
    expect(accountStates(at)).toEqual(accounts);
    const report = await at.operator.migrationReport(at.name);
    expect(report).toMatchObject({ verdict: 'restored' });
    expect(report.groups.after?.some((group) => 'notBack' in group)).toBe(false);
  },
);

test.each(ENGINES)(
  'M9: with the engine %s who cannot be put back is named, and the verdict is not that all is restored',
  async (_engine, open) => {
    const at = await open();
    const byHand = putInByHand(at);
    await toTheGate(at);
    at.provider.change('DELETE', `/Users/${byHand}`);
    expect(await rollBack(at)).toMatchObject({
      result: 'rolled-back',
      resultText: expect.stringMatching(new RegExp(`1 member .*not in (it|them) again.*${byHand} \\(Crew\\)`)),
    });
    expect(membersOf(at)).toEqual(people(1, 3));
    const report = await at.operator.migrationReport(at.name);
    expect(report).toMatchObject({ verdict: 'failed', groups: { after: [{ name: 'Crew', notBack: [byHand] }] } });
  },
);

test('M9: who was disabled since should be out, and is no reason to say that not all is restored', async () => {
  const at = await own();
  await toTheGate(at);
  at.tenant.control.disableUser(personName(2));
  expect(await rollBack(at)).toMatchObject({ result: 'rolled-back' });
  expect(membersOf(at)).toEqual([personName(1), personName(3)]);
  expect(await at.operator.migrationReport(at.name)).toMatchObject({ verdict: 'restored' });
});

test('M9: who is blocked is put back where the policy is to keep what they have, because no cycle would', async () => {
  const opened = await openKeeping(organisation());
  const at = { ...opened, goOn: () => opened.live() };
  at.tenant.control.disableUser(personName(2));
  await toTheGate(at);
  expect(await rollBack(at)).toMatchObject({ result: 'rolled-back' });
  expect(membersOf(at)).toEqual(people(1, 3));
  expect(await at.operator.migrationReport(at.name)).toMatchObject({ verdict: 'restored' });
});

test('M9: one whom the provider refuses to take back is named and does not bar the way back of the others', async () => {
  const at = await own();
  putInByHand(at);
  await toTheGate(at);
  at.provider.observe({
    afterWrite({ method, path }) {
      // From the moment the group has its members again.
      if (method === 'PATCH' && path.includes('/Groups/'))
        at.provider.faults.set({ fault: 'failBefore', value: 400, method: 'PATCH', path: '^/Groups' });
    },
  });
  expect(await rollBack(at)).toMatchObject({
    result: 'rolled-back',
    resultText: expect.stringMatching(/1 member .*byhand \(Crew\)/),
  });
  expect(membersOf(at)).toEqual(people(1, 3));
  expect(await at.operator.migrationReport(at.name)).toMatchObject({ verdict: 'failed' });
});
