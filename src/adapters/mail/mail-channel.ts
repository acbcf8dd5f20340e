import { getSystemErrorName } from 'node:util';
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
      if (first === undefined || signal.aborted) return undefined;
      const at = connectionTo(await server());
      const transport = createTransport({ ...at, ...TIMEOUTS });
      try {
        const { rejected } = await transport.sendMail({
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
        return missed(name, to, rejected.length);
      } catch (error) {
        throw translated(name, at, error);
      } finally {
        transport.close();
      }
    },
    close: async () => undefined,
  };
}

/** A server takes a message for some addresses and refuses others: sent again it would reach the first ones twice. */
function missed(name: string, to: readonly string[], refused: number): string | undefined {
  if (refused === 0) return undefined;
  return `${name}: the mail server refused ${refused} of the ${to.length} addresses in notifications.mail.to, which are told nothing; its log says which and why`;
}

const TIMEOUTS = {
  connectionTimeout: TIMEOUT_MS,
  greetingTimeout: TIMEOUT_MS,
  socketTimeout: TIMEOUT_MS,
} as const;

type MailServer = Readonly<Pick<ReturnType<typeof connectionTo>, 'host' | 'port'>>;

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

/**
 * SMTP answers from 500 on are final (RFC 5321 section 4.2.1). A server's words may repeat addresses and are left out; the
 * command it answered to is ours.
 */
function translated(name: string, { host, port }: MailServer, error: unknown): RejectedError | TransientError {
  const status = error instanceof Error && 'responseCode' in error ? Number(error.responseCode) : undefined;
  const command = error instanceof Error && 'command' in error ? ` to ${String(error.command)}` : '';
  const what = status === undefined ? networkCode(error) : `it answered ${status}${command}`;
  const told = `${name}: the mail server ${host}:${port} did not take the message (${what})`;
  const facts = { ...(status === undefined ? {} : { status }), remedy: remedyFor(status, what) };
  return status !== undefined && status >= 500 ? new RejectedError(told, facts) : new TransientError(told, facts);
}

/** The system's name of what went wrong (ECONNREFUSED), or nodemailer's where it was not the network (ETLS). */
function networkCode(error: unknown): string {
  if (!(error instanceof Error)) return 'no code';
  const number = 'errno' in error ? error.errno : undefined;
  if (typeof number === 'number') return getSystemErrorName(number);
  return 'code' in error ? String(error.code) : 'no code';
}

function remedyFor(status: number | undefined, what: string): string {
  if (status === 530 || status === 534 || status === 535 || what === 'EAUTH')
    return 'it refused to sign us in: check user and password in notifications.mail.smtp_url.';
  if (status !== undefined)
    return 'check notifications.mail.from and .to, and in the log of the mail server why it refuses them.';
  if (/^E(CONN|HOSTUNREACH|NETUNREACH|NOTFOUND|AI_AGAIN|DNS)/.test(what))
    return 'check host and port in notifications.mail.smtp_url, and that they can be reached from here (name, firewall).';
  return 'check that a mail server listens there: smtp:// begins in clear and turns to TLS (usually port 587), smtps:// is TLS from the first byte (usually 465), and its certificate must be valid.';
}
