import { afterEach, describe, expect, test } from 'vitest';
import type { Rehearsal } from '../../src/core/migration/rehearsal.ts';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import type { RehearsalAsk } from '../../src/ports/migration-operator.ts';
import { company, cycle, personName } from './company.ts';
import { accountsOf, assignedTo, OPTIONS } from './migration-world.ts';
import { isWrite, recordWorld } from './recording-proxy.ts';
import { headgate, startWorld, type World, type WorldOptions } from './world.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** Eight people: 1 to 4 through Crew, 4 to 6 through Deck, 7 and 8 directly. All have accounts. */
async function open(options: WorldOptions = {}): Promise<{ readonly world: World; readonly operator: OperatorClient }> {
  const world = await startWorld({
    organisation: company({ users: 9, groups: { Crew: [1, 4], Deck: [4, 6] }, direct: [7, 8] }),
    migrations: true,
    ...options,
  });
  closing.push(() => world.close());
  const operator = await world.open();
  expect((await cycle(operator)).result).toBe('succeeded');
  return { world, operator };
}

function rehearse(operator: OperatorClient, ask: Partial<RehearsalAsk> = {}): Promise<Rehearsal> {
  const whole = {
    connection: 'acme',
    kind: 'remove-groups',
    groups: [],
    options: OPTIONS,
    assume: [],
    ...ask,
  } as const;
  return operator.migrations.rehearse(whole, () => undefined, new AbortController().signal);
}

function whoLoses({ people }: Rehearsal): readonly string[] {
  return people.filter(({ outcome }) => outcome === 'loses').map(({ label }) => label);
}

