import type { Anchor } from '../directory.ts';
import type { Survey, SurveyedGroup, SurveyedUser } from './survey.ts';

/**
 * Way of somebody into scope, to compare with what an execution of Entra's has seen: an assignment, theirs or a group's. One
 * made anew is another way, also where the directory gives it the same id.
 */
export function wayOf(user: Anchor, assignment: string, created = ''): string {
  return `${user} ${assignment} ${created}`;
}

/** Every way of everybody in a survey. */
export function waysIn({ users }: Pick<Survey, 'users'>): ReadonlySet<string> {
  return new Set(
    users.flatMap(({ anchor, paths }) => paths.map(({ assignment, created }) => wayOf(anchor, assignment, created))),
  );
}

/**
 * Pure: users to whom a group that is to go gives a role that no direct assignment gives; with `seen`, none of these ways.
 */
export function lackingUsers(
  { groups, users }: Pick<Survey, 'groups' | 'users'>,
  seen?: ReadonlySet<string>,
): readonly SurveyedUser[] {
  if (seen === undefined) return users.filter(({ missing }) => missing.length > 0);
  const going = new Set(groups.map(({ anchor }) => anchor));
  return users.filter(({ anchor, paths }) => {
    const direct = new Set(
      paths.flatMap(({ kind, roleId, assignment, created }) =>
        kind === 'direct' && seen.has(wayOf(anchor, assignment, created)) ? [roleId] : [],
      ),
    );
    return paths.some(({ group, roleId }) => group !== undefined && going.has(group) && !direct.has(roleId));
  });
}

/** Pure: groups that are to go and are assigned in a way by which nobody was let in as these ways were seen: anew, since. */
export function assignedAnew(
  { groups, users }: Pick<Survey, 'groups' | 'users'>,
  seen: ReadonlySet<string>,
): readonly SurveyedGroup[] {
  return groups.filter(({ anchor, assignments }) =>
    assignments.some(({ id }) => {
      const ways = users.flatMap((user) =>
        user.paths.flatMap(({ group, assignment, created }) =>
          group === anchor && assignment === id ? [wayOf(user.anchor, id, created)] : [],
        ),
      );
      return ways.length > 0 && !ways.some((way) => seen.has(way));
    }),
  );
}
