import type { Behaviour } from './behaviour.ts';
import { isComplex, type Complex, type Value } from './json.ts';
import { badRequest } from './refusal.ts';
import type { AttributeDefinition, AttributeTable } from './schema/attribute.ts';
import { findExtension, RESOURCE_TYPES, type ResourceType, type ResourceTypeName } from './schema/resource-type.ts';

const BASE64 = /^(?:[a-z\d+/]{4})*(?:[a-z\d+/]{2}==|[a-z\d+/]{3}=)?$/i;

/**
 * Reads one value as the schema wants it, with canonical names; undefined means "unassigned": null, an empty list or an
 * object without values (RFC 7643 section 2.5). Read-only sub-attributes are left out. Throws invalidValue for a wrong
 * type and invalidSyntax for an unknown name.
 */
export function readValue(behaviour: Behaviour, definition: AttributeDefinition, raw: Value): Value | undefined {
  if (raw === null) return undefined;
  if (!definition.multiValued) return readSingle(behaviour, definition, raw);
  if (!Array.isArray(raw)) throw badRequest('invalidValue', `"${definition.name}" must be a list`);
  const values = raw.flatMap((element) => readSingle(behaviour, definition, element) ?? []);
  if (values.filter(isPrimary).length > 1) {
    throw badRequest('invalidValue', `"${definition.name}" has more than one primary value`);
  }
  return values.length === 0 ? undefined : values;
}

/** True for the preferred element of a multi-valued attribute (RFC 7643 section 2.4). */
export function isPrimary(element: Value): boolean {
  return isComplex(element) && element['primary'] === true;
}

/** Reads one element of a multi-valued attribute, or the value of a single-valued one. */
export function readSingle(behaviour: Behaviour, definition: AttributeDefinition, raw: Value): Value | undefined {
  if (raw === null) return undefined;
  switch (definition.type) {
    case 'complex':
      return readComplex(behaviour, definition, raw);
    case 'boolean':
      if (typeof raw === 'boolean') return raw;
      if (behaviour.stringBooleans && typeof raw === 'string' && /^(true|false)$/i.test(raw)) {
        return raw.toLowerCase() === 'true';
      }
      throw badRequest('invalidValue', `"${definition.name}" must be true or false, not ${describe(raw)}`);
    case 'binary':
      if (typeof raw === 'string' && BASE64.test(raw)) return raw;
      throw badRequest('invalidValue', `"${definition.name}" must be base64`);
    case 'string':
    case 'reference':
    case 'dateTime':
      if (typeof raw === 'string') return raw;
      throw badRequest('invalidValue', `"${definition.name}" must be a string, not ${describe(raw)}`);
    default:
      return definition.type satisfies never;
  }
}

function describe(raw: Value): string {
  if (Array.isArray(raw)) return 'a list';
  return isComplex(raw) ? 'an object' : `a ${typeof raw}`;
}

function readComplex(behaviour: Behaviour, definition: AttributeDefinition, raw: Value): Complex | undefined {
  if (behaviour.managerAsString && definition.name === 'manager' && typeof raw === 'string') {
    return raw === '' ? undefined : { value: raw };
  }
  if (!isComplex(raw)) throw badRequest('invalidValue', `"${definition.name}" must be an object, not ${describe(raw)}`);
  const read = readAttributes(behaviour, definition.subAttributes, raw, `${definition.name}.`);
  return Object.keys(read).length === 0 ? undefined : read;
}

function readAttributes(behaviour: Behaviour, table: AttributeTable, raw: Complex, prefix: string): Complex {
  const read: Complex = {};
  for (const [name, value] of Object.entries(raw)) {
    const definition = table.get(name.toLowerCase());
    if (definition === undefined) {
      refuseUnknown(behaviour, prefix + name);
      continue;
    }
    if (definition.mutability === 'readOnly' || definition.name === 'schemas') continue;
    if (Object.hasOwn(read, definition.name))
      throw badRequest('invalidSyntax', `"${prefix}${definition.name}" is given twice`);
    const kept = readValue(behaviour, definition, value);
    if (kept !== undefined && definition.mutability !== 'writeOnly') read[definition.name] = kept;
  }
  return read;
}

/** Refuses a name that is in no schema, where the provider is strict about it (RFC 7644 table 9, invalidSyntax). */
export function refuseUnknown(behaviour: Behaviour, name: string): void {
  if (behaviour.unknownAttributes === 'ignore') return;
  throw badRequest('invalidSyntax', `"${name}" is not in the schema`);
}

