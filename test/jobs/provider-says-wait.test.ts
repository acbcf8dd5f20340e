import { expect, onTestFinished, test } from 'vitest';
import { startCycle } from '../../jobs/start-cycle.ts';
import { createVault } from '../../src/adapters/vault/vault.ts';
import { ThrottledError } from '../../src/core/errors.ts';
import type { Connection, Ports } from '../../src/ports/index.ts';
import { createGatherings } from '../../src/provisioning/gatherings.ts';
import { createPace } from '../../src/provisioning/pace.ts';
import { assignUser, aUser } from '../builders.ts';
import { createSpyMetrics } from '../adapters/entra/loopback-graph.ts';
import { STORES } from '../contract/open-stores.ts';
import type { StoresUnderTest } from '../contract/stores.contract.ts';
import { ModelQueue } from '../model/model-queue.ts';
import { only } from '../only.ts';
import { aConnection, fakeDirectory, fakeProvider } from '../provisioning/fakes.ts';
import { silentLog } from '../silent-log.ts';

const MINUTE = 60_000;

/**
 * A provider that locks every account for half a minute more, and needs ten seconds to say so: of six in turn, one is
 * always due.
 */
function lockingProvider(clock: { advance(ms: number): void }) {
  return {
    ...fakeProvider({}),
    apply: async (): Promise<never> => {
      clock.advance(10_000);
      throw new ThrottledError('acme: POST was answered 429', 30_000, 'resource');
    },
  };
}

/** A process with one connection, and its queue. */
function processOf({ stores, clock }: StoresUnderTest, connection: Connection) {
  const queue = new ModelQueue(() => clock.now());
  const ports = only<Ports>({
    stores,
    vault: createVault({}),
    channels: new Map(),
    queue: queue.open(),
    connections: new Map([[connection.rules.name, connection]]),
    clock,
    metrics: createSpyMetrics().metrics,
    worker: { id: 'w1', leaseMs: 30 * MINUTE, sliceSize: 50, window: 2 },
    pace: createPace(50),
    gatherings: createGatherings(),
  });
  return { queue, ports };
}

test.each(STORES)(
  'short waits for many locked resources do not keep a cycle open for ever: %s',
  async (_name, open) => {
    const opened = await open();
    const { stores, clock } = opened;
    onTestFinished(() => opened.close());
    const users = Array.from({ length: 6 }, (_, index) => aUser(`u${index}`));
    const directory = fakeDirectory({
      assignments: users.map(({ id }) => assignUser(id)),
      users: Object.fromEntries(users.map((user) => [user.id, user])),
    });
    const connection = { ...aConnection(directory, lockingProvider(clock)), concurrency: 1 };
    const { name } = connection.rules;
    const { queue, ports } = processOf(opened, connection);
    const { id } = await stores.cycles.open({ connection: name, kind: 'initial', requestedBy: 'test' });
    await ports.queue.enqueue('start-cycle', { connection: name, kind: 'initial', cycle: id });
    const until = clock.now() + 10 * MINUTE;
    while (clock.now() < until) {
      const [job] = queue.waiting.toSorted((a, b) => a.dueAt - b.dueAt);
      if (job === undefined) break;
      clock.advance(Math.max(0, job.dueAt - clock.now()));
      queue.take(job);
      await job.definition.run(job.payload, ports, silentLog, new AbortController().signal);
    }
    expect(await stores.cycles.get(id)).toMatchObject({ phase: 'closed', result: 'entry-level-errors' });
    const states = (await stores.cycles.operations(id, { limit: 100 })).map(({ state }) => state);
    expect(new Set(states)).toEqual(new Set(['cancelled']));
  },
);

test.each(STORES)(
  'who asks to be left alone for an hour while it is read is asked nothing by the schedule for an hour: %s',
  async (_name, open) => {
    const opened = await open();
    const { stores, clock } = opened;
    onTestFinished(() => opened.close());
    const asked: number[] = [];
    const beganAt = clock.now();
    const provider = {
      ...fakeProvider({}),
      awaitAnswer: async (): Promise<never> => {
        asked.push((clock.now() - beganAt) / MINUTE);
        throw new ThrottledError('acme: GET was answered 429', 60 * MINUTE);
      },
    };
    const connection = aConnection(fakeDirectory({ assignments: [] }), provider);
    const { ports } = processOf(opened, connection);
    const { name } = connection.rules;
    for (let minute = 0; minute <= 60; minute += 5) {
      await startCycle.run({ connection: name, kind: 'initial' }, ports, silentLog, new AbortController().signal);
      clock.advance(5 * MINUTE);
    }
    expect(asked).toEqual([0, 60]);
    expect((await stores.connections.get(name)).quarantine).toBeUndefined();
  },
);
