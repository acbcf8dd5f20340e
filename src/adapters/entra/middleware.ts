import { randomUUID } from 'node:crypto';
import type { Context, Middleware, MiddlewareOptions } from '@microsoft/microsoft-graph-client';
import { ReadOnlyError } from '../../core/errors.ts';
import type { Metrics } from '../../ports/metrics.ts';
import { setbackOf } from './graph-failure.ts';
import { objectOf } from './json.ts';
import type { Persistence } from './patience.ts';
import type { TokenSource } from './tokens.ts';
import type { Answer, Transport } from './transport.ts';

/**
 * What travels through the chain beside the client's own context. The client rebuilds addresses from their parts and
 * wraps every error, so the exact address goes in and the exact answer or failure comes out this way.
 */
export class Exchange implements MiddlewareOptions {
  readonly signal: AbortSignal;
  /** An absolute address to use as it is: next links are opaque. */
  readonly exactUrl: string | undefined;
  answer: Answer | undefined;
  failure: unknown;

  constructor(signal: AbortSignal, exactUrl?: string) {
    this.signal = signal;
    this.exactUrl = exactUrl;
  }
}

interface ChainLink {
  (context: Context, exchange: Exchange, next: () => Promise<void>): Promise<void>;
}

/** Fits functions to the client's middleware interface, the first outermost. Requests without an Exchange get one. */
export function createChain(links: readonly ChainLink[]): Middleware {
  async function runFrom(index: number, context: Context, exchange: Exchange): Promise<void> {
    const link = links[index];
    if (link !== undefined) await link(context, exchange, () => runFrom(index + 1, context, exchange));
  }
  return {
    async execute(context: Context): Promise<void> {
      const given = context.middlewareControl?.getMiddlewareOptions(Exchange);
      const exchange = given instanceof Exchange ? given : new Exchange(new AbortController().signal);
      context.request = exchange.exactUrl ?? addressOf(context);
      try {
        await runFrom(0, context, exchange);
      } catch (error) {
        exchange.failure = error;
        throw error;
      }
    },
  };
}

function addressOf(context: Context): string {
  return typeof context.request === 'string' ? context.request : context.request.url;
}

function methodOf(context: Context): string {
  return (context.options?.method ?? 'GET').toUpperCase();
}

/**
 * Lets through GET, and POST to `$batch` when every request inside is a GET. Anything else is refused before a byte is
 * sent and before a token is asked for.
 */
export function readOnlyGuard(root: URL): ChainLink {
  return async function guard(context, _exchange, next): Promise<void> {
    const method = methodOf(context);
    const body = context.options?.body;
    const url = new URL(addressOf(context));
    const isBatch = method === 'POST' && url.origin === root.origin && url.pathname === `${root.pathname}/$batch`;
    if ((method !== 'GET' || (body !== undefined && body !== null)) && !(isBatch && isReadingBatch(body))) {
      throw new ReadOnlyError(`A ${method} request to Microsoft Graph was refused: the directory is only read.`, {
        remedy: 'This is a defect in Headgate; nothing was sent.',
      });
    }
    await next();
  };
}

function isReadingBatch(body: unknown): boolean {
  if (typeof body !== 'string') return false;
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return false;
  }
  const { requests } = objectOf(parsed);
  return (
    Array.isArray(requests) &&
    requests.map(objectOf).every((request) => request['method'] === 'GET' && request['body'] === undefined)
  );
}

/** Asks again as `createPersistence` describes. Outside authentication, so that a long wait ends with a valid token. */
export function retrying(persistence: Persistence, now: () => number): ChainLink {
  return async function repeat(_context, exchange, next): Promise<void> {
    await persistence.persist(
      async () => {
        await next();
        return exchange.answer;
      },
      (answer) => (answer === undefined ? undefined : setbackOf(answer, now())),
      exchange.signal,
    );
  };
}

/** Adds the access token; a 401 is met once with a fresh one, because tokens are also revoked before they expire. */
export function authenticating(tokens: TokenSource): ChainLink {
  return async function authenticate(context, exchange, next): Promise<void> {
    const token = await tokens.token({ signal: exchange.signal });
    setHeader(context, 'authorization', `Bearer ${token}`);
    await next();
    if (exchange.answer?.status !== 401) return;
    setHeader(context, 'authorization', `Bearer ${await tokens.token({ signal: exchange.signal, instead: token })}`);
    await next();
  };
}

/** Sends the request and counts it. Ends the chain. */
export function sending(transport: Transport, root: URL, metrics: Metrics, now: () => number): ChainLink {
  return async function send(context, exchange): Promise<void> {
    const url = addressOf(context);
    // The last line of defence: whatever built this address, the token leaves for the configured origin only.
    if (new URL(url).origin !== root.origin) throw new ReadOnlyError('A request left the configured Graph endpoint.');
    const method = methodOf(context);
    const body = context.options?.body;
    const started = now();
    let code: number | 'error' = 'error';
    try {
      const answer = await transport.send({
        url,
        method,
        headers: {
          ...headersOf(context),
          'client-request-id': randomUUID(),
          'user-agent': 'headgate',
        },
        signal: exchange.signal,
        ...(typeof body === 'string' ? { body } : {}),
      });
      code = answer.status;
      exchange.answer = answer;
      // The body stays with the exchange; the client is told the status only.
      context.response = new Response(null, { status: answer.status });
    } finally {
      metrics.request('graph', '', method, code, (now() - started) / 1000);
    }
  };
}

function headersOf(context: Context): Record<string, string> {
  return Object.fromEntries(new Headers(context.options?.headers));
}

function setHeader(context: Context, name: string, value: string): void {
  context.options = { ...context.options, headers: { ...headersOf(context), [name]: value } };
}
