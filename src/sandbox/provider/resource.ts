import type { Complex } from './json.ts';
import type { ResourceTypeName } from './schema/resource-type.ts';

/**
 * A stored account or group. `attributes` holds what clients may write, extension attributes under the extension's URN;
 * `id`, `meta`, `groups` and `members` are computed when the resource is rendered.
 */
export interface Resource {
  /** Stays for life, except where a provider makes it from the userName. */
  id: string;
  readonly type: ResourceTypeName;
  /** Replaced as a whole on every change, never mutated: a draft that fails leaves it alone. */
  attributes: Complex;
  /** Ids of the members of a group, and how often each is listed (more than once only under a fault). */
  readonly members: Map<string, number>;
  /** Made through SCIM, or by a person in the provider's own pages. */
  readonly madeBy: 'client' | 'person';
  readonly created: number;
  /** Milliseconds since the epoch. */
  lastModified: number;
  /** Counts the changes, from 1. */
  version: number;
}

/** A string attribute of the core schema, or undefined. */
export function textAttribute(resource: Resource, name: string): string | undefined {
  const value = resource.attributes[name];
  return typeof value === 'string' ? value : undefined;
}

/** Whether an account may sign in. Accounts are active unless they say otherwise. */
export function isActive(resource: Resource): boolean {
  return resource.attributes['active'] !== false;
}
