import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { type JsonObject, URN } from '../../src/core/scim.ts';
import { company, cycle, memberCount, personName, writes } from './company.ts';
import { OPTIONS } from './migration-world.ts';
import { closed, startWorld, type World } from './world.ts';

/*
 * An id at the provider is all that a link has. Where a provider gives it to somebody else while its user, or directory group,
 * is still in scope, an update would write over what is theirs, and a membership would let them in.
 */
const never = new AbortController().signal;
let world: World;
let operator: OperatorClient;

/** 1 to 5 come by Crew, 6 to 9 by Deck; 18 to 20 are colleagues without access. */
beforeEach(async () => {
  world = await startWorld({ organisation: company({ users: 20, groups: { Crew: [1, 5], Deck: [6, 9] } }) });
  operator = await world.open();
  await cycle(operator);
  world.provider.clearRequests();
});
afterEach(() => world.close());

function idOf(name: string): string {
  const id = (world.provider.accounts.find(name) ?? world.provider.groups.find(name))?.['id'];
  if (typeof id !== 'string') throw new Error(`the provider has no ${name}`);
  return id;
}

/** Whom the account of that id is from now on, as the provider tells. */
function becomes(id: string, person: JsonObject): void {
  world.provider.change('PUT', `/Users/${id}`, { schemas: [URN.user], active: true, ...person });
}

/** Everything the mapping makes of a person by which people are told apart. */
function everythingOf(name: string, address: string, family: string): JsonObject {
  return {
    userName: address,
    externalId: name,
    displayName: `${name} ${family}`,
    name: { familyName: family },
    emails: [{ value: address, type: 'work' }],
  };
}

/** Which group the SCIM group of that id is from now on; its members stay. */
function groupBecomes(id: string, displayName: string, externalId?: string): void {
  const { members = [] } = world.provider.groups.get(id) ?? {};
  const own = externalId === undefined ? {} : { externalId };
  world.provider.change('PUT', `/Groups/${id}`, { schemas: [URN.group], displayName, members, ...own });
}

const COLLEAGUE = everythingOf('person20', personName(20), 'Number20');

/** A cycle of that kind, or one on demand for whom it concerns. */
async function run(kind: 'initial' | 'incremental' | 'on-demand', idOrName: string) {
  if (kind !== 'on-demand') return cycle(operator, kind);
  const { id } = await operator.provision({ connection: 'acme', idOrName, requestedBy: 'test', signal: never });
  return closed(operator, id);
}

