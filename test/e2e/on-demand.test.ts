import { afterEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import type { CycleKind } from '../../src/core/cycle.ts';
import { company, memberCount, people, personName, userNames, writes } from './company.ts';
import { closed, headgate, platforms, startWorld, type Platform, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const never = new AbortController().signal;
const staff = () => company({ users: 40, groups: { Crew: [1, 30], Deck: [25, 40] }, direct: [1, 2] });

async function open(connection: Readonly<Record<string, unknown>> = {}, platform: Platform = 'embedded') {
  const made = await startWorld({ platform, organisation: staff(), connection });
  world = made;
  const operator = await made.open();
  return { made, operator, control: made.tenant.control };
}

async function cycle(operator: OperatorClient, kind: CycleKind) {
  const started = await operator.startCycle({ connection: 'acme', kind, requestedBy: 'test' });
  return closed(operator, started.id);
}

async function provision(operator: OperatorClient, idOrName: string) {
  const started = await operator.provision({ connection: 'acme', idOrName, requestedBy: 'test', signal: never });
  expect(started.kind).toBe('on-demand');
  return closed(operator, started.id);
}

describe('provisioning on demand', () => {
  test('explains a user step by step and writes nothing, until it is told to', async () => {
    const { made, operator } = await open();
    const planned = await operator.planSubject('acme', personName(1), never);
    expect(planned.steps.map(({ step }) => step)).toEqual(['import', 'scope', 'match', 'mapping', 'action', 'guards']);
    expect(planned.steps.map(({ text }) => text).slice(1, 3)).toEqual([
      'entitled directly and through group Crew',
      'no account is joined by userName',
    ]);
    expect(planned.plan.operations.map(({ kind, resource, label }) => `${kind} ${resource} ${label}`)).toEqual([
      `create account ${personName(1)}`,
    ]);
    expect(writes(made)).toEqual([]);
    expect(await provision(operator, personName(1))).toMatchObject({ kind: 'on-demand', result: 'succeeded' });
    expect(userNames(made)).toEqual([personName(1)]);
    expect(writes(made)).toEqual(['POST /Users']);
    expect((await operator.planSubject('acme', personName(1), never)).plan.operations).toEqual([]);
  });

  test.each(platforms())('brings a group with all its members, and nobody else (%s)', async (platform) => {
    const { made, operator } = await open({}, platform);
    const planned = await operator.planSubject('acme', 'Crew', never);
    expect(planned.plan.counts.operations).toEqual({ 'account.create': 30, 'group.create': 1, 'group.members': 1 });
    expect(planned.steps[1]?.text).toContain('30 of its users are entitled, 0 may not sign in');
    expect((await provision(operator, 'Crew')).result).toBe('succeeded');
    expect(userNames(made)).toEqual(people(1, 30));
    expect(memberCount(made, 'Crew')).toBe(30);
    expect(memberCount(made, 'Deck')).toBeUndefined();
    const full = await cycle(operator, 'initial');
    expect(full.planCounts?.operations).toEqual({ 'account.create': 10, 'group.create': 1, 'group.members': 1 });
    expect((await operator.planSubject('acme', 'Crew', never)).plan.operations).toEqual([]);
  });

  test.each(platforms())('of a leaver disables that one account, what else changed waits (%s)', async (platform) => {
    const guards = { tooManyRemovals: { count: 50, percent: 100 }, off: ['non-empty-group-delete', 'group-cliff'] };
    const { made, operator, control } = await open({ guards }, platform);
    await cycle(operator, 'initial');
    control.removeMember('Crew', personName(10));
    control.removeMember('Crew', personName(11));
    control.unassign({ principal: 'Deck' });
    expect((await provision(operator, personName(10))).planCounts?.operations).toEqual({
      'account.disable': 1,
      'group.members': 1,
    });
    expect(userNames(made, false)).toEqual([personName(10)]);
    expect(memberCount(made, 'Deck')).toBe(16);
    // The baseline has not moved: the incremental cycle still sees what happened before.
    const later = await cycle(operator, 'incremental');
    expect(later).toMatchObject({
      kind: 'incremental',
      planCounts: { operations: { 'account.disable': 11, 'group.delete': 1 } },
    });
    expect(userNames(made, false)).toContain(personName(11));
  });

  test('of an unassigned group is held by the same guards', async () => {
    const { made, operator, control } = await open({ guards: { tooManyRemovals: { count: 3, percent: 50 } } });
    await cycle(operator, 'initial');
    control.unassign({ principal: 'Deck' });
    const planned = await operator.planSubject('acme', 'Deck', never);
    expect(planned.plan.counts.operations).toEqual({ 'account.disable': 10, 'group.delete': 1 });
    expect(planned.verdict.findings.map(({ guard, effect }) => `${guard} ${effect}`)).toContain(
      'too-many-removals hold',
    );
    await provision(operator, 'Deck');
    expect(userNames(made, false)).toEqual([]);
    const [status] = (await operator.status()).connections;
    expect(status?.lastPlanned?.kind).toBe('initial');
  });

  test('of somebody whose removal is held among many leaves it held, names the hold, and goes once it is approved', async () => {
    const { made, operator, control } = await open({ guards: { tooManyRemovals: { count: 3, percent: 100 } } });
    await cycle(operator, 'initial');
    control.unassign({ principal: 'Deck' });
    await cycle(operator, 'incremental');
    const hold = (await operator.holds.list({ connection: 'acme', ended: false, limit: 5 })).find(
      ({ guard }) => guard === 'too-many-removals',
    );
    if (hold === undefined) throw new Error('nothing is held');
    const planned = await operator.planSubject('acme', personName(35), never);
    expect(planned.steps.at(-1)?.details?.join()).toContain(
      `hold ${hold.id}, which waits for a decision, keeps back ${hold.operations} operations`,
    );
    expect((await provision(operator, personName(35))).result).toBe('held');
    expect(userNames(made, false)).toEqual([]);
    const { findings } = planned.verdict;
    expect(findings.map(({ guard }) => guard)).toContain('too-many-removals');
    for (const { id, digest } of await operator.holds.list({ connection: 'acme', ended: false, limit: 5 }))
      await operator.holds.approve(id, { digest, by: 'ada', reason: 'meant' });
    expect((await provision(operator, personName(35))).result).toBe('succeeded');
    expect(userNames(made, false)).toEqual([personName(35)]);
  });

  test('corrects the members of a group where somebody changed them at the provider', async () => {
    const { made, operator, control } = await open();
    await cycle(operator, 'initial');
    control.removeMember('Crew', personName(5));
    control.addMember('Crew', personName(40));
    expect((await provision(operator, 'Crew')).planCounts).toMatchObject({ membersAdded: 1, membersRemoved: 1 });
    expect(memberCount(made, 'Crew')).toBe(30);
    expect((await cycle(operator, 'incremental')).planCounts?.operations).toEqual({});
    expect((await cycle(operator, 'initial')).planCounts?.operations).toEqual({});
  });

  test('finds somebody who was deleted by the name of the account', async () => {
    const { made, operator, control } = await open();
    await cycle(operator, 'initial');
    control.softDeleteUser(personName(3));
    const planned = await operator.planSubject('acme', personName(3).toUpperCase(), never);
    expect(planned.steps[1]?.text).toBe('not entitled: deleted in the directory, restorable for 30 days');
    expect((await operator.explain('acme', personName(3), never)).conclusion).toBe(
      'not entitled: deleted in the directory, restorable for 30 days; has an account',
    );
    await provision(operator, personName(3));
    expect(userNames(made, false)).toEqual([personName(3)]);
  });

  test('refuses a name that nobody or several have', async () => {
    const { operator, control } = await open();
    await expect(operator.planSubject('acme', 'Nobody', never)).rejects.toMatchObject({ code: 'not-found' });
    const twin = control.createGroup({ displayName: 'Crew', mailEnabled: false, securityEnabled: true });
    await expect(operator.planSubject('acme', 'Crew', never)).rejects.toMatchObject({
      code: 'ambiguous',
      message: expect.stringContaining(twin.id),
    });
    expect((await operator.planSubject('acme', twin.id, never)).steps[1]?.text).toBe('not assigned to the application');
  });

  test('is a command that explains, and with --execute does it', async () => {
    const { made, operator } = await open();
    await operator.close();
    const config = ['--config', made.configFile];
    const dry = await headgate(['provision', personName(1), ...config], made.directory);
    expect(dry).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/ {2}action +1 operation\n {4}create account/),
    });
    expect(dry.stderr).toContain('--execute');
    expect(writes(made)).toEqual([]);
    const done = await headgate(['provision', personName(1), '--execute', ...config], made.directory);
    expect(done).toMatchObject({ code: 0, stdout: expect.stringMatching(/create account .* done/) });
    expect(userNames(made)).toEqual([personName(1)]);
    const json = await headgate(['provision', 'Crew', '--json', ...config], made.directory);
    expect(JSON.parse(json.stdout)).toMatchObject({ connection: 'acme', subject: { resource: 'group', name: 'Crew' } });
  });
});
