import type { Json, JsonObject } from '../../../core/scim.ts';
import { badRequest, unsupportedQuery } from './refusal.ts';
import { EXTENSION_PROPERTY, SCHEMA, type GraphType } from './schema.ts';

type Literal = string | boolean | null;

/** The part of OData's filter language the directory answers without the advanced query capabilities. */
export type Filter =
  | { readonly kind: 'equals'; readonly property: string; readonly values: readonly Literal[] }
  | { readonly kind: 'startsWith'; readonly property: string; readonly value: string }
  | { readonly kind: 'and' | 'or'; readonly left: Filter; readonly right: Filter };

/** The directory takes no more alternatives than this in one filter. */
const MAX_CLAUSES = 15;

const TOKEN = /\s*('(?:[^']|'')*'|[(),]|[\w./-]+)/y;

function tokens(text: string): string[] {
  const found: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < text.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const match = TOKEN.exec(text);
    if (match?.[1] === undefined) {
      throw badRequest(`Invalid filter clause: Syntax error at position ${at} in '${text}'.`);
    }
    found.push(match[1]);
  }
  return found;
}

/** Parses `$filter` of up to so many alternatives. Throws Graph's refusal of a syntax error or of an operator that needs advanced queries. */
export function parseFilter(text: string, maxClauses = MAX_CLAUSES): Filter {
  const list = tokens(text);
  let next = 0;
  let clauses = 0;

  function syntaxError(): never {
    throw badRequest(`Invalid filter clause: Syntax error at token ${next} in '${text}'.`);
  }
  function take(): string {
    const token = list[next] ?? syntaxError();
    next += 1;
    return token;
  }
  function expect(token: string): void {
    if (take() !== token) syntaxError();
  }
  function literal(): Literal {
    const token = take();
    clauses += 1;
    if (token.startsWith("'")) return token.slice(1, -1).replaceAll("''", "'");
    if (token === 'true' || token === 'false') return token === 'true';
    // An unquoted GUID is an Edm.Guid, which appRoleAssignment's ids are.
    return token === 'null' ? null : token;
  }
  function comparison(): Filter {
    const property = take();
    if (property === '(') {
      const inner = either();
      expect(')');
      return inner;
    }
    if (property === 'startsWith' || property === 'startswith') return startsWith();
    if (property === 'not' || property === 'endsWith' || property === 'endswith') throw unsupportedQuery();
    const operator = take();
    if (operator === 'eq') return { kind: 'equals', property, values: [literal()] };
    if (operator === 'in') return { kind: 'equals', property, values: listOfLiterals() };
    if (['ne', 'ge', 'gt', 'le', 'lt'].includes(operator)) throw unsupportedQuery();
    return syntaxError();
  }
  function startsWith(): Filter {
    expect('(');
    const property = take();
    expect(',');
    const value = literal();
    expect(')');
    return typeof value === 'string' ? { kind: 'startsWith', property, value } : syntaxError();
  }
  function listOfLiterals(): Literal[] {
    expect('(');
    const values = [literal()];
    for (let separator = take(); separator !== ')'; separator = take()) {
      if (separator !== ',') syntaxError();
      values.push(literal());
    }
    return values;
  }
  function both(): Filter {
    let left = comparison();
    while (list[next] === 'and') {
      next += 1;
      left = { kind: 'and', left, right: comparison() };
    }
    return left;
  }
  function either(): Filter {
    let left = both();
    while (list[next] === 'or') {
      next += 1;
      left = { kind: 'or', left, right: both() };
    }
    return left;
  }

  const filter = either();
  if (next < list.length) syntaxError();
  if (clauses > maxClauses) {
    throw unsupportedQuery(
      `Too many child clauses specified in search filter expression containing 'OR' operators: ${clauses}. Max allowed: ${maxClauses}.`,
    );
  }
  return filter;
}

/** Refuses a filter on a property the type lacks or the directory has no index for. */
export function checkFilter(filter: Filter, type: GraphType): void {
  if ('left' in filter) {
    checkFilter(filter.left, type);
    checkFilter(filter.right, type);
    return;
  }
  const { property } = filter;
  if (SCHEMA[type].filterable.has(property) || EXTENSION_PROPERTY.test(property)) return;
  if (SCHEMA[type].selectable.has(property) || SCHEMA[type].elsewhere.has(property)) {
    throw unsupportedQuery(
      `Unsupported or invalid query filter clause specified for property '${property}' of resource '${type}'.`,
    );
  }
  throw badRequest(
    `Invalid filter clause: Could not find a property named '${property}' on type 'microsoft.graph.${type}'.`,
  );
}

function folded(value: Json | undefined): Json {
  return typeof value === 'string' ? value.toLowerCase() : (value ?? null);
}

/** Whether an object passes. The directory compares text without regard to case. */
export function passes(filter: Filter, properties: JsonObject): boolean {
  switch (filter.kind) {
    case 'equals': {
      const actual = folded(properties[filter.property]);
      return filter.values.some((value) => folded(value) === actual);
    }
    case 'startsWith': {
      const actual = folded(properties[filter.property]);
      return typeof actual === 'string' && actual.startsWith(filter.value.toLowerCase());
    }
    case 'and':
      return passes(filter.left, properties) && passes(filter.right, properties);
    case 'or':
      return passes(filter.left, properties) || passes(filter.right, properties);
    default:
      return filter satisfies never;
  }
}

/** The texts a filter asks one property to equal, when that is all it asks; such a filter is served from an index. */
export function equalsOnly(filter: Filter, property: string): readonly string[] | undefined {
  if (filter.kind === 'or') {
    const left = equalsOnly(filter.left, property);
    const right = equalsOnly(filter.right, property);
    return left === undefined || right === undefined ? undefined : [...left, ...right];
  }
  if (filter.kind !== 'equals' || filter.property !== property) return undefined;
  const texts = filter.values.filter((value) => typeof value === 'string');
  return texts.length === filter.values.length ? texts : undefined;
}
