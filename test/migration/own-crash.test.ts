import { beforeAll, describe, expect, test } from 'vitest';
import type { JournalEntry } from '../../src/core/migration/journal.ts';
import type { MigrationKind } from '../../src/core/migration/migration.ts';
import { company, people, personName } from '../e2e/company.ts';
import { firstTime, lineName, wholeLineName } from './journal-deaths.ts';
import {
  beyond,
  endOf,
  isOwnLine,
  kindsWithout,
  liveToTheEnd,
  watchAccounts,
  writesOf,
  type Acts,
} from './own-lives.ts';
import { useOwnWorlds, type OwnWorld } from './own-world.ts';
import { accountStates } from './surroundings.ts';

const openWorld = useOwnWorlds();

interface Way {
  readonly way: string;
  readonly kind: MigrationKind;
  /** What people do at a gate they come to for the first, second … time. */
  readonly acts?: (times: number) => Acts;
  readonly end: object;
  /** Kinds of lines it has none of. */
  readonly without: readonly JournalEntry['kind'][];
}

/** Six people: 1 to 4 through Crew, 4 and 5 through Deck, 6 directly. */
async function open({ kind }: Way): Promise<OwnWorld> {
  const at = await openWorld(company({ users: 6, groups: { Crew: [1, 4], Deck: [4, 5] }, direct: [6, 6] }));
  at.provider.clearRequests();
  await at.start(kind, kind === 'remove-groups' ? ['Crew', 'Deck'] : []);
  return at;
}

const revoke: Acts = { revocation: ({ provider, token }) => provider.revokeToken(token) };

/** Where the way back begins: the groups are gone, and SCIM is not switched off yet. */
const TURN = 'done full-cycle';

const turnBack: Acts = {
  async between({ operator, name }, { mode, steps }) {
    const isGone = steps.some(({ step, state }) => step === 'full-cycle' && state === 'done');
    if (mode === 'forward' && isGone) await operator.actOnMigration({ connection: name, verb: 'rollback', by: 'ada' });
  },
};

/** Everything a migration can meet on a way that ends well. */
function trouble(times: number): Acts {
  return {
    ...(times === 1 ? { coverage: ({ tenant }) => tenant.control.addMember('Crew', personName(6)) } : {}),
    ...(times === 1 ? { disable: ({ stores, name }) => stores.connections.pause(name, 'the provider is moved') } : {}),
    ...(times === 1 ? {} : revoke),
    async paused({ stores, operator, name }) {
      await stores.connections.resume(name);
      await operator.actOnMigration({ connection: name, verb: 'resume', by: 'ada' });
    },
  };
}

const GONE = { result: 'succeeded', verdict: 'passed', lost: [], added: [], groups: {}, deletes: 2 };
const BACK = {
  result: 'rolled-back',
  verdict: 'restored',
  lost: [],
  added: [],
  off: false,
  // The groups were gone, and are others by the same names.
  deletes: 2,
  groups: { Crew: people(1, 4), Deck: people(4, 5) },
  assigned: ['Crew', 'Deck', personName(6)],
};

const UNEVENTFUL = ['reopened', 'withdrawn', 'paused'] as const;
const OFF = { ...GONE, assigned: people(1, 6), off: true, tokens: ['dead'] };

const WAYS: readonly Way[] = [
  {
    way: 'a removal of groups',
    kind: 'remove-groups',
    end: { ...GONE, assigned: people(1, 6), off: false },
    without: UNEVENTFUL,
  },
  { way: 'switching SCIM off', kind: 'disable-scim', acts: () => revoke, end: OFF, without: UNEVENTFUL },
  { way: 'switching SCIM off in spite of trouble', kind: 'disable-scim', acts: trouble, end: OFF, without: [] },
  {
    way: 'the way back from a removal of groups',
    kind: 'remove-groups',
    acts: () => turnBack,
    end: BACK,
    without: [...UNEVENTFUL, 'verified'],
  },
  {
    way: 'the way back from switching SCIM off',
    kind: 'disable-scim',
    acts: () => turnBack,
    end: BACK,
    without: [...UNEVENTFUL, 'verified'],
  },
];

/** What Headgate has written of it. */
async function linesOf({ stores, operator, name }: OwnWorld): Promise<readonly JournalEntry[]> {
  const { id } = await operator.migrationStatus(name);
  return (await stores.migrations.lines(id)).map(({ entry }) => entry).filter(isOwnLine);
}

/** Lets processes die around each line the first time it is written. Which those were. */
function killAround(at: OwnWorld, when: 'before' | 'right after', isBack: boolean): readonly JournalEntry[] {
  const lines = firstTime(wholeLineName);
  const died: JournalEntry[] = [];
  const isDeadly = (entry: JournalEntry) => {
    const first = lines.is(entry);
    if (first) died.push(entry);
    return first;
  };
  if (when === 'before') at.dieBefore(isDeadly);
  else at.dieRightAfter(isDeadly);
  // A process that goes on from there would be too far before somebody can turn it back.
  if (when === 'before' && isBack) at.dieRightAfter(isTurn);
  return died;
}

function isTurn(entry: JournalEntry): boolean {
  return lineName(entry) === TURN;
}

function named(entries: readonly JournalEntry[], nameOf: (entry: JournalEntry) => string): ReadonlySet<string> {
  return new Set(entries.map(nameOf));
}

describe.each(WAYS)('$way', (way) => {
  const acts: (times: number) => Acts = way.acts ?? (() => ({}));
  const isBack = acts(1).between !== undefined;
  let end: object = {};
  let unharmed: readonly JournalEntry[] = [];
  beforeAll(async () => {
    const at = await open(way);
    if (isBack) at.dieRightAfter(isTurn);
    await liveToTheEnd(at, acts);
    end = await endOf(at);
    unharmed = await linesOf(at);
  });

  test('comes to its end', () => {
    expect(end).toMatchObject({ ...way.end, frozen: false, sound: true, open: [], paused: false });
    expect(named(unharmed, ({ kind }) => kind)).toEqual(kindsWithout(way.without));
  });

  test.each(['before', 'right after'] as const)(
    'killed %s each line its journal has it comes to the same end, and nobody loses an account for a moment',
    async (when) => {
      const at = await open(way);
      const before = accountStates(at);
      const changed = watchAccounts(at);
      const died = killAround(at, when, isBack);
      await liveToTheEnd(at, acts);
      expect(await endOf(at)).toEqual(end);
      expect(changed).toEqual([]);
      expect(accountStates(at)).toEqual(before);
      const lines = await linesOf(at);
      expect(named(died, lineName)).toEqual(named([...lines, ...unharmed], lineName));
      expect(beyond([...named(lines, wholeLineName)], [...named(died, wholeLineName)])).toEqual([]);
      expect(at.deaths()).toBeGreaterThan(30);
      const { sent, told } = await writesOf(at);
      expect(beyond(sent, told)).toEqual([]);
    },
  );
});
