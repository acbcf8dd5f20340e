import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { sql } from 'kysely';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openDatabase, type Database } from '../../../src/adapters/postgres/database.ts';
import { createStores } from '../../../src/adapters/postgres/stores.ts';
import type { OperationResult, SliceWork } from '../../../src/ports/slices.ts';
import type { Stores } from '../../../src/ports/stores.ts';
import { aCreate, aLink, ALLOWED, aPlan, escrowed, exported } from '../../contract/plans.ts';
import { aHandClock } from '../../contract/stores.contract.ts';
import { silentLog } from '../../silent-log.ts';

let directory: string;
let database: Database;
let stores: Stores;
const clock = aHandClock();

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'headgate-embedded-'));
  database = await openDatabase({ url: `file:${directory}`, log: silentLog });
  stores = createStores({ database, clock });
});
afterAll(async () => {
  await database.close();
  await rm(directory, { recursive: true });
});

/** Counts of states by the rows themselves. */
async function counted(table: 'operation' | 'link', keys: string): Promise<readonly object[]> {
  const { rows } = await sql<object>`
    select ${sql.raw(keys)}, count(*)::integer as count from ${sql.raw(`headgate.${table}`)}
    group by ${sql.raw(keys)} order by ${sql.raw(keys)}`.execute(database.sql);
  return rows;
}

async function kept(table: 'operation' | 'link', keys: string): Promise<readonly object[]> {
  const { rows } = await sql<object>`
    select ${sql.raw(keys)}, count::integer as count from ${sql.raw(`headgate.${table}_count`)}
    where count <> 0 order by ${sql.raw(keys)}`.execute(database.sql);
  return rows;
}

type Fate = 'exported' | 'escrowed' | 'dropped' | 'pending' | 'in-doubt' | 'silent';

function resultOf(item: SliceWork['operations'][number], fate: Fate): readonly OperationResult[] {
  const { sequence } = item;
  if (fate === 'silent') return [];
  if (fate === 'exported') return [exported(item, aLink(sequence))];
  if (fate === 'pending' || fate === 'in-doubt') return [{ sequence, state: fate, attemptSpent: true }];
  return [escrowed(item, fate === 'dropped')];
}

test('whatever happens to operations and links, the counts agree with the rows', async () => {
  const fates = fc.constantFrom<Fate>('exported', 'escrowed', 'dropped', 'pending', 'in-doubt', 'silent');
  let runs = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(fates, { minLength: 1, maxLength: 6 }), { maxLength: 4 }), async (rounds) => {
      const connection = `counts-${++runs}`;
      const { cycles } = stores;
      const { id } = await cycles.open({ connection, kind: 'initial', requestedBy: 'test' });
      await cycles.leaseGathering(id, 'w', 1_000);
      await cycles.savePlan(id, 'w', aPlan(connection, [1, 2, 3, 4, 5, 6].map(aCreate)), ALLOWED);
      for (const round of rounds) {
        const [slice] = await cycles.cutSlices(id, 1, 1, round.length, clock.now());
        const start = slice === undefined ? undefined : await cycles.startSlice(slice, 'w', 1_000);
        if (slice === undefined || start?.state !== 'started') break;
        const results = start.work.operations.flatMap((item, index) => resultOf(item, round[index] ?? 'silent'));
        await cycles.recordSlice(slice, 'w', results);
      }
      if (rounds.length % 2 === 0) await cycles.close(id, 'cancelled');
      expect(await kept('operation', 'cycle, wave, state')).toEqual(await counted('operation', 'cycle, wave, state'));
      expect(await kept('link', 'connection, resource, state')).toEqual(
        await counted('link', 'connection, resource, state'),
      );
    }),
    { numRuns: 25 },
  );
});

test('every transaction is announced before and after, and a failed one only before', async () => {
  const heard: unknown[] = [];
  const hear = (message: unknown): void => void heard.push(message);
  subscribe('headgate:commit', hear);
  const request = { connection: 'announced', kind: 'initial', requestedBy: 'test', expectedDigest: 'other' } as const;
  const { id } = await stores.cycles.open(request);
  await stores.cycles.leaseGathering(id, 'w', 1_000);
  await expect(stores.cycles.savePlan(id, 'w', aPlan('announced', []), ALLOWED)).rejects.toThrow('digest');
  unsubscribe('headgate:commit', hear);
  expect(heard).toEqual([
    { name: 'cycles.open', phase: 'before' },
    { name: 'cycles.open', phase: 'after' },
    { name: 'cycles.leaseGathering', phase: 'before' },
    { name: 'cycles.leaseGathering', phase: 'after' },
    { name: 'cycles.savePlan', phase: 'before' },
  ]);
});
