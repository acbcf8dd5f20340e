import { URN } from '../../core/scim.ts';
import { viewOf, type ProviderState, type Reply } from './exchange.ts';
import { faultNumber, type RequestFaults } from './faults.ts';
import type { Filter } from './filter/ast.ts';
import { compileFilter, resourceScope } from './filter/evaluate.ts';
import { GrammarError, parseFilter } from './filter/parse.ts';
import type { Complex, Value } from './json.ts';
import { pageOf, type PageQuery } from './page.ts';
import { badRequest } from './refusal.ts';
import { render, type Projection } from './render.ts';
import type { Resource } from './resource.ts';
import type { ResourceType, ResourceTypeName } from './schema/resource-type.ts';
import type { ResourceStore } from './store.ts';

/** A query over one or several resource types, from a URL or a `.search` body. */
export interface ListQuery extends PageQuery {
  readonly filter: string | undefined;
  readonly projection: Projection;
  /** The URL's own parameters, for those only one provider knows. */
  readonly parameters?: URLSearchParams;
}

function isEquality(filter: Filter): boolean {
  return filter.kind === 'compare' && filter.operator === 'eq';
}

/** Whether a provider that knows only simple filters takes this one. */
function isTaken(filter: Filter, filters: ProviderState['behaviour']['filters']): boolean {
  if (filters === 'all' || isEquality(filter)) return true;
  return (
    filters === 'eq-and' && filter.kind === 'logical' && filter.operator === 'and' && filter.operands.every(isEquality)
  );
}

function readFilter(state: ProviderState, text: string, faults: RequestFaults): Filter {
  if (/[[\]]/.test(text) && faults('rejectValuePath'))
    throw badRequest('invalidFilter', 'value paths are not supported');
  if (text.includes('\\') && faults('noUnescape'))
    throw badRequest('invalidFilter', 'the filter has a character that is not supported');
  try {
    const filter = parseFilter(text, state.behaviour.filterAfterValuePath);
    if (!isTaken(filter, state.behaviour.filters) || (!isEquality(filter) && faults('eqOnly'))) {
      throw badRequest('invalidFilter', 'only comparisons with eq are supported');
    }
    return filter;
  } catch (error) {
    if (error instanceof GrammarError)
      throw badRequest('invalidFilter', `the filter is not understood: ${error.message}`);
    throw error;
  }
}

/** Ids an equality in the filter points at, so that the store need not be walked; undefined when none does. */
function indexed(store: ResourceStore, type: ResourceTypeName, filter: Filter): Iterable<string> | undefined {
  if (filter.kind === 'logical' && filter.operator === 'and') {
    for (const operand of filter.operands) {
      const ids = indexed(store, type, operand);
      if (ids !== undefined) return ids;
    }
    return undefined;
  }
  if (filter.kind === 'value-path') {
    const member = filter.filter;
    if (type !== 'Group' || !isNamed(filter.path.name, 'members') || member.kind !== 'compare') return undefined;
    if (member.operator !== 'eq' || !isNamed(member.path.name, 'value')) return undefined;
    return typeof member.value === 'string' ? store.groupsOf(member.value) : undefined;
  }
  if (filter.kind !== 'compare' || filter.operator !== 'eq' || typeof filter.value !== 'string') return undefined;
  return indexedBy(store, type, filter.path.name.toLowerCase(), filter.path.subName?.toLowerCase(), filter.value);
}

function isNamed(name: string, wanted: string): boolean {
  return name.toLowerCase() === wanted;
}

function indexedBy(
  store: ResourceStore,
  type: ResourceTypeName,
  name: string,
  subName: string | undefined,
  value: string,
): Iterable<string> | undefined {
  if (type === 'Group' && name === 'members' && (subName === undefined || subName === 'value'))
    return store.groupsOf(value);
  if (subName !== undefined) return undefined;
  if (name === 'id') return [value];
  if (name === 'externalid') return store.byExternalId(type, value);
  if ((type === 'User' && name === 'username') || (type === 'Group' && name === 'displayname'))
    return store.byName(type, value);
  return undefined;
}

