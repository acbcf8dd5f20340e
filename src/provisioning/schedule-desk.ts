import { didYouMean } from '../core/did-you-mean.ts';
import { RefusedError } from '../core/errors.ts';
import type { Connection, Ports } from '../ports/index.ts';
import type { JobQueue } from '../ports/job-queue.ts';
import type { Operator } from '../ports/operator.ts';
import type { ConnectionStore } from '../ports/stores.ts';

type ScheduleDesk = Pick<Operator, 'schedules' | 'removeSchedules' | 'setSchedulesPaused'>;

interface Desk {
  readonly connections: Pick<Ports['connections'], 'has'>;
  readonly queue: Pick<JobQueue, 'listSchedules' | 'setSchedules'>;
  readonly stores: { readonly connections: Pick<ConnectionStore, 'get' | 'setSchedulesPaused'> };
}

/** What people may ask and decide about schedules. */
export function createScheduleDesk(
  { connections, queue, stores }: Desk,
  connectionOf: (name: string) => Pick<Connection, 'rules'>,
): ScheduleDesk {
  return {
    async schedules() {
      const all = await queue.listSchedules();
      return Promise.all(
        all.map(async (schedule) => ({
          ...schedule,
          configured: connections.has(schedule.connection),
          paused: (await stores.connections.get(schedule.connection)).schedulesPaused,
        })),
      );
    },
    async removeSchedules(name) {
      if (connections.has(name)) {
        throw new RefusedError('configured', `connection ${name} is configured here, and its schedules with it`, {
          remedy:
            'take them out of the configuration and reload it, or stop them for a while: headgate schedule pause.',
        });
      }
      const scheduled = (await queue.listSchedules()).map(({ connection }) => connection);
      if (!scheduled.includes(name)) {
        throw notScheduled(
          name,
          scheduled.filter((connection) => !connections.has(connection)),
        );
      }
      await queue.setSchedules([name], []);
    },
    async setSchedulesPaused(name, paused) {
      await stores.connections.setSchedulesPaused(connectionOf(name).rules.name, paused);
    },
  };
}

function notScheduled(name: string, removable: readonly string[]): RefusedError {
  const names = [...new Set(removable)].toSorted();
  return new RefusedError('not-found', `no connection "${name}" has schedules${didYouMean(name, names)}`, {
    remedy:
      names.length === 0
        ? 'whatever schedule there is belongs to a connection that is configured here: headgate schedule list'
        : `connections with schedules that are not configured here: ${names.join(', ')}`,
  });
}
