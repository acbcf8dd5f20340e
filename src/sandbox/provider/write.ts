import { URN } from '../../core/scim.ts';
import { newId, viewOf, type Exchange, type ProviderState, type Reply } from './exchange.ts';
import { faultNumber } from './faults.ts';
import { isComplex, sameValue, type Complex, type Value } from './json.ts';
import { draftMembers, type MembersDraft } from './members-draft.ts';
import { memberIds, type MemberContext } from './patch/members.ts';
import { readResourceBody } from './read-body.ts';
import { badRequest, ScimRefusal } from './refusal.ts';
import { readProjection, render } from './render.ts';
import { isActive, type Resource } from './resource.ts';
import { RESOURCE_TYPES, type ResourceType } from './schema/resource-type.ts';
import { nameAttribute } from './store.ts';
import { locationOf, versionOf } from './view.ts';

/** What a request may do to members, with the faults it meets. */
export function memberContext(state: ProviderState, exchange: Exchange, groupId: string | undefined): MemberContext {
  return { behaviour: state.behaviour, store: state.store, groupId, faults: exchange.faults };
}

/** The resource named by a path. Throws 404 as RFC 7644 section 3.12 words it. */
export function findResource(state: ProviderState, type: ResourceType, id: string): Resource {
  const found = state.store.get(type.name, id);
  if (found === undefined) throw new ScimRefusal(404, `Resource ${id} not found`);
  return found;
}

/** Headers that name the resource and its version. */
export function resourceHeaders(state: ProviderState, resource: Resource): Record<string, string> {
  const view = viewOf(state);
  const location = { location: locationOf(view, resource) };
  return state.behaviour.etag === 'ignored' ? location : { ...location, etag: versionOf(view, resource) };
}

/** An answer that carries the resource as the client asked to see it. */
export function resourceReply(state: ProviderState, exchange: Exchange, resource: Resource, status: 200 | 201): Reply {
  const asked = readProjection(exchange.query.get('attributes'), exchange.query.get('excludedAttributes'));
  const hidden = resource.type === 'Group' && exchange.faults('membersHidden') !== undefined;
  const shown = render(viewOf(state), resource, asked);
  if (hidden) delete shown['members'];
  return { status, headers: resourceHeaders(state, resource), body: shown, resourceId: resource.id };
}

/** Refuses a write whose If-Match is missing where it must not be, or stale (RFC 7644 section 3.14). */
export function checkPrecondition(state: ProviderState, exchange: Exchange, resource: Resource): void {
  if (state.behaviour.etag === 'ignored') return;
  const header = exchange.headers['if-match'];
  if (header === undefined) {
    if (state.behaviour.etag === 'required')
      throw new ScimRefusal(428, 'an If-Match header with the version is needed');
    return;
  }
  const tags = String(header)
    .split(',')
    .map((tag) => tag.trim());
  if (tags.includes('*') || tags.includes(versionOf(viewOf(state), resource))) return;
  throw new ScimRefusal(412, 'Failed to update. Resource changed on the server.');
}

/** Refuses a userName another account holds, compared without case (RFC 7643 section 4.1.1). 409 uniqueness. */
export function checkUnique(
  state: ProviderState,
  type: ResourceType,
  attributes: Complex,
  ownId: string | undefined,
): void {
  if (type.name !== 'User') return;
  const name = attributes[nameAttribute(type.name)];
  const holders = typeof name === 'string' ? state.store.byName(type.name, name) : new Set<string>();
  for (const id of holders) {
    if (id !== ownId) throw new ScimRefusal(409, 'another account has this userName', 'uniqueness');
  }
}

function managerOf(attributes: Complex): Value | undefined {
  const extension = attributes[URN.enterpriseUser];
  const manager = isComplex(extension) ? extension['manager'] : undefined;
  return isComplex(manager) ? manager['value'] : undefined;
}

/** Refuses a manager that is no account here, unless it was so before the change. */
export function checkReferences(state: ProviderState, attributes: Complex, before: Complex): void {
  const manager = managerOf(attributes);
  if (manager === undefined || sameValue(manager, managerOf(before))) return;
  if (typeof manager !== 'string' || state.store.get('User', manager) === undefined) {
    throw badRequest('invalidValue', '"manager.value" is not the id of an account here');
  }
}

