import { describe, expect, test } from 'vitest';
import type { JournalEntry } from '../../src/core/migration/journal.ts';
import { company } from '../e2e/company.ts';
import { liveToTheEnd, troubled, uneventful, type EntraActsAt } from './entra-lives.ts';
import { useEntraWorlds, type EntraWorld } from './entra-world.ts';
import { firstTime, lineName, outcomeName, wholeLineName } from './journal-deaths.ts';
import { beyond } from './own-lives.ts';
import { accountStates } from './surroundings.ts';

const openWorld = useEntraWorlds();

/** Six people: 1 to 4 through Crew, 4 and 5 through Deck, 6 directly. */
async function open(): Promise<EntraWorld> {
  const organisation = company({ users: 6, groups: { Crew: [1, 4], Deck: [4, 5] }, direct: [6, 6] });
  return openWorld({ organisation });
}

/** Members of a SCIM group as the provider has them. */
function membersOf({ provider }: EntraWorld, group: string): ReadonlySet<string> {
  const members = provider.groups.find(group)?.['members'];
  return new Set(Array.isArray(members) ? members.map((member) => JSON.stringify(member)) : []);
}

test('killed between each request and the record of its outcome it comes to the same end, and its report leaves nothing open', async () => {
  const at = await open();
  const before = accountStates(at);
  const outcomes = firstTime(outcomeName);
  at.dieBefore(outcomes.is);
  at.provider.clearRequests();
  await at.start('disable-scim');
  const view = await liveToTheEnd(at, () => expect(accountStates(at)).toEqual(before));
  expect(view).toMatchObject({ result: 'succeeded' });
  const steps = new Set([...outcomes.seen].map((key) => key.split(' ')[0]));
  expect(steps).toEqual(
    new Set(['assign-directly', 'empty-groups', 'canary', 'unassign-groups', 'disable-connection']),
  );
  expect(at.deaths()).toBe(outcomes.seen.size);
  const report = await at.operator.migrationReport(at.connection.rules.name);
  expect(report).toMatchObject({ verdict: 'passed' });
  const became = new Set(report.requests.map(({ outcome }) => outcome));
  expect([...became].filter((outcome) => outcome === 'in-doubt' || outcome === 'unknown')).toEqual([]);
  expect(became).toContain('proved');
  // Entra deletes the groups; what was taken out of them is ours, and nothing was sent that is not told.
  const told = report.requests.filter(({ request }) => request.method === 'PATCH').map(({ request }) => request.path);
  const patched = at.provider.requests().filter(({ method }) => method === 'PATCH');
  expect(told.map((path) => `/scim/v2${path}`).toSorted()).toEqual(patched.map(({ path }) => path).toSorted());
});

/** What people write: by whoever they say it to, which is no process that could die here. */
const SAID: ReadonlySet<JournalEntry['kind']> = new Set(['started', 'approved', 'resumed']);

describe.each<readonly [way: string, acts: EntraActsAt, troubles: readonly JournalEntry['kind'][]]>([
  ['switching SCIM off', uneventful, []],
  ['switching SCIM off in spite of trouble', troubled, ['reopened', 'paused', 'withdrawn']],
])('%s', (_way, acts, troubles) => {
  test.each([
    ['before', 'dieBefore'],
    ['right after', 'dieRightAfter'],
  ] as const)(
    'killed %s each line its journal has it comes to the same end, and nobody loses an account',
    async (_when, die) => {
      const at = await open();
      const before = accountStates(at);
      const deadly = firstTime(wholeLineName);
      at[die](deadly.is);
      const { id } = await at.start('disable-scim');
      const view = await liveToTheEnd(at, () => expect(accountStates(at)).toEqual(before), acts);
      expect(view).toMatchObject({ result: 'succeeded', frozen: false });
      const lines = (await at.ports.stores.migrations.lines(id)).map(({ entry }) => entry);
      const own = lines.filter(({ kind }) => !SAID.has(kind));
      expect(beyond([...new Set(own.map(wholeLineName))], [...deadly.seen])).toEqual([]);
      expect(own.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['native-job', 'verified', ...troubles]));
      expect(at.deaths()).toBeGreaterThan(40);
      const { verdict, chain, requests } = await at.operator.migrationReport(at.connection.rules.name);
      expect({ verdict, chain }).toMatchObject({ verdict: 'passed', chain: { sound: true } });
      expect(requests.filter(({ outcome }) => outcome === 'in-doubt' || outcome === 'unknown')).toEqual([]);
    },
  );
});

interface Way {
  readonly when: string;
  readonly die: 'dieBefore' | 'dieRightAfter';
  readonly nameOf: typeof outcomeName;
  /** Of a death, and of a line that was written: what must have met one. */
  readonly met: (name: string) => string;
  readonly meant: (line: string) => readonly string[];
}

const WAYS: readonly Way[] = [
  {
    when: 'between each request and the record of its outcome',
    die: 'dieBefore',
    nameOf: outcomeName,
    met: (name) => name.split(' ')[0] ?? '',
    meant: (line) => (line.startsWith('calling ') ? [line.slice('calling '.length)] : []),
  },
  {
    when: 'after every kind of line its journal has',
    die: 'dieRightAfter',
    nameOf: lineName,
    met: (name) => name,
    meant: (line) => [line],
  },
];

test.each(WAYS)('a rollback that is killed $when comes back all the same', async ({ die, nameOf, met, meant }) => {
  const at = await open();
  const [before, assigned] = [accountStates(at), at.assigned()];
  const members = [membersOf(at, 'Crew'), membersOf(at, 'Deck')];
  const { id } = await at.start('remove-groups', ['Crew', 'Deck']);
  await at.settle();
  await at.approve();
  await at.look(12);
  await at.operator.actOnMigration({ connection: at.connection.rules.name, verb: 'rollback', by: 'ada' });
  const asked = (await at.ports.stores.migrations.lines(id)).length;
  const deadly = firstTime(nameOf);
  at[die](deadly.is);
  const view = await liveToTheEnd(at, () => expect(accountStates(at)).toEqual(before));
  expect(view).toMatchObject({ result: 'rolled-back' });
  expect(at.deaths()).toBeGreaterThan(2);
  const written = (await at.ports.stores.migrations.lines(id, asked)).map(({ entry }) => lineName(entry));
  expect(new Set([...deadly.seen].map(met))).toEqual(new Set(written.flatMap(meant)));
  expect(at.assigned()).toEqual(assigned);
  expect([membersOf(at, 'Crew'), membersOf(at, 'Deck')]).toEqual(members);
  const report = await at.operator.migrationReport(at.connection.rules.name);
  expect(report).toMatchObject({ verdict: 'restored', accounts: { lost: [], added: [] } });
  expect(report.requests.map(({ outcome }) => outcome)).not.toContain('in-doubt');
});
