import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { isObject } from './client.ts';

const PROPERTY = z.looseObject({ type: z.string(), nullable: z.boolean().optional() });
const TYPE = z.looseObject({
  base: z.string().optional(),
  open: z.boolean().optional(),
  properties: z.record(z.string(), PROPERTY),
  navigation: z.record(z.string(), z.unknown()).optional(),
});
/** Microsoft's own metadata of the types the tenant serves. */
export const contract = z
  .looseObject({ types: z.record(z.string(), TYPE), enums: z.record(z.string(), z.array(z.string())) })
  .parse(JSON.parse(readFileSync(new URL('../../fixtures/graph-v1.0.json', import.meta.url), 'utf8')));

type Property = z.infer<typeof PROPERTY>;

/** A property of a type or of one it inherits from. */
export function propertyOf(type: string, name: string): Property | undefined {
  const found = contract.types[type];
  if (found === undefined) throw new Error(`the contract lacks the type ${type}`);
  return found.properties[name] ?? (found.base === undefined ? undefined : propertyOf(found.base, name));
}

const GUID = /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/;
const DATE = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,7})?Z$/;

function isPrimitive(type: string, value: unknown): boolean {
  switch (type) {
    case 'Edm.String':
      return typeof value === 'string';
    case 'Edm.Boolean':
      return typeof value === 'boolean';
    case 'Edm.Guid':
      return typeof value === 'string' && GUID.test(value);
    case 'Edm.DateTimeOffset':
      return typeof value === 'string' && DATE.test(value);
    case 'Edm.Int64':
      return typeof value === 'number' && Number.isInteger(value);
    case 'Edm.Duration':
      return typeof value === 'string' && /^P(\d+D)?(T(\d+H)?(\d+M)?)?$/.test(value);
    default:
      throw new Error(`no check for ${type}`);
  }
}

/** What is wrong with a value of a declared type; empty when nothing is. */
function problemsOfValue(where: string, type: string, nullable: boolean, value: unknown): string[] {
  if (value === null) return nullable ? [] : [`${where} is null`];
  const element = /^Collection\((.+)\)$/.exec(type)?.[1];
  if (element !== undefined) {
    if (!Array.isArray(value)) return [`${where} is no array`];
    return value.flatMap((one: unknown, index) => problemsOfValue(`${where}[${index}]`, element, false, one));
  }
  if (type.startsWith('Edm.'))
    return isPrimitive(type, value) ? [] : [`${where} is no ${type}: ${JSON.stringify(value)}`];
  const name = type.replace('microsoft.graph.', '');
  const members = contract.enums[name];
  if (members !== undefined) return members.some((member) => member === value) ? [] : [`${where} is no ${name}`];
  if (!isObject(value)) return [`${where} is no object`];
  // Complex types the contract names without describing are checked for being an object only.
  return contract.types[name] === undefined ? [] : problemsOfObject(where, name, value);
}

/** What is wrong with an object that claims to be of a Graph type; empty when nothing is. */
export function problemsOfObject(where: string, type: string, object: Record<string, unknown>): string[] {
  return Object.entries(object).flatMap(([name, value]) => {
    if (name.startsWith('@odata.')) return [];
    if (name === '@removed') return isRemoval(value) ? [] : [`${where}.@removed`];
    if (name.endsWith('@delta')) return problemsOfRelationship(`${where}.${name}`, type, name, value);
    if (name === 'manager' && type === 'user')
      return isObject(value) ? problemsOfTyped(`${where}.manager`, value) : ['manager'];
    const property = propertyOf(type, name);
    if (property === undefined) return [`${where}.${name} is not in Graph's ${type}`];
    return problemsOfValue(`${where}.${name}`, property.type, property.nullable !== false, value);
  });
}

function isRemoval(value: unknown): boolean {
  return isObject(value) && ['changed', 'deleted'].includes(String(value['reason']));
}

/** `members@delta`: the changes of a relationship Graph has, each object by type and id alone. */
function problemsOfRelationship(where: string, type: string, name: string, value: unknown): string[] {
  if (contract.types[type]?.navigation?.[name.replace('@delta', '')] === undefined) return [`${where} is unknown`];
  if (!Array.isArray(value) || value.length === 0) return [`${where} lists nothing`];
  return value.flatMap((one: unknown) => {
    if (!isObject(one)) return [`${where} is no object`];
    const more = Object.keys(one).filter((key) => !['@odata.type', 'id', '@removed'].includes(key));
    return more.length > 0 ? [`${where} tells ${more.join()}`] : problemsOfTyped(where, one);
  });
}

/** The same for an object that says itself of what type it is. */
export function problemsOfTyped(where: string, object: Record<string, unknown>): string[] {
  const type = String(object['@odata.type']).replace('#microsoft.graph.', '');
  return problemsOfObject(where, type, object);
}
