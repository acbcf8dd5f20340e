import { setMaxListeners } from 'node:events';
import { Agent, fetch } from 'undici';
import { IncompleteReadError, TransientError } from '../../core/errors.ts';
import type { Patience } from './options.ts';

/** One request on the wire. The address carries personal data and is never logged. */
export interface WireRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly signal?: AbortSignal;
}

/** What came back, read to its end. */
export interface Answer {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string>>;
  /** JSON value of a JSON body, text of a text/plain one; undefined for anything else, such as an HTML error page. */
  readonly body: unknown;
}

export interface Transport {
  /**
   * Sends one request once.
   * @throws TransientError when the connection fails, times out or breaks, or a success carries no readable body
   * @throws IncompleteReadError when the body is larger than allowed
   */
  send(request: WireRequest): Promise<Answer>;
  close(): Promise<void>;
}

/** HTTP over a pool of undici's. Redirects are not followed: a token must not travel to another host. */
export function createTransport(patience: Patience): Transport {
  const agent = new Agent({
    connections: 16,
    connect: { timeout: patience.connectTimeoutMs },
    headersTimeout: patience.headersTimeoutMs,
    bodyTimeout: patience.bodyTimeoutMs,
  });

  async function send(request: WireRequest): Promise<Answer> {
    let status: number | undefined;
    const stop = stopOf(request.signal);
    try {
      const response = await fetch(request.url, {
        method: request.method,
        headers: request.headers,
        redirect: 'manual',
        dispatcher: agent,
        ...(request.body === undefined ? {} : { body: request.body }),
        signal: stop.signal,
      });
      status = response.status;
      stop.within(patience.bodyTimeoutMs);
      const headers = Object.fromEntries(response.headers);
      const text = await readText(response.body, patience.largestBody);
      return { status, headers, body: parseBody(status, headers, text) };
    } catch (error) {
      request.signal?.throwIfAborted();
      if (error instanceof TransientError || error instanceof IncompleteReadError) throw error;
      throw new TransientError(`The connection to ${new URL(request.url).host} failed (${networkCode(error)}).`, {
        ...(status === undefined ? {} : { status }),
        remedy: 'Check name resolution, firewall and proxy between this machine and Microsoft; reads are tried again.',
      });
    } finally {
      stop.release();
    }
  }

  return { send, close: () => agent.destroy() };
}

/**
 * A signal for one request. fetch leaves its listener behind until it is garbage; on the signal of a cycle of thousands
 * of requests they would pile up. `within` ends it after a time: what drips is never idle, and would be read for ever.
 */
function stopOf(signal: AbortSignal | undefined) {
  const own = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  if (signal?.aborted === true) own.abort(signal.reason);
  const abort = (): void => own.abort(signal?.reason);
  // Requests under way at a time are more than the ten listeners Node takes for a leak.
  if (signal !== undefined) setMaxListeners(0, signal);
  signal?.addEventListener('abort', abort, { once: true });
  return {
    signal: own.signal,
    within(ms: number): void {
      timer = setTimeout(() => own.abort(Object.assign(new Error('body too slow'), { code: 'BODY_TIMEOUT' })), ms);
    },
    release(): void {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    },
  };
}

/** Node's or undici's code of a network failure. The message is left out: it may quote the address. */
function networkCode(error: unknown): string {
  for (let at = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code;
  }
  return error instanceof Error ? error.name : 'unknown';
}

async function readText(body: AsyncIterable<Uint8Array> | null, largest: number): Promise<string> {
  if (body === null) return '';
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const chunk of body) {
    size += chunk.byteLength;
    if (size > largest) {
      throw new IncompleteReadError(`An answer was larger than ${largest} bytes and was not read to its end.`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

function parseBody(status: number, headers: Readonly<Record<string, string>>, text: string): unknown {
  const type = headers['content-type'] ?? '';
  if (/^text\/plain\b/iu.test(type)) return text.trim();
  if (/^application\/([\w.-]+\+)?json\b/iu.test(type)) {
    try {
      return JSON.parse(text);
    } catch {
      // An unreadable error body still has its status; an unreadable success has nothing and is asked for again.
    }
  }
  if (status >= 200 && status < 300 && status !== 204) {
    const requestId = headers['request-id'];
    throw new TransientError(`An answer with status ${status} had no readable JSON body.`, {
      status,
      ...(requestId === undefined ? {} : { requestId }),
      remedy: 'Look for a proxy that answers in place of Microsoft Graph, or that cuts answers short.',
    });
  }
  return undefined;
}
