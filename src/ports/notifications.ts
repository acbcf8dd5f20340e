import type { NewNotification, Notification, Told } from '../core/notification.ts';

/** A notification with its place in the order in which they are delivered. */
export interface StoredNotification extends Notification {
  readonly number: number;
}

/** How a channel stands. Times in ms since the epoch. */
export interface ChannelState {
  readonly channel: string;
  /** Number of the last notification it delivered. */
  readonly delivered: number;
  /** Failed attempts in a row. */
  readonly attempts: number;
  readonly notBefore?: number;
  readonly failure?: string;
}

/** What people are to be told, and what each channel has told them. Written in the transaction of what it is about. */
export interface NotificationStore {
  /** Newest first. */
  list(limit: number): Promise<readonly StoredNotification[]>;
  told(connection: string): Promise<{ readonly told: Told; readonly version: number }>;
  /** Remembers what was told together with the notifications. False when somebody else was first: nothing happens then. */
  tell(connection: string, told: Told, from: number, notifications: readonly NewNotification[]): Promise<boolean>;
  /** Makes the channel known: one that is new delivers what comes from now on. */
  openChannel(channel: string): Promise<void>;
  channels(): Promise<readonly ChannelState[]>;
  /** Takes the right to deliver until `until`; undefined while somebody else has it, or the channel is to wait. */
  claim(channel: string, until: number): Promise<ChannelState | undefined>;
  /** What a channel has not delivered yet, oldest first. */
  pending(after: number, limit: number): Promise<readonly StoredNotification[]>;
  /** Remembers a delivery, and whom it did not reach, and lets go of the claim; the next one not before `notBefore`. */
  delivered(channel: string, upTo: number, notBefore: number, missed?: string): Promise<void>;
  failed(channel: string, failure: string, notBefore: number): Promise<void>;
  /** After a test message that was taken, and whom it did not reach: what waits because others failed waits no longer. */
  tried(channel: string, missed?: string): Promise<void>;
}

/** A way to people: mail, or a webhook. */
export interface NotificationChannel {
  readonly name: string;
  /** How long to collect after a message before the next one, in ms; 0: each notification is a message of its own. */
  readonly digestMs: number;
  /**
   * Delivers notifications as one message. Delivering them twice must do no harm. TransientError when it is to be tried
   * again, RejectedError when the other side wants none. In words whom it did not reach, where it reached others.
   */
  deliver(notifications: readonly Notification[], signal: AbortSignal): Promise<string | undefined>;
  close(): Promise<void>;
}

/** What a channel answered to a test. */
export interface ChannelAnswer {
  readonly channel: string;
  readonly ok: boolean;
  readonly detail: string;
  readonly remedy?: string;
}

/** What people may do with notifications. */
export interface NotificationDesk {
  list(
    limit: number,
  ): Promise<{ readonly notifications: readonly Notification[]; readonly channels: readonly ChannelState[] }>;
  /** Sends a test message by every channel, now; what each answered. */
  test(signal: AbortSignal): Promise<readonly ChannelAnswer[]>;
}
