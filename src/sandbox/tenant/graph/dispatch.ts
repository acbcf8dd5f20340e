import { randomUUID } from 'node:crypto';
import type { Json } from '../../../core/scim.ts';
import type { Organisation } from '../../organisation/organisation.ts';
import type { Replica } from '../../organisation/replication.ts';
import type { DeltaFeed } from '../delta-feed.ts';
import type { FaultEffect, Faults } from '../faults.ts';
import type { ProvisioningJobs } from '../provisioning/provisioning-jobs.ts';
import type { Throttle } from '../throttle.ts';
import { allowed, type GraphAnswer, type GraphCall, type GraphRequest, type Route } from './call.ts';
import { nextLink, type PageTokens } from './paging.ts';
import { createRouter } from './path.ts';
import { parseQuery, type QueryOptions } from './query.ts';
import { errorBody, GraphRefusal, requestDenied, type RequestIds } from './refusal.ts';
import { ASSIGNMENT_WRITE_ROUTES, HELD_ASSIGNMENT_ROUTES } from './routes/assignments.ts';
import { DELTA_ROUTES } from './routes/delta.ts';
import { DELETED_USER_ROUTES } from './routes/deleted-users.ts';
import { DIRECTORY_OBJECT_ROUTES } from './routes/directory-objects.ts';
import { GROUP_ROUTES } from './routes/groups.ts';
import { MEMBER_WRITE_ROUTES } from './routes/member-writes.ts';
import { JOB_WRITE_ROUTES, PROVISIONING_JOB_ROUTES } from './routes/provisioning-jobs.ts';
import { SERVICE_PRINCIPAL_ROUTES } from './routes/service-principals.ts';
import { USER_ROUTES } from './routes/users.ts';
import { WRITE_ROUTES } from './routes/writes.ts';

/** Breaks the HTTP exchange instead of, or while, sending the answer. */
export type TransportEffect = Extract<FaultEffect, { kind: 'html' | 'reset' | 'truncated' | 'cut' | 'slow' }>;

export interface DispatchedAnswer extends GraphAnswer {
  readonly transport?: TransportEffect;
}

export interface DispatcherParts {
  readonly organisation: Organisation;
  readonly replica: Replica;
  readonly index: Replica;
  readonly feed: DeltaFeed;
  readonly provisioningJobs: ProvisioningJobs;
  readonly throttle: Throttle;
  readonly faults: Faults;
  readonly tokens: PageTokens;
  readonly pageSize: number;
  readonly now: () => number;
}

export type Dispatch = (request: GraphRequest) => DispatchedAnswer;

/** Every path the tenant answers. A new endpoint is a new row. */
export const ROUTES: readonly Route[] = [
  ...USER_ROUTES,
  ...GROUP_ROUTES,
  ...DELTA_ROUTES,
  ...SERVICE_PRINCIPAL_ROUTES,
  ...PROVISIONING_JOB_ROUTES,
  ...JOB_WRITE_ROUTES,
  ...DELETED_USER_ROUTES,
  ...DIRECTORY_OBJECT_ROUTES,
  ...HELD_ASSIGNMENT_ROUTES,
  ...ASSIGNMENT_WRITE_ROUTES,
  ...MEMBER_WRITE_ROUTES,
  ...WRITE_ROUTES,
];

/** Whether an effect breaks the exchange rather than the answer. */
export function isTransport(effect: FaultEffect | undefined): effect is TransportEffect {
  return effect !== undefined && ['html', 'reset', 'truncated', 'cut', 'slow'].includes(effect.kind);
}

/** Resource units of a request: Graph's base cost, less for `$select` and small pages, more for `$expand`. */
function unitsOf(route: Route, options: QueryOptions): number {
  const selected = options.select === undefined ? 0 : route.path === 'directoryObjects/getByIds' ? 3 : 1;
  const expanded = options.expand.length > 0 ? 1 : 0;
  const small = options.top !== undefined && options.top < 20 ? 1 : 0;
  return Math.max(1, route.cost - selected + expanded - small);
}

function throttled(seconds: number): GraphRefusal {
  return new GraphRefusal(429, 'TooManyRequests', 'Too many requests. Please retry after the given time.', {
    'retry-after': String(seconds),
    'x-ms-throttle-scope': 'Tenant_Application/ReadWrite',
    'x-ms-throttle-information': 'ResourceUnitLimitExceeded',
  });
}

/** Throws the answer of a fault that is a status; other effects change nothing yet. */
export function struck(effect: FaultEffect | undefined): void {
  if (effect?.kind !== 'status') return;
  const headers = effect.retryAfter === undefined ? {} : { 'retry-after': effect.retryAfter };
  const code =
    effect.status === 429 ? 'TooManyRequests' : effect.status === 503 ? 'serviceNotAvailable' : 'generalException';
  throw new GraphRefusal(effect.status, code, 'The request could not be served. Please try again later.', headers);
}

function asNumber(body: Json | undefined): number | undefined {
  return typeof body === 'string' ? Number(body) : undefined;
}