describe('an account whose id the provider has given to somebody else', () => {
  test.each(['initial', 'incremental', 'on-demand'] as const)(
    'is not written over for whom it was linked in a cycle (%s), which names both',
    async (kind) => {
      const id = idOf(personName(2));
      becomes(id, COLLEAGUE);
      world.tenant.control.updateUser(personName(2), { jobTitle: 'Bosun' });
      const { result, verdict } = await run(kind, personName(2));
      expect(result).toBe('held');
      expect(verdict?.findings).toMatchObject([
        {
          guard: 'matching-collision',
          effect: 'hold',
          message: expect.stringMatching(new RegExp(`update ${personName(2)}.*${id}.*${personName(20)}`)),
          remedy: expect.stringContaining('forget-vanished -c acme'),
        },
      ]);
      expect(world.provider.accounts.get(id)).toMatchObject({ ...COLLEAGUE, active: true });
      expect(writes(world)).toEqual([]);
    },
  );

  test('is not switched on again with its new owner, when whom it was linked for comes back', async () => {
    const id = idOf(personName(2));
    world.tenant.control.removeMember('Crew', personName(2));
    await cycle(operator);
    becomes(id, { ...COLLEAGUE, active: false });
    world.tenant.control.addMember('Crew', personName(2));
    const { verdict } = await cycle(operator);
    expect(verdict?.findings.map(({ message }) => message)).toEqual([
      expect.stringContaining(`reactivate ${personName(2)}: account ${id} is not theirs any more`),
    ]);
    expect(world.provider.accounts.get(id)).toMatchObject({ ...COLLEAGUE, active: false });
  });

  test.each(['initial', 'incremental'] as const)(
    'is put into no group and taken out of none for whom it was linked (%s)',
    async (kind) => {
      const id = idOf(personName(2));
      becomes(id, COLLEAGUE);
      world.tenant.control.addMember('Deck', personName(2));
      world.tenant.control.removeMember('Crew', personName(2));
      world.tenant.control.addMember('Deck', personName(3));
      await cycle(operator, kind);
      expect(world.provider.groups.find('Crew')?.['members']).toContainEqual(expect.objectContaining({ value: id }));
      expect(memberCount(world, 'Crew')).toBe(5);
      expect(memberCount(world, 'Deck')).toBe(5);
    },
  );

  test('is nobody’s manager for those who report to whom it was linked for', async () => {
    becomes(idOf(personName(2)), COLLEAGUE);
    world.tenant.control.setManager(personName(3), personName(2));
    await cycle(operator);
    expect(JSON.stringify(world.provider.accounts.find(personName(3)))).not.toContain(idOf(personName(20)));
  });

  test('is forgotten by a person, and whom it was linked for gets one of their own', async () => {
    const id = idOf(personName(2));
    becomes(id, COLLEAGUE);
    const { gone, digest } = await operator.links.vanished('acme', never);
    expect(gone).toMatchObject([
      { label: personName(2), resourceId: id, inScope: true, whose: expect.stringContaining(personName(20)) },
    ]);
    await operator.links.forgetVanished({ connection: 'acme', digest, by: 'ada', reason: 'another person' }, never);
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', verdict: { findings: [] } });
    expect(idOf(personName(2))).not.toBe(id);
    expect(world.provider.accounts.get(id)).toMatchObject({ ...COLLEAGUE, active: true });
  });
});

test('an account that was changed by hand, or whose user has another name by now, is updated like any other', async () => {
  const ids = [2, 3, 4].map((n) => idOf(personName(n)));
  const [byHand = '', unknown = '', renamed = ''] = ids;
  becomes(byHand, { ...everythingOf('person2', 'p2@elsewhere.example', 'L'), displayName: 'Rosa' });
  becomes(unknown, { userName: 'p3@elsewhere.example', displayName: 'Rosa' });
  const { userName, externalId } = { userName: 'new4@harbour.example', externalId: 'new4' };
  world.tenant.control.updateUser(personName(4), {
    userPrincipalName: userName,
    mail: userName,
    mailNickname: externalId,
    displayName: 'Ann New',
    surname: 'New',
  });
  expect(await cycle(operator)).toMatchObject({ result: 'succeeded', verdict: { findings: [] } });
  expect(world.provider.accounts.get(byHand)).toMatchObject({ userName: personName(2), externalId: 'person2' });
  expect(world.provider.accounts.get(unknown)).toMatchObject({ userName: personName(3), externalId: 'person3' });
  expect(world.provider.accounts.get(renamed)).toMatchObject({ userName, externalId, displayName: 'Ann New' });
});

