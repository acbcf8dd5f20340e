import type { Assignment } from '../../core/directory.ts';
import { givenByGroups, type GivenRoles } from '../../core/migration/own-assignments.ts';
import type { Survey } from '../../core/migration/survey.ts';
import type { StepContext } from '../step-context.ts';
import { membersInScope } from '../survey.ts';

/** The assignments now, and who gets which role from those of the groups that are assigned; or what could not be read. */
export async function readGiven(
  { connection, signal }: StepContext,
  { application, groups }: Pick<Survey, 'application' | 'groups'>,
): Promise<{ readonly assignments: readonly Assignment[]; readonly given: GivenRoles } | { readonly unread: string }> {
  const { value: assignments, gaps } = await connection.directory.readAssignments(application.id, signal);
  if (gaps.length > 0) return { unread: 'the assignments could not be read completely' };
  const principals = new Set(assignments.map(({ principal }) => principal));
  const assigned = groups.map(({ anchor }) => anchor).filter((group) => principals.has(group));
  const { members, gaps: unread } = await membersInScope(connection, assigned, signal);
  if (unread.length > 0) return { unread: 'the members of the groups could not be read completely' };
  return { assignments, given: givenByGroups(assignments, members) };
}
