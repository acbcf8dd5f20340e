import type { Json, JsonObject } from './scim.ts';
import { URN } from './scim.ts';
import { attributeShape, canonicalUrn } from './scim-schema.ts';

/** One comparison of a value filter: the sub-attribute equals the value. */
export interface PathCondition {
  readonly attribute: string;
  readonly value: string | number | boolean | null;
}

/**
 * A SCIM attribute path (RFC 7644 figure 7) that names one place to write. Of the filter grammar only `eq` joined by
 * `and` is taken: nothing else says what a missing entry would have to look like.
 */
export interface ScimPath {
  /** Extension schema in canonical case; null for the core schemas, whose URN may be left out. */
  readonly urn: string | null;
  readonly attribute: string;
  readonly filter: readonly PathCondition[] | null;
  readonly subAttribute: string | null;
  /** The whole path in canonical case. Equal paths have equal text. */
  readonly text: string;
}

export type ParsedPath = { readonly path: ScimPath } | { readonly problem: string };

const NAME = '\\$?[A-Za-z][A-Za-z0-9_-]*';
const REST = new RegExp(`^(${NAME})(?:\\[(.*)\\])?(?:\\.(${NAME}))?$`, 's');
const CONDITION = new RegExp(
  `^\\s*(${NAME})\\s+([A-Za-z]+)\\s+("(?:[^"\\\\]|\\\\.)*"|true|false|null|-?[0-9.]+)\\s*`,
  's',
);
const CORE_URNS: ReadonlySet<string> = new Set([URN.user, URN.group]);

/**
 * Reads a path such as `name.familyName`, `emails[type eq "work"].value` or
 * `urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department`. A problem is a sentence for the operator
 * who wrote the path.
 */
export function parsePath(text: string): ParsedPath {
  const bracket = text.indexOf('[');
  const head = bracket < 0 ? text : text.slice(0, bracket);
  const colon = head.lastIndexOf(':');
  const prefix = colon < 0 ? null : canonicalUrn(text.slice(0, colon));
  if (prefix !== null && !/^urn:/i.test(prefix)) {
    return { problem: `"${text}" is no SCIM path: what stands before the last ":" must be a schema URN` };
  }
  if (isSchemaUrn(text)) {
    return { problem: `"${text}" names a schema, not an attribute: append ":" and the attribute` };
  }
  const match = REST.exec(text.slice(colon + 1));
  const name = match?.[1];
  if (match === null || name === undefined) {
    return { problem: `"${text}" is no SCIM path: expected attribute, attribute.sub or attribute[type eq "work"].sub` };
  }
  const urn = prefix === null || CORE_URNS.has(prefix) ? null : prefix;
  const shape = attributeShape(urn, name);
  if (shape !== undefined && shape.type !== 'complex' && (match[2] !== undefined || match[3] !== undefined)) {
    return { problem: `"${text}": ${shape.name} is a simple attribute and has no sub-attributes` };
  }
  const filter = match[2] === undefined ? null : parseConditions(match[2], urn, name);
  if (typeof filter === 'string') return { problem: `"${text}": ${filter}` };
  if (filter !== null && shape !== undefined && !shape.multiValued) {
    return { problem: `"${text}": ${shape.name} has a single value and takes no filter` };
  }
  const sub = match[3];
  const subAttribute = sub === undefined ? null : (shape?.subAttributes.get(sub.toLowerCase())?.name ?? sub);
  const path = { urn, attribute: shape?.name ?? name, filter, subAttribute };
  return { path: { ...path, text: formatPath(path) } };
}

function isSchemaUrn(text: string): boolean {
  const urn = canonicalUrn(text);
  return CORE_URNS.has(urn) || urn === URN.enterpriseUser;
}

