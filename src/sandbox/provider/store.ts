import type { Complex } from './json.ts';
import type { MemberChange } from './members-draft.ts';
import { textAttribute, type Resource } from './resource.ts';
import { RESOURCE_TYPE_NAMES, type ResourceTypeName } from './schema/resource-type.ts';

type Index = Map<string, Set<string>>;

/** Everything the provider holds, with the indexes that make equality filters and uniqueness cheap. */
export interface ResourceStore {
  readonly resources: ReadonlyMap<string, Resource>;
  /** Deleted resources, oldest first, for providers that go on listing them. */
  readonly deleted: readonly Resource[];
  /** Ids of a type in the order of creation. */
  ids(type: ResourceTypeName): readonly string[];
  count(type: ResourceTypeName): number;
  get(type: ResourceTypeName, id: string): Resource | undefined;
  /** Ids whose userName (accounts) or displayName (groups) is equal without case. */
  byName(type: ResourceTypeName, name: string): ReadonlySet<string>;
  byExternalId(type: ResourceTypeName, externalId: string): ReadonlySet<string>;
  /** Groups that list the resource as a direct member. */
  groupsOf(id: string): ReadonlySet<string>;
  insert(resource: Resource): void;
  /** Replaces the attributes, changes the members and counts up the version. */
  update(resource: Resource, attributes: Complex, members: MemberChange, now: number): void;
  /** Gives a resource another id, memberships included. */
  readdress(resource: Resource, id: string): void;
  /** Removes the resource and its memberships. Returns the groups that lost it. */
  remove(resource: Resource, now: number): readonly Resource[];
  clear(): void;
}

const NOTHING: ReadonlySet<string> = new Set();

function addTo(index: Index, key: string, id: string): void {
  const ids = index.get(key);
  if (ids === undefined) index.set(key, new Set([id]));
  else ids.add(id);
}

function removeFrom(index: Index, key: string, id: string): void {
  const ids = index.get(key);
  if (ids?.delete(id) === true && ids.size === 0) index.delete(key);
}

/** The attribute a type is known by; compared without case. */
export function nameAttribute(type: ResourceTypeName): 'userName' | 'displayName' {
  return type === 'User' ? 'userName' : 'displayName';
}

/** An empty store. */
export function createStore(): ResourceStore {
  const resources = new Map<string, Resource>();
  const byType = { User: new Set<string>(), Group: new Set<string>() };
  const order: Partial<Record<ResourceTypeName, readonly string[]>> = {};
  const names: Record<ResourceTypeName, Index> = { User: new Map(), Group: new Map() };
  const externalIds: Record<ResourceTypeName, Index> = { User: new Map(), Group: new Map() };
  const memberOf: Index = new Map();
  const deleted: Resource[] = [];

  function eachKey(resource: Resource, change: (index: Index, key: string, id: string) => void): void {
    const name = textAttribute(resource, nameAttribute(resource.type));
    if (name !== undefined) change(names[resource.type], name.toLowerCase(), resource.id);
    const externalId = textAttribute(resource, 'externalId');
    if (externalId !== undefined) change(externalIds[resource.type], externalId, resource.id);
  }

  function changeMembers(group: Resource, change: MemberChange): void {
    for (const id of change.remove) {
      group.members.delete(id);
      removeFrom(memberOf, id, group.id);
    }
    for (const id of change.add) {
      group.members.set(id, 1);
      addTo(memberOf, id, group.id);
    }
    for (const id of change.repeat) group.members.set(id, (group.members.get(id) ?? 0) + 1);
  }

  return {
    resources,
    deleted,
    ids(type) {
      return (order[type] ??= [...byType[type]]);
    },
    count: (type) => byType[type].size,
    get(type, id) {
      const found = resources.get(id);
      return found?.type === type ? found : undefined;
    },
    byName: (type, name) => names[type].get(name.toLowerCase()) ?? NOTHING,
    byExternalId: (type, externalId) => externalIds[type].get(externalId) ?? NOTHING,
    groupsOf: (id) => memberOf.get(id) ?? NOTHING,
    insert(resource) {
      resources.set(resource.id, resource);
      byType[resource.type].add(resource.id);
      delete order[resource.type];
      eachKey(resource, addTo);
      for (const member of resource.members.keys()) addTo(memberOf, member, resource.id);
    },
    update(resource, attributes, members, now) {
      eachKey(resource, removeFrom);
      resource.attributes = attributes;
      eachKey(resource, addTo);
      changeMembers(resource, members);
      resource.lastModified = now;
      resource.version += 1;
    },
    readdress(resource, id) {
      const groups = [...(memberOf.get(resource.id) ?? NOTHING)];
      resources.delete(resource.id);
      byType[resource.type].delete(resource.id);
      memberOf.delete(resource.id);
      eachKey(resource, removeFrom);
      for (const group of groups) {
        const { members } = resources.get(group) ?? resource;
        members.set(id, members.get(resource.id) ?? 1);
        members.delete(resource.id);
        addTo(memberOf, id, group);
      }
      resource.id = id;
      resources.set(id, resource);
      byType[resource.type].add(id);
      delete order[resource.type];
      eachKey(resource, addTo);
    },
    remove(resource, now) {
      resources.delete(resource.id);
      byType[resource.type].delete(resource.id);
      delete order[resource.type];
      eachKey(resource, removeFrom);
      for (const member of resource.members.keys()) removeFrom(memberOf, member, resource.id);
      deleted.push(resource);
      const losing = [...(memberOf.get(resource.id) ?? NOTHING)].flatMap((id) => resources.get(id) ?? []);
      for (const group of losing) {
        group.members.delete(resource.id);
        group.lastModified = now;
        group.version += 1;
      }
      memberOf.delete(resource.id);
      return losing;
    },
    clear() {
      resources.clear();
      deleted.length = 0;
      memberOf.clear();
      for (const type of RESOURCE_TYPE_NAMES) {
        byType[type].clear();
        names[type].clear();
        externalIds[type].clear();
        delete order[type];
      }
    },
  };
}
