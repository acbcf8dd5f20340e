import { once } from 'node:events';
import { describe, expect, test } from 'vitest';
import type { Experiment } from '../../src/core/experiment.ts';
import { createExperiments } from '../../src/provisioning/experiment-desk.ts';
import { aCycle } from '../http/builders.ts';
import { silentLog } from '../silent-log.ts';
import { aConnection, fakeDirectory, fakeProvider } from './fakes.ts';

const DONE: Experiment = { ended: 'complete', observations: [], requests: 0, writes: [], left: [], earlier: [] };
const request = { connection: 'acme', domain: 'probe.invalid', requestedBy: 'test' };
const never = new AbortController().signal;

interface Found {
  readonly state?: object;
  readonly migration?: string;
  readonly cycle?: string;
}

/** A desk over stores that hold so much, and a provider whose experiment ends when it is stopped. */
function deskWith({ state = {}, migration, cycle }: Found = {}) {
  const begun: AbortSignal[] = [];
  const provider = {
    ...fakeProvider({}),
    experiment: async (_domain: string, stop: AbortSignal) => {
      begun.push(stop);
      if (!stop.aborted) await once(stop, 'abort');
      return { ...DONE, ended: 'stopped' as const };
    },
  };
  const stores = {
    connections: { get: async () => ({ connection: 'acme', schedulesPaused: false, ...state }) },
    migrations: {
      openOf: async () => (migration === undefined ? undefined : { id: migration, connection: 'acme', createdAt: 0 }),
    },
    cycles: { openCycle: async () => (cycle === undefined ? undefined : aCycle({ id: cycle })) },
  };
  const experiments = createExperiments({ stores }, silentLog);
  return {
    begun,
    experiments,
    desk: experiments.desk(() => aConnection(fakeDirectory({ assignments: [] }), provider)),
  };
}

describe('an experiment', () => {
  test.each([
    ['the connection is switched off', { state: { switchedOffAt: 1 } }, 'connection-off'],
    ['the connection is paused', { state: { pausedReason: 'maintenance' } }, 'connection-paused'],
    ['a migration is open', { migration: 'm-1' }, 'migration-open'],
    ['a cycle is open', { cycle: 'c-1' }, 'cycle-open'],
  ])('is refused while %s, and its plan says so', async (_when, found, code) => {
    const { desk, begun } = deskWith(found);
    await expect(desk.run(request, never)).rejects.toMatchObject({ code });
    expect((await desk.plan('acme', 'probe.invalid')).refused).toEqual(expect.any(String));
    expect(begun).toEqual([]);
  });

  test('runs once at a time, ends when it is stopped, and can then begin again', async () => {
    const { desk, begun } = deskWith();
    expect(await desk.stop('acme')).toBe(false);
    const first = desk.run(request, never);
    await expect(desk.run(request, never)).rejects.toMatchObject({ code: 'probe-open' });
    expect(await desk.stop('acme')).toBe(true);
    expect((await first).ended).toBe('stopped');
    await desk.run(request, AbortSignal.abort());
    expect(begun).toHaveLength(2);
  });

  test('ends before the process does', async () => {
    const { desk, begun, experiments } = deskWith();
    const run = desk.run(request, never);
    while (begun.length === 0) await Promise.resolve();
    await experiments.close();
    expect((await run).ended).toBe('stopped');
    await expect(desk.run(request, never)).rejects.toMatchObject({ code: 'shutting-down' });
  });
});
