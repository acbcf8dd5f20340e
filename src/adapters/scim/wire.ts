import { InDoubtError, RejectedError, TransientError } from '../../core/errors.ts';
import { URN } from '../../core/scim.ts';
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
  const told = `${options.connection}: ${nameOf(request)} was answered ${answer.status}`;
  const facts = { status: answer.status, ...(requestId === undefined ? {} : { requestId }) };
  // RFC 9967 section 2.5.1: 202 is a promise, not a result.
  if (answer.status === 202 && isWrite(request)) throw new InDoubtError(`${told}: accepted, not yet done`, facts);
  const body = answer.text === '' ? undefined : parseObject(answer.text);
  if (answer.text.trim() !== '' && body === undefined) {
    if (isWrite(request)) throw new InDoubtError(`${told} with a body that is not JSON`, facts);
    if (/^\s*</.test(answer.text)) {
      const remedy = 'Check the URL of the connection: a web page answers there, not a SCIM endpoint.';
      throw new RejectedError(`${told} with a web page`, { ...facts, remedy });
    }
    throw new TransientError(`${told} with a body that is not JSON`, facts);
  }
  if (body === undefined && !isWrite(request)) throw new TransientError(`${told} without a body`, facts);
  if (isErrorBody(body?.['schemas'])) {
    const message = `${told}, yet the body is a SCIM error`;
    throw isWrite(request) ? new InDoubtError(message, facts) : new TransientError(message, facts);
  }
  const etag = headerOf(answer.headers, 'etag');
  const locationId = locationIdOf(answer.headers);
  return {
    status: answer.status,
    requests,
    ...(body === undefined ? {} : { body }),
    ...(requestId === undefined ? {} : { requestId }),
    ...(etag === undefined ? {} : { etag }),
    ...(locationId === undefined ? {} : { locationId }),
  };
}

/** A 200 that carries a SCIM error message is no success. */
function isErrorBody(schemas: unknown): boolean {
  return Array.isArray(schemas) && schemas.includes(URN.error);
}
