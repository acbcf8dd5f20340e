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
const MAINTENANCE_MS = 60_000;
/** As much as some two thousand jobs leave behind. */
const MAINTENANCE_BYTES = 4 * 1024 * 1024;
/** How long closing waits for clients that are still busy. */
const CLOSE_PATIENCE_MS = 5_000;

export interface EmbeddedDatabase {
  readonly pool: Pool;
  /** After it, every commit so far survives a power cut. */
  syncToDisk(): Promise<void>;
  /** Whether its disk has room for more. */
  hasRoom(): Promise<boolean>;
  /** Frees dead rows and shortens the write-ahead log. Runs by itself every minute in which much was written. */
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
  pool.on('connect', (client) => {
    client.on('error', (error) => log.debug({ error: error.message }, 'a client of the embedded database was lost'));
  });
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
  // All tables, not those the statistics call dirty: in a database without background processes they lag behind.
  // ANALYZE only the grown ones: statistics of a nearly empty table make the planner choose badly once it fills.
  const { rows } = await pool.query<{ name: string; grown: boolean }>(
    `select format('%I.%I', schemaname, relname) as name, pg_relation_size(relid) > 1000000 as grown
     from pg_catalog.pg_stat_user_tables`,
  );
  for (const { name, grown } of rows) await pool.query(`vacuum ${grown ? '(analyze) ' : ''}${name}`);
  await pool.query('checkpoint');
  await disk.syncAll();
}

/** Bytes written to the write-ahead log since the database was created. */
async function written(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ bytes: string }>(`select pg_current_wal_lsn() - '0/0' as bytes`);
  return Number(rows[0]?.bytes ?? 0);
}

interface Maintenance {
  now(): Promise<void>;
  stop(): void;
}

/** Maintains the database every minute in which something worth the trouble was written. */
function scheduleMaintenance(pool: Pool, disk: DiskSync, log: Log): Maintenance {
  let last = 0;
  async function now(): Promise<void> {
    await maintainDatabase(pool, disk);
    last = await written(pool);
  }
  async function whenWorthIt(): Promise<void> {
    if ((await written(pool)) - last >= MAINTENANCE_BYTES) await now();
  }
  const timer = setInterval(() => {
    whenWorthIt().catch((error: unknown) => {
      // Cut short by the end of the process: the next one maintains it.
      if (pool.ending) return;
      log.warn({ error: error instanceof Error ? error.message : 'unknown' }, 'database maintenance failed');
    });
  }, MAINTENANCE_MS);
  timer.unref();
  return { now, stop: () => clearInterval(timer) };
}

/**
 * Opens the embedded database in a directory: PostgreSQL compiled to WebAssembly, in this process, locked against any
 * other. Throws StartupError naming what is wrong with the directory and what to do. `onFatal` is told when the engine
 * breaks or the directory is taken over; the program must then end.
 */
export async function openEmbedded(path: string, log: Log, onFatal: (error: Error) => void): Promise<EmbeddedDatabase> {
  const directory = await claimDirectory(path);
  let session: Session | undefined;
  const lock = await takeLock(directory, (error) => {
    // Whoever has the directory now must not find this process writing into it.
    if (session === undefined) onFatal(error);
    else session.fail(error);
  });
  try {
    const database = await ensureDatabase(directory);
    const engine = await startEngine(directory, database);
    session = shareSession(engine, onFatal);
    const disk = createDiskSync(database);
    return run({ engine, session, disk, lock, log });
  } catch (error) {
    // What went wrong is worth more than that the lock could not be marked as released: this process is about to end.
    await Promise.allSettled([lock.release()]);
    throw error;
  }
}

async function takeLock(directory: string, onLost: (error: Error) => void): Promise<DirectoryLock> {
  try {
    return await lockDirectory(directory, onLost);
  } catch (error) {
    throw error instanceof StartupError ? error : directoryProblem(directory, error);
  }
}

interface Parts {
  readonly engine: PGlite;
  readonly session: Session;
  readonly disk: DiskSync;
  readonly lock: DirectoryLock;
  readonly log: Log;
}

function run({ engine, session, disk, lock, log }: Parts): EmbeddedDatabase {
  const pool = createPool(session, log);
  const maintenance = scheduleMaintenance(pool, disk, log);
  return {
    pool,
    syncToDisk: () => disk.syncLog(),
    hasRoom: () => disk.hasRoom(),
    maintain: () => maintenance.now(),
    async close() {
      maintenance.stop();
      await endPool(pool);
      try {
        await session.exclusively(() => engine.close());
        await disk.syncAll();
      } finally {
        await lock.release();
      }
    },
  };
}
