import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { Kysely, PostgresDialect } from 'kysely';
import { openDatabase } from '../../src/adapters/postgres/database.ts';
import { createStores } from '../../src/adapters/postgres/stores.ts';
import type { Tables } from '../../src/adapters/postgres/tables.ts';
import type { CycleKind } from '../../src/core/cycle.ts';
import type { Stores } from '../../src/ports/stores.ts';
import { aHandClock, type HandClock } from '../contract/stores.contract.ts';
import { silentLog } from '../silent-log.ts';
import { preparing } from './prepared.ts';
import { runScript } from './run-script.ts';
import { script, type Script } from './script.ts';

/** Without a number of histories so many are played, or as many as fit into this time, in ms. */
const ENOUGH = 1_000;
const ENOUGH_MS = 240_000;
/** What earlier histories left makes every statement slower; emptying makes all of them be planned again. */
const EMPTIED_EVERY = 50;
/** As many as a daemon's store has. */
const CLIENTS = 10;

export interface ModelStores {
  readonly stores: Stores;
  readonly clock: HandClock;
  /** Forgets everything. */
  empty(): Promise<void>;
  close(): Promise<void>;
}

/** The real stores on a database of their own. A power cut is not part of the model: nothing is flushed to the disk. */
export async function openModelStores(): Promise<ModelStores> {
  const directory = await mkdtemp(join(tmpdir(), 'headgate-model-'));
  const database = await openDatabase({ url: `file:${directory}`, log: silentLog });
  const pool = await database.poolFor('headgate', CLIENTS);
  const sql = new Kysely<Tables>({ dialect: new PostgresDialect({ pool: preparing(pool) }) });
  const { rows } = await pool.query<{ tables: string }>(
    `select string_agg(format('%I.%I', schemaname, tablename), ', ') as tables from pg_catalog.pg_tables
     where schemaname = 'headgate' and tablename not in ('migration', 'migration_lock')`,
  );
  const clock = aHandClock();
  return {
    stores: createStores({ database: { ...database, sql, syncToDisk: async () => undefined }, clock }),
    clock,
    async empty() {
      await pool.query(`truncate ${rows[0]?.tables ?? ''}`);
    },
    async close() {
      await database.close();
      await rm(directory, { recursive: true });
    },
  };
}

/** Which histories to play: HEADGATE_TEST_RUNS says how many, HEADGATE_TEST_SEED and HEADGATE_TEST_PATH which ones. */
function runParameters(): fc.Parameters<[Script]> {
  const { HEADGATE_TEST_RUNS: runs, HEADGATE_TEST_SEED: seed, HEADGATE_TEST_PATH: path } = process.env;
  return {
    ...(runs === undefined
      ? { numRuns: ENOUGH, interruptAfterTimeLimit: ENOUGH_MS, markInterruptAsFailure: false }
      : { numRuns: Number(runs) }),
    ...(seed === undefined ? {} : { seed: Number(seed) }),
    ...(path === undefined ? {} : { path }),
    ...(path === undefined || runs === '1' ? { endOnFailure: true } : {}),
  };
}

let histories = 0;

/**
 * Plays random histories and returns what is wrong with the smallest one that fails, and how to play it again; nothing
 * when all are well.
 */
export async function playHistories(under: ModelStores, calm: CycleKind): Promise<string> {
  const random = Math.random;
  const property = fc.asyncProperty(fc.noBias(script(calm === 'initial')), async (history) => {
    // Back-off is jittered: the same history must be played in the same way.
    let state = 1;
    Math.random = () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647;
    if (++histories % EMPTIED_EVERY === 0) await under.empty();
    const wrong = await runScript(`model-${histories}`, history, calm, under);
    if (wrong.length > 0) throw new Error(wrong.join('\n'));
  });
  const details = await fc.check(property, runParameters()).finally(() => (Math.random = random));
  process.stdout.write(`${details.numRuns} histories with ${calm} cycles at the end, seed ${details.seed}\n`);
  if (!details.failed) return '';
  const which = `HEADGATE_TEST_SEED=${details.seed} HEADGATE_TEST_PATH=${details.counterexamplePath ?? ''}`;
  const file = calm === 'initial' ? 'full-cycles' : 'incremental-cycles';
  const replay = `${which} npx vitest run --config test/vitest.config.ts test/model/${file}`;
  const why = details.errorInstance instanceof Error ? details.errorInstance.stack : details.errorInstance;
  return `${fc.defaultReportMessage(details)}\n\n${String(why)}\n\nPlay it again, and find the smallest: ${replay}`;
}
