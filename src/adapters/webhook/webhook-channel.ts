import { Webhook } from 'standardwebhooks';
import { request } from 'undici';
import { RejectedError, TransientError } from '../../core/errors.ts';
import type { Notification } from '../../core/notification.ts';
import { sentenceOf } from '../../core/notification-text.ts';
import type { NotificationChannel } from '../../ports/notifications.ts';

export interface WebhookOptions {
  readonly name: string;
  readonly url: string;
  /** `whsec_` and the key in base64. Two of them, separated by a blank, while the key is being replaced. */
  readonly secret: () => Promise<string>;
  readonly now: () => number;
  /** How long an answer may take, in ms. Standard Webhooks asks for 15 to 30 seconds, and it is 20 where nothing is said. */
  readonly timeoutMs?: number;
}

/** A signed webhook as Standard Webhooks has it: one notification a message, its id the key for doing it once. */
export function createWebhookChannel(options: WebhookOptions): NotificationChannel {
  const { name, secret, now } = options;
  return {
    name,
    digestMs: 0,
    async deliver(notifications, signal) {
      for (const notification of notifications) {
        const payload = payloadOf(notification);
        const sentAt = new Date(now());
        const headers = {
          'content-type': 'application/json',
          'user-agent': 'headgate',
          'webhook-id': notification.id,
          'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1000)),
          'webhook-signature': signatures(name, await secret(), notification.id, sentAt, payload),
        };
        await post(options, headers, payload, signal);
      }
    },
    close: async () => undefined,
  };
}

function payloadOf(notification: Notification): string {
  const { kind, connection, facts, at } = notification;
  const data = { connection, ...facts, text: sentenceOf(notification) };
  return JSON.stringify({ type: kind, timestamp: new Date(at).toISOString(), data });
}

function signatures(name: string, secrets: string, id: string, at: Date, payload: string): string {
  try {
    const keys = secrets.trim().split(/\s+/);
    return keys.map((key) => new Webhook(key).sign(id, at, payload)).join(' ');
  } catch {
    // What the package says may quote the key.
    throw new RejectedError(`${name}: the secret of the webhook is not whsec_ followed by base64`, {
      remedy: 'copy the signing secret again, whole.',
    });
  }
}

async function post(
  { name, url, timeoutMs = 20_000 }: WebhookOptions,
  headers: Readonly<Record<string, string>>,
  body: string,
  signal: AbortSignal,
): Promise<void> {
  let status: number;
  // Not AbortSignal.timeout: joined with another signal it may be collected as garbage before it is due (Node 20).
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(), timeoutMs);
  try {
    const limit = AbortSignal.any([signal, late.signal]);
    const answer = await request(url, { method: 'POST', headers, body, signal: limit });
    status = answer.statusCode;
    await answer.body.dump();
  } catch (error) {
    const failed = error instanceof Error && 'code' in error ? String(error.code) : 'stopped';
    const code = late.signal.aborted ? 'no answer in time' : failed;
    throw new TransientError(`${name}: the webhook at ${placeOf(url)} did not answer (${code})`, {
      remedy:
        'check the address of this webhook in notifications.webhooks, and that it can be reached from here (name, firewall, certificate).',
    });
  } finally {
    clearTimeout(timer);
  }
  if (status >= 200 && status < 300) return;
  // Any 2xx is success; 410 means that nothing is wanted there any more.
  const told = `${name}: the webhook at ${placeOf(url)} answered ${status}`;
  const facts = { status, remedy: remedyFor(status) };
  throw status === 410 ? new RejectedError(told, facts) : new TransientError(told, facts);
}

/** Host and port alone: the path of a webhook is often all the secret there is. */
function placeOf(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port === '' ? (protocol === 'https:' ? 443 : 80) : port}`;
}

function remedyFor(status: number): string {
  if (status < 400) return 'redirects are not followed: enter the address it leads to in notifications.webhooks.';
  if (status === 400 || status === 401 || status === 403)
    return 'check the signing secret of this webhook in notifications.webhooks, and the clocks of both sides.';
  if (status < 500)
    return 'check the address of this webhook in notifications.webhooks: it may have been replaced there.';
  return 'see the log of whoever receives it; it is sent again.';
}
