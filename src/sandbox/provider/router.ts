import { URN } from '../../core/scim.ts';
import { viewOf, type Exchange, type ProviderState, type Reply } from './exchange.ts';
import { isComplex, type Complex, type Value } from './json.ts';
import { listResources, type ListQuery } from './list.ts';
import { patchResource } from './patch/resource.ts';
import { readSchemas } from './read-body.ts';
import { badRequest, ScimRefusal } from './refusal.ts';
import { readProjection, type Projection } from './render.ts';
import { resourceTypeResources, schemaResources, serviceProviderConfig } from './schema/discovery.ts';
import { RESOURCE_TYPES, type ResourceType } from './schema/resource-type.ts';
import { versionOf } from './view.ts';
import {
  createResource,
  deleteResource,
  findResource,
  replaceResource,
  resourceReply,
  typeOfEndpoint,
} from './write.ts';

const ALL_TYPES = Object.values(RESOURCE_TYPES);

/** Answers one SCIM request. Throws ScimRefusal for everything the provider refuses. */
export function route(state: ProviderState, exchange: Exchange): Reply {
  const segments = exchange.path.split('/').filter((segment) => segment !== '');
  const [first = '', second, ...rest] = segments;
  if (rest.length > 0) throw new ScimRefusal(404, 'there is no such endpoint');
  if (first === '' || first === '.search') return search(state, exchange, ALL_TYPES, first === '.search');
  const type = typeOfEndpoint(first);
  if (type === undefined) return discover(state, exchange, first, second);
  if (second === undefined) return onEndpoint(state, exchange, type);
  if (second === '.search') return search(state, exchange, [type], true);
  return onResource(state, exchange, type, decode(second));
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    throw badRequest('invalidSyntax', 'the path is not percent-encoded');
  }
}

function methodNotAllowed(allowed: string): ScimRefusal {
  return new ScimRefusal(405, `only ${allowed} can be used here`, undefined, { allow: allowed });
}

function onEndpoint(state: ProviderState, exchange: Exchange, type: ResourceType): Reply {
  if (exchange.method === 'GET') return search(state, exchange, [type], false);
  if (exchange.method === 'POST') return createResource(state, exchange, type);
  throw methodNotAllowed('GET, POST');
}

function onResource(state: ProviderState, exchange: Exchange, type: ResourceType, id: string): Reply {
  switch (exchange.method) {
    case 'GET':
      return readResource(state, exchange, type, id);
    case 'PUT':
      if (type.name === 'Group' && state.behaviour.groupPut === 'refuse') throw methodNotAllowed('GET, PATCH, DELETE');
      return replaceResource(state, exchange, type, id);
    case 'PATCH':
      return patchResource(state, exchange, type, id);
    case 'DELETE':
      return deleteResource(state, exchange, type, id);
    default:
      throw methodNotAllowed('GET, PUT, PATCH, DELETE');
  }
}

function readResource(state: ProviderState, exchange: Exchange, type: ResourceType, id: string): Reply {
  const resource = findResource(state, type, id);
  const known = state.behaviour.etag === 'ignored' ? undefined : exchange.headers['if-none-match'];
  const version = versionOf(viewOf(state), resource);
  const tags =
    known === undefined
      ? []
      : String(known)
          .split(',')
          .map((tag) => tag.trim());
  if (tags.includes('*') || tags.includes(version)) return { status: 304, headers: { etag: version } };
  return resourceReply(state, exchange, resource, 200);
}

function numberOf(text: string | null, name: string): number | undefined {
  if (text === null || text === '') return undefined;
  const value = Number(text);
  if (!Number.isInteger(value)) throw badRequest('invalidValue', `"${name}" must be a whole number`);
  return value;
}

function queryFromUrl(query: URLSearchParams): ListQuery {
  if (query.has('sortBy')) throw new ScimRefusal(501, 'sorting is not supported');
  return {
    filter: query.get('filter') ?? undefined,
    startIndex: numberOf(query.get('startIndex'), 'startIndex'),
    count: numberOf(query.get('count'), 'count'),
    cursor: query.get('cursor') ?? undefined,
    projection: readProjection(query.get('attributes'), query.get('excludedAttributes')),
    parameters: query,
  };
}

