import { describe, expect, test } from 'vitest';
import { startCycle } from '../../jobs/start-cycle.ts';
import type { CyclePhase } from '../../src/core/cycle.ts';
import type { Connection, Ports } from '../../src/ports/index.ts';
import type { CycleRecord, CycleStore } from '../../src/ports/stores.ts';
import { only } from '../only.ts';
import { silentLog } from '../silent-log.ts';
import { aConnection, fakeDirectory, fakeProvider } from '../provisioning/fakes.ts';

function aCycle(phase: CyclePhase): CycleRecord {
  return {
    id: 'c',
    connection: 'acme',
    kind: 'initial',
    phase,
    requestedBy: 'test',
    createdAt: 0,
    notices: [],
    cancelRequested: false,
    attempts: 1,
  };
}

/** A store in which somebody else holds the cycle, and a queue that keeps what it is told. */
function busyCycle(phases: readonly CyclePhase[]) {
  const nudges: string[] = [];
  const holders: string[] = [];
  const left = [...phases];
  const cycles = only<CycleStore>({
    get: async () => aCycle(left.shift() ?? 'closed'),
    leaseGathering: async (_id, holder) => {
      holders.push(holder);
      return false;
    },
  });
  const connection: Connection = aConnection(fakeDirectory({ assignments: [] }), fakeProvider({}));
  const ports = only<Ports>({
    stores: only<Ports['stores']>({ cycles }),
    queue: only<Ports['queue']>({ enqueue: async (name) => void nudges.push(name) }),
    connections: new Map([['acme', connection]]),
    gatherings: { run: (work) => work((wait) => wait()) },
    worker: { id: 'w', leaseMs: 1000, sliceSize: 1, window: 1 },
  });
  return { ports, nudges, holders };
}

const run = (ports: Ports) =>
  startCycle.run({ connection: 'acme', kind: 'initial', cycle: 'c' }, ports, silentLog, new AbortController().signal);

describe('start-cycle, when somebody else is preparing the cycle', () => {
  test('nudges nobody: they would nudge back, round and round', async () => {
    const { ports, nudges } = busyCycle(['gathering', 'gathering']);
    await run(ports);
    expect(nudges).toEqual([]);
  });

  test('moves the cycle on when it has got past that meanwhile', async () => {
    const { ports, nudges } = busyCycle(['gathering', 'exporting']);
    await run(ports);
    expect(nudges).toEqual(['advance-cycle']);
  });

  test('asks for the lease under another name each time, so that two runs in one process exclude each other', async () => {
    const { ports, holders } = busyCycle(['gathering', 'gathering', 'gathering', 'gathering']);
    await run(ports);
    await run(ports);
    expect(new Set(holders).size).toBe(2);
  });
});
