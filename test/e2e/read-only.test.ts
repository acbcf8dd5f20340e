import { readFileSync } from 'node:fs';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { afterEach, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { OperatorClient } from '../../src/cli/operator-client.ts';
import { company, cycle } from './company.ts';
import { eventually, platforms, startWorld, type World } from './world.ts';

/* What answers and takes nothing: a PostgreSQL that has become a standby, a Redis without memory, disk or primary. */
let world: World;
afterEach(() => world.close());

const start = (operator: OperatorClient) =>
  operator.startCycle({ connection: 'acme', kind: 'initial', requestedBy: 'test' });

async function troublesOf(operator: OperatorClient) {
  return (await operator.status()).troubles ?? [];
}

describe.each(platforms().filter((platform) => platform === 'servers'))('on %s', (platform) => {
  test('a database that takes no writes is told as trouble, with what to do, until it takes them again', async () => {
    world = await startWorld({ platform, organisation: company({ users: 2, direct: [1, 2] }) });
    const operator = await world.open();
    const client = new Client({ connectionString: parse(readFileSync(world.configFile, 'utf8')).database.url });
    await client.connect();
    const readOnly = async (value: 'on' | 'off') => {
      await client.query('set default_transaction_read_only = off');
      await client.query(`alter system set default_transaction_read_only = ${value}`);
      await client.query('select pg_reload_conf()');
    };
    await readOnly('on');
    const [trouble] = await eventually(async () => {
      const found = await troublesOf(operator);
      return found.length > 0 ? found : undefined;
    });
    const detail = 'the database takes no writes: it is read-only';
    expect(trouble).toMatchObject({ name: 'database', detail, remedy: expect.stringContaining('primary') });
    await expect(start(operator)).rejects.toMatchObject({ code: 'remote-unavailable', message: detail });
    await readOnly('off');
    await eventually(async () => ((await troublesOf(operator)).length === 0 ? true : undefined));
    await client.end();
    expect((await cycle(operator)).result).toBe('succeeded');
  });

  test.each([
    { what: 'has no memory left', set: ['maxmemory', '1kb'], back: ['maxmemory', '0'], says: 'OOM', do: 'maxmemory' },
    {
      what: 'waits for a replica that is gone',
      set: ['min-replicas-to-write', '1'],
      back: ['min-replicas-to-write', '0'],
      says: 'NOREPLICAS',
      do: 'replicas',
    },
  ] as const)('a Redis that $what is told as trouble, with what to do', async ({ set, back, says, do: toDo }) => {
    world = await startWorld({ platform, organisation: company({ users: 2, direct: [1, 2] }) });
    const operator = await world.open();
    const redis = new Redis(world.redisUrl ?? '');
    await redis.config('SET', ...set);
    const detail = `the queue takes no jobs (${says})`;
    expect(await troublesOf(operator)).toMatchObject([
      { name: 'queue', detail, remedy: expect.stringContaining(toDo) },
    ]);
    await expect(start(operator)).rejects.toMatchObject({ code: 'remote-unavailable', message: detail });
    await redis.config('SET', ...back);
    await redis.quit();
    expect(await troublesOf(operator)).toEqual([]);
  });
});
