import { fileURLToPath } from 'node:url';
import { resolve } from 'node:path';
import { Kysely, PostgresDialect } from 'kysely';
import type { Pool } from 'pg';
import { StartupError } from '../../core/errors.ts';
import type { Log } from '../../ports/log.ts';
import { openEmbedded } from './embedded/open-embedded.ts';
import { migrate } from './migrate.ts';
import { checkServer, connectProblem, createServerPool } from './open-server.ts';
import type { Tables } from './tables.ts';

/** Where state lives: a PostgreSQL server, or PostgreSQL embedded in this process. The same SQL runs on both. */
export interface Database {
  readonly kind: 'embedded' | 'server';
  /** Typed access for the stores of this adapter. */
  readonly sql: Kysely<Tables>;
  /** Connections that look unqualified names up in `schema`, at most `clients` at a time; closed with the database. */
  poolFor(schema: string, clients: number): Promise<Pool>;
  /** After it, every commit so far survives a power cut. Does nothing on a server, whose commits already do. */
  syncToDisk(): Promise<void>;
  /** Whether its disk has room for more; undefined where that cannot be seen from here, as of a server's. */
  hasRoom(): Promise<boolean | undefined>;
  close(): Promise<void>;
}

export interface OpenDatabaseOptions {
  /** `file:./directory` for the embedded database, `postgres://…` or `postgresql://…` for a server. */
  readonly url: string;
  readonly log: Log;
  /** Told when the embedded database breaks or its directory is taken over: the process must end. */
  readonly onFatal?: (error: Error) => void;
}

/**
 * Opens the database and brings its schema up to date. Throws StartupError for everything an operator can mend: a
 * directory that is in use, foreign, damaged or not writable, a server that cannot be reached or is too old, a schema
 * newer than this program.
 */
export async function openDatabase(options: OpenDatabaseOptions): Promise<Database> {
  const scheme = /^([a-z]+):/i.exec(options.url)?.[1]?.toLowerCase();
  const opened =
    scheme === 'file'
      ? await openEmbeddedDatabase(options)
      : scheme === 'postgres' || scheme === 'postgresql'
        ? await openServerDatabase(options)
        : undefined;
  if (opened === undefined) {
    throw new StartupError(`database.url has the unknown scheme "${scheme ?? ''}"`, {
      remedy: 'Use file:./directory for the embedded database, or postgres://user@host/database.',
    });
  }
  try {
    await migrate(opened.sql);
    return opened;
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** `file:./data`, `file:data`, `file:/var/lib/x` and `file:///var/lib/x` alike. */
export function directoryOf(url: string): string {
  return url.startsWith('file://') ? fileURLToPath(url) : resolve(url.slice('file:'.length));
}

function kyselyOn(pool: Pool): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
}

async function openEmbeddedDatabase({ url, log, onFatal }: OpenDatabaseOptions): Promise<Database> {
  const report = onFatal ?? ((error: Error) => log.error({ err: error }, 'the embedded database broke'));
  const embedded = await openEmbedded(directoryOf(url), log, report);
  return {
    kind: 'embedded',
    sql: kyselyOn(embedded.pool),
    async poolFor(schema) {
      // All clients share one session, and every statement of ours names its schema: the path can be the other's.
      await embedded.pool.query(`select set_config('search_path', $1, false)`, [schema]);
      return embedded.pool;
    },
    syncToDisk: () => embedded.syncToDisk(),
    hasRoom: () => embedded.hasRoom(),
    close: () => embedded.close(),
  };
}

async function openServerDatabase({ url, log }: OpenDatabaseOptions): Promise<Database> {
  const pool = createServerPool({ url, log });
  const others = new Map<string, Pool>();
  try {
    await checkServer(pool, url);
  } catch (error) {
    await pool.end();
    throw connectProblem(url, error);
  }
  return {
    kind: 'server',
    sql: kyselyOn(pool),
    poolFor(schema, clients) {
      const other = others.get(schema) ?? createServerPool({ url, log, max: clients, searchPath: schema });
      other.options.max = clients;
      others.set(schema, other);
      return Promise.resolve(other);
    },
    syncToDisk: () => Promise.resolve(),
    hasRoom: () => Promise.resolve(undefined),
    async close() {
      await Promise.all([...others.values()].map((other) => other.end()));
      await pool.end();
    },
  };
}
