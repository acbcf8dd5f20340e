import type { StepContext, StepOutcome } from '../step-context.ts';
import { lookAround, SOON_MS } from './look.ts';
import { counted } from '../../core/reasons.ts';

/** Waits until no other cycle is open, then looks at everything once more: what is there then is "before". */
export async function surveyStep(context: StepContext): Promise<StepOutcome> {
  const { ports, connection } = context;
  await context.begin();
  const open = await ports.stores.cycles.openCycle(connection.rules.name);
  if (open !== undefined) return { is: 'again', afterMs: SOON_MS };
  const { survey, obstacle } = await lookAround(context);
  if (obstacle !== undefined) return obstacle;
  return {
    is: 'done',
    text: `${counted(survey.groups.length, 'group')}, ${counted(survey.users.length, 'user')}, ${counted(survey.accounts.length, 'active account')}`,
    first: [{ kind: 'surveyed', purpose: 'start', survey }],
  };
}
