import type { StepContext, StepOutcome } from '../step-context.ts';
import { unlessAssignedAgain } from './assigned-again.ts';
import { lookAround } from './look.ts';
import { runCycle } from './cycle.ts';
import { nativeCycle } from './native-cycle.ts';

/**
 * The completed full cycle that deletes the groups at the provider, and does nothing else; Entra's own where that is the
 * engine. Never on demand.
 */
export async function fullCycle(context: StepContext): Promise<StepOutcome> {
  if (!context.state().begun.has(context.step)) {
    const { survey, obstacle } = await lookAround(context);
    const closed = obstacle ?? unlessAssignedAgain(survey.groups, 'unassign-groups');
    if (closed !== undefined) return closed;
  }
  return context.state().engine === 'entra' ? nativeCycle(context) : runCycle(context, 'forward');
}
