import { randomUUID } from 'node:crypto';
import { HeadgateError } from '../../core/errors.ts';
import type { Ports } from '../../ports/index.ts';
import type { NotificationDesk } from '../../ports/notifications.ts';

/** What people may do with notifications, on the ports. */
export function createNotificationDesk(ports: Ports): NotificationDesk {
  const { notifications } = ports.stores;
  return {
    async list(limit) {
      return { notifications: await notifications.list(limit), channels: await notifications.channels() };
    },
    test(signal) {
      const test = { id: randomUUID(), kind: 'test', connection: '', at: ports.clock.now(), facts: {} } as const;
      return Promise.all(
        [...ports.channels.values()].map(async (channel) => {
          try {
            const missed = await channel.deliver([test], signal);
            return { channel: channel.name, ok: missed === undefined, detail: missed ?? 'taken' };
          } catch (error) {
            if (!(error instanceof HeadgateError)) throw error;
            const { remedy } = error.facts;
            const toDo = remedy === undefined ? {} : { remedy };
            return { channel: channel.name, ok: false, detail: error.message, ...toDo };
          }
        }),
      );
    },
  };
}
