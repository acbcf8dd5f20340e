import type { Behaviour } from './behaviour.ts';
import { faultNumber, type RequestFaults } from './faults.ts';
import type { Complex } from './json.ts';
import { badRequest } from './refusal.ts';

/** What a client asked about paging. Numbers as sent, or undefined. */
export interface PageQuery {
  readonly startIndex: number | undefined;
  readonly count: number | undefined;
  /** RFC 9865; an empty string asks for the first page. */
  readonly cursor: string | undefined;
}

/** Which resources go on the page, zero-based, and what the answer says about its place. */
export interface Page {
  readonly from: number;
  readonly to: number;
  readonly members: Complex;
  /** Whether the answer states totalResults, which RFC 9865 lets cursors leave out. */
  readonly total: boolean;
}

/** Cuts a page out of `total` resources (RFC 7644 section 3.4.2.4; RFC 9865 for cursors), with the paging faults. */
export function pageOf(total: number, behaviour: Behaviour, query: PageQuery, faults: RequestFaults): Page {
  const cap = faults('capN');
  const most = Math.min(behaviour.maxResults, cap === undefined ? Number.POSITIVE_INFINITY : faultNumber(cap, 10));
  const count = Math.min(Math.max(0, query.count ?? behaviour.defaultCount), most);
  const short = faults('listShort');
  const end = Math.max(0, total - (short === undefined ? 0 : faultNumber(short, 1)));
  if (behaviour.paging === 'index-or-cursor' && query.cursor !== undefined) {
    return { ...cursorPage(end, count, query.cursor, faults), total: false };
  }
  if (faults('cursorOnly')) return cursorPage(end, count, query.cursor ?? '', faults);
  if (query.cursor !== undefined) throw badRequest('invalidCursor', 'cursors are not supported');
  const asked = Math.max(1, query.startIndex ?? 1);
  const first = firstOf(asked, count, total, faults);
  const startIndex = first === 1 && faults('ignoreStartIndex') ? 1 : asked;
  return { from: first - 1, to: Math.min(first - 1 + count, end), members: { startIndex }, total: true };
}

function firstOf(asked: number, count: number, total: number, faults: RequestFaults): number {
  if (asked === 1) return 1;
  if (faults('ignoreStartIndex')) return 1;
  if (asked > total && faults('wrapBeyondEnd')) return 1;
  return faults('repeatPage') ? Math.max(1, asked - count) : asked;
}

function cursorPage(end: number, count: number, cursor: string, faults: RequestFaults): Page {
  if (cursor !== '' && faults('expireCursor')) throw badRequest('expiredCursor', 'the cursor has expired, start again');
  const from = cursor === '' ? 0 : Number(/^c(\d+)$/.exec(cursor)?.[1] ?? Number.NaN);
  if (Number.isNaN(from)) throw badRequest('invalidCursor', 'the cursor is not one of ours');
  const to = Math.min(from + count, end);
  return { from, to, members: to < end && to > from ? { nextCursor: `c${to}` } : {}, total: true };
}
