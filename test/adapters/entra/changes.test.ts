import { afterEach, describe, expect, it } from 'vitest';
import type { DirectoryChanges, Watermark } from '../../../src/core/directory.ts';
import type { TenantControl } from '../../../src/sandbox/tenant/control.ts';
import { startTenant, type TenantOptions } from '../../../src/sandbox/tenant/tenant.ts';
import { ATTRIBUTES, createMirror, trueMemberships } from './changes-mirror.ts';
import { openCompany, type Company } from './sandbox-company.ts';

const signal = new AbortController().signal;
const opened: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const thing of opened.splice(0).toReversed()) await thing.close();
});

interface Scene extends Company {
  readonly control: TenantControl;
  /** A new user without manager or reports, and in no group. */
  readonly person: (name: string) => string;
  readonly watermark: () => Promise<Watermark>;
  readonly read: (since: Watermark) => Promise<DirectoryChanges>;
}

async function open(options: Partial<TenantOptions> = {}): Promise<Scene> {
  const company = await openCompany(opened, { users: 20, groups: 4 }, options);
  const { directory } = company;
  const { control } = company.tenant;
  return {
    ...company,
    control,
    person: (name) => control.createUser({ userPrincipalName: `${name}@delta.example`, displayName: name }).id,
    watermark: () => directory.startWatermark(ATTRIBUTES, signal),
    async read(since) {
      const changes = await directory.readChanges(since, ATTRIBUTES, signal);
      if (changes === 'expired') throw new Error('expired');
      return changes;
    },
  };
}

interface Cast {
  readonly ada: string;
  readonly ben: string;
  readonly team: string;
  readonly guild: string;
}

interface Told {
  readonly users?: readonly (keyof Cast)[];
  readonly team?: { gone?: boolean; changed?: boolean; added?: (keyof Cast)[]; removed?: (keyof Cast)[] };
}

/** Team holds Ben; guild holds Ada and the team. */
const HISTORIES: readonly (readonly [string, (control: TenantControl, cast: Cast) => void, Told])[] = [
  ['nothing', () => undefined, {}],
  ['a rename', (c, { ada }) => c.updateUser(ada, { displayName: 'Ada L.' }), { users: ['ada'] }],
  ['an attribute nobody maps', (c, { ada }) => c.updateUser(ada, { city: 'Turin' }), {}],
  ['a disabled user', (c, { ada }) => c.disableUser(ada), { users: ['ada'] }],
  ['a user with another manager', (c, { ada, ben }) => c.setManager(ada, ben), { users: ['ada'] }],
  ['a soft-deleted member', (c, { ben }) => c.softDeleteUser(ben), { users: ['ben'], team: { removed: ['ben'] } }],
  [
    'a member deleted for good at once',
    (c, { ben }) => c.hardDeleteUser(ben),
    { users: ['ben'], team: { removed: ['ben'] } },
  ],
  [
    'a member deleted and restored, who is in again',
    (c, { ben }) => {
      c.softDeleteUser(ben);
      c.restoreUser(ben);
    },
    { users: ['ben'], team: { added: ['ben'] } },
  ],
  [
    'a member deleted and then deleted for good',
    (c, { ben }) => {
      c.softDeleteUser(ben);
      c.hardDeleteUser(ben);
    },
    { users: ['ben'], team: { removed: ['ben'] } },
  ],
  ['a new member', (c, { team, ada }) => c.addMember(team, ada), { team: { added: ['ada'] } }],
  ['a member who left', (c, { team, ben }) => c.removeMember(team, ben), { team: { removed: ['ben'] } }],
  [
    'a member who left and came back',
    (c, { team, ben }) => {
      c.removeMember(team, ben);
      c.addMember(team, ben);
    },
    { team: { added: ['ben'] } },
  ],
  [
    'a member who came, left, and whose team got a new name meanwhile',
    (c, { team, ada }) => {
      c.addMember(team, ada);
      c.updateGroup(team, { displayName: 'Team B' });
      c.removeMember(team, ada);
    },
    { team: { changed: true, removed: ['ada'] } },
  ],
  ['a group property nobody reads', (c, { team }) => c.updateGroup(team, { description: 'x' }), {}],
  ['a deleted group', (c, { team }) => c.deleteGroup(team), { team: { gone: true, changed: true } }],
];

