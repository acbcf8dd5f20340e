import type { JsonObject } from '../../../core/scim.ts';

/** An answer other than 2xx, in Graph's words. Caught by the dispatcher and by nobody else. */
export class GraphRefusal extends Error {
  override readonly name = 'GraphRefusal';
  readonly status: number;
  readonly code: string;
  readonly headers: Readonly<Record<string, string>>;
  constructor(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** The two ids Graph gives every exchange. */
export interface RequestIds {
  readonly requestId: string;
  readonly clientRequestId: string;
}

/** Graph's error body. `date` has no zone and no fraction, as the real one. */
export function errorBody(code: string, message: string, ids: RequestIds, now: number): JsonObject {
  return {
    error: {
      code,
      message,
      innerError: {
        date: new Date(now).toISOString().slice(0, 19),
        'request-id': ids.requestId,
        'client-request-id': ids.clientRequestId,
      },
    },
  };
}

/** 404: an object that is not there, or not there for this reader yet. */
export function notFound(key: string): GraphRefusal {
  return new GraphRefusal(
    404,
    'Request_ResourceNotFound',
    `Resource '${key}' does not exist or one of its queried reference-property objects are not present.`,
  );
}

/** 400 from the OData parser, before the directory is asked. */
export function badRequest(message: string): GraphRefusal {
  return new GraphRefusal(400, 'BadRequest', message);
}

/** 400 from the directory itself. */
export function directoryRefusal(message: string): GraphRefusal {
  return new GraphRefusal(400, 'Request_BadRequest', message);
}

/** 400: well-formed, but not supported by the directory for this resource. */
export function unsupportedQuery(message = 'Unsupported Query.'): GraphRefusal {
  return new GraphRefusal(400, 'Request_UnsupportedQuery', message);
}

/** 400 for a path nothing answers to. */
export function unknownSegment(segment: string): GraphRefusal {
  return badRequest(`Resource not found for the segment '${segment}'.`);
}

/** 403: the token lacks the application permission. Graph does not say which. */
export function requestDenied(): GraphRefusal {
  return new GraphRefusal(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.');
}

const GUID = /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i;

/** Whether a key is an object id at all. */
export function isGuid(key: string): boolean {
  return GUID.test(key);
}

/** The key in lower case, or the directory's refusal of a key that is no GUID. */
export function requireGuid(key: string): string {
  if (!isGuid(key)) throw directoryRefusal(`Invalid object identifier '${key}'.`);
  return key.toLowerCase();
}
