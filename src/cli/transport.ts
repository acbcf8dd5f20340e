import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'undici';
import type { Config, HttpConfig } from '../config/config.ts';
import { ConfigError, TransientError } from '../core/errors.ts';

export interface ApiRequest {
  readonly method: 'GET' | 'POST';
  /** Path with query, beginning with a slash. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

export interface ApiResponse {
  readonly status: number;
  readonly contentType: string;
  readonly body: AsyncIterable<Uint8Array | string>;
}

/** A way to reach the API: over HTTP to a running daemon, or inside this process. */
export interface Transport {
  request(request: ApiRequest): Promise<ApiResponse>;
  close(): Promise<void>;
}

/** How long a daemon may take to say that it lives, in ms. */
const LIVE_TIMEOUT_MS = 2000;

/** Address of the daemon on this machine; an address that means "all" is reached by loopback. */
export function daemonUrl(http: HttpConfig): string {
  const host = http.host === '0.0.0.0' ? '127.0.0.1' : http.host === '::' ? '::1' : http.host;
  return `http://${host.includes(':') && !host.startsWith('[') ? `[${host}]` : host}:${http.port}`;
}

/** Whether a daemon answers at the configured address. */
export async function daemonLives(http: HttpConfig): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(LIVE_TIMEOUT_MS);
    const { statusCode, body } = await httpRequest(`${daemonUrl(http)}/livez`, { signal });
    await body.dump();
    return statusCode === 200;
  } catch {
    // Nothing listens there (or nothing that answers in time): the caller works without a daemon, and the lock on the
    // data directory, not this probe, keeps two of them apart.
    return false;
  }
}

/**
 * Reaches the API of a running daemon. Throws ConfigError when its token cannot be read, and from `request` TransientError
 * when the daemon does not answer.
 */
export async function connectToDaemon(config: Pick<Config, 'file' | 'http'>): Promise<Transport> {
  const token = await readToken(config);
  const origin = daemonUrl(config.http);
  return {
    async request({ method, path, headers, body, signal }) {
      try {
        const response = await httpRequest(`${origin}${path}`, {
          method,
          headers: { ...headers, authorization: `Bearer ${token}` },
          // A plan of a large tenant is silent for minutes between two lines of progress.
          headersTimeout: 0,
          bodyTimeout: 0,
          ...(body === undefined ? {} : { body }),
          ...(signal === undefined ? {} : { signal }),
        });
        const contentType = response.headers['content-type'];
        return { status: response.statusCode, contentType: String(contentType ?? ''), body: response.body };
      } catch (cause) {
        signal?.throwIfAborted();
        throw noAnswer(origin, cause);
      }
    },
    // The connections of undici's global agent do not keep the process alive.
    close: async () => undefined,
  };
}

/** A daemon that does not answer, as an error for operators. */
export function noAnswer(origin: string, cause: unknown): TransientError {
  return new TransientError(`the daemon at ${origin} does not answer`, {
    remedy: 'see whether it runs (headgate serve) and what its log says',
    cause,
  });
}

async function readToken(config: Pick<Config, 'file' | 'http'>): Promise<string> {
  const path = config.http.tokenFile;
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    throw new ConfigError(config.file, [
      {
        path: 'http.token_file',
        message: `a daemon runs, but its API token ${path} cannot be read (${code}); run this command as the user the daemon runs as, or point http.token_file to its token`,
      },
    ]);
  }
}
