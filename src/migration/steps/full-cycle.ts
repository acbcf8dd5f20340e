import type { StepContext, StepOutcome } from '../step-context.ts';
import { lookAround } from './look.ts';
import { runCycle } from './cycle.ts';
import { nativeCycle } from './native-cycle.ts';
import { counted } from '../../core/reasons.ts';

/**
 * The completed full cycle that deletes the groups at the provider, and does nothing else; Entra's own where that is the
 * engine. Never on demand.
 */
export async function fullCycle(context: StepContext): Promise<StepOutcome> {
  if (!context.state().begun.has(context.step)) {
    const { survey, obstacle } = await lookAround(context);
    if (obstacle !== undefined) return obstacle;
    const assigned = survey.groups.filter(({ assignments }) => assignments.length > 0);
    if (assigned.length > 0)
      return {
        is: 'reopen',
        step: 'unassign-groups',
        why: `${counted(assigned.length, 'group is', 'groups are')} assigned again`,
      };
  }
  return context.state().engine === 'entra' ? nativeCycle(context) : runCycle(context, 'forward');
}
