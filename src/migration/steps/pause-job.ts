import { HeadgateError } from '../../core/errors.ts';
import { standsStill, type NativeJob } from '../../core/migration/native-job.ts';
import { restOf, startPlace } from '../../core/migration/standstill.ts';
import { changeAtOnce, changeDirectory, directoryCall } from '../calls.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { notYet, seenTwice } from './look.ts';
import { readJob } from './native-cycle.ts';

function pauseCall(context: StepContext, application: string, job: string) {
  return directoryCall(context, `pause ${job}`, "pause Entra's own provisioning", {
    kind: 'pause-job',
    application,
    job,
  });
}

/**
 * Pauses Entra's own job and believes it once two reads in a row show it standing still. A cycle that was under way may go on
 * to its end, so it is given the time the last one took, and one that has ended meanwhile begins the wait anew.
 */
export async function pauseJob(context: StepContext): Promise<StepOutcome> {
  const { step, ports } = context;
  const application = context.state().before?.application.id;
  const read = await readJob(context);
  if ('stop' in read || application === undefined)
    return 'stop' in read ? read.stop : { is: 'stop', why: 'there is no survey to compare with' };
  const { job } = read;
  if (!standsStill(job)) {
    const asked = context.state().carriedOut[step]?.has(`pause ${job.id}`) === true;
    if (!asked && !(await changeDirectory(context, [pauseCall(context, application, job.id)]))) return { is: 'left' };
    return notYet(
      context,
      `Entra's own provisioning was paused and does not show it yet (${job.code}); if somebody started it again, stop it (Provisioning, Stop provisioning)`,
    );
  }
  const before = context.state().nativeJobs[step]?.at(-1);
  if (before === undefined || before.id !== job.id || before.last?.id !== job.last?.id) {
    await context.append([{ kind: 'native-job', step, job }]);
    return notYet(context, "Entra's own provisioning is paused; a cycle that was under way is given time to end");
  }
  const { nativeJobs, watchedSince } = context.state();
  const now = ports.clock.now();
  const rest = restOf(nativeJobs[step] ?? [], watchedSince[step] ?? now, now);
  if (rest > 0) return { is: 'again', afterMs: rest };
  return seenTwice(context, "Entra's own provisioning stands still");
}

/**
 * Stops Entra's own job because somebody would lose access or has lost it, the one there is now. What comes of it in words:
 * where it cannot be stopped, a person must, and how it is started again, which only a person does.
 */
export async function freezeJob(context: StepContext): Promise<string> {
  const { before, engine } = context.state();
  if (engine !== 'entra' || before === undefined) return '';
  const { id: application } = before.application;
  try {
    const { jobs, unread } = await jobsNow(context, application);
    if (jobs.length === 0)
      return `; SEE that Entra's own provisioning is stopped: none was found for this application that could be paused`;
    const running = jobs.filter((job) => !standsStill(job));
    // Not kept from it by whoever pauses or aborts meanwhile, this or the connection: they want the same.
    if (running.length > 0)
      await changeAtOnce(
        context,
        running.map(({ id }) => pauseCall(context, application, id)),
      );
    const others = unread === undefined ? '' : ` Whether another runs could not be read (${unread}): see in Entra.`;
    return `; Entra's own provisioning was paused; a cycle under way there goes on to its end, so see who is active after it.${others} Once it is understood, start it again: in Entra, ${startPlace(before)}`;
  } catch (error) {
    if (!(error instanceof HeadgateError)) throw error;
    return `; STOP Entra's own provisioning by hand, it could not be paused: ${error.message}`;
  }
}

type SeenJob = Pick<NativeJob, 'id' | 'code'>;

/** The jobs there are, read anew: one may have taken another's place. Where they cannot be read, the last one known. */
async function jobsNow(
  context: StepContext,
  application: string,
): Promise<{ readonly jobs: readonly SeenJob[]; readonly unread?: string }> {
  const { connection, signal } = context;
  try {
    return { jobs: await connection.directory.readProvisioningJobs(application, signal) };
  } catch (error) {
    const { before, nativeJobs } = context.state();
    const known = Object.values(nativeJobs).flat().at(-1) ?? before?.job;
    if (!(error instanceof HeadgateError) || known === undefined) throw error;
    return { jobs: [{ id: known.id, code: 'state unknown' }], unread: error.message };
  }
}