describe('a rehearsal', () => {
  test('carries the migration out on a copy with the same ids, and says what becomes of each person', async () => {
    const { world, operator } = await open();
    const rehearsal = await rehearse(operator, { groups: ['Crew'] });
    expect(rehearsal).toMatchObject({
      safe: true,
      end: { result: 'succeeded' },
      counts: { keeps: 8, changes: 0, loses: 0 },
      groupsLeft: [],
      reportPassed: true,
      hindrances: [],
    });
    const four = rehearsal.people.find(({ label }) => label === personName(4));
    expect(four).toMatchObject({
      account: world.provider.accounts.find(personName(4))?.['id'],
      outcome: 'keeps',
      groupsBefore: ['Crew', 'Deck'],
      groupsAfter: ['Deck'],
    });
    // Every write: four direct assignments, the members taken out, the group unassigned and deleted.
    const crew = world.provider.groups.find('Crew')?.['id'];
    const sent = rehearsal.requests.map(({ request: { to, method } }) => `${method} ${to}`);
    expect(sent.filter((one) => one === 'POST directory')).toHaveLength(4);
    expect(sent).toContain('DELETE directory');
    expect(rehearsal.requests.map(({ request: { method, path } }) => `${method} ${path}`)).toContain(
      `DELETE /Groups/${JSON.stringify(crew).slice(1, -1)}`,
    );
  });

  test('writes nothing to the real directory, the real provider or the real store', async () => {
    const { world, operator } = await open();
    await operator.close();
    const recorded = await recordWorld(world);
    closing.push(() => recorded.close());
    const before = { accounts: accountsOf(world), groups: world.provider.groups.all(), assigned: assignedTo(world) };
    const proxied = await world.open();
    const status = await proxied.status();
    const rehearsal = await rehearse(proxied, { kind: 'disable-scim' });
    expect(rehearsal).toMatchObject({ safe: true, end: { result: 'succeeded' }, groupsLeft: [] });
    expect(recorded.directory.length).toBeGreaterThan(5);
    expect(recorded.provider.length).toBeGreaterThan(1);
    expect([...recorded.directory, ...recorded.provider].filter(isWrite)).toEqual([]);
    expect({ accounts: accountsOf(world), groups: world.provider.groups.all(), assigned: assignedTo(world) }).toEqual(
      before,
    );
    await expect(proxied.migrations.migrationStatus('acme')).rejects.toThrow(/no migration/);
    expect((await proxied.status()).connections).toEqual(status.connections);
  });

  test('says who would lose the account, by what, and where the migration would stop', async () => {
    const { world, operator } = await open();
    const rehearsal = await rehearse(operator, { groups: ['Crew', 'Deck'], assume: ['last-group-takes-account'] });
    expect(rehearsal).toMatchObject({ safe: false, end: { result: 'aborted', step: 'empty-groups' } });
    // One person goes first: whoever it is, it is one.
    expect(rehearsal.counts.loses).toBe(1);
    expect(rehearsal.people[0]).toMatchObject({ outcome: 'loses', why: expect.stringMatching(/^PATCH \/Groups\//) });
    expect(rehearsal.end.text).toContain(whoLoses(rehearsal)[0]);
    expect(world.provider.accounts.size).toBe(8);
    expect((await operator.status()).connections[0]).not.toHaveProperty('pausedReason');
  });

  test('names who stands in the way, when somebody has no account yet or is about to lose theirs', async () => {
    const { world, operator } = await open();
    world.tenant.control.addMember('Crew', personName(9));
    world.tenant.control.disableUser(personName(7));
    const rehearsal = await rehearse(operator, { groups: ['Crew'] });
    expect(rehearsal).toMatchObject({ safe: false, end: { result: 'not-started' }, requests: [] });
    expect(rehearsal.hindrances.map(({ code }) => code).toSorted()).toEqual(['removals-due', 'user-unlinked']);
    expect(rehearsal.hindrances.map(({ text }) => text).join()).toContain(personName(9));
    const seven = rehearsal.people.find(({ label }) => label === personName(7));
    expect(seven).toMatchObject({ outcome: 'keeps', why: 'removals-due' });
  });

  test('goes on without whoever the provider refuses an account, once that is accepted by name', async () => {
    const { world, operator } = await open();
    world.tenant.control.addMember('Crew', personName(9));
    world.provider.faults.set({ fault: 'failBefore', method: 'POST', value: 400 });
    await cycle(operator);
    const refused = await rehearse(operator, { groups: ['Crew'] });
    expect(refused.end).toMatchObject({
      result: 'not-started',
      text: expect.stringMatching(/^user-without-account: .*person9.*in escrow after 1 try/),
    });
    const options: RehearsalAsk['options'] = { ...OPTIONS, accept: ['user-without-account'] };
    const rehearsal = await rehearse(operator, { groups: ['Crew'], options });
    expect(rehearsal).toMatchObject({ safe: true, end: { result: 'succeeded' }, counts: { keeps: 8, loses: 0 } });
  });

  test('says when a group that is deleted with people in it would take them along, and that it is emptied first', async () => {
    const { operator } = await open({ provider: { behaviour: 'uniqkey' }, profile: 'uniqkey' });
    const rehearsal = await rehearse(operator, { kind: 'disable-scim' });
    expect(rehearsal).toMatchObject({ safe: true, counts: { loses: 0 }, groupsLeft: [] });
    expect(rehearsal.findings.map(({ code }) => code)).toContain('deletes-cascade');
    const hidden = await rehearse(operator, { kind: 'disable-scim', assume: ['members-hidden'] });
    expect(hidden.safe).toBe(false);
    expect(hidden).toMatchObject({ end: { result: 'not-started' }, counts: { loses: 0 } });
    expect(hidden.end.text).toContain('members-doubtful');
  });

  test('goes ahead without the identity a real migration needs, and says that it is missing', async () => {
    const world = await startWorld({ organisation: company({ users: 3, groups: { Crew: [1, 3] } }) });
    closing.push(() => world.close());
    const operator = await world.open();
    expect((await cycle(operator)).result).toBe('succeeded');
    await operator.pauseConnection('acme', 'the token is renewed', 'ada');
    const rehearsal = await rehearse(operator, { groups: ['Crew'] });
    expect(rehearsal).toMatchObject({ safe: false, end: { result: 'succeeded' }, counts: { keeps: 3, loses: 0 } });
    expect(rehearsal.hindrances).toMatchObject([
      { code: 'no-identity' },
      { code: 'paused', text: expect.stringMatching(/the token is renewed.*connection resume/) },
    ]);
  });

  test('reaches whoever is in a group inside the group, where these are expanded', async () => {
    const organisation = company({ users: 6, groups: { Crew: [1, 3], Deck: [4, 6] } });
    const { operator, world } = await open({
      organisation,
      connection: { scope: { groups: true, nestedGroups: 'expand' } },
    });
    world.tenant.control.addMember('Crew', 'Deck');
    world.tenant.control.unassign({
      principal: 'Deck',
      application: [...organisation.servicePrincipals.values(0)][0]?.appId ?? '',
    });
    expect((await cycle(operator)).result).toBe('succeeded');
    const rehearsal = await rehearse(operator, { groups: ['Crew'] });
    expect(rehearsal).toMatchObject({ safe: true, counts: { keeps: 6, loses: 0 } });
    expect(rehearsal.requests.filter(({ what }) => what.startsWith('assign '))).toHaveLength(6);
  });
});

describe('headgate migration rehearse', () => {
  test('ends with 0 when everybody keeps the account, with 3 when not, and says what it cannot know', async () => {
    const { world, operator } = await open();
    await operator.close();
    const asked = ['--kind', 'remove-groups', '--groups', 'Crew', '--config', world.configFile];
    const ran = await headgate(['migration', 'rehearse', 'acme', ...asked], world.directory);
    expect(ran.stdout).toContain('8 keep their account as it is, 0 change, 0 lose it.');
    expect(ran.stdout).toContain('What a rehearsal cannot know:');
    expect(ran.stdout).toMatch(/: headgate migration start acme --kind remove-groups --groups Crew\n$/);
    expect(ran.stderr).toContain('rehearsal, step');
    expect(ran.stderr).not.toContain(personName(1));
    expect(ran.code).toBe(0);
    const bad = await headgate(
      ['migration', 'rehearse', 'acme', ...asked, '--assume', 'last-group-takes-account', '--json'],
      world.directory,
    );
    const last: unknown = JSON.parse(bad.stdout.trim().split('\n').at(-1) ?? '');
    expect(last).toMatchObject({ type: 'rehearsal', rehearsal: { safe: false, counts: { loses: 1 } } });
    expect(bad.code).toBe(3);
  });
});
