import { hash } from 'node:crypto';
import { URN } from '../../core/scim.ts';
import type { Behaviour } from './behaviour.ts';
import { isComplex, type Complex, type Value } from './json.ts';
import { textAttribute, type Resource } from './resource.ts';
import { RESOURCE_TYPES } from './schema/resource-type.ts';
import type { ResourceStore } from './store.ts';

/** What rendering needs to know beside the resource. */
export interface View {
  readonly store: ResourceStore;
  /** SCIM base URL, without a slash at the end. */
  readonly base: string;
  readonly behaviour: Behaviour;
}

/** Absolute URL of a resource. */
export function locationOf(view: View, resource: Resource): string {
  return `${view.base}${RESOURCE_TYPES[resource.type].endpoint}/${encodeURIComponent(resource.id)}`;
}

/** `meta.version`: an entity tag where the provider has them, otherwise an opaque hash (RFC 7644 section 3.14). */
export function versionOf(view: View, resource: Resource): string {
  if (view.behaviour.version === 'weak-tag') return `W/"${resource.version}"`;
  return hash('sha1', `${resource.id}/${resource.version}`);
}

function metaOf(view: View, resource: Resource): Complex {
  return {
    resourceType: resource.type,
    created: new Date(resource.created).toISOString(),
    lastModified: new Date(resource.lastModified).toISOString(),
    location: locationOf(view, resource),
    version: versionOf(view, resource),
  };
}

function displayOf(resource: Resource): Complex {
  const display = textAttribute(resource, 'displayName') ?? textAttribute(resource, 'userName');
  return display === undefined ? {} : { display };
}

function membersOf(view: View, group: Resource): Value[] {
  const members: Value[] = [];
  for (const [id, times] of group.members) {
    const member = view.store.resources.get(id);
    if (member === undefined) continue;
    const shown: Complex = { value: id, $ref: locationOf(view, member), type: member.type, ...displayOf(member) };
    for (let listed = 0; listed < times; listed += 1) members.push(shown);
  }
  return members;
}

/** Groups of a resource: direct, and through nesting as `indirect` (RFC 7643 section 4.1.2). */
function groupsOf(view: View, resource: Resource): Value[] {
  const direct = view.store.groupsOf(resource.id);
  if (direct.size === 0) return [];
  const reached = new Set(direct);
  for (const id of reached) for (const parent of view.store.groupsOf(id)) reached.add(parent);
  return [...reached].flatMap((id) => {
    const group = view.store.get('Group', id);
    if (group === undefined) return [];
    const type = direct.has(id) ? 'direct' : 'indirect';
    return [{ value: id, $ref: locationOf(view, group), ...displayOf(group), type }];
  });
}

function schemasOf(resource: Resource): Value[] {
  const type = RESOURCE_TYPES[resource.type];
  return [type.schema, ...[...type.extensions.keys()].filter((urn) => resource.attributes[urn] !== undefined)];
}

function withManager(view: View, extension: Value | undefined): Value | undefined {
  const manager = isComplex(extension) ? extension['manager'] : undefined;
  if (!isComplex(extension) || !isComplex(manager) || typeof manager['value'] !== 'string') return extension;
  const account = view.store.get('User', manager['value']);
  if (account === undefined) return extension;
  const displayName = textAttribute(account, 'displayName');
  const shown: Complex = { ...manager, $ref: locationOf(view, account) };
  if (displayName !== undefined) shown['displayName'] = displayName;
  return { ...extension, manager: shown };
}

/** One top-level attribute as clients see it: computed where the store does not hold it. */
export function attributeOf(view: View, resource: Resource, name: string): Value | undefined {
  switch (name) {
    case 'schemas':
      return schemasOf(resource);
    case 'id':
      return resource.id;
    case 'meta':
      return metaOf(view, resource);
    case 'members':
      return resource.type === 'Group' ? membersOf(view, resource) : undefined;
    case 'groups':
      return resource.type === 'User' ? groupsOf(view, resource) : undefined;
    case URN.enterpriseUser:
      return withManager(view, resource.attributes[name]);
    default:
      return resource.attributes[name];
  }
}

/** Names of all top-level attributes a resource may show, in the order they are shown. */
export function attributeNames(resource: Resource): string[] {
  const computed = resource.type === 'Group' ? 'members' : 'groups';
  return ['schemas', 'id', ...Object.keys(resource.attributes), computed, 'meta'];
}
