import type { Anchor, Assignment } from '../../core/directory.ts';
import type { MigrationCall } from '../../core/migration/journal.ts';
import { changeDirectory, directoryCall } from '../calls.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { later, notYet, seenTwice } from './look.ts';
import { counted } from '../../core/reasons.ts';

/** Assignments withdrawn between two looks at whether their users are still members. */
const AT_ONCE = 20;

/** Direct assignments the migration itself has made, as principal and role. */
function madeHere(calls: readonly MigrationCall[], groups: ReadonlySet<Anchor>): ReadonlySet<string> {
  return new Set(
    calls.flatMap(({ change }) =>
      change?.kind === 'assign' && !groups.has(change.principal) ? [`${change.principal} ${change.roleId}`] : [],
    ),
  );
}

/**
 * Takes back the direct assignments the migration has made, and only from those who are members of a group that is assigned
 * again. Whoever would be left without any way in keeps theirs.
 */
export async function withdrawAssignments(context: StepContext): Promise<StepOutcome> {
  await context.begin();
  const { connection, signal } = context;
  const { before, made } = context.state();
  if (before === undefined) return { is: 'done', text: 'nothing had been assigned' };
  const groups = before.groups.map(({ anchor }) => anchor);
  const ours = madeHere(made, new Set(groups));
  const { value, gaps } = await connection.directory.readAssignments(before.application.id, signal);
  if (gaps.length > 0) return notYet(context, 'the assignments could not be read completely');
  const live = value.filter(
    ({ principalKind, principal, roleId }) => principalKind === 'user' && ours.has(`${principal} ${roleId}`),
  );
  const members = await membersNow(context, value, groups);
  if (members === undefined) return notYet(context, 'the members of the groups could not be read completely');
  const withdrawable = live.filter(({ principal }) => members.has(principal));
  const stays = live.filter(({ principal }) => !members.has(principal)).map(({ id }) => `withdraw ${id}`);
  if (withdrawable.length === 0) {
    const seen = await seenTwice(
      context,
      stays.length === 0
        ? 'no direct assignment of the migration is left'
        : `${stays.length} direct assignments stay: their users are in none of the groups any more`,
    );
    return seen.is === 'done' && stays.length > 0 ? { ...seen, stays } : seen;
  }
  const carriedOut = context.state().carriedOut[context.step];
  const open = withdrawable.filter(({ id }) => carriedOut?.has(`withdraw ${id}`) !== true);
  if (open.length === 0)
    return notYet(
      context,
      counted(
        withdrawable.length,
        'assignment was withdrawn and still shows',
        'assignments were withdrawn and still show',
      ),
    );
  // Few at a time, so that membership and assignments are read anew before the next.
  const calls = open.slice(0, AT_ONCE).map(({ id, principal }) => ({
    ...directoryCall(context, `withdraw ${id}`, `withdraw the direct assignment of ${principal}`, {
      kind: 'unassign',
      application: before.application.id,
      assignment: id,
    }),
    principal,
  }));
  const more = open.length > calls.length;
  if (!(await changeDirectory(context, calls))) return { is: 'left' };
  return more ? { is: 'again', afterMs: 1 } : later(context);
}

/** Users in a group that is assigned now; undefined when that could not be read to its end. */
async function membersNow(
  { connection, signal }: StepContext,
  assignments: readonly Assignment[],
  groups: readonly Anchor[],
): Promise<ReadonlySet<Anchor> | undefined> {
  const assigned = new Set(assignments.map(({ principal }) => principal));
  const read = await connection.directory.readMemberships(
    groups.filter((group) => assigned.has(group)),
    signal,
  );
  if (read.gaps.length > 0) return undefined;
  return new Set([...read.value.values()].flatMap(({ users }) => users));
}
