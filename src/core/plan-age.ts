import { isRemoval, type Operation } from './operation.ts';

/** How long what a plan takes away may wait to be sent, in ms. */
export const REMOVALS_KEEP_MS = 60 * 60_000;

/**
 * Why these operations of a plan may not be sent any more: whoever had lost access when the directory was read may have it
 * again. What only gives does not age: the next cycle takes back what was too much. Undefined while they may.
 */
export function agedReason(
  { plannedAt, operations }: { readonly plannedAt: number; readonly operations: readonly Operation[] },
  now: number,
): string | undefined {
  if (now - plannedAt <= REMOVALS_KEEP_MS || !operations.some(isRemoval)) return undefined;
  const minutes = Math.floor((now - plannedAt) / 60_000);
  return `the plan was made ${minutes} minutes ago, and whom it takes access from may have it again; the next cycle plans anew`;
}
