import { HeadgateError, RejectedError } from '../../core/errors.ts';
import { deliveryWait } from '../../core/notification.ts';
import type { Ports } from '../../ports/index.ts';
import type { Log } from '../../ports/log.ts';
import type { NotificationChannel } from '../../ports/notifications.ts';

/** How long one delivery may take before another worker tries it. */
const CLAIM_MS = 120_000;
/** Notifications in one mail at most. */
const DIGEST = 200;
const DAY_MS = 86_400_000;

/**
 * Delivers what a channel has not delivered yet, in its order. A failure waits, longer each time, and loses nothing; what
 * was sent and not recorded, because the process died in between, is sent once more.
 */
export async function deliverNotifications(ports: Ports, name: string, log: Log, signal: AbortSignal): Promise<void> {
  const channel = ports.channels.get(name);
  if (channel === undefined) return;
  const { notifications } = ports.stores;
  for (;;) {
    if (signal.aborted) return;
    const state = await notifications.claim(name, ports.clock.now() + CLAIM_MS);
    if (state === undefined) return;
    const batch = await notifications.pending(state.delivered, channel.digestMs > 0 ? DIGEST : 1);
    const last = batch.at(-1);
    if (last === undefined) return notifications.delivered(name, state.delivered, 0, state.failure);
    let missed: string | undefined;
    try {
      missed = await channel.deliver(batch, signal);
    } catch (error) {
      if (!(error instanceof HeadgateError)) throw error;
      const wait = error instanceof RejectedError ? DAY_MS : deliveryWait(state.attempts + 1);
      await notifications.failed(name, error.message, ports.clock.now() + wait);
      await ports.queue.enqueue('deliver-notifications', { channel: name }, { delayMs: wait });
      return log.error(
        { channel: name, attempts: state.attempts + 1, err: error },
        'notifications could not be delivered',
      );
    }
    await notifications.delivered(name, last.number, nextMail(channel, ports.clock.now()), missed);
    if (missed !== undefined) log.error({ channel: name, missed }, 'notifications did not reach everybody');
    log.info({ channel: name, notifications: batch.length }, 'notifications delivered');
  }
}

/** After a mail others are collected for a while; a webhook takes the next one at once. */
function nextMail({ digestMs }: NotificationChannel, now: number): number {
  return digestMs === 0 ? 0 : now + digestMs;
}

/** Makes every configured channel known. It delivers what is told from then on, so this comes before anything is looked at. */
export async function openChannels({ channels, stores }: Pick<Ports, 'channels' | 'stores'>): Promise<void> {
  for (const name of channels.keys()) await stores.notifications.openChannel(name);
}

/** Nudges every channel that has something to deliver and need not wait. */
export async function nudgeChannels(ports: Ports): Promise<void> {
  for (const { channel, delivered, notBefore } of await ports.stores.notifications.channels()) {
    if (!ports.channels.has(channel) || (notBefore ?? 0) > ports.clock.now()) continue;
    const waiting = await ports.stores.notifications.pending(delivered, 1);
    if (waiting.length > 0) await ports.queue.enqueue('deliver-notifications', { channel });
  }
}
