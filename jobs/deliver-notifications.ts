import type { Ports } from '../src/ports/index.ts';
import type { JobDefinition } from '../src/ports/job-queue.ts';
import { deliverNotifications as deliver } from '../src/provisioning/notifications/deliver-notifications.ts';
import { field } from './payload.ts';

export interface DeliverNotifications {
  readonly channel: string;
}

/** Tells people by one channel what the store says they are to be told. */
export const deliverNotifications: JobDefinition<DeliverNotifications, Ports> = {
  name: 'deliver-notifications',
  queue: 'notifications',
  parse: (data) => ({ channel: field(data, 'channel') }),
  dedupe: ({ channel }) => `deliver-${channel}`,
  run: ({ channel }, ports, log, signal) => deliver(ports, channel, log, signal),
};
