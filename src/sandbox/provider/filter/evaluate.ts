import { isComplex, type Complex, type Value } from '../json.ts';
import { badRequest } from '../refusal.ts';
import type { Resource } from '../resource.ts';
import type { AttributeDefinition } from '../schema/attribute.ts';
import { locate, type ResourceType } from '../schema/resource-type.ts';
import { attributeOf, type View } from '../view.ts';
import type { AttributePath, Comparison, CompareValue, Filter } from './ast.ts';

export type Predicate<S> = (subject: S) => boolean;

/** An attribute a filter can look at, and how to read its values. */
interface Readable<S> {
  readonly definition: AttributeDefinition;
  read(subject: S): readonly Value[];
}

/** Where the names of a filter are looked up: a resource, or one element of a multi-valued attribute. */
interface Scope<S> {
  find(path: AttributePath): Readable<S> | undefined;
  /** What a name that is not in the schema does: refuse the filter, or match nothing (searches over several types). */
  readonly unknown: 'refuse' | 'no-match';
  readonly stringBooleans: boolean;
  /** Compare all text with case, whatever the schema says. */
  readonly exactCase: boolean;
}

function valuesOf(value: Value | undefined): readonly Value[] {
  if (value === undefined || value === null) return [];
  return Array.isArray(value) ? value : [value];
}

function subValues(values: readonly Value[], name: string): readonly Value[] {
  return values.flatMap((value) => (isComplex(value) ? valuesOf(value[name]) : []));
}

/** The scope of one resource (RFC 7644 section 3.4.2.2). */
export function resourceScope(view: View, type: ResourceType, unknown: Scope<Resource>['unknown']): Scope<Resource> {
  return {
    unknown,
    stringBooleans: view.behaviour.stringBooleans,
    exactCase: false,
    find(path) {
      const located = locate(type, path.schema, path.name, path.subName);
      if (located === undefined) return undefined;
      const { extension, attribute, subAttribute } = located;
      function readWhole(resource: Resource): readonly Value[] {
        if (extension === undefined) return valuesOf(attributeOf(view, resource, attribute.name));
        return subValues(valuesOf(attributeOf(view, resource, extension)), attribute.name);
      }
      if (subAttribute === undefined) return { definition: attribute, read: readWhole };
      return { definition: subAttribute, read: (resource) => subValues(readWhole(resource), subAttribute.name) };
    },
  };
}

/** The scope inside the brackets of a value path. */
export function elementScope(definition: AttributeDefinition, stringBooleans: boolean): Scope<Complex> {
  return {
    unknown: 'refuse',
    stringBooleans,
    exactCase: false,
    find(path) {
      if (path.schema !== undefined || path.subName !== undefined) return undefined;
      const found = definition.subAttributes.get(path.name.toLowerCase());
      return found && { definition: found, read: (element) => valuesOf(element[found.name]) };
    },
  };
}

function never(): boolean {
  return false;
}

/** Turns a parsed filter into a predicate. Throws invalidFilter for names and comparisons the schema does not allow. */
export function compileFilter<S>(filter: Filter, scope: Scope<S>): Predicate<S> {
  switch (filter.kind) {
    case 'logical': {
      const parts = filter.operands.map((operand) => compileFilter(operand, scope));
      if (filter.operator === 'and') return (subject) => parts.every((part) => part(subject));
      return (subject) => parts.some((part) => part(subject));
    }
    case 'not': {
      const operand = compileFilter(filter.operand, scope);
      return (subject) => !operand(subject);
    }
    case 'present': {
      const readable = find(filter.path, scope);
      return readable === undefined ? never : (subject) => readable.read(subject).some(isPresent);
    }
    case 'compare':
      return compileComparison(filter.operator, filter.path, filter.value, scope);
    case 'value-path':
      return compileValuePath(filter, scope);
    default:
      return filter satisfies never;
  }
}

function isPresent(value: Value): boolean {
  return value !== '' && !(isComplex(value) && Object.keys(value).length === 0);
}

function find<S>(path: AttributePath, scope: Scope<S>): Readable<S> | undefined {
  const readable = scope.find(path);
  if (readable !== undefined) return readable;
  if (scope.unknown === 'no-match') return undefined;
  throw badRequest('invalidFilter', `the filter names "${path.name}", which is not in the schema`);
}

