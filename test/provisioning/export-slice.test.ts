import { describe, expect, test } from 'vitest';
import { InDoubtError, RejectedError, ThrottledError, TransientError } from '../../src/core/errors.ts';
import type { Exported, Operation, SentWrite } from '../../src/core/operation.ts';
import type { ServiceProvider } from '../../src/ports/service-provider.ts';
import type { SliceWork } from '../../src/ports/slices.ts';
import type { CycleRecord } from '../../src/ports/stores.ts';
import { exportSlice, type SlicePorts } from '../../src/provisioning/export-slice.ts';
import { createPace } from '../../src/provisioning/pace.ts';
import { aConnection, fakeDirectory, fakeProvider } from './fakes.ts';

const NOW = 1_000_000;
const never = new AbortController().signal;

function slice(name: string, size: number): SliceWork {
  const operations = Array.from({ length: size }, (_, sequence) => {
    const operation: Operation = {
      resource: 'group',
      kind: 'create',
      key: `2:group:create:${name}${sequence}`,
      wave: 2,
      anchor: `${name}${sequence}`,
      label: name,
      reason: { code: 'group-in-scope', text: 'assigned to the application' },
      displayName: `${name}${sequence}`,
      externalId: `${name}${sequence}`,
    };
    return { sequence, operation, inDoubt: false, attempts: 0 };
  });
  return { id: name, cycle: 'c', connection: 'acme', wave: 2, plannedAt: NOW, operations };
}

/** `stop`: what a person did while slices are sent. */
function somePorts(
  now: () => number = () => NOW,
  stop: () => 'cancel' | 'pause' | undefined = () => undefined,
  counted: string[] = [],
): SlicePorts {
  return {
    clock: { now },
    pace: createPace(500),
    metrics: {
      operation: (_connection, resource, action, outcome) => void counted.push(`${resource} ${action} ${outcome}`),
      memberships: (_connection, change, count) => void counted.push(`${change} ${count}`),
    },
    stores: {
      links: { find: async () => new Map() },
      cycles: { get: async (id) => ({ ...aCycle(id), cancelRequested: stop() === 'cancel' }) },
      connections: {
        get: async (connection) => ({
          connection,
          schedulesPaused: false,
          ...(stop() === 'pause' ? { pausedReason: 'maintenance' } : {}),
        }),
      },
    },
  };
}

function aCycle(id: string): CycleRecord {
  return {
    id,
    connection: 'acme',
    kind: 'initial',
    phase: 'exporting',
    requestedBy: 'test',
    createdAt: NOW,
    notices: [],
    cancelRequested: false,
    attempts: 1,
  };
}

/** A provider that answers when it is told to, and remembers in which order it was asked. */
function patientProvider() {
  const asked: string[] = [];
  const waiting: { resolve: (exported: Exported) => void; reject: (error: Error) => void }[] = [];
  let heard: (() => void) | undefined;
  const apply = (operation: Operation) =>
    new Promise<Exported>((resolve, reject) => {
      asked.push(operation.anchor);
      waiting.push({ resolve, reject });
      heard?.();
    });
  return {
    asked,
    connection: aConnection(fakeDirectory({ assignments: [] }), { ...fakeProvider({}), apply }),
    /** Resolves when so many requests have been made in all. */
    hears: async (count: number) => {
      while (asked.length < count) await new Promise<void>((resolve) => (heard = resolve));
    },
    answer: () => waiting.shift()?.resolve({ resourceId: 'id', requests: 1 }),
    settle: (exported: Exported) => waiting.shift()?.resolve(exported),
    refuse: (error: Error) => waiting.shift()?.reject(error),
  };
}

