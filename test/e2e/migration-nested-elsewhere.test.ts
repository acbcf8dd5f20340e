import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import type { Rehearsal } from '../../src/core/migration/rehearsal.ts';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { startProvider, type SandboxProvider } from '../../src/sandbox/provider/provider.ts';
import { company, people, personName, userNames } from './company.ts';
import { approve, assignedTo, OPTIONS, start, still } from './migration-world.ts';
import { recordWorld, type Recorded } from './recording-proxy.ts';
import { closed, startWorld, type World } from './world.ts';

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

const ACCEPTED = { accept: ['group-elsewhere'] } as const;

interface Two {
  readonly at: World;
  readonly operator: OperatorClient;
  readonly beta: SandboxProvider;
}

/** Runs a full cycle of one of the two connections to its end. */
async function run(operator: OperatorClient, connection: string): Promise<void> {
  const { id } = await operator.startCycle({ connection, kind: 'initial', requestedBy: 'test' });
  expect((await closed(operator, id)).result).toBe('succeeded');
}

/**
 * Two connections of one application: acme counts direct members of groups, beta those of groups inside, too. Crew has
 * 1 to 4, and Deck, with 5 and 6, is in Crew; Bridge, with 7, is assigned as well and stays.
 */
async function prepare(
  beforeDirectory?: (request: Recorded) => void,
  written: (application: string) => string = (application) => application,
): Promise<Two> {
  const organisation = company({ users: 8, groups: { Crew: [1, 4], Deck: [5, 6], Bridge: [7, 7] } });
  const at = await startWorld({ organisation, migrations: true });
  at.tenant.control.addMember('Crew', 'Deck');
  at.tenant.control.unassign({ principal: 'Deck' });
  const other = await startProvider({ tokens: ['beta-token-1'], behaviour: 'uniqkey' });
  writeFileSync(join(at.directory, 'beta-token'), 'beta-token-1', { mode: 0o600 });
  const file = parse(readFileSync(at.configFile, 'utf8'));
  const [acme] = file.connections;
  const provider = { profile: 'uniqkey', url: other.url, credential: { kind: 'bearer', token_file: './beta-token' } };
  // What becomes of people there is asked, not what a guard would put off.
  const guards = { off: ['too-many-removals', 'group-cliff'] };
  const application = written(acme.application);
  const second = { ...acme, name: 'beta', application, provider, guards, scope: { nestedGroups: 'expand' } };
  writeFileSync(at.configFile, stringify({ ...file, connections: [acme, second] }));
  const recorded = await recordWorld(at, beforeDirectory);
  closing.push(
    () => other.close(),
    () => recorded.close(),
    () => at.close(),
  );
  const operator = await at.open();
  await run(operator, 'acme');
  await run(operator, 'beta');
  return { at, operator, beta: other };
}

/** Whose accounts are active at the provider of beta. */
function atBeta({ at, beta: provider }: Two): readonly string[] {
  return userNames({ ...at, provider });
}

function assign({ at }: Two, ...numbers: readonly number[]): void {
  for (const n of numbers) at.tenant.control.assign({ principal: personName(n) });
}

function rehearse(operator: OperatorClient): Promise<Rehearsal> {
  const options = { ...OPTIONS, ...ACCEPTED };
  const ask = { connection: 'acme', kind: 'remove-groups', groups: ['Crew'], options, assume: [] } as const;
  return operator.migrations.rehearse(ask, () => undefined, new AbortController().signal);
}

