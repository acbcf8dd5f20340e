import { afterEach, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import type { CycleKind } from '../../src/core/cycle.ts';
import { company, memberCount, people, personName, userNames } from './company.ts';
import { closed, startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

async function cycle(operator: OperatorClient, kind: CycleKind) {
  const started = await operator.startCycle({ connection: 'acme', kind, requestedBy: 'test' });
  const done = await closed(operator, started.id);
  expect(done).toMatchObject({ result: 'succeeded' });
  return { kind: done.kind, operations: done.planCounts?.operations ?? {} };
}

test('whoever leaves a scoping filter is disabled by its policy, and comes back on the same account', async () => {
  const sales = { department: 'Sales' };
  const staff = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [index + 1, sales]));
  const made = await startWorld({
    organisation: company({ users: 12, groups: { Crew: [1, 12] }, properties: staff }),
    connection: {
      scope: { filters: [{ name: 'Sellers', clauses: [{ attribute: 'department', is: 'equals', value: 'Sales' }] }] },
      deprovision: { filtered: 'disable' },
    },
  });
  world = made;
  const operator = await made.open();
  const { control } = made.tenant;
  const never = new AbortController().signal;
  await cycle(operator, 'initial');
  expect(userNames(made)).toEqual(people(1, 11));
  expect(memberCount(made, 'Crew')).toBe(11);
  const account = made.provider.accounts.find(personName(1))?.['id'];

  control.updateUser(personName(1), { department: 'IT' });
  const why = 'left out by scoping filter Sellers (department equals "Sales")';
  expect(await operator.planSubject('acme', personName(1), never)).toMatchObject({
    steps: expect.arrayContaining([{ step: 'scope', text: `not entitled: assigned through group Crew, but ${why}` }]),
    plan: { operations: [{ kind: 'disable', cause: 'filtered', reason: { code: 'filtered', text: why } }, {}] },
  });
  expect(await cycle(operator, 'incremental')).toEqual({
    kind: 'incremental',
    operations: { 'account.disable': 1, 'group.members': 1 },
  });
  expect(made.provider.accounts.find(personName(1))).toMatchObject({ id: account, active: false });
  expect(memberCount(made, 'Crew')).toBe(10);
  expect(await operator.explain('acme', personName(1), never)).toMatchObject({
    conclusion: `not entitled: assigned through group Crew, but ${why}; has an account that is disabled`,
  });
  expect((await cycle(operator, 'initial')).operations).toEqual({});

  control.updateUser(personName(1), sales);
  control.updateUser(personName(12), sales);
  expect(await cycle(operator, 'incremental')).toEqual({
    kind: 'incremental',
    operations: { 'account.reactivate': 1, 'account.create': 1, 'group.members': 1 },
  });
  expect(made.provider.accounts.find(personName(1))).toMatchObject({ id: account, active: true });
  expect(userNames(made)).toEqual(people(1, 12));
  expect(memberCount(made, 'Crew')).toBe(12);
  expect((await cycle(operator, 'initial')).operations).toEqual({});
});
