import { RefusedError } from '../../core/errors.ts';
import type { Sql, Tx } from './tables.ts';

/** While a migration is open only its own cycles run; once a connection is switched off, none. */
export async function refuseSuspended(tx: Tx, connection: string, migration: string | undefined): Promise<void> {
  const state = await tx
    .selectFrom('headgate.connection')
    .select('switched_off_at')
    .where('name', '=', connection)
    .executeTakeFirst();
  if (state !== undefined && state.switched_off_at !== null) {
    throw new RefusedError('connection-off', `connection ${connection} was switched off by a migration`, {
      remedy: 'take it out of the configuration; to provision again, configure a new connection under another name.',
    });
  }
  const open = await tx
    .selectFrom('headgate.scope_migration')
    .select('id')
    .where('connection', '=', connection)
    .where('ended_at', 'is', null)
    .executeTakeFirst();
  if (open === undefined || open.id === migration) return;
  throw new RefusedError('migration-open', `connection ${connection} is in a migration; its cycles are suspended`, {
    remedy: `see where it stands: headgate migration status ${connection}`,
  });
}

/** The refusal of what cannot be done beside an open cycle, naming that cycle and how to end it. */
export async function cycleOpen(db: Sql | Tx, connection: string): Promise<RefusedError> {
  const id = (await openCycleId(db, connection)) ?? '<id>';
  return new RefusedError('cycle-open', `connection ${connection} has an open cycle already`, {
    remedy: `wait until it ends (headgate cycle show ${id}; it goes on while a daemon runs: headgate serve), or cancel it: headgate cycle cancel ${id}`,
  });
}

export async function openCycleId(db: Sql | Tx, connection: string): Promise<string | undefined> {
  const open = await db
    .selectFrom('headgate.cycle')
    .select('id')
    .where('connection', '=', connection)
    .where('phase', '<>', 'closed')
    .executeTakeFirst();
  return open?.id;
}
