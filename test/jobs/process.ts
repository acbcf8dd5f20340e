import { createVault } from '../../src/adapters/vault/vault.ts';
import type { Connection, Ports } from '../../src/ports/index.ts';
import { createGatherings } from '../../src/provisioning/gatherings.ts';
import { createPace } from '../../src/provisioning/pace.ts';
import { createSpyMetrics } from '../adapters/entra/loopback-graph.ts';
import type { StoresUnderTest } from '../contract/stores.contract.ts';
import { ModelQueue } from '../model/model-queue.ts';
import { only } from '../only.ts';
import { silentLog } from '../silent-log.ts';

export const MINUTE = 60_000;

/** A process with one connection, whose queue and clock go on only as far as the test has them go. */
export function processOf({ stores, clock }: StoresUnderTest, connection: Connection, leaseMs: number) {
  const queue = new ModelQueue(() => clock.now());
  const { name } = connection.rules;
  const ports = only<Ports>({
    stores,
    vault: createVault({}),
    channels: new Map(),
    queue: queue.open(),
    connections: new Map([[name, connection]]),
    clock,
    metrics: createSpyMetrics().metrics,
    worker: { id: 'w1', leaseMs, sliceSize: 50, window: 2 },
    pace: createPace(50),
    gatherings: createGatherings(),
  });
  /** Does what comes due, each job in its time. */
  const work = async (minutes: number) => {
    const until = clock.now() + minutes * MINUTE;
    for (;;) {
      const [job] = queue.waiting.toSorted((a, b) => a.dueAt - b.dueAt);
      if (job === undefined || Math.max(job.dueAt, clock.now()) > until) break;
      clock.advance(Math.max(0, job.dueAt - clock.now()));
      queue.take(job);
      await job.definition.run(job.payload, ports, silentLog, new AbortController().signal);
    }
    clock.advance(Math.max(0, until - clock.now()));
  };
  /** Begins a full cycle and works for so long. Returns its id. */
  const cycle = async (minutes: number): Promise<string> => {
    const { id } = await stores.cycles.open({ connection: name, kind: 'initial', requestedBy: 'test' });
    await ports.queue.enqueue('start-cycle', { connection: name, kind: 'initial', cycle: id });
    await work(minutes);
    return id;
  };
  return { ports, work, cycle };
}