describe('slices of one connection', () => {
  test('send one after the other: the next begins when the one before has nothing left to hand out', async () => {
    const { asked, connection, hears, answer } = patientProvider();
    const ports = somePorts();
    const first = exportSlice(slice('a', 6), connection, ports, never);
    const second = exportSlice(slice('b', 2), connection, ports, never);
    await hears(4);
    answer();
    await hears(5);
    expect(asked).toEqual(['a0', 'a1', 'a2', 'a3', 'a4']);
    answer();
    await hears(8);
    expect(asked.slice(5)).toEqual(['a5', 'b0', 'b1']);
    for (let left = 6; left > 0; left -= 1) answer();
    const outcomes = await Promise.all([first, second]);
    expect(outcomes.map(({ results }) => results.filter(({ state }) => state === 'exported').length)).toEqual([6, 2]);
  });

  test.each([
    ['whose cycle is cancelled', 'cancel'],
    ['whose connection is paused', 'pause'],
  ] as const)('a slice %s sends what is in flight to its end and nothing more', async (_what, stop) => {
    const { asked, connection, hears, answer } = patientProvider();
    let now = NOW;
    const ports = somePorts(
      () => now,
      () => stop,
    );
    const sending = exportSlice(slice('a', 20), connection, ports, never);
    await hears(4);
    now += 1000;
    for (let left = 4; left > 0; left -= 1) answer();
    const { results } = await sending;
    expect(asked).toEqual(['a0', 'a1', 'a2', 'a3']);
    expect(results.filter(({ state }) => state === 'exported')).toHaveLength(4);
    expect(results.filter(({ state }) => state === 'pending')).toHaveLength(16);
  });

  test('a slice that waited for its turn sends nothing when the provider throttled the one before', async () => {
    const { asked, connection, hears, refuse } = patientProvider();
    const ports = somePorts();
    const first = exportSlice(slice('a', 1), connection, ports, never);
    await hears(1);
    refuse(new ThrottledError('429', 5000));
    await first;
    const { results } = await exportSlice(slice('b', 3), connection, ports, never);
    expect(asked).toEqual(['a0']);
    const waits = results.map((result) => 'notBefore' in result && `${result.state} until ${result.notBefore}`);
    const until = `pending until ${NOW + 5000}`;
    expect(waits).toEqual([until, until, until]);
  });

  test.each<[string, Error, readonly string[]]>([
    ['that failed and is tried again counts as a failure', new TransientError('503'), ['group create failure']],
    ['whose answer was lost counts as a failure', new InDoubtError('500'), ['group create failure']],
    ['that was put aside counts as escrowed', new RejectedError('400'), ['group create escrowed']],
    ['that was told to wait is no attempt', new ThrottledError('429', 5000), []],
  ])('an attempt %s', async (_name, error, expected) => {
    const { connection, hears, refuse } = patientProvider();
    const counted: string[] = [];
    const ports = somePorts(undefined, undefined, counted);
    const sending = exportSlice(slice('a', 1), connection, ports, never);
    await hears(1);
    refuse(error);
    await sending;
    expect(counted).toEqual(expected);
  });

  test('members are counted by what was done to them, without those who have no account yet', async () => {
    const { connection, hears, settle } = patientProvider();
    const counted: string[] = [];
    const ports = somePorts(undefined, undefined, counted);
    const members: Operation = {
      resource: 'group',
      kind: 'members',
      key: '3:group:members:g',
      wave: 3,
      anchor: 'g',
      label: 'g',
      reason: { code: 'members-differ', text: 'members differ' },
      add: ['ada', 'bob', 'eve'],
      remove: [
        { anchor: 'dan', resourceId: 'account-dan' },
        { anchor: 'fay', resourceId: 'account-fay' },
      ],
    };
    const work = slice('a', 0);
    const operations = [{ sequence: 0, operation: members, inDoubt: false, attempts: 0 }];
    const sending = exportSlice({ ...work, operations }, connection, ports, never);
    await hears(1);
    settle({ resourceId: 'g', requests: 2, unresolved: ['eve'] });
    await sending;
    expect(counted).toEqual(['membership members success', 'added 2', 'removed 2']);
  });

  test('one locked resource waits alone, without an attempt spent: the others go on, and so does the next slice', async () => {
    const { asked, connection, hears, answer, refuse } = patientProvider();
    const ports = somePorts();
    const sending = exportSlice(slice('a', 6), connection, ports, never);
    await hears(4);
    refuse(new ThrottledError('429', 5000, 'resource'));
    for (let sent = 5; sent <= 6; sent += 1) {
      await hears(sent);
      answer();
    }
    for (let left = 3; left > 0; left -= 1) answer();
    const outcome = await sending;
    expect(outcome).not.toHaveProperty('throttledUntil');
    expect(ports.pace.throttledUntil('acme', NOW)).toBeUndefined();
    expect(outcome.results.map(({ state }) => state)).toEqual(['pending', ...Array<string>(5).fill('exported')]);
    const waits = { sequence: 0, state: 'pending', notBefore: NOW + 5000, attemptSpent: false };
    expect(outcome.results[0]).toEqual({ ...waits, waitsFor: expect.objectContaining({ code: 'TooManyRequests' }) });
    const next = exportSlice(slice('b', 1), connection, ports, never);
    await hears(7);
    answer();
    await next;
    expect(asked.at(-1)).toBe('b0');
  });

  test('a slice that may not send passes its turn on', async () => {
    const { connection, asked, hears, answer } = patientProvider();
    const ports = somePorts();
    const stopped = await exportSlice(slice('a', 9), connection, ports, AbortSignal.abort());
    expect(stopped.results.filter(({ state }) => state === 'pending')).toHaveLength(9);
    const next = exportSlice(slice('b', 1), connection, ports, never);
    await hears(1);
    answer();
    await next;
    expect(asked).toEqual(['b0']);
  });
});