function parseConditions(text: string, urn: string | null, attribute: string): PathCondition[] | string {
  const conditions: PathCondition[] = [];
  let rest = text;
  for (;;) {
    const match = CONDITION.exec(rest);
    const [whole, name, operator, literal] = match ?? [];
    if (whole === undefined || name === undefined || operator === undefined || literal === undefined) {
      return `cannot read "${rest.trim()}" in the filter; expected a comparison such as type eq "work"`;
    }
    if (operator.toLowerCase() !== 'eq') return `the filter must compare with eq, not ${operator}`;
    const condition = readCondition(urn, attribute, name, literal);
    if (condition === undefined) return `${literal} in the filter is no JSON value`;
    conditions.push(condition);
    rest = rest.slice(whole.length);
    if (rest === '') return conditions;
    const and = /^and\s+/i.exec(rest);
    if (and === null) return `only "and" may join the comparisons of a filter, found "${rest}"`;
    rest = rest.slice(and[0].length);
  }
}

function readCondition(
  urn: string | null,
  attribute: string,
  name: string,
  literal: string,
): PathCondition | undefined {
  const shape = attributeShape(urn, attribute)?.subAttributes.get(name.toLowerCase());
  const value = parseLiteral(literal);
  if (value === undefined) return undefined;
  // Entra's own mappings write booleans as strings: roles[primary eq "True"].value.
  const flag = shape?.type === 'boolean' && typeof value === 'string' ? asBoolean(value) : undefined;
  return { attribute: shape?.name ?? name, value: flag ?? value };
}

function parseLiteral(literal: string): string | number | boolean | null | undefined {
  try {
    const value: unknown = JSON.parse(literal);
    return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || value === null
      ? value
      : undefined;
  } catch {
    return undefined;
  }
}

/** The boolean a provider or a mapping means by `true`, `"True"` or `"false"`; undefined for anything else. */
export function asBoolean(value: Json | undefined): boolean | undefined {
  if (typeof value === 'boolean') return value;
  if (typeof value !== 'string') return undefined;
  const word = value.toLowerCase();
  return word === 'true' ? true : word === 'false' ? false : undefined;
}

function formatPath(path: Omit<ScimPath, 'text'>): string {
  const filter = path.filter?.map((each) => `${each.attribute} eq ${JSON.stringify(each.value)}`).join(' and ');
  return (
    (path.urn === null ? '' : `${path.urn}:`) +
    path.attribute +
    (filter === undefined ? '' : `[${filter}]`) +
    (path.subAttribute === null ? '' : `.${path.subAttribute}`)
  );
}

const MEMO_LIMIT = 2_000;
const memo = new Map<string, ScimPath>();

/**
 * The parsed form of a path that was accepted when the configuration was read; remembered, because the same few paths
 * are asked for once per user. Throws a plain Error for an invalid path: reaching here with one is a defect.
 */
export function pathOf(text: string): ScimPath {
  const known = memo.get(text);
  if (known !== undefined) return known;
  const parsed = parsePath(text);
  if ('problem' in parsed) throw new Error(parsed.problem);
  if (memo.size >= MEMO_LIMIT) memo.clear();
  memo.set(text, parsed.path);
  return parsed.path;
}

/** A path in canonical case. Throws a plain Error when it is not a path. */
export function canonicalPath(text: string): string {
  return pathOf(text).text;
}

/**
 * The value at a path in a resource as read, or undefined. Names are compared without case (RFC 7643 section 2.1).
 * Of a multi-valued attribute without a filter, a sub-attribute is read from the primary entry, else the first.
 */
export function readPath(body: JsonObject, path: string | ScimPath): Json | undefined {
  const { urn, attribute, filter, subAttribute } = typeof path === 'string' ? pathOf(path) : path;
  const scope = urn === null ? body : readMember(body, urn);
  if (!isObject(scope)) return undefined;
  const value = readMember(scope, attribute);
  if (filter === null && subAttribute === null) return value;
  const entry = isArray(value) ? pick(value, filter) : value;
  if (subAttribute === null || entry === undefined) return entry;
  return isObject(entry) ? readMember(entry, subAttribute) : undefined;
}