/** Checks `schemas`, the message or resource URNs of a body (RFC 7643 section 3). Returns them lower-case. */
export function readSchemas(body: Complex): ReadonlySet<string> {
  const schemas = body['schemas'];
  if (!Array.isArray(schemas) || schemas.length === 0 || !schemas.every((urn) => typeof urn === 'string')) {
    throw badRequest('invalidSyntax', '"schemas" must be a list of URNs that is not empty');
  }
  return new Set(schemas.map((urn) => urn.toLowerCase()));
}

function checkSchemas(behaviour: Behaviour, type: ResourceType, declared: ReadonlySet<string>): void {
  if (!declared.has(type.schema.toLowerCase()))
    throw badRequest('invalidSyntax', `"schemas" must contain ${type.schema}`);
  if (behaviour.unknownSchemas === 'ignore') return;
  const known = new Set([type.schema, ...type.extensions.keys()].map((urn) => urn.toLowerCase()));
  const unknown = [...declared].find((urn) => !known.has(urn));
  if (unknown !== undefined)
    throw badRequest('invalidSyntax', `"schemas" names ${unknown}, which is not supported here`);
}

/**
 * Reads the body of a create or a replace into canonical attributes, `members` among them. Read-only attributes are
 * ignored (RFC 7644 sections 3.3 and 3.5.1). Throws invalidSyntax or invalidValue.
 */
export function readResourceBody(behaviour: Behaviour, typeName: ResourceTypeName, body: Value): Complex {
  if (!isComplex(body)) throw badRequest('invalidSyntax', 'the body must be a JSON object');
  const type = RESOURCE_TYPES[typeName];
  const declared = readSchemas(body);
  checkSchemas(behaviour, type, declared);
  const core: Complex = {};
  const attributes: Complex = {};
  for (const [name, value] of Object.entries(body)) {
    const urn = name.includes(':') ? findExtension(type, name) : undefined;
    const extension = urn === undefined ? undefined : type.extensions.get(urn);
    if (urn === undefined || extension === undefined) {
      core[name] = value;
      continue;
    }
    if (!declared.has(urn.toLowerCase()))
      throw badRequest('invalidSyntax', `"schemas" does not name ${urn}, the body uses it`);
    if (value === null) continue;
    if (!isComplex(value)) throw badRequest('invalidValue', `"${urn}" must be an object`);
    const read = readAttributes(behaviour, extension, value, `${urn}:`);
    if (Object.keys(read).length > 0) attributes[urn] = read;
  }
  return finish(behaviour, type, { ...readAttributes(behaviour, type.attributes, core, ''), ...attributes });
}

/** Applies what holds for every stored resource: required attributes, lengths, defaults. Throws invalidValue. */
export function finish(behaviour: Behaviour, type: ResourceType, attributes: Complex): Complex {
  for (const name of type.required) {
    if ((attributes[name] ?? '') === '') throw badRequest('invalidValue', `"${name}" is required`);
  }
  const userName = attributes['userName'];
  if (typeof userName !== 'string') return attributes;
  checkLists(behaviour, attributes);
  if (behaviour.userName === 'handle') {
    attributes['userName'] = handleOf(userName, behaviour.userNameMaxLength);
    return attributes;
  }
  if (userName.length > behaviour.userNameMaxLength) {
    throw badRequest('invalidValue', `"userName" is longer than ${behaviour.userNameMaxLength} characters`);
  }
  if (behaviour.userName === 'lower-cased') attributes['userName'] = userName.toLowerCase();
  return attributes;
}

/** What some providers make of a userName: lower case, without the domain of an address, plain characters, cut to length. */
export function handleOf(userName: string, most: number): string {
  return userName
    .toLowerCase()
    .replace(/@.*$/s, '')
    .replace(/[^a-z\d._-]/g, '')
    .slice(0, most);
}

/** What a provider demands of an account beyond the schema. Throws invalidValue. */
function checkLists(behaviour: Behaviour, attributes: Complex): void {
  for (const path of behaviour.required) {
    const [name = '', part] = path.split('.');
    const whole = attributes[name];
    const value = part === undefined ? whole : isComplex(whole) ? whole[part] : undefined;
    if ((value ?? '') === '') throw badRequest('invalidValue', `"${path}" is required`);
  }
  for (const name of behaviour.singleValued) {
    const values = attributes[name];
    if (Array.isArray(values) && values.length > 1)
      throw badRequest('invalidValue', `"${name}" takes a single value only`);
  }
  for (const name of behaviour.primaryRequired) {
    const values = attributes[name];
    if (Array.isArray(values) && !values.some(isPrimary))
      throw badRequest('invalidValue', `one value of "${name}" must be marked as primary`);
  }
}
