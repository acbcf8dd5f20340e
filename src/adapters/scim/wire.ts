import { InDoubtError, RejectedError, TransientError } from '../../core/errors.ts';
import { type JsonObject, URN } from '../../core/scim.ts';
import {
  isWrite,
  locationIdOf,
  nameOf,
  parseObject,
  type RawAnswer,
  type ScimAnswer,
  type ScimRequest,
} from './answer.ts';
import type { FailureContext } from './failure.ts';
import { headerOf } from './retry-after.ts';

/** An id as one path segment. Ids that a server would resolve to the collection itself are refused: DELETE would follow. */
export function segmentOf(id: string, options: FailureContext): string {
  const segment = encoded(id);
  if (segment !== '' && segment !== '.' && segment !== '..') return segment;
  throw new RejectedError(`${options.connection}: the provider gave a resource an id that cannot stand in a URL`);
}

function encoded(id: string): string {
  try {
    return encodeURIComponent(id);
  } catch {
    // A lone surrogate has no place in a URL.
    return '';
  }
}

/** Where a redirect leads when it may be followed: inside the origin, and for a write only with the method kept. */
export function redirectOf(answer: RawAnswer, request: ScimRequest, base: URL, path: string): string | undefined {
  const kept = answer.status === 307 || answer.status === 308;
  if (!kept && !(request.method === 'GET' && (answer.status === 301 || answer.status === 302))) return undefined;
  const location = headerOf(answer.headers, 'location');
  const current = `${base.origin}${path}`;
  if (location === undefined || !URL.canParse(location, current)) return undefined;
  const next = new URL(location, current);
  return next.origin === base.origin ? `${next.pathname}${next.search}` : undefined;
}

/** Reads a 2xx answer. What cannot be read as SCIM is no success: a write is then in doubt. */
export function readAnswer(
  request: ScimRequest,
  answer: RawAnswer,
  requestId: string | undefined,
  requests: number,
  options: FailureContext,
): ScimAnswer {
  const { status, headers, text } = answer;
  const body = text === '' ? undefined : parseObject(text);
  const unreadable = unreadableAs(request, answer, body);
  if (unreadable !== undefined) {
    const told = `${options.connection}: ${nameOf(request)} was answered ${status}${unreadable.what}`;
    const { remedy } = unreadable;
    const facts = { status, ...(requestId === undefined ? {} : { requestId }) };
    if (remedy !== undefined) throw new RejectedError(told, { ...facts, remedy });
    throw isWrite(request) ? new InDoubtError(told, facts) : new TransientError(told, facts);
  }
  return { status, requests, body, requestId, etag: headerOf(headers, 'etag'), locationId: locationIdOf(headers) };
}

/** Why a 2xx answer is no success, as it is told; undefined for one that is. */
function unreadableAs(
  request: ScimRequest,
  { status, text }: RawAnswer,
  body: JsonObject | undefined,
): { readonly what: string; readonly remedy?: string } | undefined {
  // RFC 9967 section 2.5.1: 202 is a promise, not a result.
  if (status === 202 && isWrite(request)) return { what: ': accepted, not yet done' };
  // A 200 that carries a SCIM error message is no success.
  if (body !== undefined) return isErrorBody(body['schemas']) ? { what: ', yet the body is a SCIM error' } : undefined;
  if (text.trim() === '') return isWrite(request) ? undefined : { what: ' without a body' };
  if (isWrite(request) || !/^\s*</.test(text)) return { what: ' with a body that is not JSON' };
  return {
    what: ' with a web page',
    remedy: 'Check the URL of the connection: a web page answers there, not a SCIM endpoint.',
  };
}

function isErrorBody(schemas: unknown): boolean {
  return Array.isArray(schemas) && schemas.includes(URN.error);
}
