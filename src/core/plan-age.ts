import { isRemoval, type Operation } from './operation.ts';

/** How long what a plan takes away may wait to be sent, in ms. */
export const REMOVALS_KEEP_MS = 60 * 60_000;
/** A plan that is further in the future was made by a clock that was wrong: nobody knows how old it is, in ms. */
const CLOCKS_DIFFER_MS = 5 * 60_000;

/**
 * Why these operations of a plan may not be sent any more: whoever had lost access when the directory was read may have it
 * again. What only gives does not age: the next cycle takes back what was too much. Undefined while they may.
 */
export function agedReason(
  { plannedAt, operations }: { readonly plannedAt: number; readonly operations: readonly Operation[] },
  now: number,
): string | undefined {
  const age = now - plannedAt;
  if ((age <= REMOVALS_KEEP_MS && age >= -CLOCKS_DIFFER_MS) || !operations.some(isRemoval)) return undefined;
  const made = age < 0 ? 'at a time that is still to come' : `${Math.floor(age / 60_000)} minutes ago`;
  return `the plan was made ${made}, and whom it takes access from may have it again; the next cycle plans anew`;
}
