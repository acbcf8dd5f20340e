import type { ConfigProblem } from '../core/errors.ts';
import { TransientError } from '../core/errors.ts';
import type { Rehearsal } from '../core/migration/rehearsal.ts';
import type { MadePlan } from '../ports/operator.ts';
import type { ApiResponse, Transport } from './transport.ts';

/** The API answered that it will not or cannot (RFC 9457 problem). */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  readonly code: string;
  readonly remedy: string | undefined;
  readonly problems: readonly ConfigProblem[];
  constructor(problem: Problem) {
    super(problem.detail ?? problem.title ?? `the daemon answered with status ${problem.status}`);
    this.status = problem.status;
    this.code = problem.code ?? 'unknown';
    this.remedy = problem.remedy;
    this.problems = problem.problems ?? [];
  }
}

/** The members of a problem that the command line shows. */
export interface Problem {
  readonly status: number;
  readonly title?: string;
  readonly detail?: string;
  readonly code?: string;
  readonly remedy?: string;
  readonly problems?: readonly ConfigProblem[];
}

/** One line of a stream in which something that takes long is done. */
export type StreamEvent =
  | { readonly type: 'version'; readonly schema: string }
  | { readonly type: 'progress'; readonly what: string; readonly done: number; readonly total?: number }
  | { readonly type: 'error'; readonly problem: Problem };

/** One line of the stream in which a plan is made. */
export type PlanEvent = StreamEvent | ({ readonly type: 'plan' } & MadePlan);
/** One line of the stream of a rehearsal. */
export type RehearsalEvent = StreamEvent | { readonly type: 'rehearsal'; readonly rehearsal: Rehearsal };

/** The HTTP API as the commands use it. Every method throws ApiError on a problem, TransientError without an answer. */
export interface ApiClient {
  get<T>(path: string, signal?: AbortSignal): Promise<T>;
  post<T>(path: string, body?: object, signal?: AbortSignal): Promise<T>;
  /** Posts and hands over each line of an NDJSON answer as it arrives. Rejects when the stream ends early. */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names what the route streams
  stream<E extends { readonly type: string }>(
    path: string,
    body: object,
    onEvent: (event: E) => void,
    signal?: AbortSignal,
  ): Promise<void>;
  close(): Promise<void>;
}

/** A client on any transport. */
export function createApiClient(transport: Transport): ApiClient {
  async function send(method: 'GET' | 'POST', path: string, body?: object, signal?: AbortSignal): Promise<ApiResponse> {
    const response = await transport.request({
      method,
      path,
      headers: {
        accept: 'application/json, application/x-ndjson',
        // The API takes no write without it, so that no web page can cause one.
        ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
      },
      ...(method === 'POST' ? { body: JSON.stringify(body ?? {}) } : {}),
      ...(signal === undefined ? {} : { signal }),
    });
    if (response.status >= 400) throw await toApiError(response);
    return response;
  }
  return {
    get: async (path, signal) => fromJson(await textOf(await send('GET', path, undefined, signal))),
    post: async (path, body, signal) => fromJson(await textOf(await send('POST', path, body, signal))),
    async stream(path, body, onEvent, signal) {
      const response = await send('POST', path, body, signal);
      for await (const line of linesOf(response.body)) onEvent(fromJson(line));
    },
    close: async () => transport.close(),
  };
}

async function textOf(response: ApiResponse): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body) {
    text += typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** The lines of an NDJSON body. The last one counts only when it was ended, or the answer was cut off. */
export async function* linesOf(body: AsyncIterable<Uint8Array | string>): AsyncGenerator<string, void> {
  const decoder = new TextDecoder();
  // Pieces are joined once per line: a plan is one line and may be hundreds of megabytes.
  let pieces: string[] = [];
  for await (const chunk of body) {
    const text = typeof chunk === 'string' ? chunk : decoder.decode(chunk, { stream: true });
    let from = 0;
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', from)) {
      pieces.push(text.slice(from, end));
      const line = pieces.join('');
      pieces = [];
      from = end + 1;
      if (line !== '') yield line;
    }
    if (from < text.length) pieces.push(text.slice(from));
  }
  if (pieces.length > 0) throw cutOff();
}

function cutOff(): TransientError {
  return new TransientError('the answer was cut off', {
    remedy: 'see the log of the daemon, then run the command again',
  });
}

/**
 * JSON of the API. Its shapes are those of src/ports/operator.ts: server and client are one program and one version, so
 * they are not checked a second time here.
 */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names what the route answers
function fromJson<T>(text: string): T {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above
    return JSON.parse(text) as T;
  } catch (cause) {
    throw new TransientError('the answer is no JSON; something else may listen at the configured http address', {
      remedy: 'check http.host and http.port',
      cause,
    });
  }
}

async function toApiError(response: ApiResponse): Promise<ApiError> {
  const text = await textOf(response);
  if (!response.contentType.includes('json')) return new ApiError({ status: response.status });
  return new ApiError({ ...fromJson<Problem>(text), status: response.status });
}
