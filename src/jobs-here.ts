import { advanceMigration } from '../jobs/advance-migration.ts';
import type { JobDefinition } from './ports/job-queue.ts';

/** Whose migrations a process carries on. */
export type MigrationsOf = 'all' | readonly string[];

/**
 * The jobs as this process does them: of migrations only those of `migrationsOf`. What it does not do it drops, because the
 * next process that sweeps asks for it again.
 */
export function jobsHere<Ports>(
  jobs: readonly JobDefinition<object, Ports>[],
  migrationsOf: MigrationsOf,
): readonly JobDefinition<object, Ports>[] {
  if (migrationsOf === 'all') return jobs;
  return jobs.map((job) => {
    if (job.name !== advanceMigration.name) return job;
    return {
      ...job,
      async run(payload, ...rest) {
        if (migrationsOf.includes(job.connection?.(payload) ?? '')) await job.run(payload, ...rest);
      },
    };
  });
}