test.each([
  { whose: 'a migration deletes a group only when it is empty at that moment', ofMigration: true, onlyEmpty: true },
  { whose: 'any other cycle deletes what its guards let through', ofMigration: undefined, onlyEmpty: undefined },
])('$whose', async ({ ofMigration, onlyEmpty }) => {
  const sent: Operation[] = [];
  const apply = async (operation: Operation): Promise<Exported> => {
    sent.push(operation);
    return { resourceId: null, requests: 1 };
  };
  const connection = aConnection(fakeDirectory({ assignments: [] }), { ...fakeProvider({}), apply });
  const [group, other] = slice('a', 2).operations;
  if (group === undefined || other === undefined) throw new Error('the slice is empty');
  const { anchor, label, reason } = group.operation;
  const key = `4:group:delete:${anchor}`;
  const remove: Operation = { resource: 'group', kind: 'delete', key, wave: 4, anchor, label, reason, resourceId: 'g' };
  const operations = [{ ...group, operation: remove }, other];
  const work: SliceWork = { ...slice('a', 0), operations, ...(ofMigration && { ofMigration }) };
  await exportSlice(work, connection, somePorts(), never);
  expect(sent).toEqual([{ ...remove, ...(onlyEmpty && { onlyEmpty }) }, other.operation]);
});

test.each([
  ['a migration', true],
  ['any other cycle', undefined],
] as const)('of the cycle of %s each write is recorded, or none', async (_whose, ofMigration) => {
  const write: SentWrite = { method: 'POST', path: '/Groups', outcome: 'done' };
  const fail = new Map<string, Error>([
    ['a1', new RejectedError('refused')],
    ['a2', new ThrottledError('too much', 1000, 'resource')],
    ['a3', new InDoubtError('no answer')],
  ]);
  const provider: ServiceProvider = {
    ...fakeProvider({}),
    async apply({ anchor }, _resolve, _signal, witness) {
      const error = fail.get(anchor);
      witness?.({ ...write, why: anchor });
      if (error !== undefined) throw error;
      return { resourceId: anchor, requests: 1 };
    },
    settle: async ({ anchor }) => ({ resourceId: anchor, requests: 1 }),
  };
  const connection = aConnection(fakeDirectory({ assignments: [] }), provider);
  const operations = slice('a', 5).operations.map((one, index) => ({ ...one, inDoubt: index === 4 }));
  const work: SliceWork = { ...slice('a', 0), operations, ...(ofMigration && { ofMigration }) };
  const { results } = await exportSlice(work, connection, somePorts(), never);
  expect(results.map(({ state }) => state)).toEqual(['exported', 'escrowed', 'pending', 'in-doubt', 'exported']);
  const sent = ['a0', 'a1', 'a2', 'a3'].map((why) => [{ ...write, why }]);
  expect(results.map((result) => result.sent)).toEqual(
    ofMigration === true ? [...sent, []] : results.map(() => undefined),
  );
  expect(results[4]).toMatchObject({ exported: { resourceId: 'a4', ...(ofMigration && { settled: true }) } });
});
