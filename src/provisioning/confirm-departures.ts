import pMap from 'p-map';
import type { Anchor, DirectorySnapshot, ReadGap } from '../core/directory.ts';
import { NotFoundError } from '../core/errors.ts';
import type { ReadProgress } from '../ports/directory-source.ts';
import type { Connection } from '../ports/index.ts';

const AT_ONCE = 8;

/**
 * Asks about each user who seems to have lost every path from the user's own side, and reads the assignments once more.
 * Groups are read one after the other: whoever is moved between two of them meanwhile is in neither, and a group that is
 * answered empty for a moment has no members at all. A user who still has a path, or has one by now, is a gap: the
 * snapshot is of no one moment, and nobody may be removed by it.
 */
export async function confirmDepartures(
  { directory }: Connection,
  { application, assignments, memberships }: Pick<DirectorySnapshot, 'application' | 'assignments' | 'memberships'>,
  departed: readonly Anchor[],
  signal: AbortSignal,
  progress?: ReadProgress,
): Promise<readonly ReadGap[]> {
  if (departed.length === 0) return [];
  const again = await directory.readAssignments(application.id, signal);
  const principals = new Set([...assignments, ...again.value].map(({ principal }) => principal));
  let done = 0;
  const reached = await pMap(
    departed,
    async (user) => {
      const groups = principals.has(user) ? [] : await groupsOf(directory, user, signal);
      progress?.('users who lost access, asked about again', (done += 1), departed.length);
      // Who is not found was found a moment ago: nobody knows which groups they are in.
      if (principals.has(user) || groups === undefined) return true;
      return groups.some((group) => principals.has(group) || memberships.has(group));
    },
    { concurrency: AT_ONCE, signal },
  );
  const torn = departed.filter((_user, position) => reached[position]);
  const [first] = torn;
  if (first === undefined) return again.gaps;
  const others = torn.length > 1 ? ` and ${torn.length - 1} more` : '';
  return [
    ...again.gaps,
    { what: `paths of user ${first}${others}, who had none in one read and has one, or is not found, in the next` },
  ];
}

/** Groups a user is a direct member of; undefined when the directory does not find the user. */
export async function groupsOf(
  directory: Connection['directory'],
  user: Anchor,
  signal: AbortSignal,
): Promise<readonly Anchor[] | undefined> {
  return directory.readGroupsOfUser(user, signal).catch((error: unknown) => {
    if (error instanceof NotFoundError) return undefined;
    throw error;
  });
}
