import { unreadOf } from '../../core/migration/survey.ts';
import { leaverNames, leaversOf } from '../../core/migration/leavers.ts';
import { counted } from '../../core/reasons.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { takeSurvey } from '../survey.ts';
import { pauseJob } from './pause-job.ts';
import { lost, lostAccounts, notYet } from './look.ts';

/**
 * Switches the connection off for good, after one last look at whether everybody is still there, and whether nobody is due to
 * leave who was not when it was approved.
 */
export async function disableConnection(context: StepContext): Promise<StepOutcome> {
  const { connection, ports, signal } = context;
  const { name } = connection.rules;
  if (!context.state().begun.has(context.step)) {
    const { kind, groups, verified } = context.state();
    const { survey, due } = await takeSurvey(connection, ports, { kind, groups }, signal);
    const missing = lostAccounts(verified?.accounts ?? [], survey.accounts);
    if (missing.length > 0) return lost(missing);
    const unread = unreadOf(survey);
    if (unread !== undefined) return notYet(context, unread);
    const known = new Set(verified?.leavers?.map(({ anchor }) => anchor));
    const unknown = leaversOf(due, survey).filter(({ anchor }) => !known.has(anchor));
    if (unknown.length > 0) {
      const why = `since it was approved ${counted(unknown.length, 'active account has', 'active accounts have')} become due to go, and no cycle takes any away once SCIM is off: ${leaverNames(unknown)}`;
      // Together: a gate that stood open for a moment would ask about what was approved before.
      return { is: 'reopen', step: 'verify', why, first: [{ kind: 'withdrawn', gate: 'disable', why }] };
    }
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
