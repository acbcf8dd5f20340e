import { parseFilter, type Filter } from './filter.ts';
import { badRequest, directoryRefusal, GraphRefusal, unsupportedQuery } from './refusal.ts';

/** Where a paged read stands. `page` counts from 1 and is the page to come. */
export interface Cursor {
  readonly after: number;
  readonly page: number;
  /** What a read keeps beside its position: change tracking carries its query and more. */
  readonly state?: string;
}

export interface Expansion {
  readonly property: string;
  readonly select?: readonly string[];
}

/** The OData system query options of one request, parsed. */
export interface QueryOptions {
  readonly select?: readonly string[];
  readonly expand: readonly Expansion[];
  readonly filter?: Filter;
  readonly top?: number;
  readonly count: boolean;
  readonly cursor: Cursor;
  /** `$deltatoken` as sent: `latest`, empty, or a token whose cursor is `cursor`. */
  readonly deltaToken?: string;
  /** Every option but the tokens as sent, for the next link. */
  readonly kept: string;
}

/** Graph's largest page of directory objects. */
const MAX_TOP = 999;

/** Change tracking takes no more ids than this in its filter (user-delta, group-delta). */
const MAX_TRACKED_IDS = 50;

const SYSTEM_OPTIONS = new Set([
  'select',
  'expand',
  'filter',
  'top',
  'count',
  'skiptoken',
  'orderby',
  'search',
  'skip',
  'format',
  'apply',
  'deltatoken',
]);

function decode(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '));
  } catch {
    throw badRequest('The request URI is not valid: it holds a malformed percent-encoding.');
  }
}

function splitQuery(query: string): { name: string; value: string; raw: string }[] {
  return query
    .split('&')
    .filter((raw) => raw !== '')
    .map((raw) => {
      const equals = raw.indexOf('=');
      const name = decode(equals === -1 ? raw : raw.slice(0, equals));
      return { name, value: equals === -1 ? '' : decode(raw.slice(equals + 1)), raw };
    });
}

function parseTop(value: string): number {
  if (!/^\d+$/.test(value)) {
    throw badRequest(
      `The query specified in the URI is not valid. Invalid value '${value}' for $top query option found.`,
    );
  }
  const top = Number(value);
  if (top < 1 || top > MAX_TOP) {
    throw directoryRefusal(`Invalid page size specified: '${value}'. Must be between 1 and ${MAX_TOP} inclusive.`);
  }
  return top;
}

function parseCount(value: string): boolean {
  if (value !== 'true' && value !== 'false') {
    throw badRequest(`Invalid value '${value}' for $count query option found. Valid values are 'true', 'false'.`);
  }
  return value === 'true';
}

function names(value: string): string[] {
  const list = value.split(',').map((name) => name.trim());
  for (const name of list) {
    if (!/^[A-Za-z_]\w*$/.test(name)) {
      throw badRequest(
        `Parsing OData Select and Expand failed: Term '${value}' is not valid in a $select or $expand expression.`,
      );
    }
  }
  return [...new Set(list)];
}

/** `manager`, or `manager($select=id,displayName)`. Other options inside an expansion are refused, as Graph does. */
function parseExpand(value: string): Expansion[] {
  const match = /^(\w+)(?:\(\$(\w+)=([^()]*)\))?$/.exec(value.trim());
  if (match === null) {
    throw badRequest(
      `Parsing OData Select and Expand failed: Term '${value}' is not valid in a $select or $expand expression.`,
    );
  }
  const [, property = '', option, inner = ''] = match;
  if (option === undefined) return [{ property }];
  if (option !== 'select') throw unsupportedQuery(`The option '$${option}' is not supported inside $expand.`);
  return [{ property, select: names(inner) }];
}

/**
 * Parses a query string. Options are case-sensitive and need their dollar sign; what the resource does not take, an
 * unknown option, and an option given twice are refused rather than ignored.
 */
export function parseQuery(
  query: string,
  accepted: readonly string[],
  openToken: (token: string) => Cursor | undefined,
): QueryOptions {
  const found = new Map<string, string>();
  const kept: string[] = [];
  for (const { name, value, raw } of splitQuery(query)) {
    if (!name.startsWith('$') || !SYSTEM_OPTIONS.has(name.slice(1))) {
      throw badRequest(`The query specified in the URI is not valid. The query parameter '${name}' is not supported.`);
    }
    if (found.has(name)) {
      throw badRequest(`Query option '${name}' was specified more than once, but it must be specified at most once.`);
    }
    if (!accepted.includes(name.slice(1))) throw refusedOption(name);
    found.set(name, value);
    if (name !== '$skiptoken' && name !== '$deltatoken') kept.push(raw);
  }
  const select = found.get('$select');
  const filter = found.get('$filter');
  const top = found.get('$top');
  const deltaToken = found.get('$deltatoken');
  const skipToken = found.get('$skiptoken');
  if (deltaToken !== undefined && skipToken !== undefined) {
    throw badRequest('$deltatoken and $skiptoken cannot be given together.');
  }
  return {
    ...(select === undefined ? {} : { select: names(select) }),
    ...(filter === undefined
      ? {}
      : { filter: parseFilter(filter, accepted.includes('deltatoken') ? MAX_TRACKED_IDS : undefined) }),
    ...(top === undefined ? {} : { top: parseTop(top) }),
    expand: found.has('$expand') ? parseExpand(found.get('$expand') ?? '') : [],
    count: parseCount(found.get('$count') ?? 'false'),
    ...(deltaToken === undefined ? {} : { deltaToken }),
    cursor: deltaToken === undefined ? cursorOf(skipToken, openToken) : deltaCursorOf(deltaToken, openToken),
    kept: kept.join('&'),
  };
}

function refusedOption(name: string): GraphRefusal {
  if (name === '$orderby') return unsupportedQuery('Sorting not supported for current query.');
  if (name === '$search') {
    return unsupportedQuery(
      "Request with $search query parameter only works through MSGraph with a special request header: 'ConsistencyLevel: eventual'",
    );
  }
  return directoryRefusal(`'${name}' is not supported by the service.`);
}

function cursorOf(token: string | undefined, openToken: (token: string) => Cursor | undefined): Cursor {
  if (token === undefined) return { after: 0, page: 1 };
  const cursor = openToken(token);
  if (cursor === undefined) {
    throw new GraphRefusal(
      400,
      'Directory_ExpiredPageToken',
      'The specified page token value has expired and can no longer be included in your request.',
    );
  }
  return cursor;
}

/** Where a round of change tracking begins. */
function deltaCursorOf(token: string, openToken: (token: string) => Cursor | undefined): Cursor {
  const cursor = token === '' || token === 'latest' ? { after: 0, page: 1 } : openToken(token);
  if (cursor === undefined) throw directoryRefusal('Badly formed token.');
  return cursor;
}
