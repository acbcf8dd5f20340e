import { PGlite } from '@electric-sql/pglite';
import { setTimeout as wait } from 'node:timers/promises';
import { Pool } from 'pg';
import { StartupError } from '../../../core/errors.ts';
import type { Log } from '../../../ports/log.ts';
import { createClientStream } from './client-stream.ts';
import { claimDirectory, directoryProblem, ensureDatabase } from './data-directory.ts';
import { lockDirectory, type DirectoryLock } from './directory-lock.ts';
import { createDiskSync, type DiskSync } from './disk.ts';
import { shareSession, type Session } from './session.ts';

/** There is one session behind all of them, so a logical client costs nothing; each BullMQ worker keeps one. */
const CLIENTS = 200;
/** Housekeeping the server's own background processes would do; there are none in an embedded database. */
const MAINTENANCE_MS = 5 * 60_000;
/** How long closing waits for clients that are still busy. */
const CLOSE_PATIENCE_MS = 5_000;

export interface EmbeddedDatabase {
  readonly pool: Pool;
  /** After it, every commit so far survives a power cut. */
  syncToDisk(): Promise<void>;
  /** Frees dead rows and shortens the write-ahead log. Runs by itself every five minutes. */
  maintain(): Promise<void>;
  close(): Promise<void>;
}

async function startEngine(directory: string, database: string): Promise<PGlite> {
  const said: string[] = [];
  function hear(text: string): boolean {
    said.push(text);
    if (said.length > 20) said.shift();
    return true;
  }
  try {
    const engine = new PGlite({
      dataDir: database,
      startParams: [...PGlite.defaultStartParams, '-c', 'shared_buffers=16MB'],
      onStdout: hear,
      onStderr: hear,
    });
    await engine.waitReady;
    return engine;
  } catch (error) {
    const fatal = said.find((line) => /FATAL|PANIC/.test(line));
    if (fatal === undefined) throw directoryProblem(directory, error);
    throw new StartupError(`the database in ${directory} does not start: ${fatal.trim()}`, {
      remedy: 'Restore the data directory from a backup. Do not delete it: it holds the links to existing accounts.',
      cause: error,
    });
  }
}

function createPool(session: Session, log: Log): Pool {
  const pool = new Pool({
    max: CLIENTS,
    idleTimeoutMillis: 0,
    ssl: false,
    user: 'postgres',
    database: 'postgres',
    host: 'embedded',
    stream: () => createClientStream(session),
  });
  // Every BullMQ queue and worker listens for errors on the pool it is given.
  pool.setMaxListeners(0);
  pool.on('error', (error) => log.warn({ error: error.message }, 'a client of the embedded database was lost'));
  return pool;
}

/** A client that was never given back must not keep the database from being closed properly. */
async function endPool(pool: Pool): Promise<void> {
  const late = new AbortController();
  await Promise.race([pool.end(), wait(CLOSE_PATIENCE_MS, undefined, { signal: late.signal }).catch(() => undefined)]);
  late.abort();
}

async function maintainDatabase(pool: Pool, disk: DiskSync): Promise<void> {
  const { rows } = await pool.query<{ name: string }>(
    `select format('%I.%I', schemaname, relname) as name from pg_catalog.pg_stat_user_tables
     where n_dead_tup > 1000 or n_mod_since_analyze > 10000`,
  );
  // Not all tables: statistics of a nearly empty one make the planner choose badly once it fills.
  for (const { name } of rows) await pool.query(`vacuum (analyze) ${name}`);
  await pool.query('checkpoint');
  await disk.syncAll();
}

/**
 * Opens the embedded database in a directory: PostgreSQL compiled to WebAssembly, in this process, locked against any
 * other. Throws StartupError naming what is wrong with the directory and what to do. `onFatal` is told when the engine
 * breaks or the directory is taken over; the program must then end.
 */
export async function openEmbedded(path: string, log: Log, onFatal: (error: Error) => void): Promise<EmbeddedDatabase> {
  const directory = await claimDirectory(path);
  const lock: DirectoryLock = await lockDirectory(directory, onFatal);
  try {
    const database = await ensureDatabase(directory);
    const engine = await startEngine(directory, database);
    const session = shareSession(engine, onFatal);
    const pool = createPool(session, log);
    const disk = createDiskSync(database);
    const timer = setInterval(() => {
      maintain().catch((error: unknown) => {
        log.warn({ error: error instanceof Error ? error.message : String(error) }, 'database maintenance failed');
      });
    }, MAINTENANCE_MS);
    timer.unref();
    const maintain = (): Promise<void> => maintainDatabase(pool, disk);
    return {
      pool,
      syncToDisk: () => disk.syncLog(),
      maintain,
      async close() {
        clearInterval(timer);
        await endPool(pool);
        await session.exclusively(() => engine.close());
        await disk.syncAll();
        await lock.release();
      },
    };
  } catch (error) {
    await lock.release();
    throw error;
  }
}
