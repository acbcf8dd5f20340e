import type { PendingRemoval } from '../../ports/operator.ts';
import { printable, shownTime } from './text.ts';

/** "ada@contoso.com will be disabled at 2026-12-01 08:00:00Z: lost the only path: …". */
export function pendingWords({ resource, label, action, dueAt, reason }: PendingRemoval): string {
  const who = `${resource === 'group' ? 'SCIM group ' : ''}${printable(label)}`;
  return `${who} will be ${action === 'disable' ? 'disabled' : 'deleted'} at ${shownTime(dueAt)}: ${printable(reason)}`;
}
