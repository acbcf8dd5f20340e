import { wholeCycleSince, type NativeJob } from '../../core/migration/native-job.ts';
import { digestOf } from '../../core/plan.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { later } from './look.ts';

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
  return { stop: { is: 'stop', why: `the application has ${jobs.length} provisioning jobs in Entra, not one` } };
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
  const before = context.state().nativeJobs[step]?.at(-1);
  if (before === undefined || digestOf(before) !== digestOf(job))
    await context.append([{ kind: 'native-job', step, job }]);
  const { nativeJobs, watchedSince } = context.state();
  const now = ports.clock.now();
  const found = wholeCycleSince(nativeJobs[step] ?? [], watchedSince[step] ?? now, now);
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
