import type { Anchor } from '../../core/directory.ts';
import type { StepContext } from '../step-context.ts';

/** Which of these directory groups the directory has no more. */
export async function deletedGroups(
  { connection, signal }: StepContext,
  groups: readonly Anchor[],
): Promise<ReadonlySet<Anchor>> {
  if (groups.length === 0) return new Set();
  const known = await connection.directory.readGroups(groups, ['displayName'], signal);
  return new Set(groups.filter((group) => !known.has(group)));
}
