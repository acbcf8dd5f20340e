import { expect, test } from 'vitest';
import { advanceCycle } from '../../jobs/advance-cycle.ts';
import type { Ports } from '../../src/ports/index.ts';
import type { CycleRecord, CycleStore } from '../../src/ports/stores.ts';
import { only } from '../only.ts';
import { aConnection, fakeDirectory, fakeProvider } from '../provisioning/fakes.ts';
import { silentLog } from '../silent-log.ts';

const DUE = 1000;
const CYCLE: CycleRecord = {
  id: 'c',
  connection: 'acme',
  kind: 'initial',
  phase: 'exporting',
  requestedBy: 'test',
  createdAt: 0,
  notices: [],
  cancelRequested: false,
  attempts: 1,
};

/** A cycle whose last operation may be sent from DUE on, and a clock that moves with every look at it. */
function waitingCycle(startsAt: number, plannedAt = 0) {
  let time = startsAt;
  const enqueued: string[] = [];
  const putOffAfter: number[] = [];
  const passedOver: unknown[] = [];
  const cycles = only<CycleStore>({
    get: async () => ({ ...CYCLE, plannedAt }),
    counts: async () => ({ 1: { pending: 1 } }),
    openSlices: async () => [],
    cutSlices: async (_id, _wave, _slices, _size, now, passOver) => {
      passedOver.push(passOver);
      return now < DUE ? [] : ['slice'];
    },
    putOff: async (_id, _wave, after) => {
      putOffAfter.push(after);
      return 0;
    },
    waitingUntil: async (_id, _wave, now) => (now < DUE ? DUE : undefined),
  });
  const ports = only<Ports>({
    stores: only<Ports['stores']>({
      cycles,
      connections: only<Ports['stores']['connections']>({
        get: async () => ({ connection: 'acme', schedulesPaused: false }),
      }),
    }),
    queue: only<Ports['queue']>({ enqueue: async (name) => void enqueued.push(name) }),
    connections: new Map(),
    clock: { now: () => time++ },
    pace: only<Ports['pace']>({ sliceSize: () => 10 }),
    worker: { id: 'w', leaseMs: 1000, sliceSize: 10, window: 1 },
  });
  return { ports, enqueued, putOffAfter, passedOver };
}

test.each([-10, -3, -2, -1, 0, 1].map((ms) => [ms]))(
  'a cycle is looked at again when its last operation comes due %i ms after the look began',
  async (ms) => {
    const { ports, enqueued } = waitingCycle(DUE + ms);
    await advanceCycle.run({ cycle: 'c' }, ports, silentLog, new AbortController().signal);
    expect(enqueued).toEqual([expect.stringMatching(/^(advance-cycle|export-slice)$/)]);
  },
);

const MINUTE = 60_000;
const LOOK = DUE - 10;
test.each([
  { rule: 'what waits for more than a minute', plannedAgo: 0, after: LOOK + MINUTE, passes: 'nothing' },
  { rule: 'the same five minutes later', plannedAgo: 5 * MINUTE, after: LOOK + MINUTE, passes: 'nothing' },
  { rule: 'whatever was refused, due or not, then', plannedAgo: 5 * MINUTE + 1, after: 0, passes: 'refused' },
])('a cycle that can send nothing else puts off $rule', async ({ plannedAgo, after, passes }) => {
  const { ports, putOffAfter, passedOver } = waitingCycle(LOOK, LOOK - plannedAgo);
  await advanceCycle.run({ cycle: 'c' }, ports, silentLog, new AbortController().signal);
  expect(putOffAfter).toEqual([after]);
  expect(passedOver).toEqual([passes]);
});

test('a slice is sized by what the provider allows at that moment, not by what was allowed before', async () => {
  const { ports } = waitingCycle(DUE);
  const connection = aConnection(fakeDirectory({ assignments: [] }), {
    ...fakeProvider({}),
    pace: () => ({ concurrency: 4, requestsPerSecond: 2 }),
  });
  const asked: unknown[] = [];
  const sliceSize: Ports['pace']['sliceSize'] = (name, allowed) => {
    asked.push([name, allowed]);
    return 2;
  };
  const slow = { ...ports, connections: new Map([['acme', connection]]), pace: { ...ports.pace, sliceSize } };
  await advanceCycle.run({ cycle: 'c' }, slow, silentLog, new AbortController().signal);
  expect(asked).toEqual([['acme', 2]]);
});
