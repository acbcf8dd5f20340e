import { expect, test } from 'vitest';
import type { OperationCounts } from '../../src/core/cycle.ts';
import { nextLine, type JournalEntry, type JournalLine } from '../../src/core/migration/journal.ts';
import { runCycle } from '../../src/migration/steps/cycle.ts';
import { openStep, type StepOutcome } from '../../src/migration/step-context.ts';
import type { Ports } from '../../src/ports/index.ts';
import type { CycleRecord, OperationRecord, Stores } from '../../src/ports/stores.ts';
import { aRemoval } from '../contract/plans.ts';
import { DELETE_IT } from '../core/migration/builders.ts';
import { aConnection, fakeDirectory, fakeProvider } from '../provisioning/fakes.ts';
import { only } from '../only.ts';
import { silentLog } from '../silent-log.ts';

const MINUTE = 60_000;
const PUT_OFF: OperationCounts = { 1: { exported: 1, cancelled: 3 } };
const BARREN: OperationCounts = { 1: { cancelled: 3 } };
const FAILED: OperationCounts = { 1: { exported: 1, cancelled: 3, escrowed: 1 } };
/** Of an account that the migration is not about. */
const ASIDE: OperationCounts = { 1: { exported: 1, cancelled: 3, escrowed: 1 } };

const NO = { code: 'InvalidAnchor', message: 'no' };

/** What was refused of a cycle that ended so, as far as anybody asks for just that. */
function refusedIn(end: OperationCounts | undefined): readonly OperationRecord[] {
  if (end?.[1]?.escrowed === undefined) return [];
  return [only<OperationRecord>({ operation: end === ASIDE ? aRemoval(1, 'disable') : DELETE_IT, failure: NO })];
}

/** A rollback at its full cycle: those that it starts end one after the other as given, a minute after they began. */
function aRollback(ends: readonly OperationCounts[]) {
  let now = 1_800_000_000_000;
  const cycles: CycleRecord[] = [];
  const lines: JournalLine[] = [];
  const write = (entry: JournalEntry) => void lines.push(nextLine('m', lines.at(-1), entry, now));
  const options = { twoPeople: false, approvalMs: MINUTE, accept: [] };
  write({ kind: 'started', connection: 'acme', migration: 'remove-groups', groups: [], by: 'ada', options });
  write({ kind: 'rollback', by: 'ada' });
  const connection = aConnection(fakeDirectory({ assignments: [] }), fakeProvider({}));
  const stores = only<Stores>({
    connections: only<Stores['connections']>({ get: async () => ({ connection: 'acme', schedulesPaused: false }) }),
    cycles: only<Stores['cycles']>({
      list: async () => cycles.toReversed(),
      get: async (id) => cycles.find((cycle) => cycle.id === id),
      openCycle: async () => undefined,
      operations: async (id, { states }) => (states === undefined ? [] : refusedIn(ends[Number(id)])),
      counts: async (id) => ends[Number(id)] ?? {},
      async open(request) {
        const begun = { id: String(cycles.length), notices: [], cancelRequested: false, attempts: 1, createdAt: now };
        const result = cycles.length < ends.length ? 'entry-level-errors' : 'succeeded';
        const end = { phase: 'closed', result, closedAt: now + MINUTE } as const;
        const migration = { id: 'm', mode: 'rollback', groups: [DELETE_IT.anchor] } as const;
        const cycle: CycleRecord = { ...request, ...begun, ...end, migration };
        now += MINUTE;
        cycles.push(cycle);
        return cycle;
      },
    }),
    migrations: only<Stores['migrations']>({
      lines: async (_id, after = 0) => lines.slice(after),
      async append(_id, entries) {
        for (const entry of entries) write(entry);
        return lines;
      },
    }),
  });
  const queue = only<Ports['queue']>({ enqueue: async () => undefined });
  const ports = only<Ports>({ stores, queue, clock: { now: () => now } });
  const given = { id: 'm', connection, ports, log: silentLog, worker: 'w', step: 'restore-cycle' } as const;
  /** Looks until no cycle of its own is waited for any more. */
  async function run(): Promise<StepOutcome> {
    for (;;) {
      const outcome = await runCycle(openStep({ ...given, signal: new AbortController().signal }, lines), 'rollback');
      if (outcome.is === 'reopen') write({ kind: 'reopened', step: outcome.step, why: outcome.why });
      else if (outcome.is !== 'again') return outcome;
      // A nudge may come at any time.
      else now += outcome.afterMs > MINUTE ? outcome.afterMs / 2 : outcome.afterMs;
    }
  }
  const said = () => lines.flatMap(({ entry }) => (entry.kind === 'seen' ? [entry.text] : []));
  const pauses = () => cycles.slice(1).map(({ createdAt }, index) => createdAt - (cycles[index]?.closedAt ?? 0));
  return { run, said, pauses };
}

test('a migration waits for what the provider puts off, time and again, and its journal tells what for', async () => {
  const { run, said, pauses } = aRollback([PUT_OFF, PUT_OFF, BARREN, PUT_OFF, PUT_OFF]);
  expect(await run()).toMatchObject({ is: 'done' });
  expect(pauses()).toEqual([10, 10, 10, 10, 10].map((minutes) => expect.closeTo(minutes * MINUTE, -2)));
  expect(said()).toHaveLength(5);
  expect(said()[0]).toMatch(
    /^full cycle 0 put 3 operations off: .*--outcome cancelled.*; the next full cycle starts 10/,
  );
});

test('what failed is not waited for, and three such cycles are as many as before', async () => {
  const { run, said } = aRollback([FAILED, PUT_OFF, FAILED, FAILED]);
  expect(await run()).toMatchObject({ is: 'stop', why: expect.stringMatching(/^full cycle 3 does not count/) });
  expect(said()).toEqual([expect.stringMatching(/^full cycle 1 put/)]);
});

test('what was put off is waited for also where something was refused that the migration is not about', async () => {
  const { run, said, pauses } = aRollback([ASIDE, ASIDE, ASIDE, ASIDE]);
  expect(await run()).toMatchObject({ is: 'done' });
  expect(pauses()).toHaveLength(4);
  expect(said()).toHaveLength(4);
});

test('a provider that takes nothing for two hours is a case for a person', async () => {
  const { run, said } = aRollback([PUT_OFF, ...Array.from({ length: 12 }, () => BARREN)]);
  const why = expect.stringMatching(/^full cycle 12 put 3 .*12 full cycles in a row could send nothing.*then resume$/);
  expect(await run()).toMatchObject({ is: 'stop', why });
  expect(said()).toHaveLength(12);
});
