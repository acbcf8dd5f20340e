import { afterEach, describe, expect, test } from 'vitest';
import type { Consent } from '../../src/core/migration/migration.ts';
import type { ProviderOptions } from '../../src/sandbox/provider/provider.ts';
import { company, cycle, memberCount, people, personName } from './company.ts';
import { accountsOf, approve, assignedTo, start, still } from './migration-world.ts';
import { startWorld, type World } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

const PATCH = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';
const ACCEPT: readonly Consent[] = ['members-unreadable', 'user-without-account'];

function idOf(found: { readonly id?: unknown } | undefined): string {
  if (typeof found?.id !== 'string') throw new Error('it is not there');
  return found.id;
}

/** Puts an account into both SCIM groups by hand, which nobody can see where members are not shown. */
function putIntoGroups({ provider }: World, userName: string): void {
  const value = idOf(provider.accounts.find(userName));
  for (const name of ['Crew', 'Deck'])
    provider.change('PATCH', `/Groups/${idOf(provider.groups.find(name))}`, {
      schemas: [PATCH],
      Operations: [{ op: 'add', path: 'members', value: [{ value }] }],
    });
}

/**
 * A provider that shows no members of groups and wants a surname: 1 to 4 through Crew, 4 to 6 through Deck, 7 and 8 directly.
 * 6 has no surname and so no account; 7 was put into both groups by hand.
 */
async function open(provider: ProviderOptions = {}) {
  const at = await startWorld({
    organisation: company({
      users: 8,
      groups: { Crew: [1, 4], Deck: [4, 6] },
      direct: [7, 8],
      properties: { 6: { surname: null } },
    }),
    migrations: true,
    provider: { behaviour: 'aws-identity-center', ...provider },
    profile: 'aws-identity-center',
  });
  world = at;
  const operator = await at.open();
  expect((await cycle(operator)).result).toBe('succeeded');
  expect(at.provider.accounts.find(personName(6))).toBeUndefined();
  putIntoGroups(at, personName(7));
  return { at, operator, before: accountsOf(at), assigned: assignedTo(at) };
}

describe('a provider that hides who is in a group', () => {
  test('M1, M5: is gone through to the end, with somebody who can get no account and a member put in by hand', async () => {
    const { at, operator, before } = await open();
    const refused = start(operator, 'remove-groups', ['Crew', 'Deck'], { accept: ['members-unreadable'] });
    await expect(refused).rejects.toThrow(/user-without-account.*person6.*familyName/);
    await start(operator, 'remove-groups', ['Crew', 'Deck'], { accept: ACCEPT });
    await approve(operator, 'coverage');
    expect(await still(operator)).toMatchObject({ result: 'succeeded' });
    expect(at.provider.groups.size).toBe(0);
    expect(accountsOf(at)).toEqual(before);
    expect(assignedTo(at)).toEqual(people(1, 8));
    expect(await operator.migrations.migrationReport('acme')).toMatchObject({
      verdict: 'passed',
      accounts: { lost: [] },
    });
  });

  test('M9: comes back from the gate disable with everybody Headgate had put into the groups', async () => {
    const { at, operator, before, assigned } = await open();
    await start(operator, 'disable-scim', [], { accept: ACCEPT });
    await approve(operator, 'coverage');
    expect(await still(operator)).toMatchObject({ gate: { name: 'disable' } });
    expect(at.provider.groups.size).toBe(0);
    await operator.migrations.actOnMigration({ connection: 'acme', verb: 'rollback', by: 'ada' });
    expect(await still(operator)).toMatchObject({ result: 'rolled-back' });
    expect([memberCount(at, 'Crew'), memberCount(at, 'Deck')]).toEqual([4, 2]);
    expect(assignedTo(at)).toEqual(assigned);
    expect(accountsOf(at)).toEqual(before);
    expect((await operator.migrations.migrationReport('acme')).verdict).toBe('restored');
  });

  test('M4: and takes the unseen member along with the first group, against its profile, is stopped before the next', async () => {
    const { at, operator } = await open({ overrides: { groupDelete: 'users' } });
    await start(operator, 'remove-groups', ['Crew', 'Deck'], { accept: ACCEPT });
    await approve(operator, 'coverage');
    const view = await still(operator);
    expect(view).toMatchObject({ result: 'aborted', frozen: true });
    expect(view.resultText).toContain(personName(7));
    expect(at.provider.groups.size).toBe(1);
    expect(people(1, 8).filter((name) => at.provider.accounts.find(name) === undefined)).toEqual(
      [6, 7].map(personName),
    );
  });
});
