import type { StepContext, StepOutcome } from '../step-context.ts';
import { runCycle } from './cycle.ts';
import { readGiven } from './given.ts';
import { notYet } from './look.ts';
import { nativeCycle } from './native-cycle.ts';

/**
 * The full cycle that fills the groups again, or makes them anew. It removes nobody. With Entra's engine a whole one of its
 * own that has seen the groups assigned again.
 */
export async function restoreCycle(context: StepContext): Promise<StepOutcome> {
  const { takenAway, engine, made, before, letIn } = context.state();
  // Entra must have seen the groups assigned before a direct assignment goes, also where only a person had unassigned them,
  // and perhaps assigned them again before anybody looked.
  const toWithdraw = made.some(({ change }) => change?.kind === 'assign');
  if (!takenAway && !(engine === 'entra' && toWithdraw)) return { is: 'done', text: 'nothing had been taken away' };
  if (engine === 'headgate') return runCycle(context, 'rollback');
  if (toWithdraw && before !== undefined && letIn === undefined) {
    // What a group lets in from now on that cycle need not have seen.
    const read = await readGiven(context, before);
    if ('unread' in read) return notYet(context, read.unread);
    await context.append([{ kind: 'let-in', step: context.step, ways: [...read.given.values()].flat().sort() }]);
  }
  return nativeCycle(context);
}
