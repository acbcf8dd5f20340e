import { unreadOf, type Survey } from '../../core/migration/survey.ts';
import { leaverNames, leaversOf } from '../../core/migration/leavers.ts';
import { pausedWords } from '../../core/migration/standstill.ts';
import { counted } from '../../core/reasons.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { takeSurvey } from '../survey.ts';
import { unlessAssignedAgain } from './assigned-again.ts';
import { pauseJob } from './pause-job.ts';
import { lost, lostAccounts, notYet } from './look.ts';

/**
 * Switches the connection off for good, after one last look at whether everybody is still there, and whether nobody is due to
 * leave who was not when it was approved. Where Entra is the engine it is stopped before that look: a cycle under way as it is
 * paused may still take people away.
 */
export async function disableConnection(context: StepContext): Promise<StepOutcome> {
  const { connection, ports } = context;
  const { engine, begun, carriedOut, nativeJobs } = context.state();
  const { step } = context;
  const asked = carriedOut[step] !== undefined || nativeJobs[step] !== undefined;
  if (engine === 'entra' && !asked && !begun.has(step)) {
    // What is seen before it is paused needs no pause.
    const looked = await lookAtEverybody(context);
    if ('obstacle' in looked) return looked.obstacle;
  }
  if (engine === 'entra') {
    const paused = await pauseJob(context);
    if (paused.is !== 'done') return paused;
  }
  if (!begun.has(step)) {
    const looked = await lookAtEverybody(context);
    if ('obstacle' in looked) return looked.obstacle;
    // The look takes a while, and from here on there is no way back.
    if (await context.interrupted()) return { is: 'left' };
    await context.sight(
      true,
      `the last look: ${counted(looked.survey.accounts.length, 'account is', 'accounts are')} active`,
    );
    await context.begin();
  }
  await ports.stores.connections.switchOff(connection.rules.name);
  return { is: 'done', text: 'no cycle is started and no request is sent any more' };
}

async function lookAtEverybody(
  context: StepContext,
): Promise<{ readonly survey: Survey } | { readonly obstacle: StepOutcome }> {
  const { connection, ports, signal } = context;
  const { kind, groups, verified } = context.state();
  const { survey, due } = await takeSurvey(connection, ports, { kind, groups }, signal);
  const missing = lostAccounts(verified?.accounts ?? [], survey.accounts);
  if (missing.length > 0) return { obstacle: lost(missing) };
  const unread = unreadOf(survey);
  if (unread !== undefined) return { obstacle: await notYet(context, unread) };
  const again = unlessAssignedAgain(survey.groups, 'unassign-groups');
  if (again !== undefined) return { obstacle: again };
  const known = new Set(verified?.leavers?.map(({ anchor }) => anchor));
  const unknown = leaversOf(due, survey).filter(({ anchor }) => !known.has(anchor));
  if (unknown.length === 0) return { survey };
  const told = `since it was approved ${counted(unknown.length, 'active account has', 'active accounts have')} become due to go, and no cycle takes any away once SCIM is off: ${leaverNames(unknown)}`;
  const why = [told, ...pausedWords(context.state())].join('; ');
  // Together: a gate that stood open for a moment would ask about what was approved before.
  const first = [{ kind: 'withdrawn', gate: 'disable', why }] as const;
  return { obstacle: { is: 'reopen', step: 'verify', why, first } };
}
