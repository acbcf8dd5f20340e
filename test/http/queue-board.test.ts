import { createPostgresBackend, Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { postgresAvailable, redisAvailable, usePostgres, useRedis } from '../services.ts';
import { listen, type RunningServer } from './builders.ts';

const NAME = `headgate-board-${process.pid}`;

type BoardQueue = Pick<Queue, 'add' | 'upsertJobScheduler' | 'isPaused' | 'getJobCounts'>;

/** A queue of one backend, and how to be rid of it. */
interface OpenQueue {
  readonly queue: BoardQueue;
  close(): Promise<void>;
}

async function onRedis(): Promise<OpenQueue> {
  const server = await useRedis();
  const connection = new Redis(server.url, { maxRetriesPerRequest: null });
  const queue = new Queue(NAME, { connection });
  const close = async () => {
    await queue.obliterate({ force: true });
    await queue.close();
    await connection.quit();
    await server.stop();
  };
  return { queue, close };
}

async function onPostgres(): Promise<OpenQueue> {
  const server = await usePostgres();
  const connection = { connectionString: server.url, schema: `board_${process.pid}`, migrate: true };
  const queue = new Queue(NAME, { connection }, createPostgresBackend);
  const errors: Error[] = [];
  // Closing does not wait for the last connection to be gone, which then sees the server stop: no fault of the board.
  queue.on('error', (error) => errors.push(error));
  const close = async () => {
    expect(errors).toEqual([]);
    await queue.obliterate({ force: true });
    await queue.close();
    await server.stop();
  };
  return { queue, close };
}

const BACKENDS = [
  ...(redisAvailable() ? [['Redis', onRedis] as const] : []),
  ...(postgresAvailable() ? [['PostgreSQL', onPostgres] as const] : []),
];

describe.each(BACKENDS)('the queue board on %s', (_backend, open) => {
  let opened: OpenQueue;
  let queue: BoardQueue;
  let server: RunningServer;

  beforeAll(async () => {
    opened = await open();
    queue = opened.queue;
    await queue.add('advance-cycle', { cycle: '0198-aa', user: 'ada lovelace <ada@contoso.com>' });
    await queue.add('advance-cycle', { cycle: '0198-bb' }, { delay: 3_600_000 });
    await queue.upsertJobScheduler('acme-initial', { pattern: '0 3 * * 0', tz: 'UTC' }, { name: 'start-cycle' });
    server = await listen({ queues: [queue] });
  });

  afterAll(async () => {
    await server.app.close();
    await opened.close();
  });

  test.each(['/queues', '/queues/', `/queues/queue/${NAME}`])('%s is its page', async (path) => {
    const { status, headers, text } = await server.ask('GET', path);
    expect(status).toBe(200);
    expect(headers['content-type']).toMatch(/^text\/html/);
    expect(text).toContain('<base href="/queues/"');
  });

  test('its policy lets its own scripts run and no others', async () => {
    const { headers, text } = await server.ask('GET', '/queues/');
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("script-src 'self';");
    expect(policy).toContain("base-uri 'self'");
    const inline = [...text.matchAll(/<script(?![^>]*\bsrc=)([^>]*)>/g)].map((match) => match[1]);
    // What stands in the page itself is data, which a policy without inline scripts leaves alone.
    expect(inline).toEqual([' id="__UI_CONFIG__" type="application/json"']);
  });

  test('every script and style sheet of the page is there', async () => {
    const { text } = await server.ask('GET', '/queues/');
    const assets = [...text.matchAll(/(?:src|href)="(static\/[^"]+\.(?:js|css))"/g)].map((match) => match[1] ?? '');
    expect(assets.length).toBeGreaterThan(2);
    for (const asset of assets)
      expect([asset, (await server.ask('GET', `/queues/${asset}`)).status]).toEqual([asset, 200]);
  });

  test('counts are shown, and payloads with what is no id blacked out', async () => {
    const { status, json, text } = await server.ask('GET', `/queues/api/queues?activeQueue=${NAME}&status=latest`);
    expect(status).toBe(200);
    expect(json).toMatchObject({
      queues: [{ name: NAME, readOnlyMode: true, allowRetries: false, counts: { waiting: 1, delayed: 2 } }],
    });
    expect(text).toContain('0198-aa');
    expect(text).not.toMatch(/ada|contoso/);
  });

  test('statistics of the database and schedules are shown', async () => {
    expect((await server.ask('GET', '/queues/api/redis/stats')).status).toBe(200);
    const schedulers = await server.ask('GET', '/queues/api/job-schedulers');
    expect(schedulers.json).toMatchObject({ schedulers: [{ id: 'acme-initial', pattern: '0 3 * * 0' }] });
  });

  test.each([
    ['PUT', '/queues/api/queues/pause'],
    ['PUT', `/queues/api/queues/${NAME}/pause`],
    ['PUT', `/queues/api/queues/${NAME}/empty`],
    ['PUT', `/queues/api/queues/${NAME}/obliterate`],
    ['POST', `/queues/api/queues/${NAME}/add`],
    ['DELETE', `/queues/api/job-schedulers/${NAME}/acme-initial`],
    ['PATCH', '/queues/anything'],
  ] as const)('%s %s changes nothing', async (method, path) => {
    const answer = await server.ask(method, path, { body: {} });
    expect([404, 405]).toContain(answer.status);
    expect(await queue.isPaused()).toBe(false);
    expect(await queue.getJobCounts('waiting', 'delayed')).toEqual({ waiting: 1, delayed: 2 });
  });

  test.each(['/queues', '/queues/', '/queues/api/queues', '/queues/static/favicon-32x32.png'])(
    '%s needs the token and asks a browser for it',
    async (path) => {
      const answer = await server.ask('GET', path, { headers: { authorization: undefined } });
      expect(answer.status).toBe(401);
      expect(answer.headers['www-authenticate']).toMatch(/^Basic /);
    },
  );

  test('is closed to names that are not ours', async () => {
    expect((await server.ask('GET', '/queues/', { headers: { host: 'evil.example' } })).status).toBe(421);
  });

  test('a queue it does not know is not found', async () => {
    expect((await server.ask('GET', '/queues/api/queues/other/workers')).status).toBe(404);
  });
});

test('without queues there is no board', async () => {
  const bare = await listen({ queues: [] });
  expect((await bare.ask('GET', '/queues/')).status).toBe(404);
  await bare.app.close();
});
