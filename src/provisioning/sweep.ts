import { probeDue } from '../core/quarantine.ts';
import type { Ports } from '../ports/index.ts';
import type { ScheduledCycle } from '../ports/job-queue.ts';
import { keepCredentials } from './credentials/survey-credentials.ts';
import { nudgeChannels, openChannels } from './notifications/deliver-notifications.ts';
import { watchConnections } from './notifications/watch-connections.ts';
import { tellOthers } from './other-configurations.ts';

/**
 * Nudges everything that is open: cycles, slices, migrations, probes and schedules, from the store alone. Whatever the queue lost, or a dead
 * process left half-done, moves on from here; a nudge too many changes nothing. What belongs to connections that are not
 * configured here is left to the process that has them.
 */
export async function sweep(
  ports: Ports,
  schedules: readonly Omit<ScheduledCycle, 'nextRun'>[],
  warnDays: readonly number[],
): Promise<void> {
  const now = ports.clock.now();
  await openChannels(ports);
  await ports.queue.setSchedules([...ports.connections.keys()], schedules);
  for (const connection of ports.connections.keys()) {
    const { quarantine } = await ports.stores.connections.get(connection);
    if (quarantine !== undefined && probeDue(quarantine, now))
      await ports.queue.enqueue('probe-connection', { connection });
  }
  for (const cycle of await ports.stores.cycles.listOpen()) {
    if (!ports.connections.has(cycle.connection)) continue;
    for (const slice of await ports.stores.cycles.openSlices(cycle.id)) {
      await ports.queue.enqueue('export-slice', { connection: cycle.connection, slice });
    }
    const gathering = cycle.phase === 'gathering' || cycle.phase === 'planning';
    if (gathering)
      await ports.queue.enqueue('start-cycle', { connection: cycle.connection, kind: cycle.kind, cycle: cycle.id });
    else await ports.queue.enqueue('advance-cycle', { cycle: cycle.id });
  }
  await keepCredentials(ports);
  await tellOthers(ports);
  for (const { id, connection } of await ports.stores.migrations.listOpen()) {
    if (ports.connections.has(connection))
      await ports.queue.enqueue('advance-migration', { connection, migration: id });
  }
  await watchConnections(ports, warnDays);
  await nudgeChannels(ports);
}
