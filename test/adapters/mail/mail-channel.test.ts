import { afterEach, describe, expect, test } from 'vitest';
import { createMailChannel } from '../../../src/adapters/mail/mail-channel.ts';
import { RejectedError, TransientError } from '../../../src/core/errors.ts';
import type { Notification } from '../../../src/core/notification.ts';
import { freePort } from '../../../src/cli/demo/daemon.ts';
import { startInbox, type SmtpInbox } from './smtp-inbox.ts';

let inbox: SmtpInbox | undefined;
afterEach(async () => inbox?.close());

const signal = new AbortController().signal;
const promoted: Notification = {
  id: 'n1',
  at: Date.UTC(2026, 10, 22),
  kind: 'token.promoted',
  connection: 'acme',
  facts: { fingerprint: 'abc123' },
};

function channelTo(server: string) {
  const to = ['ops@example.com', 'Security <sec@example.com>'];
  return createMailChannel({
    name: 'mail',
    server: async () => server,
    from: 'headgate@example.com',
    to,
    digestMs: 60_000,
  });
}

describe('mail', () => {
  test('O1: arrives at everybody, with what happened and what to do', async () => {
    inbox = await startInbox();
    const recovered: Notification = { ...promoted, id: 'n2', kind: 'connection.recovered', facts: {} };
    await channelTo(`smtp://127.0.0.1:${inbox.port}`).deliver([promoted, recovered], signal);
    expect(inbox.mails).toHaveLength(1);
    const [mail] = inbox.mails;
    expect(mail?.from).toBe('headgate@example.com');
    expect(mail?.to).toEqual(['ops@example.com', 'sec@example.com']);
    const body = mail?.body.replaceAll('=\r\n', '') ?? '';
    expect(body).toContain('Subject: Headgate: 2 notifications, token.promoted (acme) first');
    expect(body).toContain('The token abc123 of acme is in use now.');
    expect(body).toContain('Connection acme goes on.');
    expect(body).toContain('Auto-Submitted: auto-generated');
    expect(body).toMatch(/Message-ID: <n1\.2@headgate>/i);
  });

  test('signs in with what the address says', async () => {
    const seen: string[] = [];
    inbox = await startInbox({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth(auth, _session, done) {
        seen.push(`${auth.username} ${auth.password}`);
        done(null, { user: 'ops' });
      },
    });
    await channelTo(`smtp://ops%40example.com:p%2Fw@127.0.0.1:${inbox.port}`).deliver([promoted], signal);
    expect(seen).toEqual(['ops@example.com p/w']);
    expect(inbox.mails).toHaveLength(1);
  });

  test.each([
    { rule: 'a refusal for now is tried again', status: 450, error: TransientError },
    { rule: 'a refusal for good is not', status: 550, error: RejectedError },
  ])('$rule', async ({ status, error }) => {
    inbox = await startInbox({}, status);
    await expect(channelTo(`smtp://127.0.0.1:${inbox.port}`).deliver([promoted], signal)).rejects.toThrow(error);
  });

  test('a server that refuses one address and takes the other reaches that one, and says that it missed somebody', async () => {
    inbox = await startInbox({
      onRcptTo: ({ address }, _session, done) =>
        done(address.startsWith('sec') ? Object.assign(new Error('unknown'), { responseCode: 550 }) : undefined),
    });
    expect(await channelTo(`smtp://127.0.0.1:${inbox.port}`).deliver([promoted], signal)).toMatch(
      /^mail: the mail server refused 1 of the 2 addresses in notifications\.mail\.to/,
    );
    expect(inbox.mails.map(({ to }) => to)).toEqual([['ops@example.com']]);
  });

  test('O6: a server that is away is tried again, and its password is in no message', async () => {
    const port = await freePort();
    const failure = channelTo(`smtp://ops:passw0rd@127.0.0.1:${port}`).deliver([promoted], signal);
    await expect(failure).rejects.toThrow(TransientError);
    await expect(failure).rejects.toMatchObject({
      message: `mail: the mail server 127.0.0.1:${port} did not take the message (ECONNREFUSED)`,
      facts: { remedy: expect.stringMatching(/host and port in notifications\.mail\.smtp_url/) },
    });
  });

  test('a refusal says where, what was answered to what, and what to check', async () => {
    inbox = await startInbox({}, 550);
    const failure = channelTo(`smtp://127.0.0.1:${inbox.port}`).deliver([promoted], signal);
    await expect(failure).rejects.toMatchObject({
      message: expect.stringMatching(
        /^mail: the mail server 127\.0\.0\.1:\d+ did not take .* \(it answered 550 to \w+/,
      ),
      facts: { status: 550, remedy: expect.stringContaining('notifications.mail.from and .to') },
    });
  });

  test('a server that signs nobody in says so without the password', async () => {
    inbox = await startInbox({
      authOptional: false,
      allowInsecureAuth: true,
      onAuth: (_auth, _session, done) => done(new Error('no')),
    });
    const failure = channelTo(`smtp://ops:passw0rd@127.0.0.1:${inbox.port}`).deliver([promoted], signal);
    await expect(failure).rejects.toMatchObject({
      message: expect.not.stringContaining('passw0rd'),
      facts: { remedy: expect.stringContaining('user and password') },
    });
  });

  test('another kind of address is refused without repeating it', async () => {
    await expect(channelTo('https://u:passw0rd@mail.example.com').deliver([promoted], signal)).rejects.toThrow(
      /^the address of the mail server is not smtp:/,
    );
  });
});
