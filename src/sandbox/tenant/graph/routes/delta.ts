import type { Json } from '../../../../core/scim.ts';
import { READ_GROUPS, READ_USERS, type GraphAnswer, type GraphCall, type Route } from '../call.ts';
import type { Watched } from '../delta/entries.ts';
import { endOfLog, groupPage, rewound, userPage, type DeltaPage } from '../delta/pages.ts';
import { parseState, type DeltaPlace, type DeltaQuery, type DeltaState } from '../delta/place.ts';
import { equalsOnly, type Filter } from '../filter.ts';
import { contextShape } from '../paging.ts';
import { checkSelect } from '../projection.ts';
import { badRequest, GraphRefusal, requireGuid, unsupportedQuery } from '../refusal.ts';
import { SCHEMA } from '../schema.ts';

/** What sets the two tracked collections apart. */
interface Tracked {
  readonly type: 'user' | 'group';
  /** The only relationship whose changes are told. */
  readonly relationship: 'manager' | 'members';
  readonly page: (call: GraphCall, at: number, watched: Watched, place: DeltaPlace) => DeltaPage;
}

const USERS: Tracked = { type: 'user', relationship: 'manager', page: userPage };
const GROUPS: Tracked = { type: 'group', relationship: 'members', page: groupPage };

function trackedIds(filter: Filter): string[] {
  const ids = equalsOnly(filter, 'id');
  if (ids === undefined) throw unsupportedQuery('Delta queries can be filtered by id only.');
  return ids.map(requireGuid);
}

/** The options of a first request. */
function firstQuery(call: GraphCall, { type, relationship }: Tracked): DeltaQuery {
  const { select, filter } = call.options;
  const properties = select?.filter((name) => name !== relationship);
  checkSelect(properties, [type]);
  return {
    ...(select === undefined ? {} : { select: [...select] }),
    ...(filter === undefined ? {} : { ids: trackedIds(filter) }),
  };
}

function watchedBy(call: GraphCall, { type, relationship }: Tracked, { select, ids }: DeltaQuery): Watched {
  return {
    properties: (select ?? SCHEMA[type].defaults).filter((name) => name !== relationship && name !== 'id'),
    related: select === undefined || select.includes(relationship),
    minimal: /(^|[\s,;])return=minimal($|[\s,;])/i.test(call.request.headers['prefer'] ?? ''),
    ...(ids === undefined ? {} : { ids: new Set(ids) }),
  };
}

/** The token's state, unless it is worthless by now. */
function requireState(call: GraphCall, text: string): DeltaState {
  const state = parseState(text);
  const standing = call.feed.check(state.token);
  switch (standing) {
    case 'good':
      return state;
    case 'gone': {
      const { select } = state.query;
      const query = select === undefined ? '' : `$select=${select.join(',')}&`;
      const location = `${call.request.base}${call.path}?${query}$deltatoken=`;
      throw new GraphRefusal(410, 'resyncRequired', 'The state token is not known any more.', { location });
    }
    case 'lost':
      throw new GraphRefusal(400, 'syncStateNotFound', 'The sync state of the token is not found.');
    default:
      return standing satisfies never;
  }
}

function placeOf(call: GraphCall, place: DeltaPlace): DeltaPlace {
  const begins = call.options.deltaToken !== undefined && place.phase === 'log';
  return begins ? { ...place, from: rewound(call.organisation.changes, place.from, call.feed.replay()) } : place;
}

function link(call: GraphCall, kind: 'skiptoken' | 'deltatoken', query: DeltaQuery, place: DeltaPlace): string {
  const state = JSON.stringify({ query, place, token: call.feed.issue() } satisfies DeltaState);
  const page = kind === 'skiptoken' ? call.options.cursor.page + 1 : 1;
  return `${call.request.base}${call.path}?$${kind}=${call.sealToken({ after: 0, page, state })}`;
}

function answerDelta(call: GraphCall, tracked: Tracked): GraphAnswer {
  const { options, organisation } = call;
  const at = call.feed.read(call.at);
  const { state: text } = options.cursor;
  if (text !== undefined && (options.select !== undefined || options.filter !== undefined)) {
    throw badRequest('The query options of a delta query are in its token and cannot be given again.');
  }
  const state = text === undefined ? undefined : requireState(call, text);
  const query = state?.query ?? firstQuery(call, tracked);
  const end = endOfLog(organisation.changes, at);
  const body: Record<string, Json> = {
    '@odata.context': `${call.request.base}/$metadata#${tracked.type}s${contextShape(call)}`,
  };
  if (options.deltaToken === 'latest') {
    body['@odata.deltaLink'] = link(call, 'deltatoken', query, { phase: 'log', from: end });
    return { status: 200, body: { ...body, value: [] } };
  }
  const from = placeOf(call, state?.place ?? { phase: 'present', from: end, after: 0 });
  const { entries, place, done } = tracked.page(call, at, watchedBy(call, tracked, query), from);
  if (done) body['@odata.deltaLink'] = link(call, 'deltatoken', query, place);
  else body['@odata.nextLink'] = link(call, 'skiptoken', query, place);
  return { status: 200, body: { ...body, value: entries } };
}

const OPTIONS = ['select', 'filter', 'deltatoken', 'skiptoken'];

/** Change tracking (delta-query-overview). Neither `$top`, `$orderby` nor `$expand` are taken. */
export const DELTA_ROUTES: readonly Route[] = [
  {
    method: 'GET',
    path: 'users/delta',
    permissions: READ_USERS,
    options: OPTIONS,
    cost: 2,
    answer: (call) => answerDelta(call, USERS),
  },
  {
    method: 'GET',
    path: 'groups/delta',
    permissions: READ_GROUPS,
    options: OPTIONS,
    cost: 2,
    answer: (call) => answerDelta(call, GROUPS),
  },
];
