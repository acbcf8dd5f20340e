import { createServer, type Server } from 'node:net';
import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { openRedisBackend, shownRedis } from '../../../src/adapters/bullmq/redis-backend.ts';
import { StartupError } from '../../../src/core/errors.ts';
import { redisAvailable, startRedis } from '../../services.ts';
import { silentLog } from '../../silent-log.ts';

async function refusalOf(url: string): Promise<StartupError> {
  const error = await openRedisBackend(url, silentLog).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof StartupError)) throw new Error(`expected a StartupError, found ${String(error)}`);
  return error;
}

function describeStart(): void {
  describe('Redis at the start', () => {
    test.each([
      [
        'evicts keys',
        { 'maxmemory-policy': 'allkeys-lru' },
        'maxmemory-policy allkeys-lru',
        'maxmemory-policy noeviction',
      ],
      ['keeps jobs in memory only', { appendonly: 'no' }, 'appendonly no', 'appendonly yes'],
    ])('is refused when it %s', async (_what, settings, found, line) => {
      const redis = await startRedis(settings);
      const refusal = await refusalOf(redis.url);
      await redis.stop();
      expect(refusal.message).toContain(found);
      expect(refusal.facts.remedy).toContain(line);
    });

    test('is judged by INFO where CONFIG is forbidden', async () => {
      const evicting = await startRedis({ 'maxmemory-policy': 'volatile-ttl', 'rename-command': ['CONFIG', ''] });
      const refusal = await refusalOf(evicting.url);
      await evicting.stop();
      expect(refusal.message).toContain('volatile-ttl');
      const fit = await startRedis({ 'rename-command': ['CONFIG', ''] });
      const backend = await openRedisBackend(fit.url, silentLog);
      await backend.ping();
      await backend.close();
      await fit.stop();
    });

    test.each([
      ['maxmemory-policy', 'allkeys-lru', { evicts: true, persists: true }],
      ['appendonly', 'no', { evicts: false, persists: false }],
    ])('a change of %s to %s while it runs is seen', async (setting, value, expected) => {
      const redis = await startRedis({});
      const backend = await openRedisBackend(redis.url, silentLog);
      const before = await backend.durability();
      const admin = new Redis(redis.url);
      await admin.config('SET', setting, value);
      const after = await backend.durability();
      admin.disconnect();
      await backend.close();
      await redis.stop();
      expect(before).toEqual({ evicts: false, persists: true });
      expect(after).toEqual(expected);
    });

    test('is refused when the password is wrong, without showing it', async () => {
      const redis = await startRedis({ requirepass: 'secret' });
      const url = redis.url.replace('redis://', 'redis://:wrong-secret@');
      const refusal = await refusalOf(url);
      await redis.stop();
      expect(`${refusal.message} ${refusal.facts.remedy ?? ''}`).not.toContain('wrong-secret');
      expect(refusal.facts.remedy).toContain('password');
    });
  });
}

if (redisAvailable()) describeStart();

test('Redis that is not there is refused with the address and what to check', async () => {
  const server: Server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
  const refusal = await refusalOf(`redis://127.0.0.1:${port}`);
  expect(refusal.message).toBe(`Redis at 127.0.0.1:${port} cannot be used (ECONNREFUSED)`);
});

test('a Redis URL is shown without user and password', () => {
  expect(shownRedis('rediss://ada:hunter2@cache.example/2')).toBe('cache.example:6379/2');
  expect(shownRedis('redis://ada:hunter2@[broken')).toBe('the configured URL');
});
