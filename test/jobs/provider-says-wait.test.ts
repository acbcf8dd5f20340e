import { expect, onTestFinished, test } from 'vitest';
import { startCycle } from '../../jobs/start-cycle.ts';
import { ThrottledError } from '../../src/core/errors.ts';
import { assignUser, aUser } from '../builders.ts';
import { STORES } from '../contract/open-stores.ts';
import { aConnection, fakeDirectory, fakeProvider } from '../provisioning/fakes.ts';
import { silentLog } from '../silent-log.ts';
import { MINUTE, processOf } from './process.ts';

/** Longer than any of these tests works at a time. */
const LEASE_MS = 30 * MINUTE;

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
    const id = await processOf(opened, connection, LEASE_MS).cycle(10);
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
    const { ports } = processOf(opened, connection, LEASE_MS);
    const { name } = connection.rules;
    for (let minute = 0; minute <= 60; minute += 5) {
      await startCycle.run({ connection: name, kind: 'initial' }, ports, silentLog, new AbortController().signal);
      clock.advance(5 * MINUTE);
    }
    expect(asked).toEqual([0, 60]);
    expect((await stores.connections.get(name)).quarantine).toBeUndefined();
  },
);
