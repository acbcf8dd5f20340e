import { RefusedError } from '../core/errors.ts';
import type { MigrationStep } from '../core/migration/migration.ts';
import type { MigrationState } from '../core/migration/state.ts';
import type { Connection, Ports } from '../ports/index.ts';
import { connectionDigest } from '../provisioning/connection-digest.ts';
import { requireSendable } from '../provisioning/recovery.ts';

/**
 * Steps that go on while nothing may be sent: a rollback first gives back in the directory alone, the cycles ask for
 * themselves, and a report sends nothing.
 */
const UNHINDERED: ReadonlySet<MigrationStep> = new Set(['reassign-groups', 'full-cycle', 'restore-cycle', 'report']);

interface Step {
  readonly step: MigrationStep;
  readonly connection: Connection;
  readonly ports: Pick<Ports, 'stores'>;
}

/**
 * Asked before each step and between two requests of one. RefusedError while the connection is paused or in quarantine, which
 * no migration may get round, and while it is configured otherwise than when the migration was begun: what was looked at and
 * said yes to was another application, provider or tenant, or under other rules.
 */
export async function requireStillAllowed(
  { step, connection, ports }: Step,
  {
    switchedOff,
    configuration,
    connection: name,
  }: Pick<MigrationState, 'connection' | 'configuration' | 'switchedOff'>,
): Promise<void> {
  // Once nothing is sent any more there is only the way to the end.
  if (switchedOff) return;
  // What a rollback gives back first is as the journal has it, whatever is configured.
  if (step !== 'reassign-groups' && configuration !== undefined && configuration !== connectionDigest(connection))
    throw new RefusedError(
      'migration-refused',
      `the configuration of connection ${name} changed since the migration began`,
      {
        remedy: `put it back as it was and start Headgate again, then: headgate migration resume ${name}. Or end it: headgate migration abort ${name}`,
      },
    );
  if (!UNHINDERED.has(step)) await requireSendable(name, ports);
}