function compileValuePath<S>(filter: Extract<Filter, { kind: 'value-path' }>, scope: Scope<S>): Predicate<S> {
  const readable = find(filter.path, scope);
  if (readable === undefined) return never;
  const { definition } = readable;
  if (!definition.multiValued || definition.type !== 'complex') {
    throw badRequest('invalidFilter', `"${definition.name}" has no values to select from`);
  }
  const elements = elementScope(definition, scope.stringBooleans);
  const selects = compileFilter(filter.filter, elements);
  const tail = filter.tail === undefined ? undefined : compileFilter(filter.tail, elements);
  return (subject) =>
    readable
      .read(subject)
      .some((element) => isComplex(element) && selects(element) && (tail === undefined || tail(element)));
}

function compileComparison<S>(
  operator: Comparison,
  path: AttributePath,
  wanted: CompareValue,
  scope: Scope<S>,
): Predicate<S> {
  const found = find(path, scope);
  if (found === undefined) return never;
  const readable = simple(found);
  if (wanted === null) {
    if (operator === 'eq') return (subject) => !readable.read(subject).some(isPresent);
    if (operator === 'ne') return (subject) => readable.read(subject).some(isPresent);
    throw badRequest('invalidFilter', `"${operator}" cannot compare with null`);
  }
  const target = comparable(readable.definition, operator, wanted, scope.stringBooleans);
  const fold = folding(readable.definition, operator, scope.exactCase);
  const test = comparison(operator, fold(target));
  if (operator === 'ne') {
    return (subject) => {
      const values = readable.read(subject);
      return values.length === 0 || values.some((value) => test(fold(value)));
    };
  }
  return (subject) => readable.read(subject).some((value) => test(fold(value)));
}

/** A complex attribute is compared by its `value` where it has one (RFC 7644 section 3.4.2.2). */
function simple<S>(readable: Readable<S>): Readable<S> {
  const { definition } = readable;
  if (definition.type !== 'complex') return readable;
  const value = definition.subAttributes.get('value');
  if (value === undefined) throw badRequest('invalidFilter', `"${definition.name}" is complex: name a sub-attribute`);
  return { definition: value, read: (subject) => subValues(readable.read(subject), value.name) };
}

const TEXT_ONLY: readonly Comparison[] = ['co', 'sw', 'ew'];
const ORDERED: readonly Comparison[] = ['gt', 'lt', 'ge', 'le'];

function comparable(
  definition: AttributeDefinition,
  operator: Comparison,
  wanted: string | number | boolean,
  stringBooleans: boolean,
): string | number | boolean {
  const isBoolean = definition.type === 'boolean';
  if (ORDERED.includes(operator) && (isBoolean || definition.type === 'binary')) {
    throw badRequest('invalidFilter', `"${definition.name}" has no order, "${operator}" cannot be used`);
  }
  if (TEXT_ONLY.includes(operator) && isBoolean) {
    throw badRequest('invalidFilter', `"${definition.name}" is no text, "${operator}" cannot be used`);
  }
  if (isBoolean && stringBooleans && typeof wanted === 'string') return wanted.toLowerCase() === 'true';
  if (typeof wanted !== (isBoolean ? 'boolean' : 'string')) {
    throw badRequest('invalidFilter', `"${definition.name}" cannot be compared with a ${typeof wanted}`);
  }
  if (definition.type === 'dateTime' && !TEXT_ONLY.includes(operator) && Number.isNaN(Date.parse(String(wanted)))) {
    throw badRequest('invalidFilter', `"${definition.name}" can only be compared with a date and time`);
  }
  return wanted;
}

/** Brings values to the form they are compared in: without case unless the attribute is caseExact. */
function folding(definition: AttributeDefinition, operator: Comparison, exactCase: boolean): (value: Value) => Value {
  if (definition.type === 'dateTime' && !TEXT_ONLY.includes(operator)) {
    return (value) => (typeof value === 'string' ? new Date(value).toISOString() : value);
  }
  if (definition.type === 'boolean' || definition.caseExact || exactCase) return (value) => value;
  return (value) => (typeof value === 'string' ? value.toLowerCase() : value);
}

function comparison(operator: Comparison, wanted: Value): (value: Value) => boolean {
  const text = typeof wanted === 'string' ? wanted : '';
  switch (operator) {
    case 'eq':
      return (value) => value === wanted;
    case 'ne':
      return (value) => value !== wanted;
    case 'co':
      return (value) => typeof value === 'string' && value.includes(text);
    case 'sw':
      return (value) => typeof value === 'string' && value.startsWith(text);
    case 'ew':
      return (value) => typeof value === 'string' && value.endsWith(text);
    case 'gt':
      return (value) => typeof value === 'string' && value > text;
    case 'lt':
      return (value) => typeof value === 'string' && value < text;
    case 'ge':
      return (value) => typeof value === 'string' && value >= text;
    case 'le':
      return (value) => typeof value === 'string' && value <= text;
    default:
      return operator satisfies never;
  }
}
