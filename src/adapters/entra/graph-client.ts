import { Client, ResponseType } from '@microsoft/microsoft-graph-client';
import pMap from 'p-map';
import { TransientError, type HeadgateError } from '../../core/errors.ts';
import type { Metrics } from '../../ports/metrics.ts';
import type { Call } from './call.ts';
import { failureOf, setbackOf } from './graph-failure.ts';
import { listOf, objectOf } from './json.ts';
import { authenticating, createChain, Exchange, readOnlyGuard, retrying, sending } from './middleware.ts';
import type { Persistence, Setback } from './patience.ts';
import type { TokenSource } from './tokens.ts';
import type { Answer, Transport } from './transport.ts';

/** Most requests Graph takes in one `$batch` (learn.microsoft.com/graph/json-batching). */
const BATCH_SIZE = 20;
const BATCHES_AT_ONCE = 4;

/** Headers that make Graph answer `$count` and casts from its eventually consistent index. */
export const EVENTUAL = { ConsistencyLevel: 'eventual' } as const;

export interface GraphOptions {
  /** Root of Graph including the version. */
  readonly root: URL;
  readonly client: string;
  readonly tokens: TokenSource;
  readonly transport: Transport;
  readonly persistence: Persistence;
  readonly metrics: Metrics;
  readonly now: () => number;
}

/** Reads from Graph. Failures are of the error family; there is no way to write. */
export interface GraphClient {
  readonly root: URL;
  /** GET of a path below the root, or of a next link. The body of a success; any other answer throws. */
  get(call: Call, address: string, signal: AbortSignal, headers?: Readonly<Record<string, string>>): Promise<unknown>;
  /** As `get`, for callers to whom a refusal is an answer too. Still retried. */
  ask(address: string, signal: AbortSignal, headers?: Readonly<Record<string, string>>): Promise<Answer>;
  /**
   * GETs of many paths, twenty to a request, in the order given. Every path has its answer; throttled and failed ones
   * are asked again by themselves. An answer may be a refusal such as 404.
   */
  askMany(call: Call, paths: readonly string[], signal: AbortSignal, done?: (count: number) => void): Promise<Answer[]>;
  /** The error for an answer that is not a success. */
  failure(answer: Answer, call: Call): HeadgateError;
}

/** Microsoft's client with a chain of our own: read-only guard, retry, token, transport. */
export function createMicrosoftClient(options: GraphOptions): Client {
  const { root, tokens, transport, persistence, metrics, now } = options;
  const cut = root.pathname.lastIndexOf('/');
  return Client.initWithMiddleware({
    baseUrl: `${root.origin}${root.pathname.slice(0, cut)}`,
    defaultVersion: root.pathname.slice(cut + 1),
    middleware: createChain([
      readOnlyGuard(root),
      retrying(persistence, now),
      authenticating(tokens),
      sending(transport, root, metrics, now),
    ]),
  });
}

/** Reader over Microsoft's client. */
export function createGraphClient(options: GraphOptions): GraphClient {
  const microsoft = createMicrosoftClient(options);
  const { root, persistence, client, now } = options;

  async function run(exchange: Exchange, send: () => Promise<unknown>): Promise<Answer> {
    try {
      await send();
    } catch (error) {
      // The client wraps whatever its chain throws; the original says what to do.
      throw exchange.failure ?? error;
    }
    if (exchange.answer === undefined)
      throw new TransientError('A request to Microsoft Graph ended without an answer.');
    return exchange.answer;
  }

  function ask(address: string, signal: AbortSignal, headers: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const absolute = address.startsWith('/') ? `${root.origin}${root.pathname}${address}` : address;
    const exchange = new Exchange(signal, absolute);
    const request = microsoft.api('/').middlewareOptions([exchange]).responseType(ResponseType.RAW).headers(headers);
    return run(exchange, () => request.get());
  }

  function failure(answer: Answer, call: Call): HeadgateError {
    return failureOf(answer, call, client, now());
  }

  async function get(
    call: Call,
    address: string,
    signal: AbortSignal,
    headers?: Readonly<Record<string, string>>,
  ): Promise<unknown> {
    const answer = await ask(address, signal, headers);
    if (answer.status !== 200) throw failure(answer, call);
    return answer.body;
  }

  async function askBatch(call: Call, paths: readonly string[], signal: AbortSignal): Promise<Answer[]> {
    const answers = new Map<number, Answer>();
    let open = paths.map((_path, index) => index);
    await persistence.persist<Setback | undefined>(
      async () => {
        const got = await postBatch(call, open, paths, signal);
        for (const [index, answer] of got) answers.set(index, answer);
        const setbacks = [...got].flatMap(([index, answer]) => {
          const setback = setbackOf(answer, now());
          return setback === undefined ? [] : [{ index, setback }];
        });
        open = setbacks.map(({ index }) => index);
        return worst(setbacks.map(({ setback }) => setback));
      },
      (setback) => setback,
      signal,
    );
    return paths.map((_path, index) => answers.get(index) ?? unanswered());
  }

  async function postBatch(
    call: Call,
    open: readonly number[],
    paths: readonly string[],
    signal: AbortSignal,
  ): Promise<Map<number, Answer>> {
    const exchange = new Exchange(signal);
    const requests = open.map((index) => ({ id: String(index), method: 'GET', url: paths[index] }));
    const request = microsoft.api('/$batch').middlewareOptions([exchange]).responseType(ResponseType.RAW);
    const answer = await run(exchange, () => request.post({ requests }));
    if (answer.status !== 200) throw failure(answer, call);
    return readBatch(answer, open);
  }

  async function askMany(
    call: Call,
    paths: readonly string[],
    signal: AbortSignal,
    done?: (count: number) => void,
  ): Promise<Answer[]> {
    const batches = Array.from({ length: Math.ceil(paths.length / BATCH_SIZE) }, (_, index) =>
      paths.slice(index * BATCH_SIZE, (index + 1) * BATCH_SIZE),
    );
    let finished = 0;
    const answers = await pMap(
      batches,
      async (batch) => {
        const got = await askBatch(call, batch, signal);
        finished += got.length;
        done?.(finished);
        return got;
      },
      { concurrency: BATCHES_AT_ONCE, signal },
    );
    return answers.flat();
  }

  return { root, get, ask, askMany, failure };
}

/** The setback that takes longest to wait out, so that one further request serves all. */
function worst(setbacks: readonly Setback[]): Setback | undefined {
  return setbacks.toSorted((a, b) => (b.retryAfterMs ?? 0) - (a.retryAfterMs ?? 0))[0];
}

/** Answers of a batch by index. @throws TransientError when one of them is missing or malformed */
function readBatch(envelope: Answer, open: readonly number[]): Map<number, Answer> {
  const answers = new Map<number, Answer>();
  for (const response of listOf(objectOf(envelope.body)['responses'])) {
    const { id, status, headers, body } = objectOf(response);
    if (typeof id !== 'string' || typeof status !== 'number') continue;
    answers.set(Number(id), { status, headers: lowerCase(headers), body });
  }
  if (open.some((index) => !answers.has(index))) return unanswered();
  return answers;
}

function unanswered(): never {
  throw new TransientError('Microsoft Graph left requests of a batch without an answer.', {
    remedy: 'Nothing to do unless it lasts; reads are tried again.',
  });
}

function lowerCase(headers: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(objectOf(headers)).map(([name, value]) => [name.toLowerCase(), String(value)]),
  );
}
