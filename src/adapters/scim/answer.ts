import type { IncomingHttpHeaders } from 'node:http';
import type { JsonObject, ResourceId } from '../../core/scim.ts';
import { headerOf } from './retry-after.ts';

export type Collection = 'Users' | 'Groups' | 'ServiceProviderConfig' | 'ServiceProviderConfigs';

/** One request to the service provider. `parameters` carry personal data and appear nowhere but on the wire. */
export interface ScimRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly collection: Collection;
  readonly id?: ResourceId;
  /** POST to `/.search`, which reads (RFC 7644 section 3.4.3). */
  readonly search?: boolean;
  readonly parameters?: Readonly<Record<string, string>>;
  readonly body?: JsonObject;
  readonly ifMatch?: string;
  /** Sent instead of the credential and never renewed: for proving that a wrong token is refused. */
  readonly token?: string;
  /** Shown every answer as it came, refusals too: for learning how a provider speaks. */
  readonly witness?: (answer: RawAnswer) => void;
}

/** A successful answer; undefined is what the provider did not send. */
export interface ScimAnswer {
  readonly status: number;
  readonly body: JsonObject | undefined;
  readonly requestId: string | undefined;
  /** The entity tag as received, opaque. */
  readonly etag: string | undefined;
  /** Last segment of Location, decoded: the id of a created resource. */
  readonly locationId: ResourceId | undefined;
  /** HTTP exchanges this answer took: more than one after a redirect or a renewed token. */
  readonly requests: number;
}

/** An answer as it came from the wire. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A request as errors and logs may name it: no id, because some providers use names as ids, and no query. */
export function nameOf(request: ScimRequest): string {
  const tail = request.search === true ? '/.search' : request.id === undefined ? '' : '/{id}';
  return `${request.method} /${request.collection}${tail}`;
}

/** Whether a request may change something. A search is a read although it is a POST. */
export function isWrite(request: ScimRequest): boolean {
  return request.method !== 'GET' && request.search !== true;
}

/** Parses JSON to an object; undefined for anything else. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isJsonObject(value) ? value : undefined;
  } catch {
    // Not JSON: the caller decides what a body that cannot be read means.
    return undefined;
  }
}

/** What JSON.parse makes of a text is JSON by construction; only the outermost shape is left to check. */
function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const REQUEST_ID_HEADERS = [
  'x-request-id',
  'x-correlation-id',
  'request-id',
  'x-amzn-requestid',
  'x-github-request-id',
  'sforce-request-id',
  'cf-ray',
];

/**
 * The provider's own id of the request, for its support. Letters, digits and `._:/=+-` only and at most 100 characters;
 * dropped when it repeats the token or a part of it.
 */
export function requestIdOf(headers: IncomingHttpHeaders, token: string): string | undefined {
  for (const name of REQUEST_ID_HEADERS) {
    const raw = headerOf(headers, name);
    if (raw === undefined || raw.includes(token)) continue;
    const clean = raw.replace(/[^\w.:/=+-]/g, '').slice(0, 100);
    if (clean !== '' && !clean.includes(token) && !token.includes(clean)) return clean;
  }
  return undefined;
}

/** The id in a Location header: its last path segment. */
export function locationIdOf(headers: IncomingHttpHeaders): ResourceId | undefined {
  const location = headerOf(headers, 'location')?.replace(/[?#].*$/, '');
  const segment = location?.slice(location.lastIndexOf('/') + 1) ?? '';
  if (segment === '') return undefined;
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
