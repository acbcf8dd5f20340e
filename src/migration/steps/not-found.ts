import type { Anchor } from '../../core/directory.ts';
import type { MigrationCall } from '../../core/migration/journal.ts';
import { listed } from '../../core/reasons.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { later, notYet } from './look.ts';

/** Which of these directory groups the directory has no more. */
export async function deletedGroups(
  { connection, signal }: StepContext,
  groups: readonly Anchor[],
): Promise<ReadonlySet<Anchor>> {
  if (groups.length === 0) return new Set();
  const known = await connection.directory.readGroups(groups, ['displayName'], signal);
  return new Set(groups.filter((group) => !known.has(group)));
}

/** After changes in the directory: those it answered "not found" to are tried again for a while, and not for ever. */
export function laterUnlessNotFound(
  context: StepContext,
  calls: readonly MigrationCall[],
): StepOutcome | Promise<StepOutcome> {
  const carriedOut = context.state().carriedOut[context.step];
  const notFound = calls.filter(({ key }) => carriedOut?.has(key) !== true).map(({ what }) => what);
  if (notFound.length === 0) return later(context);
  return notYet(context, `the directory does not find whom or what this is about: ${listed(notFound)}`);
}