describe('changes since a watermark tell of', () => {
  it.each(HISTORIES)('%s', async (_name, edit, told) => {
    const { control, person, watermark, read } = await open();
    const [ada, ben] = [person('ada'), person('ben')];
    const team = control.createGroup({ displayName: 'Team' }, [ben]).id;
    const guild = control.createGroup({ displayName: 'Guild' }, [ada]).id;
    const cast: Cast = { ada, ben, team, guild };
    const since = await watermark();
    edit(control, cast);
    const changes = await read(since);
    const ids = (names: readonly (keyof Cast)[] = []): Set<string> => new Set(names.map((name) => cast[name]));
    expect(changes.users).toEqual(ids(told.users));
    expect(changes.groups.get(team)).toEqual(
      told.team && {
        gone: told.team.gone ?? false,
        changed: told.team.changed ?? false,
        added: ids(told.team.added),
        removed: ids(told.team.removed),
        nestedAdded: new Set(),
        nestedRemoved: new Set(),
      },
    );
    expect(changes.groups.size).toBe(told.team === undefined ? 0 : 1);
    expect(await read(changes.watermark)).toMatchObject({ users: new Set(), groups: new Map() });
    expect((await read(since)).users).toEqual(changes.users);
  });

  it('a new user and a new group with members and a nested group', async () => {
    const { control, person, watermark, read } = await open();
    const inner = control.createGroup({ displayName: 'Inner' }).id;
    const since = await watermark();
    const ada = person('ada');
    const outer = control.createGroup({ displayName: 'Outer' }, [ada, inner]).id;
    let changes = await read(since);
    expect(changes.users).toEqual(new Set([ada]));
    expect([...changes.groups]).toEqual([
      [outer, expect.objectContaining({ changed: true, added: new Set([ada]), nestedAdded: new Set([inner]) })],
    ]);
    control.deleteGroup(inner);
    changes = await read(changes.watermark);
    expect(changes.groups.get(inner)?.gone).toBe(true);
    expect(changes.groups.get(outer)?.nestedRemoved).toEqual(new Set([inner]));
  });

  it('the reports of a manager who was deleted', async () => {
    const { control, person, watermark, read } = await open();
    const [ada, ben] = [person('ada'), person('ben')];
    control.setManager(ada, ben);
    const since = await watermark();
    control.softDeleteUser(ben);
    expect((await read(since)).users).toEqual(new Set([ada, ben]));
  });

  it('ten thousand members over many pages', async () => {
    const { control, directory, tenant, watermark, read } = await open();
    const members = Array.from({ length: 10_000 }, (_, index) =>
      control.createUser({ userPrincipalName: `u${index}@delta.example`, displayName: `U${index}` }),
    ).map(({ id }) => id);
    const since = await watermark();
    const { id } = control.createGroup({ displayName: 'Everybody' }, members);
    for (const member of members.slice(0, 10)) control.removeMember(id, member);
    control.clearRequests();
    const steps: number[] = [];
    const changes = await directory.readChanges(since, ATTRIBUTES, signal, (_what, done) => steps.push(done));
    expect(changes === 'expired' ? undefined : changes.groups.get(id)).toMatchObject({
      added: new Set(members.slice(10)),
      removed: new Set(members.slice(0, 10)),
    });
    expect(tenant.control.counters()['GET /groups/delta 200']).toBeGreaterThan(90);
    expect(steps).toEqual(steps.map((_step, index) => index + 1));
    expect((await read(since)).users.size).toBe(0);
  });
});

describe('changes while they are read', () => {
  it('come in the same round or with the next one, and never go missing', async () => {
    const { control, directory, person, watermark, read } = await open({ pageSize: 2 });
    const people = ['a', 'b', 'c', 'd', 'e'].map(person);
    const since = await watermark();
    for (const id of people) control.updateUser(id, { jobTitle: 'One' });
    let late = '';
    const changes = await directory.readChanges(since, ATTRIBUTES, signal, () => {
      if (late === '') late = person('late');
    });
    if (changes === 'expired') throw new Error('expired');
    const next = await read(changes.watermark);
    expect(new Set([...changes.users, ...next.users])).toEqual(new Set([...people, late]));
  });

  it('that happen between the watermark and the full read are seen again', async () => {
    const { control, person, watermark, read, directory } = await open();
    const ada = person('ada');
    const since = await watermark();
    control.updateUser(ada, { jobTitle: 'During' });
    expect((await directory.readUsers([ada], ATTRIBUTES, signal)).get(ada)?.attributes['jobTitle']).toBe('During');
    expect((await read(since)).users).toEqual(new Set([ada]));
  });
});

