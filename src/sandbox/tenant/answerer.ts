import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Json } from '../../core/scim.ts';
import { answerControl } from './control-api.ts';
import type { TenantControl } from './control.ts';
import type { FaultEffect, Faults } from './faults.ts';
import { answerBatch } from './graph/batch.ts';
import type { Caller, GraphRequest } from './graph/call.ts';
import {
  idsOf,
  isTransport,
  refusalAnswered,
  refusalsAnswered,
  struck,
  type Dispatch,
  type DispatchedAnswer,
  type TransportEffect,
} from './graph/dispatch.ts';
import { badRequest } from './graph/refusal.ts';
import type { Answerer, HttpAnswer, HttpRequest } from './http.ts';
import { instanceDiscovery, issueToken, openIdConfiguration, type LoginParts } from './login/login.ts';
import { loginErrorBody, LoginRefusal } from './login/refusal.ts';
import type { RequestLog } from './request-log.ts';

export interface AnswererParts {
  readonly dispatch: Dispatch;
  readonly control: TenantControl;
  readonly login: LoginParts;
  readonly faults: Faults;
  readonly log: RequestLog;
  readonly now: () => number;
}

const GRAPH_JSON = 'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8';
const LOGIN_JSON = 'application/json; charset=utf-8';

/** Decides who answers: control API, Graph, or login. */
export function createAnswerer(parts: AnswererParts): Answerer {
  const graph = createGraphAnswerer(parts);
  const login = createLoginAnswerer(parts);
  return (request) => {
    const path = pathOf(request.url);
    if (path.startsWith('/_sandbox')) return answerControl(parts.control, path.slice('/_sandbox/'.length), request);
    if (path.startsWith('/v1.0/')) return graph(request);
    return login(request, path);
  };
}

function createGraphAnswerer({
  dispatch,
  login,
  log,
  faults,
  now,
}: AnswererParts): (request: HttpRequest) => HttpAnswer | Promise<HttpAnswer> {
  function seen(
    request: { method: string; url: string },
    status: number,
    clientId: string | null,
    batched: boolean,
  ): void {
    log.add({ at: now(), method: request.method, path: pathOf(request.url), status, clientId, batched });
  }

  function step(request: GraphRequest): DispatchedAnswer {
    const answer = dispatch(request);
    seen({ method: request.method, url: request.target }, answer.status, request.caller.clientId, true);
    return answer;
  }

  function batch(request: GraphRequest): DispatchedAnswer {
    const effect = faults.strike({ method: request.method, path: request.target, page: 1 });
    struck(effect);
    const answer = answerBatch(request, step, now);
    return isTransport(effect) ? { ...answer, transport: effect } : answer;
  }

  function answered(request: HttpRequest, target: string, caller: Caller): DispatchedAnswer {
    const { method, headers } = request;
    const graphRequest = { method, target, headers, caller, base: `${request.origin}/v1.0`, body: parseBody(request) };
    return target === '/$batch' && method === 'POST' ? batch(graphRequest) : dispatch(graphRequest);
  }

  return (request) => {
    const ids = idsOf(request);
    const target = request.url.slice('/v1.0'.length);
    let caller: Caller | undefined;
    const answer: DispatchedAnswer = refusalsAnswered(
      () => answered(request, target, (caller = login.tokens.requireCaller(request.headers['authorization']))),
      ids,
      now,
    );
    const shown = (given: DispatchedAnswer): HttpAnswer => {
      seen({ method: request.method, url: target }, sentStatus(given), caller?.clientId ?? null, false);
      const sent = httpAnswer(given);
      const headers = { 'request-id': ids.requestId, 'client-request-id': ids.clientRequestId, ...sent.headers };
      return { ...sent, headers, transport: given.transport };
    };
    const { eventually, body: _now, ...rest } = answer;
    if (eventually === undefined) return shown(answer);
    // The dispatcher has given the exchange its ids already.
    const given = { ...ids, requestId: rest.headers?.['request-id'] ?? ids.requestId };
    return eventually()
      .catch((error: unknown) => refusalAnswered(error, given, now))
      .then((later) => shown({ ...rest, ...later, headers: { ...rest.headers, ...later.headers } }));
  };
}

