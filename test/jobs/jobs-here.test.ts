import { expect, test } from 'vitest';
import { JOBS } from '../../jobs/index.ts';
import { jobsHere, type MigrationsOf } from '../../src/jobs-here.ts';
import type { JobDefinition } from '../../src/ports/job-queue.ts';
import { silentLog } from '../silent-log.ts';

/** The jobs that are carried out of those given to a process, which carries on these migrations. */
async function carriedOut(migrationsOf: MigrationsOf): Promise<readonly string[]> {
  const done: string[] = [];
  const told = JOBS.map((job): JobDefinition<object, undefined> => ({
    ...job,
    run: async (payload) => void done.push(`${job.name} ${JSON.stringify(payload)}`),
  }));
  const payloads = [
    ['advance-migration', { connection: 'acme', migration: 'm1' }],
    ['advance-migration', { connection: 'beta', migration: 'm2' }],
    ['start-cycle', { connection: 'acme', kind: 'initial', cycle: 'c1' }],
  ] as const;
  const jobs = jobsHere(told, migrationsOf);
  for (const [name, payload] of payloads)
    await jobs.find((job) => job.name === name)?.run(payload, undefined, silentLog, new AbortController().signal);
  return done.map((line) => line.replace(/ .*"(m\d|c\d)".*/, ' $1'));
}

test('a process that is there for a cycle carries out that and no migration', async () => {
  expect(await carriedOut([])).toEqual(['start-cycle c1']);
});

test('a process that is there for a migration carries on that and no other', async () => {
  expect(await carriedOut(['beta'])).toEqual(['advance-migration m2', 'start-cycle c1']);
});

test('a daemon carries on all', async () => {
  expect(await carriedOut('all')).toEqual(['advance-migration m1', 'advance-migration m2', 'start-cycle c1']);
});
