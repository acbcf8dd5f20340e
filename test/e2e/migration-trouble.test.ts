import { afterEach, describe, expect, test } from 'vitest';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { cycle, company, memberCount, people, personName, userNames, writes } from './company.ts';
import { accountsOf, approve, assignedTo, start, still } from './migration-world.ts';
import { startWorld, type World, type WorldOptions } from './world.ts';

let world: World | undefined;
afterEach(async () => {
  await world?.close();
  world = undefined;
});

interface Opened {
  readonly world: World;
  readonly operator: OperatorClient;
  readonly before: ReadonlyMap<unknown, unknown>;
}

/** Eight people: 1 to 4 through Crew, 4 to 6 through Deck, 7 and 8 directly. All have accounts. */
async function open(options: WorldOptions = {}): Promise<Opened> {
  world = await startWorld({
    organisation: company({ users: 9, groups: { Crew: [1, 4], Deck: [4, 6] }, direct: [7, 8] }),
    migrations: true,
    ...options,
  });
  const operator = await world.open();
  expect((await cycle(operator)).result).toBe('succeeded');
  return { world, operator, before: accountsOf(world) };
}

describe('whoever comes or goes during a migration', () => {
  test('M3: somebody who joins before anything is taken away is assigned too, and the gate closes again', async () => {
    const { world: at, operator, before } = await open();
    await start(operator, 'remove-groups', ['Crew']);
    const shown = await still(operator);
    at.tenant.control.addMember('Crew', personName(9));
    await approve(operator, 'coverage');
    const again = await still(operator);
    expect(again).toMatchObject({ status: 'waiting', gate: { name: 'coverage', why: 'not-approved' }, users: 5 });
    expect(again.gate?.digest).not.toBe(shown.gate?.digest);
    expect(assignedTo(at)).toContain(personName(9));
    expect(memberCount(at, 'Crew')).toBe(4);
    await approve(operator, 'coverage');
    expect(await still(operator)).toMatchObject({ result: 'succeeded' });
    expect(new Map([...accountsOf(at)].filter(([id]) => before.has(id)))).toEqual(before);
    // Whoever joined has no account yet; the first cycle afterwards makes it.
    expect((await cycle(operator)).planCounts?.operations).toMatchObject({ 'account.create': 1 });
    expect(userNames(at)).toEqual(people(1, 9));
  });

  test('M3: somebody who joins while the groups are being emptied is assigned before the next request', async () => {
    const { world: at, operator, before } = await open();
    let joined = false;
    at.provider.observe({
      async afterWrite() {
        if (!joined) at.tenant.control.addMember('Deck', personName(1));
        joined = true;
      },
    });
    await start(operator, 'remove-groups', ['Crew', 'Deck']);
    await approve(operator, 'coverage');
    await approveUntilEnded(operator);
    expect(accountsOf(at)).toEqual(before);
    expect(assignedTo(at)).toEqual(people(1, 8));
  });

  test('M4: somebody who leaves before anything is taken away stops it, and nothing is lost', async () => {
    const { world: at, operator, before } = await open();
    at.tenant.control.addFault({
      path: '/servicePrincipals/*/appRoleAssignedTo',
      method: 'POST',
      times: 1,
      effect: { kind: 'status', status: 429, retryAfter: '1' },
    });
    await start(operator, 'remove-groups', ['Crew']);
    at.tenant.control.disableUser(personName(7));
    const view = await still(operator);
    expect(view.status).toBe('paused');
    expect(view.paused?.reason).toMatch(/removals-due.*person7/);
    expect(accountsOf(at)).toEqual(before);
    expect(memberCount(at, 'Crew')).toBe(4);
  });

  test('M4: somebody who leaves after that aborts it and freezes the connection; no account is touched', async () => {
    const { world: at, operator, before } = await open();
    at.provider.observe({
      async afterWrite() {
        at.tenant.control.disableUser(personName(7));
      },
    });
    await start(operator, 'remove-groups', ['Crew']);
    await approve(operator, 'coverage');
    const view = await still(operator);
    expect(view).toMatchObject({ result: 'aborted', frozen: true });
    expect(view.resultText).toContain(personName(7));
    expect(accountsOf(at)).toEqual(before);
    const status = await operator.status();
    expect(status.connections[0]?.state.pausedReason).toContain('migration');
  });
});