/** POST on an endpoint (RFC 7644 section 3.3). */
export function createResource(state: ProviderState, exchange: Exchange, type: ResourceType): Reply {
  const { members: listed, ...attributes } = readResourceBody(state.behaviour, type.name, exchange.body ?? null);
  checkUnique(state, type, attributes, undefined);
  checkReferences(state, attributes, {});
  const ids = type.name === 'Group' ? memberIds(memberContext(state, exchange, undefined), listed) : [];
  checkMemberCount(exchange, ids.length);
  if (type.name === 'User') attributes['active'] ??= true;
  const now = state.now();
  const resource: Resource = {
    id: newId(state, type.name, attributes),
    type: type.name,
    attributes,
    members: new Map(ids.map((id) => [id, 1])),
    created: now,
    lastModified: now,
    version: 1,
  };
  state.store.insert(resource);
  return { ...resourceReply(state, exchange, resource, 201), applied: true };
}

/** PUT on a resource (RFC 7644 section 3.5.1): what is not sent is cleared. */
export function replaceResource(state: ProviderState, exchange: Exchange, type: ResourceType, id: string): Reply {
  const resource = findResource(state, type, id);
  checkPrecondition(state, exchange, resource);
  const { members: listed, ...attributes } = readResourceBody(state.behaviour, type.name, exchange.body ?? null);
  if (type.name === 'User') attributes['active'] ??= true;
  const members = draftMembers(resource.members);
  if (type.name === 'Group') {
    const ids = new Set(memberIds(memberContext(state, exchange, id), listed));
    for (const member of members.ids()) if (!ids.has(member)) members.remove(member);
    for (const member of ids) members.add(member);
  }
  const applied = storeChange(state, exchange, type, resource, attributes, members);
  if (state.store.get(type.name, id) === undefined) return { status: 204, applied, resourceId: id };
  return { ...resourceReply(state, exchange, resource, 200), applied };
}

function checkMemberCount(exchange: Exchange, changes: number): void {
  const limit = changes === 0 ? undefined : exchange.faults('maxMembers');
  if (limit === undefined) return;
  const most = faultNumber(limit, 100);
  if (changes > most) throw badRequest('tooMany', `more than ${most} membership changes in one request`);
}

function checkRename(exchange: Exchange, type: ResourceType, attributes: Complex, before: Complex): void {
  if (type.name !== 'Group' || sameValue(attributes['displayName'], before['displayName'])) return;
  if (exchange.faults('noRename')) throw badRequest('mutability', 'a group cannot be renamed');
}

/**
 * Checks and stores the finished attributes and members of a resource. Nothing is touched when they equal what is there
 * (RFC 7644 section 3.5.2.1). True when something changed.
 */
export function storeChange(
  state: ProviderState,
  exchange: Exchange,
  type: ResourceType,
  resource: Resource,
  attributes: Complex,
  members: MembersDraft,
): boolean {
  checkUnique(state, type, attributes, resource.id);
  checkReferences(state, attributes, resource.attributes);
  checkRename(exchange, type, attributes, resource.attributes);
  const change = members.change();
  const moved = change.add.length + change.remove.length;
  checkMemberCount(exchange, moved);
  if (moved + change.repeat.length === 0 && sameValue(attributes, resource.attributes)) return false;
  state.store.update(resource, attributes, change, state.now());
  // Some providers take an account out when it is made inactive.
  if (type.name === 'User' && state.behaviour.activeFalse === 'remove' && !isActive(resource)) {
    state.store.remove(resource, state.now());
  }
  return true;
}

/** DELETE on a resource (RFC 7644 section 3.6), or what the provider does in its place. */
export function deleteResource(state: ProviderState, exchange: Exchange, type: ResourceType, id: string): Reply {
  const resource = findResource(state, type, id);
  checkPrecondition(state, exchange, resource);
  const now = state.now();
  if (type.name === 'User' && state.behaviour.deleteUser === 'deactivate') {
    const applied = isActive(resource);
    const attributes = { ...resource.attributes, active: false };
    if (applied) state.store.update(resource, attributes, draftMembers(resource.members).change(), now);
    return { status: 204, applied, resourceId: id };
  }
  if (type.name === 'Group') applyGroupDelete(state, resource, now);
  state.store.remove(resource, now);
  return { status: 204, applied: true, resourceId: id };
}

function applyGroupDelete(state: ProviderState, group: Resource, now: number): void {
  if (group.members.size === 0 || state.behaviour.groupDelete === 'memberships') return;
  if (state.behaviour.groupDelete === 'refuse-non-empty') throw new ScimRefusal(409, 'the group still has members');
  for (const id of group.members.keys()) {
    const account = state.store.get('User', id);
    if (account !== undefined) state.store.remove(account, now);
  }
}

/** The resource type served below a path segment, without case sensitivity: paths are exact. */
export function typeOfEndpoint(segment: string): ResourceType | undefined {
  return Object.values(RESOURCE_TYPES).find((type) => type.endpoint === `/${segment}`);
}
