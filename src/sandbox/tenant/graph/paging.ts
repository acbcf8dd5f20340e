import { createHmac, timingSafeEqual, type BinaryLike } from 'node:crypto';
import type { Json, JsonObject } from '../../../core/scim.ts';
import type { Slice } from '../../organisation/versioned.ts';
import type { GraphAnswer, GraphCall } from './call.ts';
import type { Cursor } from './query.ts';

/** Opaque page tokens. A token is good for the path it was given out for, and for nothing else. */
export interface PageTokens {
  seal(path: string, cursor: Cursor): string;
  /** Undefined for a token that is not ours, was changed, or belongs to another path. */
  open(path: string, token: string): Cursor | undefined;
}

export function createPageTokens(key: BinaryLike): PageTokens {
  function sign(path: string, payload: string): Buffer {
    return createHmac('sha256', key).update(`${path}\n${payload}`).digest().subarray(0, 12);
  }
  return {
    seal(path, cursor) {
      const payload = `${cursor.after}.${cursor.page}.${cursor.state ?? ''}`;
      return Buffer.concat([sign(path, payload), Buffer.from(payload)]).toString('base64url');
    },
    open(path, token) {
      const bytes = Buffer.from(token, 'base64url');
      const payload = bytes.subarray(12).toString();
      const [, after, page, state] = /^(\d+)\.(\d+)\.(.*)$/su.exec(payload) ?? [];
      if (after === undefined || page === undefined || bytes.length < 13) return undefined;
      if (!timingSafeEqual(bytes.subarray(0, 12), sign(path, payload))) return undefined;
      return { after: Number(after), page: Number(page), ...(state ? { state } : {}) };
    },
  };
}

/** `(id,displayName,manager(id))` for `@odata.context`, or nothing. */
export function contextShape(call: GraphCall): string {
  const { select, expand } = call.options;
  const parts = [
    ...(select ?? []),
    ...expand.map((expansion) => `${expansion.property}(${(expansion.select ?? []).join(',')})`),
  ];
  return parts.length === 0 ? '' : `(${parts.join(',')})`;
}

export interface Paged<V> {
  /** The part of `@odata.context` behind `$metadata#`. */
  readonly context: string;
  readonly read: (after: number, limit: number) => Slice<V>;
  readonly show: (value: V) => JsonObject;
  /** Asked only for `$count=true` with `ConsistencyLevel: eventual`. */
  readonly count?: () => number;
}

/** One page of a collection with the link to the next. */
export function pageAnswer<V>(call: GraphCall, paged: Paged<V>): GraphAnswer {
  const { cursor, top, count } = call.options;
  const slice = paged.read(cursor.after, top ?? call.pageSize);
  const body: Record<string, Json> = { '@odata.context': `${call.request.base}/$metadata#${paged.context}` };
  // Graph silently leaves the count out where the header is missing, and on later pages.
  if (count && call.eventual && cursor.page === 1 && paged.count !== undefined) body['@odata.count'] = paged.count();
  if (slice.more) body['@odata.nextLink'] = nextLink(call, { after: slice.last, page: cursor.page + 1 });
  body['value'] = slice.values.map(paged.show);
  return { status: 200, body };
}

/** The absolute link to a page of the same read, keeping every other option as it was sent. */
export function nextLink(call: GraphCall, cursor: Cursor): string {
  const kept = call.options.kept === '' ? '' : `${call.options.kept}&`;
  return `${call.request.base}${call.path}?${kept}$skiptoken=${call.sealToken(cursor)}`;
}

/** A slice of a list made for this request; positions are indexes from 1. */
export function sliceOf<V>(list: readonly V[], after: number, limit: number): Slice<V> {
  const values = list.slice(after, after + limit);
  return { values, last: after + values.length, more: after + values.length < list.length };
}