function select(
  state: ProviderState,
  type: ResourceType,
  filter: Filter,
  unknown: 'refuse' | 'no-match',
  faults: RequestFaults,
): Resource[] {
  const exactCase = faults('caseSensitive') !== undefined;
  const matches = compileFilter(filter, { ...resourceScope(viewOf(state), type, unknown), exactCase });
  const { store } = state;
  const ids = indexed(store, type.name, filter) ?? store.ids(type.name);
  const found: Resource[] = [];
  for (const id of ids) {
    const resource = store.get(type.name, id);
    if (resource !== undefined && matches(resource)) found.push(resource);
  }
  return found;
}

function everything(state: ProviderState, types: readonly ResourceType[], faults: RequestFaults): Resource[] {
  const { store } = state;
  const present = types.flatMap((type) => store.ids(type.name).flatMap((id) => store.get(type.name, id) ?? []));
  if (store.deleted.length === 0 || faults('deletedStillListed') === undefined) return present;
  return [...present, ...store.deleted.filter((resource) => types.some((type) => type.name === resource.type))];
}

function appliesTo(faults: RequestFaults, name: 'silentEmpty' | 'silentAll', filter: string): boolean {
  const setting = faults(name);
  return setting !== undefined && (setting.value === undefined || filter.includes(String(setting.value)));
}

function collect(
  state: ProviderState,
  types: readonly ResourceType[],
  query: ListQuery,
  faults: RequestFaults,
): Resource[] {
  const { filter } = query;
  if (filter === undefined) return everything(state, types, faults);
  if (appliesTo(faults, 'silentEmpty', filter)) return [];
  if (appliesTo(faults, 'silentAll', filter)) return everything(state, types, faults);
  const parsed = readFilter(state, filter, faults);
  return types.flatMap((type) => select(state, type, parsed, types.length > 1 ? 'no-match' : 'refuse', faults));
}

/** Whether accounts that a person made stay out of this list. */
function hidesPeoples(state: ProviderState, query: ListQuery, faults: RequestFaults): boolean {
  const { listsOnlyScimMade } = state.behaviour;
  const fault = listsOnlyScimMade === null ? faults('onlyScimUsersListed') : undefined;
  if (listsOnlyScimMade === null && fault === undefined) return false;
  const parameter = listsOnlyScimMade ?? String(fault?.value ?? 'scim_provisioned_only');
  return query.parameters?.get(parameter) !== 'false';
}

const MADE_UP: Complex = { schemas: [URN.user], id: 'synthesis_user', userName: 'synthesis_user', active: true };

/** Answers a query with a ListResponse (RFC 7644 section 3.4.2). Throws invalidFilter and the cursor errors of RFC 9865. */
export function listResources(
  state: ProviderState,
  types: readonly ResourceType[],
  query: ListQuery,
  faults: RequestFaults,
): Reply {
  if (query.filter === undefined && types.some((type) => type.name === 'User') && faults('synthesisUser')) {
    return {
      status: 200,
      body: { schemas: [URN.listResponse], totalResults: 1, startIndex: 1, itemsPerPage: 1, Resources: [MADE_UP] },
    };
  }
  const everybody = collect(state, types, query, faults);
  const peoples = everybody.some(({ madeBy }) => madeBy === 'person') && hidesPeoples(state, query, faults);
  const found = peoples ? everybody.filter(({ madeBy }) => madeBy === 'client') : everybody;
  const page = pageOf(found.length, state.behaviour, query, faults);
  const view = viewOf(state);
  const resources: Value[] = found
    .slice(page.from, page.to)
    .map((resource) => render(view, resource, query.projection));
  const lie = faults('lyingTotalResults');
  const total = lie === undefined ? found.length : Math.max(0, found.length + faultNumber(lie, 1));
  return {
    status: 200,
    body: {
      schemas: [URN.listResponse],
      ...(page.total ? { totalResults: total } : {}),
      ...page.members,
      itemsPerPage: resources.length,
      Resources: resources,
    },
  };
}
