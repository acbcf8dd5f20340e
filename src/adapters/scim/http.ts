import { Pool } from 'undici';
import { type HeadgateError, ReadOnlyError, ThrottledError, TransientError } from '../../core/errors.ts';
import type { Log } from '../../ports/log.ts';
import type { Metrics } from '../../ports/metrics.ts';
import {
  type Collection,
  isWrite,
  nameOf,
  type RawAnswer,
  requestIdOf,
  type ScimAnswer,
  type ScimRequest,
} from './answer.ts';
import type { TokenSource } from './credential.ts';
import { brokenExchange, type FailureContext, failureOf } from './failure.ts';
import { safeUrl } from './safe-url.ts';
import { createPacer, type Pacer } from './pacer.ts';
import { wholeAnswer } from './whole-answer.ts';
import { readAnswer, redirectOf, segmentOf } from './wire.ts';

export interface ScimClient {
  /** Sends one request and returns its 2xx answer; anything else is thrown as one of the error family. */
  send(request: ScimRequest, signal: AbortSignal): Promise<ScimAnswer>;
  /** When this collection last gave a 2xx answer (ms since the epoch): a 404 is believed only where something answers. */
  lastSuccess(collection: Collection): number | undefined;
  /** How fast requests may leave at present. */
  pace: Pacer['pace'];
  close(): Promise<void>;
}

export interface ClientOptions extends FailureContext {
  readonly url: string;
  readonly tokens: TokenSource;
  readonly readOnly: boolean;
  /** Connections held open; a connection carries one request at a time. */
  readonly concurrency: number;
  /** Requests a second at most; null for as many as the connections carry. */
  readonly requestsPerSecond: number | null;
  /** Whether the pace follows the provider's answers. */
  readonly adaptive: boolean;
  /** Longest wait for the head of an answer, and again for its body, in ms. */
  readonly timeoutMs: number;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** A group of a million members is about 60 MB; nothing larger is an answer. */
const LARGEST_ANSWER = 128 * 1024 * 1024;
const MOST_REDIRECTS = 3;
const MEDIA_TYPE = 'application/scim+json';

/**
 * The one place where requests leave. Holds the read-only switch, the token, the connection pool and the rule that a
 * token never goes to another origin. Retries nothing, except once with a new token after a 401, which changed nothing.
 */
export function createScimClient(options: ClientOptions): ScimClient {
  const base = safeUrl(options.url, `${options.connection}: provider.url`);
  const basePath = base.pathname.replace(/\/+$/, '');
  const ownQuery = new URLSearchParams(base.search).toString();
  const pool = new Pool(base.origin, {
    connections: options.concurrency,
    pipelining: 1,
    connect: { timeout: Math.min(options.timeoutMs, 10_000) },
    headersTimeout: options.timeoutMs,
    bodyTimeout: options.timeoutMs,
    maxResponseSize: LARGEST_ANSWER,
  });
  const successes = new Map<Collection, number>();
  const pacer = createPacer(options, options.now, options.adaptive);

  function pathOf(request: ScimRequest): string {
    const id =
      request.search === true ? '.search' : request.id === undefined ? undefined : segmentOf(request.id, options);
    const query = request.parameters === undefined ? ownQuery : queryOf(request.parameters);
    return `${basePath}/${request.collection}${id === undefined ? '' : `/${id}`}${query === '' ? '' : `?${query}`}`;
  }

  function queryOf(parameters: Readonly<Record<string, string>>): string {
    const own = ownQuery === '' ? [] : [ownQuery];
    return [...own, ...Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`)].join(
      '&',
    );
  }

  function stopping(request: ScimRequest): TransientError {
    return new TransientError(`${options.connection}: ${nameOf(request)} was not sent: stopping`);
  }

  /** One request at the connection's pace. */
  async function exchange(request: ScimRequest, path: string, token: string, signal: AbortSignal): Promise<RawAnswer> {
    const turn = pacer.enter(signal);
    if (turn !== undefined && !(await turn)) throw stopping(request);
    const startedAt = performance.now();
    let status: number | 'error' = 'error';
    try {
      const body = request.body === undefined ? null : JSON.stringify(request.body);
      const outgoing = { method: request.method, path, headers: headersOf(request, token), body };
      const answer = await wholeAnswer(pool, outgoing, options.timeoutMs, signal);
      status = answer.status;
      return answer;
    } catch (error) {
      throw brokenExchange(request, error, options);
    } finally {
      pacer.leave();
      const seconds = (performance.now() - startedAt) / 1000;
      options.metrics.request('scim', options.connection, request.method, status, seconds);
    }
  }

  /** Follows redirects inside the origin only; a write only where the method is kept (307, 308). */
  async function follow(request: ScimRequest, token: string, signal: AbortSignal, spent: { requests: number }) {
    let path = pathOf(request);
    for (let hop = 0; ; hop += 1) {
      spent.requests += 1;
      const answer = await exchange(request, path, token, signal);
      const next = redirectOf(answer, request, base, path);
      if (next === undefined || hop === MOST_REDIRECTS) return answer;
      path = next;
    }
  }

  async function send(request: ScimRequest, signal: AbortSignal): Promise<ScimAnswer> {
    if (options.readOnly && isWrite(request)) {
      throw new ReadOnlyError(`${options.connection}: ${nameOf(request)} was not sent: this connection may only read`);
    }
    if (signal.aborted) throw stopping(request);
    const spent = { requests: 0 };
    let token = request.token ?? (await options.tokens.current());
    let answer = await follow(request, token, signal, spent);
    if (answer.status === 401 && request.token === undefined) {
      const other = await options.tokens.after(token);
      if (other !== undefined) {
        token = other;
        answer = await follow(request, token, signal, spent);
      }
    }
    request.witness?.(answer);
    // An answer to a wrong token could repeat the right one; nobody needs its id.
    const requestId = request.token === undefined ? requestIdOf(answer.headers, token) : undefined;
    options.log.debug({ request: nameOf(request), status: answer.status, requestId }, 'SCIM request answered');
    if (answer.status < 200 || answer.status >= 300)
      throw report(failureOf(request, answer, requestId, options, token));
    pacer.answered();
    const result = readAnswer(request, answer, requestId, spent.requests, options);
    successes.set(request.collection, options.now());
    return result;
  }

  function report(error: HeadgateError): HeadgateError {
    if (error instanceof ThrottledError) {
      options.metrics.throttled('scim', options.connection, error.retryAfterMs / 1000);
    }
    // One locked resource says nothing about the others; a 503 without a time says that there is too much of everything.
    const whole = error instanceof ThrottledError ? error.scope === 'connection' : error.facts.status === 503;
    if (whole) pacer.throttled();
    else pacer.answered();
    return error;
  }

  return {
    send,
    lastSuccess: (collection) => successes.get(collection),
    pace: () => pacer.pace(),
    async close() {
      await Promise.all([pool.destroy(), options.tokens.close()]);
    },
  };
}

function headersOf({ body, ifMatch }: ScimRequest, token: string): Record<string, string> {
  const headers: Record<string, string> = {
    authorization: `Bearer ${token}`,
    accept: MEDIA_TYPE,
    'user-agent': 'headgate',
  };
  if (body !== undefined) headers['content-type'] = MEDIA_TYPE;
  if (ifMatch !== undefined) headers['if-match'] = ifMatch;
  return headers;
}
