import { afterEach, describe, expect, test, vi } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import type { CycleKind } from '../../src/core/cycle.ts';
import { company, memberCount, people, personName, userNames } from './company.ts';
import { closed, platforms, startWorld, type Platform, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  vi.useRealTimers();
  await world?.close();
  world = undefined;
});

const HOUR = 3_600_000;

/** Everybody of a company of twelve provisioned through Crew and Deck, with a policy and nothing held for its number. */
async function provisioned(
  deprovision: Readonly<Record<string, unknown>>,
  behaviour: 'generic' | 'salesforce' = 'generic',
  platform: Platform = 'embedded',
) {
  const made = await startWorld({
    platform,
    organisation: company({ users: 12, groups: { Crew: [1, 8], Deck: [5, 12] } }),
    provider: { behaviour },
    profile: behaviour,
    connection: {
      deprovision,
      guards: { tooManyRemovals: { count: 100, percent: 100 }, off: ['non-empty-group-delete'] },
    },
  });
  world = made;
  let operator = await made.open();
  await cycle(operator, 'initial');
  return {
    made,
    control: made.tenant.control,
    get operator() {
      return operator;
    },
    incremental: async () => cycle(operator, 'incremental'),
    full: async () => cycle(operator, 'initial'),
    /** Stops Headgate, lets time pass, and starts it again. */
    async later(hours: number) {
      await operator.close();
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * HOUR });
      operator = await made.open();
    },
    idOf: (n: number) =>
      made.tenant.organisation.userByName(personName(n), made.tenant.organisation.version())?.id ?? '',
  };
}

async function cycle(operator: OperatorClient, kind: CycleKind) {
  const started = await operator.startCycle({ connection: 'acme', kind, requestedBy: 'test' });
  const done = await closed(operator, started.id);
  expect(done).toMatchObject({ result: 'succeeded' });
  return { kind: done.kind, operations: done.planCounts?.operations ?? {} };
}

describe('a delay before a removal', () => {
  test('leaves the account and its memberships alone, says so, and ends by an incremental cycle in which nothing changed', async () => {
    const headgate = await provisioned({ unassigned: { action: 'disable', after: '2h' } });
    const { made } = headgate;
    headgate.control.removeMember('Crew', personName(1));
    expect(await headgate.incremental()).toEqual({ kind: 'incremental', operations: {} });
    expect(userNames(made)).toEqual(people(1, 12));
    expect(memberCount(made, 'Crew')).toBe(8);
    const announced = {
      label: personName(1),
      action: 'disable',
      reason: 'lost the only path: no longer a member of group Crew',
    };
    const { connections } = await headgate.operator.status();
    expect(connections[0]?.leaving).toMatchObject({ total: 1, next: [announced] });
    const never = new AbortController().signal;
    expect(await headgate.operator.explain('acme', personName(1), never)).toMatchObject({ leaving: announced });
    const { plan, waiting } = await headgate.operator.plan('acme', () => undefined, never);
    expect(plan.operations).toEqual([]);
    expect(waiting).toMatchObject([{ ...announced, begins: false }]);

    await headgate.later(1);
    expect((await headgate.incremental()).operations).toEqual({});
    await headgate.later(1);
    expect(await headgate.incremental()).toEqual({
      kind: 'incremental',
      operations: { 'account.disable': 1, 'group.members': 1 },
    });
    expect(userNames(made, false)).toEqual([personName(1)]);
    expect(memberCount(made, 'Crew')).toBe(7);
    expect((await headgate.incremental()).operations).toEqual({});
    expect((await headgate.operator.status()).connections[0]?.leaving).toBeUndefined();
    expect((await headgate.full()).operations).toEqual({});
  });

  test('ends by itself when the user is entitled again, and begins anew the next time', async () => {
    const headgate = await provisioned({ unassigned: { action: 'disable', after: '2h' } });
    headgate.control.removeMember('Crew', personName(1));
    await headgate.incremental();
    headgate.control.addMember('Crew', personName(1));
    expect((await headgate.incremental()).operations).toEqual({});
    headgate.control.removeMember('Crew', personName(1));
    await headgate.later(1);
    await headgate.incremental();
    await headgate.later(1);
    expect((await headgate.incremental()).operations).toEqual({});
    await headgate.later(1);
    expect((await headgate.incremental()).operations).toEqual({ 'account.disable': 1, 'group.members': 1 });
  });

  test.each(platforms())('holds for an unassigned group and everybody in it (%s)', async (platform) => {
    const headgate = await provisioned({ unassigned: { action: 'disable', after: '2h' } }, 'generic', platform);
    headgate.control.unassign({ principal: 'Crew' });
    expect((await headgate.incremental()).operations).toEqual({});
    expect(memberCount(headgate.made, 'Crew')).toBe(8);
    await headgate.later(2);
    expect((await headgate.incremental()).operations).toEqual({ 'account.disable': 4, 'group.delete': 1 });
    expect(memberCount(headgate.made, 'Crew')).toBeUndefined();
    expect(userNames(headgate.made)).toEqual(people(5, 12));
    expect((await headgate.full()).operations).toEqual({});
  });
});

