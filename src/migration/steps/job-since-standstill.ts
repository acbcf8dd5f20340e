import { NotFoundError } from '../../core/errors.ts';
import type { JournalEntry } from '../../core/migration/journal.ts';
import { GONE, standsStill, type NativeJob } from '../../core/migration/native-job.ts';
import { afterLookText, sinceStandstill } from '../../core/migration/standstill.ts';
import { listed } from '../../core/reasons.ts';
import type { StepContext } from '../step-context.ts';

/** Why the gate is to be closed, and what the journal has to tell with that. Nothing of either: all is as it was left. */
interface SinceStandstill {
  readonly entries: readonly JournalEntry[];
  readonly why: readonly string[];
  /** As they are now; none once the step has begun. */
  readonly jobs: readonly NativeJob[];
}

/**
 * Looks at Entra's own job once more, after SCIM was switched off. One that runs closes the gate until it stands still. One
 * that has run, or is gone, closes it once, so that a person knows: nobody can look at the accounts any more.
 */
export async function jobSinceStandstill(context: StepContext): Promise<SinceStandstill> {
  const { step } = context;
  const { engine, before, nativeJobs, begun } = context.state();
  // Once the step has begun the token is proved dead: what the job does then takes nobody away, and no gate is asked any more.
  if (engine !== 'entra' || before === undefined || begun.has(step)) return { entries: [], why: [], jobs: [] };
  const jobs = await readJobs(context, before.application.id);
  const awake = jobs.filter((job) => !standsStill(job)).map(({ code }) => code);
  const running =
    awake.length === 0
      ? []
      : [
          `Entra's own provisioning does not stand still (${listed(awake)}) and may take people away: stop it (Provisioning, Stop provisioning)`,
        ];
  const known = nativeJobs[step] ?? [];
  const id = before.job?.id ?? '';
  const seen: readonly NativeJob[] = jobs.length === 0 ? [{ id, code: GONE }] : jobs;
  const after = sinceStandstill({ ...nativeJobs, [step]: [...known, ...seen] });
  const isTold = sinceStandstill(nativeJobs)?.is === after?.is;
  if (after === undefined || isTold) return { entries: [], why: running, jobs };
  return {
    entries: seen.map((job) => ({ kind: 'native-job', step, job })),
    why: [...running, `${afterLookText(after)}. The report will not say passed: look there`],
    jobs,
  };
}

async function readJobs({ connection, signal }: StepContext, application: string): Promise<readonly NativeJob[]> {
  try {
    return await connection.directory.readProvisioningJobs(application, signal);
  } catch (error) {
    // The application may be deleted once SCIM is off, and its job with it.
    if (error instanceof NotFoundError) return [];
    throw error;
  }
}
