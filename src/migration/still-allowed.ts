import type { MigrationStep } from '../core/migration/migration.ts';
import type { MigrationState } from '../core/migration/state.ts';
import type { Ports } from '../ports/index.ts';
import { requireSendable } from '../provisioning/recovery.ts';

/**
 * Steps that go on while nothing may be sent: a rollback first gives back in the directory alone, the cycles ask for
 * themselves, and a report sends nothing.
 */
const UNHINDERED: ReadonlySet<MigrationStep> = new Set(['reassign-groups', 'full-cycle', 'restore-cycle', 'report']);

/**
 * Asked before each step and between two requests of one. RefusedError while the connection is paused or in quarantine:
 * neither may be got round by a migration.
 */
export async function requireStillAllowed(
  step: MigrationStep,
  { connection, switchedOff }: Pick<MigrationState, 'connection' | 'switchedOff'>,
  ports: Pick<Ports, 'stores'>,
): Promise<void> {
  // Once nothing is sent any more there is only the way to the end.
  if (!switchedOff && !UNHINDERED.has(step)) await requireSendable(connection, ports);
}
