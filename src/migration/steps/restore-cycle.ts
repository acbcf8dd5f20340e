import type { StepContext, StepOutcome } from '../step-context.ts';
import { runCycle } from './cycle.ts';
import { nativeCycle } from './native-cycle.ts';

/**
 * The full cycle that fills the groups again, or makes them anew. It removes nobody. With Entra's engine a whole one of its
 * own that has seen the groups assigned again.
 */
export async function restoreCycle(context: StepContext): Promise<StepOutcome> {
  // Where nothing was taken away there is nothing to bring back.
  if (!context.state().takenAway) return { is: 'done', text: 'nothing had been taken away' };
  return context.state().engine === 'entra' ? nativeCycle(context) : runCycle(context, 'rollback');
}
