import type { Assignment } from '../../core/directory.ts';
import {
  giveBackKey,
  givenBack,
  namesOf,
  ownAssignments,
  userAndRole,
  withdrawKey,
  type GivenRoles,
} from '../../core/migration/own-assignments.ts';
import type { MigrationState } from '../../core/migration/state.ts';
import { counted, listed } from '../../core/reasons.ts';
import { requireSeen } from '../beside.ts';
import { changeDirectory, directoryCall } from '../calls.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { alsoGivenElsewhere } from '../given-elsewhere.ts';
import { giveBack } from './give-back.ts';
import { readGiven } from './given.ts';
import { later, notYet, seenTwice, unlessTwoEngines } from './look.ts';

/**
 * Assignments withdrawn between two looks at whether their users are still members: some ten seconds' worth. A look reads
 * every assignment and every member, so that with few of them a large company would be read hundreds of times.
 */
const AT_ONCE = 200;

/**
 * Takes back the direct assignments the migration has made, and only from those to whom a group that is assigned again gives
 * the same role, also at other connections of the application. Whoever would be left without it keeps theirs, and whoever is,
 * because a group went meanwhile, gets it back.
 */
export async function withdrawAssignments(context: StepContext): Promise<StepOutcome> {
  await context.begin();
  const { connection, ports, signal } = context;
  const { before, coverage, made } = context.state();
  if (before === undefined) return { is: 'done', text: 'nothing had been assigned' };
  const read = await readGiven(context, before);
  if ('unread' in read) return notYet(context, read.unread);
  const { assignments } = read;
  const given = await alsoGivenElsewhere(connection, ports, assignments, read.given, signal);
  if (given === undefined)
    return notYet(context, 'the members of groups at another connection could not be read completely');
  const gave = await giveBack(context, before.application.id, assignments, given);
  if (gave !== undefined) return gave;
  const kept = givenBack(context.state());
  const isGiven = ({ principal: user, roleId }: Assignment) =>
    given.has(userAndRole(user, roleId)) && !kept.has(giveBackKey({ user, roleId }));
  const live = ownAssignments({ made, before }, assignments);
  const withdrawable = live.filter(isGiven);
  const staying = live.filter((assignment) => !isGiven(assignment));
  if (withdrawable.length === 0) {
    const seen = await seenTwice(
      context,
      staying.length === 0
        ? 'no direct assignment of the migration is left'
        : `${counted(staying.length, 'direct assignment stays', 'direct assignments stay')}: no group that is assigned gives that role, at each connection of the application, to ${listed(namesOf(staying, [before, coverage]))}`,
    );
    const stays = staying.map(withdrawKey);
    return seen.is === 'done' && stays.length > 0 ? { ...seen, stays } : seen;
  }
  const carriedOut = context.state().carriedOut[context.step];
  const isSent = (assignment: Assignment) => carriedOut?.has(withdrawKey(assignment)) === true;
  const isSeen = seenByEntra(context.state(), given);
  const ready = withdrawable.filter((assignment) => isSent(assignment) || isSeen(assignment));
  if (ready.length === 0) return toAnotherCycle(namesOf(withdrawable, [before, coverage]));
  const open = ready.filter((assignment) => !isSent(assignment));
  if (open.length === 0)
    return notYet(
      context,
      counted(ready.length, 'assignment was withdrawn and still shows', 'assignments were withdrawn and still show'),
    );
  // Nothing shows whether a cycle of that job has seen the groups let these people in.
  const other = await unlessTwoEngines(context);
  if (other !== undefined) return other;
  await requireSeen(context);
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

/**
 * Whether a whole cycle of Entra's has seen a group let somebody in: one that is under way may miss what began later, and so
 * whoever has nothing else. Where Headgate is the engine it reads anew itself, and no job of Entra's may run.
 */
function seenByEntra(
  { engine, letIn }: Pick<MigrationState, 'engine' | 'letIn'>,
  given: GivenRoles,
): (assignment: Assignment) => boolean {
  return ({ principal, roleId }) =>
    engine === 'headgate' || (given.get(userAndRole(principal, roleId)) ?? []).some((way) => letIn?.has(way) === true);
}

function toAnotherCycle(names: readonly string[]): StepOutcome {
  const many = counted(names.length, 'user is', 'users are');
  const why = `${many} let in by a group in a way that no whole cycle of Entra's has seen: ${listed(names)}. Their direct assignments stay until one has`;
  return { is: 'reopen', step: 'restore-cycle', why };
}
