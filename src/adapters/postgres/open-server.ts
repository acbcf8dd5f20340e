import { Pool } from 'pg';
import { StartupError } from '../../core/errors.ts';
import type { Log } from '../../ports/log.ts';

const OLDEST_MAJOR = 14;
const CONNECT_TIMEOUT_MS = 10_000;

/** Enough for the few control jobs and slices one process runs at a time, and the API beside them. */
const STORE_CLIENTS = 10;

export interface ServerPoolOptions {
  readonly url: string;
  readonly log: Log;
  readonly max?: number;
  /** Schema that unqualified names are looked up in. */
  readonly searchPath?: string;
}

/** Host, port and database of a URL: what may be shown. */
export function shownUrl(url: string): string {
  try {
    const { hostname, port, pathname } = new URL(url);
    return `${hostname}${port === '' ? '' : `:${port}`}${pathname}`;
  } catch {
    // A URL that cannot be read may hold the password anywhere.
    return 'the configured URL';
  }
}

/** A pool of connections to a PostgreSQL server. Connects when first used. */
export function createServerPool({ url, log, max = STORE_CLIENTS, searchPath }: ServerPoolOptions): Pool {
  const pool = new Pool({
    connectionString: url,
    max,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'headgate',
    ...(searchPath === undefined ? {} : { options: `-c search_path=${searchPath}` }),
  });
  pool.setMaxListeners(0);
  // An idle connection lost (server restart) is replaced by the pool; without a listener it would end the process.
  pool.on('error', (error) => log.warn({ error: error.message }, 'an idle database connection was lost'));
  // So would one lost between two statements of a transaction, which the pool does not watch; its next statement fails.
  pool.on('connect', (client) => {
    client.on('error', (error) => log.debug({ error: error.message }, 'a database connection in use was lost'));
  });
  return pool;
}

const REMEDIES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Check that PostgreSQL runs there and that host and port in database.url are right.',
  ENOTFOUND: 'The host name in database.url does not resolve.',
  ETIMEDOUT: 'Check host, port and firewall.',
  '28P01': 'The user name or password in database.url is wrong.',
  '28000': 'The server does not let this user in: look at its pg_hba.conf.',
  '3D000': 'Create the database, or mend its name in database.url.',
  '42501': 'Give the database user the right to create schemas in this database.',
};

/** A failure of the first connection, told as what to do about it. The driver's message may quote the URL: it is dropped. */
export function connectProblem(url: string, error: unknown): StartupError {
  if (error instanceof StartupError) return error;
  const found = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const code = found ?? 'no answer';
  return new StartupError(`the database at ${shownUrl(url)} cannot be used (${code})`, {
    remedy: REMEDIES[code] ?? 'Check database.url and the log of the PostgreSQL server.',
  });
}

/** Connects once and checks the version. Throws StartupError when the server cannot be used or is too old. */
export async function checkServer(pool: Pool, url: string): Promise<void> {
  try {
    const { rows } = await pool.query<{ version: number }>(
      `select current_setting('server_version_num')::integer as version`,
    );
    refuseOldServer(rows[0]?.version ?? 0);
  } catch (error) {
    throw connectProblem(url, error);
  }
}

/** Throws StartupError for a server older than PostgreSQL 14. `version` is server_version_num, such as 140012. */
export function refuseOldServer(version: number): void {
  const major = Math.floor(version / 10_000);
  if (major >= OLDEST_MAJOR) return;
  throw new StartupError(`the server runs PostgreSQL ${major}; Headgate needs ${OLDEST_MAJOR} or newer`, {
    remedy: 'Upgrade the server, or leave database.url out to use the embedded database.',
  });
}
