import { Gauge, type Registry } from 'prom-client';
import { MIGRATION_STANDINGS, type MigrationReading } from './migration-reading.ts';

/** Registers the gauges of migrations. Returns how to show the open one of a connection, or that there is none. */
export function createMigrationFamilies(
  registry: Registry,
  connections: readonly string[],
): (connection: string, migration: MigrationReading | undefined) => void {
  const state = new Gauge({
    name: 'headgate_migration_state',
    help: '1 at how the open migration stands, 0 at the other states; all are 0 while none is open.',
    labelNames: ['connection', 'state'],
    registers: [registry],
  });
  const progress = new Gauge({
    name: 'headgate_migration_last_progress_timestamp_seconds',
    help: 'When the open migration last got on, trouble and failed requests aside; 0 while none is open.',
    labelNames: ['connection'],
    registers: [registry],
  });
  const show = (connection: string, migration: MigrationReading | undefined): void => {
    for (const standing of MIGRATION_STANDINGS) {
      state.set({ connection, state: standing }, migration?.standing === standing ? 1 : 0);
    }
    progress.set({ connection }, (migration?.lastProgressAt ?? 0) / 1000);
  };
  for (const connection of connections) show(connection, undefined);
  return show;
}
