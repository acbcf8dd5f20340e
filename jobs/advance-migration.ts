import type { Ports } from '../src/ports/index.ts';
import type { JobDefinition } from '../src/ports/job-queue.ts';
import { advanceMigration as advance } from '../src/migration/advance.ts';
import { field } from './payload.ts';

export interface AdvanceMigration {
  readonly connection: string;
  readonly migration: string;
}

/** Moves a migration on as far as it goes now, and sets an alarm for when to look again. */
export const advanceMigration: JobDefinition<AdvanceMigration, Ports> = {
  name: 'advance-migration',
  queue: 'connection',
  parse: (data) => ({ connection: field(data, 'connection'), migration: field(data, 'migration') }),
  connection: ({ connection }) => connection,
  dedupe: ({ migration }) => `migration-${migration}`,
  async run(payload, ports, log, signal) {
    const connection = ports.connections.get(payload.connection);
    if (connection === undefined)
      return log.warn({ connection: payload.connection }, 'a migration belongs to a connection that is not configured');
    const ownLog = log.child({ connection: payload.connection, migration: payload.migration });
    const afterMs = await advance(payload.migration, connection, ports, ownLog, signal);
    if (afterMs === undefined || signal.aborted) return undefined;
    return ports.queue.enqueue(advanceMigration.name, payload, { delayMs: Math.max(1, afterMs) });
  },
};