describe('a SCIM group whose id the provider has given to another group', () => {
  test.each([
    ['initial', 'another one that is linked', () => groupBecomes(idOf('Crew'), 'Deck hands', groupId('Deck'))],
    ['initial', 'one nobody here knows', () => groupBecomes(idOf('Crew'), 'Auditors', 'auditors')],
    ['on-demand', 'one nobody here knows', () => groupBecomes(idOf('Crew'), 'Auditors', 'auditors')],
  ] as const)('is neither renamed nor filled in a cycle (%s) when it is %s', async (kind, _which, give) => {
    const id = idOf('Crew');
    give();
    const now = world.provider.groups.get(id);
    world.tenant.control.addMember('Crew', personName(6));
    world.tenant.control.removeMember('Crew', personName(1));
    world.tenant.control.assign({ principal: personName(1) });
    const { result, verdict } = await run(kind, 'Crew');
    expect(result).toBe('held');
    expect(verdict?.findings).toMatchObject([
      {
        guard: 'matching-collision',
        message: expect.stringMatching(
          new RegExp(`update Crew and members Crew: SCIM group ${id} is not that of Crew`),
        ),
        remedy: expect.stringContaining('forget-vanished -c acme'),
      },
    ]);
    expect(world.provider.groups.get(id)).toEqual(now);
    world.tenant.control.addMember('Crew', personName(7));
    await cycle(operator, 'incremental');
    expect(world.provider.groups.get(id)).toEqual(now);
  });

  test('is not filled in an incremental cycle in which only its members change, and filled once it is its own again', async () => {
    const id = idOf('Crew');
    groupBecomes(id, 'Auditors', 'auditors');
    world.tenant.control.addMember('Crew', personName(6));
    const { verdict } = await run('incremental', 'Crew');
    expect(verdict?.findings).toMatchObject([
      {
        guard: 'matching-collision',
        message: expect.stringContaining(`members Crew: SCIM group ${id} is not that of Crew`),
      },
    ]);
    expect(memberCount(world, 'Auditors')).toBe(5);
    groupBecomes(id, 'Crew', groupId('Crew'));
    expect(await run('incremental', 'Crew')).toMatchObject({ result: 'succeeded', verdict: { findings: [] } });
    expect(memberCount(world, 'Crew')).toBe(6);
  });

  test('is not deleted when the group it was linked for is unassigned', async () => {
    const id = idOf('Crew');
    groupBecomes(id, 'Auditors', 'auditors');
    for (const n of [1, 2, 3, 4, 5]) world.tenant.control.assign({ principal: personName(n) });
    world.tenant.control.unassign({ principal: 'Crew' });
    const { verdict } = await cycle(operator);
    expect(verdict?.findings).toContainEqual(
      expect.objectContaining({ guard: 'matching-collision', message: expect.stringContaining('delete Crew') }),
    );
    expect(world.provider.groups.get(id)).toMatchObject({ displayName: 'Auditors' });
  });

  test('is forgotten by a person, and the directory group gets one of its own', async () => {
    const id = idOf('Crew');
    groupBecomes(id, 'Auditors', 'auditors');
    const { gone, digest } = await operator.links.vanished('acme', never);
    expect(gone).toMatchObject([{ resource: 'group', label: 'Crew', resourceId: id, inScope: true }]);
    await operator.links.forgetVanished({ connection: 'acme', digest, by: 'ada', reason: 'another group' }, never);
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded', verdict: { findings: [] } });
    expect(memberCount(world, 'Crew')).toBe(5);
    expect(idOf('Crew')).not.toBe(id);
  });

  test('stands in the way of a migration that would empty it', async () => {
    groupBecomes(idOf('Crew'), 'Auditors', 'auditors');
    const { survey } = await operator.migrations.plan(
      { connection: 'acme', kind: 'remove-groups', groups: ['Crew'], options: OPTIONS },
      never,
    );
    expect(survey.findings).toContainEqual(
      expect.objectContaining({ code: 'group-given-away', severity: 'refuse', anchors: [groupId('Crew')] }),
    );
  });
});

test('a SCIM group that was only renamed by hand gets its name back', async () => {
  const [crew, deck] = [idOf('Crew'), idOf('Deck')];
  groupBecomes(crew, 'Rosa’s people', groupId('Crew'));
  groupBecomes(deck, 'Nobody’s name');
  expect(await cycle(operator)).toMatchObject({ result: 'succeeded', verdict: { findings: [] } });
  expect(idOf('Crew')).toBe(crew);
  expect(idOf('Deck')).toBe(deck);
});

function groupId(name: string): string {
  return `c0ffee00-0000-4000-8002-00000000000${name === 'Crew' ? 1 : 2}`;
}
