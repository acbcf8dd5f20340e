import { directoryCall } from '../calls.ts';
import { assignOnce } from './assign-once.ts';
import { deletedGroups } from './deleted-groups.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { notYet, seenTwice } from './look.ts';
import { counted } from '../../core/reasons.ts';

/**
 * Assigns the groups again with the roles they had, and believes it once two reads in a row show it. One that was deleted in
 * the directory meanwhile stays out: the end of the rollback names it.
 */
export async function reassignGroups(context: StepContext): Promise<StepOutcome> {
  await context.begin();
  const { connection, signal } = context;
  const { before } = context.state();
  if (before === undefined) return { is: 'done', text: 'nothing had been looked at yet' };
  const { value, gaps } = await connection.directory.readAssignments(before.application.id, signal);
  if (gaps.length > 0) return notYet(context, 'the assignments could not be read completely');
  const held = new Set(value.map(({ principal, roleId }) => `${principal} ${roleId}`));
  const lacking = before.groups.filter(({ anchor, assignments }) =>
    assignments.some(({ roleId }) => !held.has(`${anchor} ${roleId}`)),
  );
  const deleted = await deletedGroups(
    context,
    lacking.map(({ anchor }) => anchor),
  );
  const calls = lacking
    .filter(({ anchor }) => !deleted.has(anchor))
    .flatMap(({ anchor, name, assignments }) =>
      assignments
        .filter(({ roleId }) => !held.has(`${anchor} ${roleId}`))
        .map(({ roleId }) =>
          directoryCall(context, `reassign ${anchor} ${roleId}`, `assign group ${name} again`, {
            kind: 'assign',
            application: before.application.id,
            principal: anchor,
            roleId,
          }),
        ),
    );
  if (calls.length === 0)
    return seenTwice(context, `${counted(before.groups.length - deleted.size, 'group is', 'groups are')} assigned`);
  const unseen = `${counted(calls.length, 'group was assigned again and does', 'groups were assigned again and do')} not show yet`;
  return assignOnce(context, calls, unseen);
}
