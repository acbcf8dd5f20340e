import { brokenBy } from '../../core/migration/broken-journal.ts';
import { namesOf, ownAssignments } from '../../core/migration/own-assignments.ts';
import { stateOf } from '../../core/migration/state.ts';
import type { Assignment } from '../../core/directory.ts';
import { counted, listed } from '../../core/reasons.ts';
import { readJournal } from '../../provisioning/read-journal.ts';
import type { StepContext } from '../step-context.ts';

/** Migrations of a connection that are looked through. */
const RECENT = 50;

/**
 * In words, the direct assignments that still stand of migrations which were aborted before this one was begun: it found them
 * there, so its rollback leaves them, and theirs can be asked for no more. Undefined where there are none.
 */
export async function leftBefore(
  { id, connection, ports }: Pick<StepContext, 'id' | 'connection' | 'ports'>,
  assignments: readonly Assignment[],
): Promise<string | undefined> {
  const { migrations } = ports.stores;
  const all = await migrations.list({ connection: connection.rules.name, limit: RECENT });
  const left = new Map<string, string>();
  for (const older of all.slice(all.findIndex((one) => one.id === id) + 1)) {
    const state = await readJournal(migrations, older.id, stateOf).catch((error: unknown) => brokenBy(older.id, error));
    if ('remedy' in state)
      return `whether a migration before it has left direct assignments is not known: ${state.message}`;
    // What one that came to its end has left, it was for, or has said.
    if (state.ended?.result !== 'aborted') break;
    const own = ownAssignments(state, assignments);
    for (const one of own) left.set(one.id, namesOf([one], [state.before, state.coverage])[0] ?? one.principal);
  }
  if (left.size === 0) return undefined;
  const many = counted(left.size, 'direct assignment', 'direct assignments');
  return `${many} of a migration that was aborted before it stay: ${listed([...new Set(left.values())].sort())}. They keep access also once they have left their groups; unassign in Entra whoever should not`;
}
