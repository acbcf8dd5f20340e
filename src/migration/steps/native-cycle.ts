import { wholeCycleSince, type NativeJob } from '../../core/migration/native-job.ts';
import { digestOf } from '../../core/plan.ts';
import type { MigrationState } from '../../core/migration/state.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { later, unlessLost } from './look.ts';

/** Entra's own job as it is now; a stop when there is not exactly one. */
export async function readJob(
  context: StepContext,
): Promise<{ readonly job: NativeJob } | { readonly stop: StepOutcome }> {
  const { connection, signal } = context;
  const application = context.state().before?.application.id;
  if (application === undefined) return { stop: { is: 'stop', why: 'there is no survey to compare with' } };
  const jobs = await connection.directory.readProvisioningJobs(application, signal);
  const [job] = jobs;
  if (job !== undefined && jobs.length === 1) return { job };
  const why = `the application has ${jobs.length} provisioning jobs in Entra, not one: see to it that the right one alone is there (Provisioning), then resume`;
  return { stop: { is: 'stop', why } };
}

/** Whether a job took the place of the one the migration knows. Said once: it is known from then on. */
function isReplaced({ before, nativeJobs }: MigrationState, { id }: NativeJob): boolean {
  const seen = Object.values(nativeJobs).flatMap((jobs) => jobs ?? []);
  const known = before?.job === undefined ? seen : [before.job, ...seen];
  return known.length > 0 && !known.some((one) => one.id === id);
}

/**
 * Everybody is asked for as soon as a cycle has ended, whether or not it counts, and before it is noted that it has: the next
 * may take more, and one that failed would otherwise be told of as a failure alone.
 */
async function lostByCycle(
  context: StepContext,
  before: NativeJob | undefined,
  { last }: NativeJob,
): Promise<StepOutcome | undefined> {
  const { takenAway, mode } = context.state();
  if (before === undefined || before.last?.id === last?.id || !takenAway || mode === 'rollback') return undefined;
  return unlessLost(context);
}

/**
 * Waits for a whole cycle of Entra's own job after whatever the step, or the one before, has changed. What is seen of the job
 * goes into the journal, so that whoever goes on after a crash has seen the same.
 */
export async function nativeCycle(context: StepContext): Promise<StepOutcome> {
  await context.begin();
  const { step, ports } = context;
  const read = await readJob(context);
  if ('stop' in read) return read.stop;
  const { job } = read;
  const replaced = isReplaced(context.state(), job);
  const before = context.state().nativeJobs[step]?.at(-1);
  const lost = await lostByCycle(context, before, job);
  if (lost !== undefined) return lost;
  if (before === undefined || digestOf(before) !== digestOf(job))
    await context.append([{ kind: 'native-job', step, job }]);
  if (replaced)
    return {
      is: 'stop',
      why: `Entra's provisioning job is another one than before (${job.id}). A new one matches everybody anew and has forgotten the groups: see that it is the right one and runs (Provisioning in Entra), then resume`,
    };
  const { nativeJobs, watchedSince, looked } = context.state();
  const now = ports.clock.now();
  const found = wholeCycleSince(nativeJobs[step] ?? [], watchedSince[step] ?? now, now, looked);
  switch (found.is) {
    case 'done':
      return { is: 'done', text: `Entra's cycle ${found.execution.id} came after it and left nothing in escrow` };
    case 'stop':
      return found;
    case 'waiting':
      return later(context);
    default:
      return found satisfies never;
  }
}
