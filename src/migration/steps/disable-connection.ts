import type { StepContext, StepOutcome } from '../step-context.ts';
import { takeSurvey } from '../survey.ts';
import { pauseJob } from './pause-job.ts';
import { lost, lostAccounts } from './look.ts';

/** Switches the connection off for good, after one last look at whether everybody is still there. */
export async function disableConnection(context: StepContext): Promise<StepOutcome> {
  const { connection, ports, signal } = context;
  const { name } = connection.rules;
  if (!context.state().begun.has(context.step)) {
    const { kind, groups, verified } = context.state();
    const { survey } = await takeSurvey(connection, ports, { kind, groups }, signal);
    const missing = lostAccounts(verified?.accounts ?? [], survey.accounts);
    if (missing.length > 0) return lost(missing);
    // The look takes a while, and from here on there is no way back.
    if (await context.interrupted()) return { is: 'left' };
    await context.begin();
  }
  if (context.state().engine === 'entra') {
    const paused = await pauseJob(context);
    if (paused.is !== 'done') return paused;
  }
  await ports.stores.connections.switchOff(name);
  return { is: 'done', text: 'no cycle is started and no request is sent any more' };
}
