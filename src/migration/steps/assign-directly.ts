import { directoryCall } from '../calls.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { assignOnce } from './assign-once.ts';
import { later, lookAround, notYet } from './look.ts';
import { counted } from '../../core/reasons.ts';

/**
 * Gives every member of the groups a direct assignment with the role the group gives them, and believes it once two reads in
 * a row show all of them. What is there then is what the coverage gate is asked about.
 */
export async function assignDirectly(context: StepContext): Promise<StepOutcome> {
  await context.begin();
  const { survey, obstacle } = await lookAround(context);
  if (obstacle !== undefined) return obstacle;
  const calls = survey.users.flatMap((user) =>
    user.missing.map((roleId) =>
      directoryCall(context, `assign ${user.anchor} ${roleId}`, `assign ${user.label} directly`, {
        kind: 'assign',
        application: survey.application.id,
        principal: user.anchor,
        roleId,
      }),
    ),
  );
  if (calls.length > 0)
    return assignOnce(
      context,
      calls,
      `${counted(calls.length, 'direct assignment was made and does', 'direct assignments were made and do')} not show yet`,
    );
  if (survey.uncovered.length > 0)
    return notYet(context, `${counted(survey.uncovered.length, 'user is', 'users are')} not covered yet`);
  const times = await context.sight(
    true,
    `${counted(survey.users.length, 'member is', 'members are')} assigned directly`,
  );
  if (times < 2) return later(context);
  return {
    is: 'done',
    text: `${counted(survey.users.length, 'member')} of ${counted(survey.groups.length, 'group')} assigned directly`,
    first: [{ kind: 'surveyed', purpose: 'coverage', survey }],
  };
}
