import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

/** A mail server on loopback that keeps what it is sent. */
export interface SmtpInbox {
  readonly port: number;
  readonly mails: readonly { readonly from: string; readonly to: readonly string[]; readonly body: string }[];
  close(): Promise<void>;
}

/** `refuse`: the SMTP answer to every message, such as 450 or 550. */
export async function startInbox(options: SMTPServerOptions = {}, refuse?: number): Promise<SmtpInbox> {
  const mails: { from: string; to: string[]; body: string }[] = [];
  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData(stream, session, done) {
      void text(stream).then((body) => {
        if (refuse !== undefined) return done(Object.assign(new Error('not today'), { responseCode: refuse }));
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : mailFrom.address,
          to: rcptTo.map(({ address }) => address),
          body,
        });
        return done();
      });
    },
    ...options,
  });
  const listening = server.listen(0, '127.0.0.1');
  await once(listening, 'listening');
  const address = listening.address();
  if (address === null || typeof address === 'string') throw new Error('the mail server has no port');
  return {
    port: address.port,
    mails,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}
