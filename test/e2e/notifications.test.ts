import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startInbox, type SmtpInbox } from '../adapters/mail/smtp-inbox.ts';
import { company, cycle, personName } from './company.ts';
import { clientOf } from './crash-round.ts';
import { approve, start as startMigration } from './migration-world.ts';
import { eventually, headgate, platforms, startWorld, type Platform, type World } from './world.ts';

const KEY = `whsec_${Buffer.alloc(32, 3).toString('base64')}`;

let world: World;
let inbox: SmtpInbox;
let port: number;
const hooks: { readonly type: string; readonly data: Record<string, unknown> }[] = [];
let failing = 1;
const receiver = createServer((request, response) => {
  void text(request).then((body) => {
    // The first message is not taken, so that it has to be sent again.
    if (failing-- > 0) return response.writeHead(503).end();
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    new Webhook(KEY).verify(body, headers);
    hooks.push(JSON.parse(body));
    return response.writeHead(204).end();
  });
});

beforeAll(async () => {
  receiver.listen(0, '127.0.0.1');
  await once(receiver, 'listening');
  const address = receiver.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  port = address.port;
});
afterAll(() => {
  receiver.close();
});

async function start(platform: Platform): Promise<void> {
  failing = 1;
  hooks.length = 0;
  inbox = await startInbox();
  world = await startWorld({
    platform,
    organisation: company({ users: 10, groups: { Crew: [1, 4] }, direct: [5, 10] }),
    migrations: true,
    connection: { quarantine: { firstProbeSeconds: 1, longestProbeSeconds: 2 } },
    config: {
      credentials: { key: Buffer.alloc(32, 7).toString('base64') },
      notifications: {
        mail: { smtp_url: `smtp://127.0.0.1:${inbox.port}`, from: 'headgate@example.com', to: ['ops@example.com'] },
        webhooks: [{ name: 'ops', url: `http://127.0.0.1:${port}/`, secret: KEY }],
      },
    },
  });
}

/** What a webhook was told of one kind, once it was told. */
function told(type: string): Promise<Record<string, unknown>> {
  return eventually(async () => hooks.find((hook) => hook.type === type)?.data);
}

describe.each(platforms())('people are told on %s', (platform) => {
  beforeAll(() => start(platform));
  afterAll(async () => {
    await world.close();
    await inbox.close();
  });

  test('O1: of what the very first look finds, by mail at once and by a webhook that is tried again; then of a token that was handed over', async () => {
    const daemon = await world.daemon();
    const run = (...argv: readonly string[]) => headgate([...argv, '--config', world.configFile], world.directory);
    await eventually(async () => (inbox.mails.length > 0 ? true : undefined));
    expect(inbox.mails[0]?.body).toContain('Subject: Headgate: token.generated (acme)');
    await eventually(async () => (hooks.length > 0 ? true : undefined));
    expect(hooks[0]).toMatchObject({ type: 'token.generated', data: { connection: 'acme', first: 1 } });
    world.provider.addToken('new-token-0123456789');
    const add = ['token', 'add', '-c', 'acme', '--owner', personName(2), '--reference', `${world.directory}/reference`];
    writeFileSync(`${world.directory}/reference`, 'new-token-0123456789', { mode: 0o600 });
    expect(await run(...add)).toMatchObject({ code: 0 });
    await eventually(async () => (hooks.length > 1 ? true : undefined));
    expect(hooks[1]).toMatchObject({ type: 'token.generated', data: { connection: 'acme' } });
    expect(hooks[1]?.data).not.toHaveProperty('first');
    await daemon.stop();
    expect(daemon.output()).not.toContain('new-token-0123456789');
  });

  test('of cycles that fail because the directory refuses us, and that one gets through again', async () => {
    const daemon = await world.daemon();
    const operator = await clientOf(world, daemon);
    world.tenant.control.addFault({ path: '/servicePrincipals*', effect: { kind: 'status', status: 403 } });
    for (let n = 1; n <= 3; n++) expect(await cycle(operator)).toMatchObject({ result: 'failed' });
    expect(await told('cycle.failing')).toMatchObject({ connection: 'acme', failures: 3 });
    world.tenant.control.clearFaults();
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded' });
    expect(await told('cycle.recovered')).toMatchObject({ connection: 'acme' });
    await daemon.stop();
  });

  test('of a quarantine and its end, and of a migration that waits at a gate and has ended, without a name', async () => {
    const daemon = await world.daemon();
    const operator = await clientOf(world, daemon);
    await cycle(operator);
    const token = world.provider.token ?? '';
    for (const secret of [token, 'new-token-0123456789']) world.provider.revokeToken(secret);
    expect(await cycle(operator)).toMatchObject({ result: 'failed' });
    expect(await told('connection.quarantined')).toMatchObject({
      connection: 'acme',
      reason: 'credential-refused, status 401',
    });
    world.provider.addToken(token);
    await eventually(async () =>
      (await operator.status()).connections[0]?.state.quarantine?.state === 'quarantined' ? undefined : true,
    );
    expect(await cycle(operator)).toMatchObject({ result: 'succeeded' });
    expect(await told('connection.recovered')).toMatchObject({ connection: 'acme' });
    await startMigration(operator, 'remove-groups', ['Crew']);
    expect(await told('migration.gate')).toMatchObject({
      connection: 'acme',
      migration: 'remove-groups',
      gate: 'coverage',
    });
    await approve(operator, 'coverage');
    expect(await told('migration.ended')).toMatchObject({
      connection: 'acme',
      migration: 'remove-groups',
      result: 'succeeded',
    });
    expect(JSON.stringify(hooks)).not.toMatch(/person\d|Crew/);
    await daemon.stop();
  });
});