describe('an unassigned user who is deleted later', () => {
  test.each([...platforms().map((platform) => ['incremental', platform] as const), ['initial', 'embedded'] as const])(
    'is deleted at the provider by a cycle that is %s (%s)',
    async (kind, platform) => {
      const headgate = await provisioned({}, 'generic', platform);
      headgate.control.removeMember('Crew', personName(1));
      expect((await headgate.incremental()).operations).toEqual({ 'account.disable': 1, 'group.members': 1 });
      const id = headgate.idOf(1);
      headgate.control.softDeleteUser(personName(1));
      expect((await headgate.incremental()).operations).toEqual({});
      headgate.control.hardDeleteUser(id);
      const done = kind === 'initial' ? await headgate.full() : await headgate.incremental();
      expect(done).toEqual({ kind, operations: { 'account.delete': 1 } });
      expect(userNames(headgate.made, false)).toEqual([]);
      expect((await headgate.full()).operations).toEqual({});
    },
  );

  test('is deleted after the delay even when nobody tells of the user any more', async () => {
    const headgate = await provisioned({ hardDeleted: { action: 'delete', after: '2h' } });
    headgate.control.removeMember('Crew', personName(1));
    await headgate.incremental();
    headgate.control.hardDeleteUser(personName(1));
    expect((await headgate.incremental()).operations).toEqual({});
    expect((await headgate.incremental()).operations).toEqual({});
    await headgate.later(2);
    expect(await headgate.incremental()).toEqual({ kind: 'incremental', operations: { 'account.delete': 1 } });
    expect((await headgate.incremental()).operations).toEqual({});
  });
});

describe.each(['generic', 'salesforce'] as const)('reactivation at a provider of profile %s', (behaviour) => {
  test.each(['incremental', 'initial'] as const)(
    'restores attributes, access and memberships on the same account by a cycle that is %s',
    async (kind) => {
      const headgate = await provisioned({}, behaviour);
      const { made, control } = headgate;
      const run = kind === 'initial' ? headgate.full : headgate.incremental;
      const before = made.provider.accounts.find(personName(5))?.['id'];
      control.disableUser(personName(5));
      expect((await run()).operations).toEqual({ 'account.disable': 1, 'group.members': 2 });
      expect(memberCount(made, 'Crew')).toBe(7);
      control.updateUser(personName(5), { jobTitle: 'Bosun' });
      expect((await run()).operations).toEqual({});
      control.enableUser(personName(5));
      expect((await run()).operations).toEqual({ 'account.reactivate': 1, 'group.members': 2 });
      expect(made.provider.accounts.find(personName(5))).toMatchObject({ id: before, active: true, title: 'Bosun' });
      expect([memberCount(made, 'Crew'), memberCount(made, 'Deck')]).toEqual([8, 8]);
      expect(made.provider.accounts.size).toBe(12);
      expect((await headgate.full()).operations).toEqual({});
    },
  );
});