describe('where another connection of the application lets people in through groups inside', () => {
  test('nothing is begun while they have no other way in there, and they are named; afterwards all keep their accounts', async () => {
    const two = await prepare();
    const { operator } = two;
    expect(atBeta(two)).toEqual(people(1, 7));
    await expect(start(operator, 'remove-groups', ['Crew'], ACCEPTED)).rejects.toThrow(
      /^access-elsewhere: .*person5@.*person6@.*beta/,
    );
    const { signal } = new AbortController();
    expect(await operator.migrations.whatIf('acme', ['Crew'], signal)).toMatchObject({ others: ['beta'] });
    const rehearsal = await rehearse(operator);
    expect(rehearsal).toMatchObject({ safe: false, end: { result: 'not-started' } });
    expect(rehearsal.hindrances.map(({ code }) => code)).toEqual(['access-elsewhere']);
    expect(rehearsal.unknown.join('\n')).toMatch(/What becomes of people at beta.*nothing of them is on the copy/);
    assign(two, 5, 6);
    await start(operator, 'remove-groups', ['Crew'], ACCEPTED);
    await approve(operator, 'coverage');
    expect(await still(operator)).toMatchObject({ result: 'succeeded' });
    await run(operator, 'beta');
    expect(atBeta(two)).toEqual(people(1, 7));
  });

  test('that connection is found where it writes the id of the application in capital letters, too', async () => {
    const { operator } = await prepare(undefined, (application) => application.toUpperCase());
    await expect(start(operator, 'remove-groups', ['Crew'])).rejects.toThrow(/^access-elsewhere: .*person5@.*beta/);
    const { signal } = new AbortController();
    const ask = { connection: 'acme', kind: 'remove-groups', groups: ['Crew'], options: OPTIONS } as const;
    const { obstacles } = await operator.migrations.plan(ask, signal);
    expect(obstacles.map(({ code }) => code)).toEqual(['access-elsewhere', 'group-elsewhere']);
  });

  test('whoever joins a group inside while the gate is asked stops the migration before anything is taken away', async () => {
    const two = await prepare();
    const { at, operator } = two;
    assign(two, 5, 6);
    await start(operator, 'remove-groups', ['Crew'], ACCEPTED);
    expect((await still(operator)).gate?.name).toBe('coverage');
    at.tenant.control.addMember('Deck', personName(8));
    await approve(operator, 'coverage');
    const view = await still(operator);
    expect(view.paused?.reason).toMatch(/^access-elsewhere: .*person8@.*beta/);
    assign(two, 8);
    await operator.migrations.actOnMigration({ connection: 'acme', verb: 'resume', by: 'ada' });
    expect(await still(operator)).toMatchObject({ result: 'succeeded' });
    await run(operator, 'beta');
    expect(atBeta(two)).toEqual(people(1, 8));
  });

  test('whoever joins a group inside between two groups is asked for before the second one goes', async () => {
    const joins: (() => void)[] = [];
    const two = await prepare(({ method }) => (method === 'DELETE' ? joins.pop()?.() : undefined));
    const { at, operator } = two;
    at.tenant.control.addMember('Bridge', 'Deck');
    assign(two, 5, 6);
    await start(operator, 'remove-groups', ['Crew', 'Bridge'], ACCEPTED);
    joins.push(() => at.tenant.control.addMember('Deck', personName(8)));
    await approve(operator, 'coverage');
    expect((await still(operator)).paused?.reason).toMatch(/^access-elsewhere: .*person8@.*beta/);
    expect(joins).toEqual([]);
    expect(assignedTo(at)).toContain('Bridge');
    expect(assignedTo(at)).not.toContain('Crew');
    assign(two, 8);
    await operator.migrations.actOnMigration({ connection: 'acme', verb: 'resume', by: 'ada' });
    expect(await still(operator)).toMatchObject({ result: 'succeeded' });
  });

  test('groups inside that cannot be read completely are not taken for empty ones', async () => {
    const two = await prepare();
    const { at, operator } = two;
    assign(two, 5, 6);
    const { organisation } = at.tenant;
    const version = organisation.version();
    const deck = [...organisation.groups.values(version)].find(
      ({ properties }) => properties['displayName'] === 'Deck',
    );
    at.tenant.control.addFault({
      path: `/groups/${deck?.id}/members/$count`,
      effect: { kind: 'count-off', by: 1 },
    });
    await expect(start(operator, 'remove-groups', ['Crew'], ACCEPTED)).rejects.toThrow(/^elsewhere-unread: .*beta/);
    at.tenant.control.clearFaults();
    await start(operator, 'remove-groups', ['Crew'], ACCEPTED);
    expect((await still(operator)).gate?.name).toBe('coverage');
  });
});