function idOf({ provider }: World, name: string): string {
  const id = provider.accounts.find(name)?.['id'];
  return typeof id === 'string' ? id : '';
}

/** Says yes at the coverage gate as often as it closes. */
async function approveUntilEnded(operator: OperatorClient): Promise<void> {
  for (let view = await still(operator); view.status !== 'ended'; view = await still(operator)) {
    if (view.gate === undefined) throw new Error(JSON.stringify(view));
    await approve(operator, view.gate.name);
  }
  expect((await still(operator)).result).toBe('succeeded');
}

describe('the wrong order', () => {
  test('a group that was unassigned before its users were assigned refuses the start, and sends nothing', async () => {
    const { world: at, operator, before } = await open();
    at.tenant.control.unassign({ principal: 'Crew' });
    at.provider.clearRequests();
    await expect(start(operator, 'remove-groups', ['Deck'])).rejects.toThrow(/removals-due.*person/);
    expect(writes(at)).toEqual([]);
    expect(accountsOf(at)).toEqual(before);
  });

  test('M6: no cycle but its own runs during a migration, neither full nor incremental nor on demand', async () => {
    const { world: at, operator } = await open();
    await start(operator, 'remove-groups', ['Crew']);
    await still(operator);
    for (const kind of ['initial', 'incremental'] as const) {
      await expect(operator.startCycle({ connection: 'acme', kind, requestedBy: 'test' })).rejects.toThrow(/migration/);
    }
    const { signal } = new AbortController();
    at.provider.clearRequests();
    for (const idOrName of [personName(1), 'Crew']) {
      const ask = { connection: 'acme', idOrName, requestedBy: 'test', signal };
      await expect(operator.provision(ask)).rejects.toThrow(/migration/);
    }
    expect(writes(at)).toEqual([]);
    await operator.migrations.actOnMigration({ connection: 'acme', verb: 'abort', by: 'ada' });
    expect(await still(operator)).toMatchObject({ result: 'aborted', frozen: false });
    expect((await cycle(operator)).result).toBe('succeeded');
  });

  test('M6: a token that dies while the full cycle runs holds everything until a person has mended it', async () => {
    const { world: at, operator, before } = await open();
    const token = at.provider.token ?? '';
    at.provider.observe({
      async beforeWrite({ method, path }) {
        if (method === 'DELETE' && path.includes('/Groups/')) at.provider.revokeToken(token);
      },
    });
    await start(operator, 'disable-scim');
    await approve(operator, 'coverage');
    expect(await still(operator)).toMatchObject({ status: 'paused' });
    at.provider.observe({});
    at.provider.addToken(token);
    await operator.resumeConnection('acme');
    await operator.migrations.actOnMigration({ connection: 'acme', verb: 'resume', by: 'ada' });
    expect(await still(operator)).toMatchObject({ gate: { name: 'disable' } });
    expect(at.provider.groups.size).toBe(0);
    expect(accountsOf(at)).toEqual(before);
  });
});

describe('a directory that is slow', () => {
  test('M3, M13: replicas that lag behind are waited for, and nothing is assigned twice', async () => {
    const { world: at, operator, before } = await open();
    at.tenant.control.setLag({ kind: 'reads', reads: 9 });
    at.tenant.control.setCountLag({ kind: 'reads', reads: 9 });
    at.tenant.control.clearRequests();
    await start(operator, 'remove-groups', ['Crew', 'Deck']);
    await approveUntilEnded(operator);
    expect(accountsOf(at)).toEqual(before);
    const posts = at.tenant.control
      .requests()
      .filter(({ method, path }) => method === 'POST' && path.endsWith('/appRoleAssignedTo'));
    expect(posts).toHaveLength(6);
    expect(assignedTo(at)).toEqual(people(1, 8));
  });

  test('429 on assignment writes are waited out, and nobody is left out', async () => {
    const { world: at, operator, before } = await open();
    for (let times = 0; times < 3; times++)
      at.tenant.control.addFault({
        path: '/servicePrincipals/*/appRoleAssignedTo',
        method: 'POST',
        times: 2,
        effect: { kind: 'status', status: 429, retryAfter: '1' },
      });
    await start(operator, 'remove-groups', ['Crew']);
    expect(await still(operator)).toMatchObject({ gate: { name: 'coverage' }, uncovered: 0 });
    expect(assignedTo(at)).toEqual(['Crew', 'Deck', ...people(1, 4), ...people(7, 8)].toSorted());
    expect(accountsOf(at)).toEqual(before);
  });
});

