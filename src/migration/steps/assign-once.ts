import type { MigrationCall } from '../../core/migration/journal.ts';
import { listed } from '../../core/reasons.ts';
import { changeDirectory } from '../calls.ts';
import type { StepContext, StepOutcome } from '../step-context.ts';
import { later, notYet } from './look.ts';

/**
 * Makes those of the assignments the step has not made yet. Where it has made all of them a read does not show them yet, which
 * `unseen` says. Those the directory answers "not found" to are tried again for a while, and not for ever.
 */
export async function assignOnce(
  context: StepContext,
  calls: readonly MigrationCall[],
  unseen: string,
): Promise<StepOutcome> {
  const open = notCarriedOut(context, calls);
  if (open.length === 0) return notYet(context, unseen);
  if (!(await changeDirectory(context, open))) return { is: 'left' };
  const notFound = notCarriedOut(context, open).map(({ what }) => what);
  if (notFound.length === 0) return later(context);
  return notYet(context, `the directory does not find whom or what this is about: ${listed(notFound)}`);
}

function notCarriedOut(context: StepContext, calls: readonly MigrationCall[]): readonly MigrationCall[] {
  const carriedOut = context.state().carriedOut[context.step];
  return calls.filter(({ key }) => carriedOut?.has(key) !== true);
}
