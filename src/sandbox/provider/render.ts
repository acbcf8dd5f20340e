import { isComplex, type Complex, type Value } from './json.ts';
import { badRequest } from './refusal.ts';
import type { Resource } from './resource.ts';
import { findExtension, locate, RESOURCE_TYPES, type ResourceType } from './schema/resource-type.ts';
import { attributeNames, attributeOf, type View } from './view.ts';

/** What a client asked to see: by schema path, lower-case (RFC 7644 section 3.9). */
export interface Projection {
  readonly only: readonly string[] | undefined;
  readonly without: readonly string[];
}

export const WHOLE: Projection = { only: undefined, without: [] };

function listOf(value: string | null | readonly string[]): string[] {
  const parts = value === null ? [] : typeof value === 'string' ? value.split(',') : value;
  return parts.map((part) => part.trim()).filter((part) => part !== '');
}

/** Reads `attributes` and `excludedAttributes`. Throws invalidValue when both are given. */
export function readProjection(
  attributes: string | null | readonly string[],
  excludedAttributes: string | null | readonly string[],
): Projection {
  const only = listOf(attributes);
  const without = listOf(excludedAttributes);
  if (only.length > 0 && without.length > 0) {
    throw badRequest('invalidValue', '"attributes" and "excludedAttributes" cannot be used together');
  }
  return { only: only.length > 0 ? only : undefined, without };
}

interface Selected {
  readonly top: string;
  /** Undefined selects the whole top-level attribute. */
  readonly inner: string | undefined;
  readonly deepest: string | undefined;
}

const PATH = /^(?:(urn:[\w.:-]+):)?([$a-z][\w-]*)(?:\.([$a-z][\w-]*))?$/i;

function select(type: ResourceType, path: string): Selected | undefined {
  const extension = findExtension(type, path);
  if (extension !== undefined) return { top: extension, inner: undefined, deepest: undefined };
  const [, schema, name, subName] = PATH.exec(path) ?? [];
  const located = name === undefined ? undefined : locate(type, schema, name, subName);
  if (located === undefined) return undefined;
  if (located.extension === undefined) {
    return { top: located.attribute.name, inner: located.subAttribute?.name, deepest: undefined };
  }
  return { top: located.extension, inner: located.attribute.name, deepest: located.subAttribute?.name };
}

function pick(value: Value, inner: string, deepest: string | undefined): Value | undefined {
  if (Array.isArray(value)) return value.flatMap((element) => pick(element, inner, deepest) ?? []);
  if (!isComplex(value)) return undefined;
  const picked = value[inner];
  if (picked === undefined) return undefined;
  const narrowed = deepest === undefined ? picked : pick(picked, deepest, undefined);
  return narrowed === undefined ? undefined : { [inner]: narrowed };
}

function omit(value: Value, inner: string, deepest: string | undefined): Value {
  if (Array.isArray(value)) return value.map((element) => omit(element, inner, deepest));
  if (!isComplex(value)) return value;
  const { [inner]: dropped, ...rest } = value;
  return deepest === undefined || dropped === undefined
    ? rest
    : { ...rest, [inner]: omit(dropped, deepest, undefined) };
}

function merge(left: Value | undefined, right: Value): Value {
  if (Array.isArray(left) && Array.isArray(right))
    return left.map((element, index) => merge(element, right[index] ?? element));
  return isComplex(left) && isComplex(right) ? { ...left, ...right } : right;
}

function isShown(value: Value | undefined): value is Value {
  return value !== undefined && !(Array.isArray(value) && value.length === 0);
}

function renderOnly(view: View, resource: Resource, paths: readonly string[]): Complex {
  const type = RESOURCE_TYPES[resource.type];
  // RFC 7643 section 2.2: what is `returned: always` cannot be left out.
  const rendered: Complex = { schemas: attributeOf(view, resource, 'schemas') ?? [], id: resource.id };
  for (const path of paths) {
    const selected = select(type, path);
    const whole = selected === undefined ? undefined : attributeOf(view, resource, selected.top);
    if (selected === undefined || !isShown(whole)) continue;
    const part = selected.inner === undefined ? whole : pick(whole, selected.inner, selected.deepest);
    if (part !== undefined) rendered[selected.top] = merge(rendered[selected.top], part);
  }
  return rendered;
}

/** The representation of a resource that a client asked for. */
export function render(view: View, resource: Resource, projection: Projection): Complex {
  const hidden = resource.type === 'Group' && view.behaviour.groupMembers === 'empty-list';
  if (projection.only !== undefined) return withoutMembers(hidden, renderOnly(view, resource, projection.only));
  const type = RESOURCE_TYPES[resource.type];
  const left = projection.without.flatMap((path) => select(type, path) ?? []);
  const dropped = new Set(left.filter((selected) => selected.inner === undefined).map((selected) => selected.top));
  const rendered: Complex = {};
  for (const name of attributeNames(resource)) {
    if (dropped.has(name) && name !== 'id' && name !== 'schemas') continue;
    const value = attributeOf(view, resource, name);
    if (isShown(value)) rendered[name] = value;
  }
  for (const { top, inner, deepest } of left) {
    const value = rendered[top];
    if (inner !== undefined && value !== undefined) rendered[top] = omit(value, inner, deepest);
  }
  return hidden && !dropped.has('members') ? { ...rendered, members: [] } : rendered;
}

function withoutMembers(hidden: boolean, rendered: Complex): Complex {
  return hidden && rendered['members'] !== undefined ? { ...rendered, members: [] } : rendered;
}
