import { describe, expect, test } from 'vitest';
import type { Baseline } from '../../src/core/baseline.ts';
import type { CycleKind } from '../../src/core/cycle.ts';
import type { AppRole, Assignment } from '../../src/core/directory.ts';
import { NotFoundError } from '../../src/core/errors.ts';
import type { Link } from '../../src/core/link.ts';
import { isRemoval } from '../../src/core/operation.ts';
import type { DirectorySource } from '../../src/ports/directory-source.ts';
import { connectionDigest } from '../../src/provisioning/connection-digest.ts';
import { gatherChanges } from '../../src/provisioning/gather-changes.ts';
import { prepareCycle, type PreparedCycle } from '../../src/provisioning/prepare-cycle.ts';
import { aGroup, aLink, anAccount, assignGroup, assignUser, aUser, NOW } from '../builders.ts';
import { ProviderModel } from '../core/planning/provider-model.ts';
import { aConnection, fakeDirectory, fakeProvider, noCredentials } from './fakes.ts';
import { modelLinks } from './model-links.ts';

const WATERMARK = { users: 'u', groups: 'g', selection: 's', takenAt: 0 };

/** What an incremental cycle gathers that is told of one user, where the directory is as given. */
function gather(
  told: string,
  assignments: readonly Assignment[],
  directory: DirectorySource,
  links: readonly Link[] = [],
) {
  const connection = aConnection(
    {
      ...directory,
      readChanges: async () => ({ watermark: WATERMARK, users: new Set([told]), groups: new Map() }),
    },
    fakeProvider({}),
  );
  const model = new ProviderModel();
  for (const link of links) model.links.set(`${link.resource}:${link.anchor}`, link);
  return gatherChanges({
    connection,
    links: modelLinks(model, { baseline: undefined, unsettled: [] }).links,
    since: { watermark: WATERMARK, assignments, again: [], rulesDigest: '' },
    attributes: [],
    unsettled: [],
    now: NOW,
    signal: new AbortController().signal,
  });
}

test('an assigned group that is gone, and never had a SCIM group, leaves no gap in what changed of others', async () => {
  const assignments = [assignUser('ada'), assignGroup('ghost')];
  const directory = {
    ...fakeDirectory({ assignments, users: { ada: aUser('ada') } }),
    readGroupsOfUser: async () => [],
    readMemberships: async (groups: readonly string[]) => ({
      value: new Map(),
      gaps: groups.map((group) => ({ what: group })),
    }),
  };
  expect(await gather('ada', assignments, directory)).toMatchObject({ directory: { gaps: [] } });
});

describe('a linked user the changes tell of, whose group it is no more,', () => {
  const crew = [assignGroup('crew')];
  const links = [
    aLink('bob', { paths: [{ group: 'crew', name: 'Crew' }] }),
    aLink('crew', { resource: 'group', members: ['bob'] }),
  ];
  const present = fakeDirectory({
    assignments: crew,
    groups: { crew: aGroup('crew') },
    users: { bob: aUser('bob') },
    whereabouts: { bob: 'present' },
  });
  /** Answers one after the other, the last one for ever. */
  const inTurn = <T>(...answers: readonly [T, ...T[]]) => {
    let next = 0;
    return async () => answers[Math.min(next++, answers.length - 1)] ?? answers[0];
  };
  const proven = (...later: Assignment[]) => ({ value: [...crew, ...later], gaps: [] });
  const unknown = async () => {
    throw new NotFoundError('no such user', { status: 404 });
  };

  test.each<{ readonly rule: string; readonly directory: Partial<DirectorySource> }>([
    {
      rule: 'who was assigned directly after the assignments were read',
      directory: { readAssignments: inTurn(proven(), proven(assignUser('bob'))), readGroupsOfUser: async () => [] },
    },
    {
      rule: 'who is in another group that was assigned after the assignments were read',
      directory: {
        readAssignments: inTurn(proven(), proven(assignGroup('deck'))),
        readGroupsOfUser: async () => ['deck'],
      },
    },
    {
      rule: 'who is in it by another answer',
      directory: { readGroupsOfUser: inTurn<readonly string[]>([], ['crew']) },
    },
    {
      rule: 'whom one replica does not find as a user, and another does',
      directory: { readUsers: async () => new Map(), readGroupsOfUser: async () => ['crew'] },
    },
    { rule: 'whose own side is not found although they are', directory: { readGroupsOfUser: unknown } },
  ])('and $rule, is a gap and no leaver', async ({ directory }) => {
    const gathered = await gather('bob', crew, { ...present, ...directory }, links);
    expect(gathered).toMatchObject({ directory: { gaps: [{ what: expect.stringContaining('user bob') }] } });
  });

  test('and says so each time, leaves without a gap', async () => {
    const gathered = await gather('bob', crew, { ...present, readGroupsOfUser: async () => ['other'] }, links);
    expect(gathered).toMatchObject({ directory: { gaps: [] } });
  });
});

