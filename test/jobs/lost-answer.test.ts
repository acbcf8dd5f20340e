import { expect, onTestFinished, test } from 'vitest';
import { createVault } from '../../src/adapters/vault/vault.ts';
import { InDoubtError, TransientError } from '../../src/core/errors.ts';
import type { CreateAccount, Exported, Operation } from '../../src/core/operation.ts';
import type { Account } from '../../src/core/scim.ts';
import { buildResource } from '../../src/core/scim-path.ts';
import type { Ports } from '../../src/ports/index.ts';
import type { ServiceProvider } from '../../src/ports/service-provider.ts';
import { createGatherings } from '../../src/provisioning/gatherings.ts';
import { createPace } from '../../src/provisioning/pace.ts';
import { createSpyMetrics } from '../adapters/entra/loopback-graph.ts';
import { assignUser, aUser } from '../builders.ts';
import { STORES } from '../contract/open-stores.ts';
import { ModelQueue } from '../model/model-queue.ts';
import { only } from '../only.ts';
import { aConnection, fakeDirectory, fakeProvider } from '../provisioning/fakes.ts';
import { silentLog } from '../silent-log.ts';

const MINUTE = 60_000;

function madeOf(id: string, { anchor, attributes }: CreateAccount): Account {
  const body = buildResource(
    attributes.map(({ path, after }) => [path, after]),
    'User',
  );
  return { id, userName: `${anchor}@contoso.com`, active: true, body: { id, ...body } };
}

/** A provider in memory that makes the account of ada, and goes down with the answer. */
function failingProvider() {
  const accounts: Account[] = [];
  let state: 'well' | 'down' | 'was-down' = 'well';
  const gone = () => new TransientError('no answer', { noAnswer: true });
  const answer = async <T>(value: () => T): Promise<T> => {
    if (state === 'down') throw gone();
    return value();
  };
  const apply = (operation: Operation): Exported => {
    const id = `id-${operation.anchor}`;
    const index = accounts.findIndex((account) => account.id === id);
    const found = accounts[index];
    if (operation.kind === 'create' && operation.resource === 'account') accounts.push(madeOf(id, operation));
    else if (operation.kind === 'disable' && found !== undefined) accounts[index] = { ...found, active: false };
    if (operation.kind === 'create' && operation.anchor === 'ada' && state === 'well') {
      state = 'down';
      throw new InDoubtError('no answer', { noAnswer: true });
    }
    return { resourceId: id, requests: 1 };
  };
  const fake = fakeProvider({ accounts });
  const provider: ServiceProvider = {
    ...fake,
    awaitAnswer: () => answer(() => undefined),
    ping: () => answer(() => undefined),
    apply: (operation) => answer(() => apply(operation)),
    settle: ({ anchor }) =>
      answer(() =>
        accounts.some(({ id }) => id === `id-${anchor}`) ? { resourceId: `id-${anchor}`, requests: 1 } : undefined,
      ),
  };
  return {
    provider,
    active: () => accounts.filter(({ active }) => active).map(({ id }) => id),
    isBack: () => void (state = 'was-down'),
  };
}

test.each(STORES)(
  'an account whose provider went down with the answer is found once it is back, and goes with its user: %s',
  async (_name, open) => {
    const opened = await open();
    const { stores, clock } = opened;
    onTestFinished(() => opened.close());
    const { provider, active, isBack } = failingProvider();
    const users = ['ada', 'bob', 'eve'].map((id) => aUser(id));
    let assigned = ['bob', 'eve'];
    const directory = {
      ...fakeDirectory({
        assignments: [],
        users: Object.fromEntries(users.map((user) => [user.id, user])),
        whereabouts: { ada: 'present' },
      }),
      readGroupsOfUser: async () => [],
      readAssignments: async () => ({ value: assigned.map((id) => assignUser(id)), gaps: [] }),
    };
    const connection = aConnection(directory, provider);
    const { name } = connection.rules;
    const queue = new ModelQueue(() => clock.now());
    const ports = only<Ports>({
      stores,
      vault: createVault({}),
      channels: new Map(),
      queue: queue.open(),
      connections: new Map([[name, connection]]),
      clock,
      metrics: createSpyMetrics().metrics,
      worker: { id: 'w1', leaseMs: MINUTE, sliceSize: 50, window: 2 },
      pace: createPace(50),
      gatherings: createGatherings(),
    });
    const work = async (minutes: number) => {
      const until = clock.now() + minutes * MINUTE;
      for (;;) {
        const [job] = queue.waiting.toSorted((a, b) => a.dueAt - b.dueAt);
        if (job === undefined || job.dueAt > until) break;
        clock.advance(Math.max(0, job.dueAt - clock.now()));
        queue.take(job);
        await job.definition.run(job.payload, ports, silentLog, new AbortController().signal);
      }
      clock.advance(Math.max(0, until - clock.now()));
    };
    const cycle = async (minutes: number) => {
      const { id } = await stores.cycles.open({ connection: name, kind: 'initial', requestedBy: 'test' });
      await ports.queue.enqueue('start-cycle', { connection: name, kind: 'initial', cycle: id });
      await work(minutes);
    };
    await cycle(1);
    expect(active()).toEqual(['id-bob', 'id-eve']);
    assigned = ['ada', 'bob', 'eve'];
    await cycle(10);
    isBack();
    await work(60);
    assigned = ['bob', 'eve'];
    await cycle(1);
    expect(active()).toEqual(['id-bob', 'id-eve']);
  },
);
