import type { StepContext, StepOutcome } from '../step-context.ts';
import { runCycle } from './cycle.ts';

/** The full cycle that fills the groups again, or makes them anew. It removes nobody. */
export async function restoreCycle(context: StepContext): Promise<StepOutcome> {
  // Where nothing was taken away there is nothing to bring back.
  if (!context.state().takenAway) return { is: 'done', text: 'nothing had been taken away' };
  return runCycle(context, 'rollback');
}
