import { giveBackKey, withdrawnInVain, type GivenRoles, type UserRole } from '../../core/migration/own-assignments.ts';
import type { Assignment } from '../../core/directory.ts';
import { counted } from '../../core/reasons.ts';
import { directoryCall } from '../calls.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { assignOnce } from './assign-once.ts';

/**
 * Assigns directly again from whom an assignment was withdrawn and whom no group gives the role any more: one may be unassigned
 * while they are withdrawn, and a directory that lags shows it late. At the first look that shows it, because giving harms
 * nobody. Undefined when there is nobody. Who is not in the directory any more needs nothing.
 */
export async function giveBack(
  context: StepContext,
  application: string,
  assignments: readonly Assignment[],
  given: GivenRoles,
): Promise<StepOutcome | undefined> {
  const lacking = await stillThere(context, withdrawnInVain(context.state(), assignments, given));
  if (lacking.length === 0) return undefined;
  const calls = lacking.map(({ user, roleId }) =>
    directoryCall(context, giveBackKey({ user, roleId }), `assign ${user} directly again`, {
      kind: 'assign',
      application,
      principal: user,
      roleId,
    }),
  );
  const unseen = `${counted(calls.length, 'assignment was given back and does', 'assignments were given back and do')} not show yet`;
  return assignOnce(context, calls, unseen);
}

async function stillThere(
  { connection, signal }: StepContext,
  lacking: readonly UserRole[],
): Promise<readonly UserRole[]> {
  if (lacking.length === 0) return [];
  const where = await connection.directory.locateUsers([...new Set(lacking.map(({ user }) => user))], signal);
  return lacking.filter(({ user }) => where.get(user) === 'present' || where.get(user) === 'disabled');
}