/** What the client sees: a proxy's page has its own status, a reset connection none. */
function sentStatus(answer: DispatchedAnswer): number {
  if (answer.transport?.kind === 'html') return answer.transport.status;
  return answer.transport?.kind === 'reset' ? 0 : answer.status;
}

function pathOf(url: string): string {
  return url.split('?')[0] ?? '';
}

function parseBody(request: HttpRequest): Json | undefined {
  if (request.body === '') return undefined;
  const unreadable = badRequest(
    'Unable to read JSON request payload. Please ensure Content-Type header is set and payload is of valid JSON format.',
  );
  if (!(request.headers['content-type'] ?? '').startsWith('application/json')) throw unreadable;
  try {
    return z.json().parse(JSON.parse(request.body));
  } catch {
    throw unreadable;
  }
}

function httpAnswer({ status, headers = {}, body }: DispatchedAnswer): HttpAnswer {
  if (body === undefined) return { status, headers, body: '' };
  const text = typeof body === 'string';
  const type = text ? 'text/plain' : GRAPH_JSON;
  return { status, headers: { ...headers, 'content-type': type }, body: text ? body : JSON.stringify(body) };
}

const TOKEN_PATH = /^\/([^/]+)\/oauth2\/v2\.0\/token$/;
const METADATA_PATH = /^\/([^/]+)\/v2\.0\/\.well-known\/openid-configuration$/;
const KEYS_PATH = /^\/([^/]+)\/discovery\/v2\.0\/keys$/;

function createLoginAnswerer({ login, faults, log, now }: AnswererParts) {
  function answered(request: HttpRequest, path: string, form: URLSearchParams): Json {
    const base = request.origin;
    const token = TOKEN_PATH.exec(path);
    if (token !== null && request.method === 'POST') return issueToken(login, token[1] ?? '', form, base);
    const metadata = METADATA_PATH.exec(path);
    if (metadata !== null && request.method === 'GET') return openIdConfiguration(login, metadata[1] ?? '', base);
    if (KEYS_PATH.test(path) && request.method === 'GET') return { keys: [] };
    if (path === '/common/discovery/instance' && request.method === 'GET') {
      const query = new URLSearchParams(request.url.split('?')[1] ?? '');
      return instanceDiscovery(query.get('authorization_endpoint') ?? '', base);
    }
    throw new LoginRefusal(404, 'invalid_request', 90043, 'No such endpoint.');
  }

  function sound(request: HttpRequest, path: string, form: URLSearchParams): HttpAnswer {
    const headers = { 'content-type': LOGIN_JSON, 'x-ms-request-id': randomUUID(), 'cache-control': 'no-store' };
    try {
      return { status: 200, headers, body: JSON.stringify(answered(request, path, form)) };
    } catch (error) {
      if (!(error instanceof LoginRefusal)) throw error;
      const correlation = form.get('client-request-id') ?? request.headers['client-request-id'] ?? randomUUID();
      return { status: error.status, headers, body: JSON.stringify(loginErrorBody(error, correlation, now())) };
    }
  }

  return (request: HttpRequest, path: string): HttpAnswer => {
    const form = new URLSearchParams(request.body);
    const effect = faults.strike({ method: request.method, path, page: 1 });
    const answer = effect?.kind === 'status' ? downAnswer(effect) : sound(request, path, form);
    const clientId = form.get('client_id');
    log.add({ at: now(), method: request.method, path, status: answer.status, clientId, batched: false });
    return { ...answer, transport: transportOf(effect) };
  };
}

function transportOf(effect: FaultEffect | undefined): TransportEffect | undefined {
  return isTransport(effect) ? effect : undefined;
}

function downAnswer(effect: Extract<FaultEffect, { kind: 'status' }>): HttpAnswer {
  const headers = { 'content-type': LOGIN_JSON };
  const body = JSON.stringify({ error: 'temporarily_unavailable', error_description: 'The service is not available.' });
  const waiting = effect.retryAfter === undefined ? headers : { ...headers, 'retry-after': effect.retryAfter };
  return { status: effect.status, headers: waiting, body };
}
