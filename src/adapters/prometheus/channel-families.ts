import { Gauge, type Registry } from 'prom-client';
import type { ChannelState } from '../../ports/notifications.ts';

/** Registers how many of the configured ways to people do not work. Returns how to show them. */
export function createChannelFamilies(registry: Registry): (channels: readonly ChannelState[]) => void {
  const failing = new Gauge({
    name: 'headgate_notification_channels_failing',
    help: 'Configured channels whose last notification did not arrive, or not with everybody.',
    registers: [registry],
  });
  return (channels) => failing.set(channels.filter(({ failure }) => failure !== undefined).length);
}