describe('the directory in its worse moments', () => {
  it('tells again what it told before, and nothing is added by it', async () => {
    const { control, person, tenant, directory } = await open();
    const [ada, ben] = [person('ada'), person('ben')];
    const team = control.createGroup({ displayName: 'Team' }, [ada]).id;
    const mirror = await createMirror(directory, tenant.organisation);
    control.addMember(team, ben);
    control.removeMember(team, ada);
    await mirror.readChanges();
    control.setDeltaReplay(50);
    for (let round = 0; round < 3; round += 1) {
      await mirror.readChanges();
      expect(mirror.memberships).toEqual(trueMemberships(tenant.organisation));
    }
  });

  it('holds a change back and tells it later', async () => {
    const { control, person, watermark, read } = await open();
    const ada = person('ada');
    const since = await watermark();
    control.setDeltaLag({ kind: 'held' });
    control.disableUser(ada);
    const early = await read(since);
    expect(early.users).toEqual(new Set());
    control.advance();
    expect((await read(early.watermark)).users).toEqual(new Set([ada]));
  });

  it('tells of a removal before the other reads show it: the member stays until they do', async () => {
    const { control, person, tenant, directory } = await open();
    const ada = person('ada');
    const team = control.createGroup({ displayName: 'Team' }, [ada]).id;
    control.advance();
    const mirror = await createMirror(directory, tenant.organisation);
    control.setLag({ kind: 'held' });
    control.setDeltaLag({ kind: 'none' });
    control.removeMember(team, ada);
    await mirror.readChanges();
    expect(mirror.memberships.get(team)).toEqual(new Set([ada]));
    control.advance();
    await mirror.readChanges();
    expect(mirror.memberships.get(team)).toEqual(new Set());
  });

  it.each([
    ['drops the links of a page', { kind: 'end-early' }],
    ['links a page to itself', { kind: 'loop' }],
    ['cuts an answer', { kind: 'truncated' }],
    ['loses a list', { kind: 'no-value' }],
    ['fails for ever', { kind: 'status', status: 503 }],
  ] as const)('%s: the round fails, and is read whole from the same watermark later', async (_name, effect) => {
    const { control, person, watermark, read } = await open({ pageSize: 2 });
    const since = await watermark();
    const people = ['a', 'b', 'c', 'd', 'e'].map(person);
    control.addFault({ path: '/users/delta', page: 2, effect });
    await expect(read(since)).rejects.toThrow(Error);
    control.clearFaults();
    expect((await read(since)).users).toEqual(new Set(people));
  });

  it('serves a page twice, and nothing is lost or doubled', async () => {
    const { control, person, watermark, read } = await open({ pageSize: 2 });
    const since = await watermark();
    const people = ['a', 'b', 'c', 'd', 'e'].map(person);
    control.addFault({ path: '/users/delta', page: 2, times: 1, effect: { kind: 'repeat-page' } });
    expect([...(await read(since)).users].toSorted()).toEqual(people.toSorted());
  });

  it('forgets all tokens, or those of last week: expired, and a new watermark works', async () => {
    let time = Date.now();
    const { control, directory, person, watermark, read } = await open({ now: () => time });
    const since = await watermark();
    control.expireDeltaTokens();
    expect(await directory.readChanges(since, ATTRIBUTES, signal)).toBe('expired');
    const again = await watermark();
    const ada = person('ada');
    expect((await read(again)).users).toEqual(new Set([ada]));
    time += 7 * 24 * 3_600_000 + 1;
    expect(await directory.readChanges(again, ATTRIBUTES, signal)).toBe('expired');
  });

  it('is started again without its memory: expired', async () => {
    const first = await open();
    const since = await first.watermark();
    const { tenant } = first;
    const port = Number(new URL(tenant.url).port);
    const snapshot = tenant.snapshot();
    await tenant.close();
    opened.push(await startTenant({ organisation: snapshot, port }));
    expect(await first.directory.readChanges(since, ATTRIBUTES, signal)).toBe('expired');
  });
});