test('whom the changes tell of is looked at once more by the next cycle, also where they are so many that everything is read', async () => {
  const many = Array.from({ length: 2001 }, (_, index) => `u${index}`);
  const assignments = [assignUser('ada'), assignUser('bob')];
  const account = anAccount('id-ada', 'ada@contoso.com');
  const model = new ProviderModel();
  model.links.set('account:ada', aLink('ada'));
  /** A cycle that is told of some, while the replica it reads shows ada enabled or not. */
  const cycle = async (told: readonly string[], enabled: boolean, last: Baseline | undefined) => {
    const users = { ada: aUser('ada', { enabled }), bob: aUser('bob') };
    const directory = fakeDirectory({ assignments, users, whereabouts: { ada: enabled ? 'present' : 'disabled' } });
    const connection = aConnection(
      {
        ...directory,
        readChanges: async () => ({ watermark: WATERMARK, users: new Set(told), groups: new Map() }),
        readGroupsOfUser: async () => [],
      },
      fakeProvider({ accounts: [account] }),
    );
    const baseline = last ?? {
      watermark: WATERMARK,
      assignments,
      again: [],
      rulesDigest: connectionDigest(connection),
    };
    return prepareCycle({
      connection,
      stores: modelLinks(model, { baseline, unsettled: [] }),
      credentials: noCredentials,
      kind: 'incremental',
      now: NOW,
      signal: new AbortController().signal,
    });
  };
  const removals = ({ plan }: PreparedCycle) => plan.operations.filter(isRemoval).map(({ key }) => key);
  const behind = await cycle(['ada', ...many], true, undefined);
  expect(behind).toMatchObject({ everything: '2002 users are concerned' });
  expect(removals(behind)).toEqual([]);
  expect(removals(await cycle([], false, behind.baseline))).toEqual(['0:account:disable:ada']);
});

test.each([
  { rule: 'is handed on by a full cycle, whose read may be behind it', age: 3_600_000, next: 'old' },
  { rule: 'that has grown old is not, or full cycles alone would let it expire', age: 2 * 86_400_000, next: 'new' },
])('a watermark $rule', async ({ age, next }) => {
  const connection = aConnection(
    {
      ...fakeDirectory({ assignments: [assignUser('ada')], users: { ada: aUser('ada') } }),
      startWatermark: async () => ({ ...WATERMARK, users: 'new', takenAt: NOW }),
    },
    fakeProvider({}),
  );
  const watermark = { ...WATERMARK, users: 'old', takenAt: NOW - age };
  const last = { watermark, assignments: [], again: [], rulesDigest: connectionDigest(connection) };
  const { baseline } = await prepareCycle({
    connection,
    stores: modelLinks(new ProviderModel(), { baseline: last, unsettled: [] }),
    credentials: noCredentials,
    kind: 'initial',
    now: NOW,
    signal: new AbortController().signal,
  });
  expect(baseline?.watermark.users).toBe(next);
});

test("a role of the application that is switched off, or called otherwise, has an incremental cycle look at everybody, and is nobody's change by hand", async () => {
  const admin = { id: 'r1', value: 'admin', displayName: 'Admin', enabled: true };
  const cycle = async (kind: CycleKind, roles: readonly AppRole[], last?: Baseline) => {
    const connection = aConnection(
      {
        ...fakeDirectory({ assignments: [assignUser('ada')], users: { ada: aUser('ada') } }),
        readApplication: async (appId) => ({ id: 'sp', appId, displayName: 'Acme', roles }),
        readChanges: async () => ({ watermark: WATERMARK, users: new Set(), groups: new Map() }),
      },
      fakeProvider({}),
    );
    return prepareCycle({
      connection,
      stores: modelLinks(new ProviderModel(), { baseline: last, unsettled: [] }),
      credentials: noCredentials,
      kind,
      now: NOW,
      signal: new AbortController().signal,
    });
  };
  const user = { ...admin, id: 'r0', value: 'user' };
  const first = await cycle('initial', [user, admin]);
  const next = await cycle('incremental', [admin, user], first.baseline);
  expect(next.everything).toBeUndefined();
  const off = await cycle('incremental', [user, { ...admin, enabled: false }], next.baseline);
  expect(off.everything).toBe('roles of the application changed');
  const renamed = await cycle('incremental', [user, { ...admin, value: 'owner' }], off.baseline);
  expect(renamed.everything).toBe('roles of the application changed');
  const { doubts } = await cycle('audit', [user, admin], renamed.baseline);
  expect(doubts).toEqual([expect.stringContaining('roles of the application changed')]);
});
