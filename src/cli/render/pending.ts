import type { PendingRemoval } from '../../ports/operator.ts';
import { printable } from '../../core/printable.ts';
import { shownTime } from './text.ts';

/**
 * "ada@contoso.com will be disabled at 2026-12-01 08:00:00Z: lost the only path: …"; once that is over, what keeps it. `now`
 * in ms since the epoch, where it is known.
 */
export function pendingWords(removal: PendingRemoval, now?: number): string {
  const { resource, label, action, dueAt, reason, heldBy } = removal;
  const who = `${resource === 'group' ? 'SCIM group ' : ''}${printable(label)}`;
  const done = action === 'disable' ? 'disabled' : 'deleted';
  if (heldBy !== undefined)
    return `${who} is not ${done}: held by ${heldBy} (due since ${shownTime(dueAt)}): ${printable(reason)}`;
  if (now !== undefined && dueAt <= now)
    return `${who} will be ${done} by the next cycle (due since ${shownTime(dueAt)}): ${printable(reason)}`;
  return `${who} will be ${done} at ${shownTime(dueAt)}: ${printable(reason)}`;
}
