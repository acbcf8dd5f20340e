import type { Anchor, Assignment } from '../../core/directory.ts';
import {
  giveBackKey,
  givenBack,
  givenByGroups,
  namesOf,
  ownAssignments,
  userAndRole,
  withdrawKey,
} from '../../core/migration/own-assignments.ts';
import { counted, listed } from '../../core/reasons.ts';
import { changeDirectory, directoryCall } from '../calls.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { membersInScope } from '../survey.ts';
import { giveBack } from './give-back.ts';
import { later, notYet, seenTwice } from './look.ts';

/**
 * Assignments withdrawn between two looks at whether their users are still members: some ten seconds' worth. A look reads
 * every assignment and every member, so that with few of them a large company would be read hundreds of times.
 */
const AT_ONCE = 200;

/**
 * Takes back the direct assignments the migration has made, and only from those to whom a group that is assigned again gives
 * the same role. Whoever would be left without it keeps theirs, and whoever is, because a group went meanwhile, gets it back.
 */
export async function withdrawAssignments(context: StepContext): Promise<StepOutcome> {
  await context.begin();
  const { connection, signal } = context;
  const { before, coverage, made } = context.state();
  if (before === undefined) return { is: 'done', text: 'nothing had been assigned' };
  const groups = before.groups.map(({ anchor }) => anchor);
  const { value, gaps } = await connection.directory.readAssignments(before.application.id, signal);
  if (gaps.length > 0) return notYet(context, 'the assignments could not be read completely');
  const given = await givenNow(context, value, groups);
  if (given === undefined) return notYet(context, 'the members of the groups could not be read completely');
  const gave = await giveBack(context, before.application.id, value, given);
  if (gave !== undefined) return gave;
  const kept = givenBack(context.state());
  const isGiven = ({ principal: user, roleId }: Assignment) =>
    given.has(userAndRole(user, roleId)) && !kept.has(giveBackKey({ user, roleId }));
  const live = ownAssignments({ made, before }, value);
  const withdrawable = live.filter(isGiven);
  const staying = live.filter((assignment) => !isGiven(assignment));
  if (withdrawable.length === 0) {
    const seen = await seenTwice(
      context,
      staying.length === 0
        ? 'no direct assignment of the migration is left'
        : `${counted(staying.length, 'direct assignment stays', 'direct assignments stay')}: no group that is assigned gives that role to ${listed(namesOf(staying, [before, coverage]))}`,
    );
    const stays = staying.map(withdrawKey);
    return seen.is === 'done' && stays.length > 0 ? { ...seen, stays } : seen;
  }
  const carriedOut = context.state().carriedOut[context.step];
  const open = withdrawable.filter((assignment) => carriedOut?.has(withdrawKey(assignment)) !== true);
  if (open.length === 0)
    return notYet(
      context,
      counted(
        withdrawable.length,
        'assignment was withdrawn and still shows',
        'assignments were withdrawn and still show',
      ),
    );
  // Not all at once, so that membership and assignments are read anew before the next.
  const calls = open.slice(0, AT_ONCE).map(({ id, principal, roleId }) => ({
    ...directoryCall(context, withdrawKey({ id }), `withdraw the direct assignment of ${principal}`, {
      kind: 'unassign',
      application: before.application.id,
      assignment: id,
    }),
    principal,
    roleId,
  }));
  const more = open.length > calls.length;
  if (!(await changeDirectory(context, calls))) return { is: 'left' };
  return more ? { is: 'again', afterMs: 1 } : later(context);
}

/** Who gets which role from a group that is assigned now; undefined when that could not be read to its end. */
async function givenNow(
  { connection, signal }: StepContext,
  assignments: readonly Assignment[],
  groups: readonly Anchor[],
): Promise<ReadonlySet<string> | undefined> {
  const assigned = new Set(assignments.map(({ principal }) => principal));
  const { members, gaps } = await membersInScope(
    connection,
    groups.filter((group) => assigned.has(group)),
    signal,
  );
  return gaps.length > 0 ? undefined : givenByGroups(assignments, members);
}