function textOf(body: Complex, name: string): string | undefined {
  const value = body[name];
  if (value === undefined || value === null || typeof value === 'string') return value ?? undefined;
  throw badRequest('invalidSyntax', `"${name}" must be a string`);
}

function wholeNumberOf(body: Complex, name: string): number | undefined {
  const value = body[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isInteger(value)) return value;
  throw badRequest('invalidSyntax', `"${name}" must be a whole number`);
}

function listOf(body: Complex, name: string): string[] {
  const value = body[name] ?? [];
  if (Array.isArray(value) && value.every((path) => typeof path === 'string')) return value.map(String);
  throw badRequest('invalidSyntax', `"${name}" must be a list of attribute names`);
}

/** A `.search` body (RFC 7644 section 3.4.3). */
function queryFromBody(body: Value | undefined): ListQuery {
  if (!isComplex(body)) throw badRequest('invalidSyntax', 'the body must be a JSON object');
  if (!readSchemas(body).has(URN.searchRequest.toLowerCase())) {
    throw badRequest('invalidSyntax', `"schemas" must contain ${URN.searchRequest}`);
  }
  if (body['sortBy'] !== undefined) throw new ScimRefusal(501, 'sorting is not supported');
  return {
    filter: textOf(body, 'filter'),
    startIndex: wholeNumberOf(body, 'startIndex'),
    count: wholeNumberOf(body, 'count'),
    cursor: textOf(body, 'cursor'),
    projection: readProjection(listOf(body, 'attributes'), listOf(body, 'excludedAttributes')),
  };
}

function search(state: ProviderState, exchange: Exchange, types: readonly ResourceType[], byBody: boolean): Reply {
  const method = byBody ? 'POST' : 'GET';
  if (exchange.method !== method) throw methodNotAllowed(method);
  const query = byBody ? queryFromBody(exchange.body) : queryFromUrl(exchange.query);
  const hidden = types.some((type) => type.name === 'Group') && exchange.faults('membersHidden') !== undefined;
  const projection = hidden ? withoutMembers(query.projection) : query.projection;
  return listResources(state, types, { ...query, projection }, exchange.faults);
}

function withoutMembers(projection: Projection): Projection {
  const shown = projection.only?.filter((path) => !/^(?:.*:)?members\b/i.test(path));
  return shown === undefined
    ? { only: undefined, without: [...projection.without, 'members'] }
    : { only: shown, without: [] };
}

function discover(state: ProviderState, exchange: Exchange, first: string, second: string | undefined): Reply {
  if (first === 'Me' || first === 'Bulk') throw new ScimRefusal(501, `/${first} is not supported`);
  const { base } = state;
  if (`/${first}` === state.behaviour.configPath && second === undefined) {
    requireGet(exchange);
    const cursors = exchange.faults('cursorOnly') !== undefined;
    return { status: 200, body: serviceProviderConfig(state.behaviour, base, cursors) };
  }
  if (first === 'Schemas') return discoverIn(exchange, schemaResources(base), second);
  if (first === 'ResourceTypes') return discoverIn(exchange, resourceTypeResources(base), second);
  throw new ScimRefusal(404, 'there is no such endpoint');
}

function requireGet(exchange: Exchange): void {
  if (exchange.method !== 'GET') throw methodNotAllowed('GET');
  // RFC 7644 section 4: a filter on a discovery endpoint is answered with 403.
  if (exchange.query.has('filter')) throw new ScimRefusal(403, 'discovery endpoints cannot be filtered');
}

function discoverIn(exchange: Exchange, resources: Complex[], id: string | undefined): Reply {
  requireGet(exchange);
  if (id === undefined) {
    const total = resources.length;
    return {
      status: 200,
      body: {
        schemas: [URN.listResponse],
        totalResults: total,
        startIndex: 1,
        itemsPerPage: total,
        Resources: resources,
      },
    };
  }
  const wanted = decode(id);
  const found = resources.find((resource) => resource['id'] === wanted);
  if (found === undefined) throw new ScimRefusal(404, `Resource ${wanted} not found`);
  return { status: 200, body: found };
}
