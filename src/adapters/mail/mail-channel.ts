import { createTransport } from 'nodemailer';
import { RejectedError, TransientError } from '../../core/errors.ts';
import { subjectOf, textOf } from '../../core/notification-text.ts';
import type { NotificationChannel } from '../../ports/notifications.ts';

export interface MailOptions {
  readonly name: string;
  /** smtp://user:password@host:port, or smtps:// for TLS from the first byte. Read for each message. */
  readonly server: () => Promise<string>;
  readonly from: string;
  readonly to: readonly string[];
  readonly digestMs: number;
}

const TIMEOUT_MS = 20_000;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/;

/** Mail by SMTP. Beyond this machine the connection must be encrypted (RFC 3207), or the password would be readable. */
export function createMailChannel({ name, server, from, to, digestMs }: MailOptions): NotificationChannel {
  return {
    name,
    digestMs,
    async deliver(notifications, signal) {
      const [first] = notifications;
      if (first === undefined || signal.aborted) return;
      const transport = createTransport({ ...connectionTo(await server()), ...TIMEOUTS });
      try {
        await transport.sendMail({
          from,
          to: [...to],
          subject: subjectOf(notifications),
          text: textOf(notifications),
          // The same for the same notifications: a mail that is sent twice after a crash is shown once.
          messageId: `<${first.id}.${notifications.length}@headgate>`,
          headers: { 'Auto-Submitted': 'auto-generated' },
          disableFileAccess: true,
          disableUrlAccess: true,
        });
      } catch (error) {
        throw translated(name, error);
      } finally {
        transport.close();
      }
    },
    close: async () => undefined,
  };
}

const TIMEOUTS = {
  connectionTimeout: TIMEOUT_MS,
  greetingTimeout: TIMEOUT_MS,
  socketTimeout: TIMEOUT_MS,
} as const;

function connectionTo(address: string) {
  if (!URL.canParse(address)) throw unusable();
  const url = new URL(address);
  if (url.protocol !== 'smtp:' && url.protocol !== 'smtps:') throw unusable();
  const secure = url.protocol === 'smtps:';
  const user = decodeURIComponent(url.username);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port === '' ? (secure ? 465 : 587) : Number(url.port),
    secure,
    requireTLS: !secure && !LOOPBACK.test(url.hostname),
    ignoreTLS: !secure && LOOPBACK.test(url.hostname),
    ...(user === '' ? {} : { auth: { user, pass: decodeURIComponent(url.password) } }),
  };
}

function unusable(): RejectedError {
  return new RejectedError('the address of the mail server is not smtp://user:password@host:port', {
    remedy: 'check notifications.mail.smtp_url.',
  });
}

/** SMTP answers from 500 on are final (RFC 5321 section 4.2.1). A server's words may repeat addresses and are left out. */
function translated(name: string, error: unknown): RejectedError | TransientError {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
  const status = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : undefined;
  const told = `${name}: the mail server did not take the message (${status ?? code})`;
  const facts = {
    ...(status === undefined ? {} : { status }),
    remedy: 'check notifications.mail and the mail server.',
  };
  return status !== undefined && status >= 500 ? new RejectedError(told, facts) : new TransientError(told, facts);
}