describe('who may do what', () => {
  test('an identity that could delete people is refused before anything is begun', async () => {
    const permissions = ['AppRoleAssignment.ReadWrite.All', 'Application.Read.All', 'User.ReadWrite.All'];
    const { operator } = await open({ migrations: permissions });
    await expect(start(operator, 'remove-groups', ['Crew'])).rejects.toThrow(/User\.ReadWrite\.All.*delete people/);
    await expect(operator.migrations.migrationStatus('acme')).rejects.toThrow(/no migration/);
  });

  test('without an identity of its own there is no migration', async () => {
    world = await startWorld({ organisation: company({ users: 2, direct: [1, 2] }) });
    const operator = await world.open();
    await expect(start(operator, 'disable-scim')).rejects.toThrow(/directory\.migration/);
  });

  test('with two people the one who started it cannot open the gate, and a second migration is refused', async () => {
    const { operator } = await open();
    await start(operator, 'remove-groups', ['Crew'], { twoPeople: true });
    await expect(approve(operator, 'coverage', 'ada')).rejects.toThrow(/may not approve/);
    await expect(start(operator, 'remove-groups', ['Deck'])).rejects.toThrow(/open migration/);
    await approve(operator, 'coverage', 'bob');
    expect(await still(operator)).toMatchObject({ result: 'succeeded' });
  });
});

describe('a provider', () => {
  test('M5: that takes the members of a deleted group along never gets a delete of one that has members', async () => {
    const { world: at, operator, before } = await open({ provider: { behaviour: 'uniqkey' }, profile: 'uniqkey' });
    const sizes: number[] = [];
    at.provider.observe({
      async beforeWrite({ method, path }) {
        if (method !== 'DELETE') return;
        const members = at.provider.groups.get(decodeURIComponent(path.split('/').at(-1) ?? ''))?.['members'];
        sizes.push(Array.isArray(members) ? members.length : 0);
      },
    });
    await start(operator, 'remove-groups', ['Crew', 'Deck']);
    await approveUntilEnded(operator);
    expect(sizes).toEqual([0, 0]);
    expect(accountsOf(at)).toEqual(before);
  });

  test('M4: that loses an account with the canary ends the migration before the next group', async () => {
    const { world: at, operator } = await open();
    at.provider.observe({
      async afterWrite({ method, path }) {
        if (method === 'DELETE' && path.includes('/Groups/'))
          at.provider.change('DELETE', `/Users/${idOf(at, personName(5))}`);
      },
    });
    await start(operator, 'remove-groups', ['Crew', 'Deck']);
    await approve(operator, 'coverage');
    expect(await still(operator)).toMatchObject({ result: 'aborted', frozen: true });
    expect(at.provider.groups.size).toBe(1);
  });

  test('whose groups cannot be read is asked about, never guessed', async () => {
    const { operator } = await open({ provider: { behaviour: 'aws-identity-center' }, profile: 'aws-identity-center' });
    await expect(start(operator, 'remove-groups', ['Crew'])).rejects.toThrow(/members-unreadable/);
    await start(operator, 'remove-groups', ['Crew'], { accept: ['members-unreadable'] });
    expect(await still(operator)).toMatchObject({ gate: { name: 'coverage' } });
  });
});

describe('the way back', () => {
  test.each(['coverage', 'disable'] as const)('M9: from the gate %s everything is as it was', async (gate) => {
    const { world: at, operator, before } = await open();
    const assigned = assignedTo(at);
    await start(operator, 'disable-scim');
    if (gate === 'disable') await approve(operator, 'coverage');
    expect(await still(operator)).toMatchObject({ gate: { name: gate } });
    await operator.migrations.actOnMigration({ connection: 'acme', verb: 'rollback', by: 'ada' });
    expect(await still(operator)).toMatchObject({ result: 'rolled-back', frozen: false });
    expect(assignedTo(at)).toEqual(assigned);
    expect(accountsOf(at)).toEqual(before);
    expect([memberCount(at, 'Crew'), memberCount(at, 'Deck')]).toEqual([4, 3]);
    expect(await cycle(operator)).toMatchObject({ total: 0 });
  });
});