/** Falsifies a sound answer as a fault asks. */
function falsified(call: GraphCall, answer: GraphAnswer, effect: FaultEffect | undefined): GraphAnswer {
  const { body } = answer;
  const count = asNumber(body);
  if (effect?.kind === 'count-off' && count !== undefined) return { ...answer, body: String(count + effect.by) };
  if (body === undefined || body === null || typeof body !== 'object' || !('value' in body)) return answer;
  const { '@odata.nextLink': _next, '@odata.deltaLink': _delta, ...rest } = body;
  const { cursor } = call.options;
  switch (effect?.kind) {
    case 'repeat-page':
      return { ...answer, body: { ...rest, '@odata.nextLink': nextLink(call, { ...cursor, page: cursor.page + 1 }) } };
    case 'loop':
      return { ...answer, body: { ...rest, '@odata.nextLink': nextLink(call, cursor) } };
    case 'end-early':
      return { ...answer, body: rest };
    case 'no-value': {
      const { value: _value, ...headless } = body;
      return { ...answer, body: headless };
    }
    case 'count-off': {
      const stated = body['@odata.count'];
      return typeof stated === 'number' ? { ...answer, body: { ...body, '@odata.count': stated + effect.by } } : answer;
    }
    case 'status':
    case 'html':
    case 'reset':
    case 'truncated':
    case 'cut':
    case 'slow':
    case undefined:
      return answer;
    default:
      return effect satisfies never;
  }
}

/** Routes one request, inside a batch or not, through faults, permissions and throttling to its answer. */
export function createDispatcher(parts: DispatcherParts): Dispatch {
  const { organisation, replica, index, feed, throttle, faults, tokens, now } = parts;
  const route = createRouter(ROUTES);

  function answerRouted(request: GraphRequest): DispatchedAnswer {
    const question = request.target.indexOf('?');
    const path = question === -1 ? request.target : request.target.slice(0, question);
    const { routes, keys } = route(path);
    const found = routes.find((candidate) => candidate.method === request.method);
    if (found === undefined) throw methodNotAllowed();
    const open = (token: string) => tokens.open(path, token);
    const options = parseQuery(question === -1 ? '' : request.target.slice(question + 1), found.options, open);
    const effect = faults.strike({ method: request.method, path, page: options.cursor.page });
    struck(effect);
    if (!allowed(request.caller, found.permissions)) throw requestDenied();
    const units = unitsOf(found, options);
    const admission = throttle.admit(request.caller.clientId, units);
    if (!admission.admitted) throw throttled(admission.retryAfterSeconds);
    const at = replica.read();
    const call: GraphCall = {
      request,
      path,
      keys,
      options,
      organisation,
      at,
      indexAt: Math.min(at, index.read()),
      pageSize: parts.pageSize,
      eventual: request.headers['consistencylevel']?.toLowerCase() === 'eventual',
      feed,
      provisioningJobs: parts.provisioningJobs,
      sealToken: (cursor) => tokens.seal(path, cursor),
    };
    const latest = organisation.version();
    if (call.indexAt === latest && feed.caughtUp(latest)) organisation.settle();
    const answer = falsified(call, found.answer(call), effect);
    const headers = { 'x-ms-resource-unit': String(units), ...usage(admission.usedShare), ...answer.headers };
    return { ...answer, headers, ...(isTransport(effect) ? { transport: effect } : {}) };
  }

  return (request) => {
    const ids = idsOf(request);
    const answer = refusalsAnswered(() => answerRouted(request), ids, now);
    const headers = { 'request-id': ids.requestId, 'client-request-id': ids.clientRequestId, ...answer.headers };
    return { ...answer, headers };
  };
}

/** Stated by Graph only once most of a limit is used. */
function usage(share: number): Record<string, string> {
  return share < 0.8 ? {} : { 'x-ms-throttle-limit-percentage': share.toFixed(2) };
}

/** A new request id, and the caller's own id or the same one. */
export function idsOf(request: Pick<GraphRequest, 'headers'>): RequestIds {
  const requestId = randomUUID();
  return { requestId, clientRequestId: request.headers['client-request-id'] ?? requestId };
}

/** Runs and turns a refusal into its answer. Anything else is a defect and is thrown on. */
export function refusalsAnswered<T extends GraphAnswer>(
  run: () => T,
  ids: RequestIds,
  now: () => number,
): T | GraphAnswer {
  try {
    return run();
  } catch (error) {
    return refusalAnswered(error, ids, now);
  }
}

/** The answer a refusal is. Anything else is a defect and is thrown on. */
export function refusalAnswered(error: unknown, ids: RequestIds, now: () => number): GraphAnswer {
  if (!(error instanceof GraphRefusal)) throw error;
  const { status, code, message, headers } = error;
  return { status, headers, body: errorBody(code, message, ids, now()) };
}

/** 405 for a method Graph does not know at this path. */
function methodNotAllowed(): GraphRefusal {
  return new GraphRefusal(405, 'Request_BadRequest', 'Specified HTTP method is not allowed for the request target.');
}
