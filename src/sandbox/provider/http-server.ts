import { hash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';
import { answer, type Outcome } from './answer.ts';
import { collectBody, parseBody } from './body.ts';
import { errorReply, type Exchange, type ProviderState } from './exchange.ts';
import { faultNumber, type RequestFaults } from './faults.ts';
import { ScimRefusal } from './refusal.ts';
import { digestOf, type RequestLog } from './request-log.ts';

/** A write as an observer sees it. Before it was carried out `status` is undefined. */
export interface ObservedWrite {
  /** Counts the writes seen, from 1. */
  readonly number: number;
  readonly method: string;
  /** Path below the SCIM base URL. */
  readonly path: string;
  readonly status: number | undefined;
  readonly applied: boolean;
  readonly resourceId: string | undefined;
}

/** Called around every POST, PUT, PATCH and DELETE; the request waits for the promise. */
export interface WriteObserver {
  /** Nothing was looked at yet. */
  beforeWrite?(write: ObservedWrite): void | Promise<void>;
  /** The change is stored, the answer not yet sent. */
  afterWrite?(write: ObservedWrite): void | Promise<void>;
}

/** What the server needs beside the state. */
export interface Serving {
  readonly state: ProviderState;
  readonly log: RequestLog;
  /** May be replaced while running. */
  observer: WriteObserver;
  /** Answers `/_sandbox/…`. */
  control(method: string, path: string, body: Buffer): Sendable;
  /** Ends every wait of a slow answer. */
  readonly closing: AbortSignal;
}

/** What can be sent: a SCIM answer, or one of the control API. */
export interface Sendable {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: object | string;
}

interface Arrived {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly raw: Buffer | 'too-large';
  readonly request: IncomingMessage;
}

const NO_QUERY = new URLSearchParams();
const WRITES: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH', 'DELETE']);

/** The HTTP server of a provider, not yet listening. Plain node:http: the sandbox must never be what a benchmark measures. */
export function createProviderServer(serving: Serving): Server {
  let writes = 0;

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const target = request.url ?? '/';
    const mark = target.indexOf('?');
    const path = mark === -1 ? target : target.slice(0, mark);
    const method = request.method ?? 'GET';
    const raw = await collectBody(request, serving.state.behaviour.maxBodyBytes);
    if (raw === undefined) return;
    if (path.startsWith('/_sandbox')) {
      send(response, serving.control(method, path, raw === 'too-large' ? Buffer.alloc(0) : raw));
      return;
    }
    const arrived: Arrived = { method, path, query: mark === -1 ? '' : target.slice(mark + 1), raw, request };
    const below = belowBase(serving.state, path);
    const faults = serving.state.faults.forRequest(method, below ?? path);
    const slow = faults('slow');
    if (slow) await delay(faultNumber(slow, 1000), undefined, { signal: serving.closing });
    if (below === undefined) finish(response, arrived, tokenOutcome(serving.state, arrived), faults);
    else if (WRITES.has(method) && !below.endsWith('/.search')) await serveWrite(response, arrived, below, faults);
    else finish(response, arrived, answer(serving.state, exchangeOf(arrived, below, faults)), faults);
  }

  async function serveWrite(
    response: ServerResponse,
    arrived: Arrived,
    path: string,
    faults: RequestFaults,
  ): Promise<void> {
    writes += 1;
    const write = {
      number: writes,
      method: arrived.method,
      path,
      status: undefined,
      applied: false,
      resourceId: undefined,
    };
    if (serving.observer.beforeWrite) await serving.observer.beforeWrite(write);
    const outcome = answer(serving.state, exchangeOf(arrived, path, faults));
    if (serving.observer.afterWrite) await serving.observer.afterWrite({ ...write, ...factsOf(outcome) });
    finish(response, arrived, outcome, faults);
  }

  function finish(response: ServerResponse, arrived: Arrived, outcome: Outcome, faults: RequestFaults): void {
    const number = serving.log.next();
    const { method, path, raw } = arrived;
    const bodyDigest = raw === 'too-large' ? '' : digestOf(raw);
    serving.log.add({ number, method, path, bodyDigest, ...factsOf(outcome) });
    if ('reset' in outcome) arrived.request.socket.resetAndDestroy();
    else send(response, outcome.reply, `req-${number}`, faults);
  }

  return createServer((request, response) => {
    serve(request, response).catch((error: unknown) => {
      if (serving.closing.aborted) return;
      // A defect of the sandbox must not pass for behaviour of a provider.
      const detail = `defect in the sandbox: ${error instanceof Error ? (error.stack ?? error.message) : 'unknown'}`;
      send(response, errorReply(new ScimRefusal(500, detail), false));
    });
  });
}

function factsOf(outcome: Outcome): { status: number; applied: boolean; resourceId: string | undefined } {
  if ('reset' in outcome) return { status: 0, applied: outcome.applied, resourceId: outcome.resourceId };
  const { status, applied, resourceId } = outcome.reply;
  return { status, applied: applied ?? false, resourceId };
}

function belowBase(state: ProviderState, path: string): string | undefined {
  const { basePath } = state.behaviour;
  if (path === basePath) return '/';
  return path.startsWith(`${basePath}/`) ? path.slice(basePath.length) : undefined;
}

function exchangeOf(arrived: Arrived, path: string, faults: RequestFaults): Exchange {
  const { method, query, raw, request } = arrived;
  const { body, bodyProblem } = parseBody(raw, request.headers['content-type']);
  return {
    method,
    path,
    query: query === '' ? NO_QUERY : new URLSearchParams(query),
    headers: request.headers,
    body,
    bodyProblem,
    faults,
    by: 'client',
  };
}

function tokenOutcome(state: ProviderState, arrived: Arrived): Outcome {
  if (arrived.path !== '/oauth/token') {
    return { reply: errorReply(new ScimRefusal(404, 'there is no such endpoint'), false) };
  }
  if (arrived.method !== 'POST')
    return { reply: errorReply(new ScimRefusal(405, 'only POST can be used here'), false) };
  const form = new URLSearchParams(arrived.raw === 'too-large' ? '' : arrived.raw.toString('utf8'));
  const answered = state.credentials.issue(arrived.request.headers.authorization, form, state.now());
  const challenge: Record<string, string> = answered.status === 401 ? { 'www-authenticate': 'Basic realm="scim"' } : {};
  const headers = { ...challenge, 'content-type': 'application/json', 'cache-control': 'no-store' };
  return { reply: { status: answered.status, headers, body: answered.body } };
}

function send(response: ServerResponse, reply: Sendable, requestId?: string, faults?: RequestFaults): void {
  const text = typeof reply.body === 'object' ? JSON.stringify(reply.body) : (reply.body ?? '');
  const headers: Record<string, string | number> = { 'content-type': 'application/scim+json', ...reply.headers };
  if (text === '') delete headers['content-type'];
  if (reply.status !== 204 && reply.status !== 304) headers['content-length'] = Buffer.byteLength(text);
  if (requestId !== undefined) headers['x-request-id'] = requestId;
  if (faults?.('bogusEtag')) headers['etag'] = `"${hash('sha1', text)}"`;
  response.writeHead(reply.status, headers);
  response.end(text);
}