/** Whether a JSON value is an object, not an array and not null. */
export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Whether a JSON value is an array. `Array.isArray` alone does not narrow a readonly array. */
export function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function pick(entries: readonly Json[], filter: readonly PathCondition[] | null): Json | undefined {
  if (filter === null) {
    return entries.find((entry) => isObject(entry) && asBoolean(readMember(entry, 'primary')) === true) ?? entries[0];
  }
  for (const entry of entries) if (isObject(entry) && satisfies(entry, filter)) return entry;
  return undefined;
}

function satisfies(entry: JsonObject, filter: readonly PathCondition[]): boolean {
  for (const { attribute, value } of filter) {
    const found = readMember(entry, attribute);
    if (found !== value && !sameCondition(found, value)) return false;
  }
  return true;
}

function sameCondition(found: Json | undefined, value: PathCondition['value']): boolean {
  if (typeof value === 'boolean') return (asBoolean(found) ?? false) === value;
  if (typeof value === 'string' && typeof found === 'string') return found.toLowerCase() === value.toLowerCase();
  return (found ?? null) === value;
}

/** A member of a JSON object by name, compared without case (RFC 7643 section 2.1); never an inherited one. */
export function readMember(object: JsonObject, name: string): Json | undefined {
  if (Object.hasOwn(object, name)) return object[name];
  const wanted = name.toLowerCase();
  for (const key in object) {
    if (key.length === name.length && key.toLowerCase() === wanted) return object[key];
  }
  return undefined;
}

type Mutable = { [key: string]: Json };

/**
 * A resource body from paths and values, in canonical case and with the `schemas` it uses. Paths into the same complex
 * attribute or the same entry of a multi-valued one are merged; null values are left out. A single value given for a
 * complex attribute becomes its `value`. Throws a plain Error for an invalid path.
 */
export function buildResource(
  attributes: Iterable<readonly [path: string, value: Json]>,
  resource: 'User' | 'Group',
): JsonObject {
  const schemas: string[] = [resource === 'User' ? URN.user : URN.group];
  const body: Mutable = { schemas };
  for (const [text, value] of attributes) {
    if (value === null) continue;
    const path = pathOf(text);
    if (path.urn !== null && !schemas.includes(path.urn)) schemas.push(path.urn);
    write(path.urn === null ? body : childOf(body, path.urn), path, value);
  }
  return body;
}

function write(scope: Mutable, path: ScimPath, value: Json): void {
  const shape = attributeShape(path.urn, path.attribute);
  const { attribute, filter, subAttribute } = path;
  if (filter !== null || (subAttribute !== null && shape?.multiValued === true)) {
    const entry = entryOf(scope, attribute, filter ?? []);
    if (subAttribute !== null) entry[subAttribute] = value;
    else Object.assign(entry, isObject(value) ? value : { value });
  } else if (subAttribute !== null) {
    childOf(scope, attribute)[subAttribute] = value;
  } else if (shape?.type === 'complex' && !isArray(value)) {
    const whole = isObject(value) ? value : { value };
    if (shape.multiValued) Object.assign(entryOf(scope, attribute, []), whole);
    else Object.assign(childOf(scope, attribute), whole);
  } else {
    scope[attribute] = isArray(value) ? [...value] : value;
  }
}

function childOf(scope: Mutable, name: string): Mutable {
  const present = Object.hasOwn(scope, name) ? scope[name] : undefined;
  const child: Mutable = isObject(present) ? { ...present } : {};
  scope[name] = child;
  return child;
}

function entryOf(scope: Mutable, name: string, filter: readonly PathCondition[]): Mutable {
  const present = Object.hasOwn(scope, name) ? scope[name] : undefined;
  const entries = isArray(present) ? [...present] : [];
  const index = entries.findIndex((entry) => isObject(entry) && satisfies(entry, filter));
  const found = entries[index];
  const entry: Mutable = isObject(found) ? { ...found } : {};
  for (const condition of filter) if (condition.value !== null) entry[condition.attribute] = condition.value;
  if (index < 0) entries.push(entry);
  else entries[index] = entry;
  scope[name] = entries;
  return entry;
}
