import { randomUUID } from 'node:crypto';
import { HeadgateError } from '../../core/errors.ts';
import type { CheckResult } from '../../ports/directory-source.ts';
import type { Ports } from '../../ports/index.ts';
import type { ChannelState, NotificationDesk } from '../../ports/notifications.ts';

type ChannelPorts = Pick<Ports, 'channels'> & {
  readonly stores: { readonly notifications: Pick<Ports['stores']['notifications'], 'channels'> };
};

/** How the configured channels stand: what the store knows of others is of no interest any more. */
async function channelsOf({ channels, stores }: ChannelPorts): Promise<readonly ChannelState[]> {
  return (await stores.notifications.channels()).filter(({ channel }) => channels.has(channel));
}

/** Whether people are told. Headgate works without, so it is never unready for that. */
export async function checkChannels(
  ports: ChannelPorts,
): Promise<readonly (CheckResult & { readonly required: false })[]> {
  return (await channelsOf(ports)).map(({ channel, failure }) => {
    const check = { name: `notifications by ${channel}`, required: false } as const;
    if (failure === undefined) return { ...check, ok: true, detail: 'nothing has failed' };
    const remedy =
      'try it, with what to do: headgate notification test. Once that arrives, what waits is sent at once.';
    return { ...check, ok: false, detail: failure, remedy };
  });
}

/** What people may do with notifications, on the ports. */
export function createNotificationDesk(ports: Ports): NotificationDesk {
  const { notifications } = ports.stores;
  return {
    async list(limit) {
      return { notifications: await notifications.list(limit), channels: await channelsOf(ports) };
    },
    test(signal) {
      const test = { id: randomUUID(), kind: 'test', connection: '', at: ports.clock.now(), facts: {} } as const;
      return Promise.all(
        [...ports.channels.values()].map(async (channel) => {
          try {
            const missed = await channel.deliver([test], signal);
            await notifications.tried(channel.name, missed);
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
