import { URN } from '../../core/scim.ts';
import { newId, viewOf, type Exchange, type ProviderState, type Reply } from './exchange.ts';
import { faultNumber, type RequestFaults } from './faults.ts';
import { isComplex, sameValue, type Complex, type Value } from './json.ts';
import { draftMembers, type MembersDraft } from './members-draft.ts';
import { memberIds, type MemberContext } from './patch/members.ts';
import { guardOwner } from './owner-guard.ts';
import { handleOf, readResourceBody } from './read-body.ts';
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

/**
 * Refuses a userName another account holds, compared without case (RFC 7643 section 4.1.1), and where group names are
 * unique the displayName of another group. 409 uniqueness.
 */
export function checkUnique(
  state: ProviderState,
  type: ResourceType,
  attributes: Complex,
  ownId: string | undefined,
  faults: RequestFaults,
): void {
  if (type.name === 'Group' && !faults('uniqueGroupNames')) return;
  const name = attributes[nameAttribute(type.name)];
  if (typeof name !== 'string') return;
  if (type.name === 'User' && ownId === undefined && state.burnt.has(name.toLowerCase()))
    throw new ScimRefusal(409, 'the account with this userName was deleted for ever', 'uniqueness');
  for (const id of state.store.byName(type.name, name)) {
    if (id === ownId) continue;
    const other = state.store.get(type.name, id)?.attributes[nameAttribute(type.name)];
    if (other !== name && faults('caseSensitive')) continue;
    const taken = type.name === 'User' ? 'another account has this userName' : 'another group has this displayName';
    throw new ScimRefusal(409, taken, 'uniqueness');
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
  normaliseName(exchange, type, attributes);
  checkUnique(state, type, attributes, undefined, exchange.faults);
  checkReferences(state, attributes, {});
  const ids = type.name === 'Group' ? memberIds(memberContext(state, exchange, undefined), listed) : [];
  checkMemberCount(state, exchange, ids.length);
  if (type.name === 'User') attributes['active'] ??= true;
  const now = state.now();
  const resource: Resource = {
    id: newId(state, type.name, attributes, exchange.faults),
    madeBy: exchange.by,
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
  if (state.store.get(type.name, resource.id) === undefined) return { status: 204, applied, resourceId: id };
  return { ...resourceReply(state, exchange, resource, 200), applied };
}

function normaliseName(exchange: Exchange, type: ResourceType, attributes: Complex): void {
  const { userName } = attributes;
  if (type.name !== 'User' || typeof userName !== 'string') return;
  const setting = exchange.faults('userNameNormalised');
  if (setting !== undefined) attributes['userName'] = handleOf(userName, faultNumber(setting, 21));
}

function checkMemberCount(state: ProviderState, exchange: Exchange, changes: number): void {
  if (changes === 0) return;
  if (changes > 1 && exchange.faults('multiMemberRefused'))
    throw badRequest('tooMany', 'one membership change in a request');
  const limit = exchange.faults('maxMembers');
  const most = limit === undefined ? state.behaviour.membersPerRequest : faultNumber(limit, 100);
  if (changes > most) throw badRequest('tooMany', `more than ${most} membership changes in one request`);
}

/** Members a PATCH names, those that change nothing included: a limit on requests looks at the request. */
function namedMembers(body: Value | undefined): number {
  const operations = isComplex(body) ? body['Operations'] : undefined;
  if (!Array.isArray(operations)) return 0;
  const lists = operations.map((operation) => {
    const path = isComplex(operation) ? operation['path'] : undefined;
    const value = isComplex(operation) ? operation['value'] : undefined;
    return path === 'members' && Array.isArray(value) ? value.length : 0;
  });
  return lists.reduce((sum, length) => sum + length, 0);
}

function checkRename(
  state: ProviderState,
  exchange: Exchange,
  type: ResourceType,
  attributes: Complex,
  before: Complex,
): void {
  if (type.name !== 'Group' || sameValue(attributes['displayName'], before['displayName'])) return;
  if (!state.behaviour.groupRename || exchange.faults('noRename'))
    throw badRequest('mutability', 'a group cannot be renamed');
}

/** Refuses to take away the account of somebody whose token would go with it, where the provider guards its owners. */
function checkOwner(state: ProviderState, exchange: Exchange, resource: Resource): void {
  const userName = resource.attributes['userName'];
  const setting = exchange.faults('lastOwnerRefused');
  if (setting === undefined || typeof userName !== 'string') return;
  const owners = [setting.value, ...state.credentials.tokens().map(({ owner }) => owner)];
  if (owners.some((owner) => String(owner ?? '').toLowerCase() === userName.toLowerCase()))
    throw new ScimRefusal(403, 'an owner cannot be deactivated or deleted');
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
  normaliseName(exchange, type, attributes);
  checkUnique(state, type, attributes, resource.id, exchange.faults);
  checkReferences(state, attributes, resource.attributes);
  checkRename(state, exchange, type, attributes, resource.attributes);
  const change = members.change();
  const moved = change.add.length + change.remove.length;
  checkMemberCount(state, exchange, Math.max(moved, namedMembers(exchange.body)));
  if (moved + change.repeat.length === 0 && sameValue(attributes, resource.attributes)) return false;
  const renamed = !sameValue(attributes['userName'], resource.attributes['userName']);
  guardOwner(state, exchange, resource, attributes);
  if (isActive(resource) && attributes['active'] === false) checkOwner(state, exchange, resource);
  state.store.update(resource, attributes, change, state.now());
  if (type.name === 'User') settleAccount(state, exchange, resource, renamed);
  else takeGroupless(state, exchange, change.remove);
  return true;
}

/** Some providers keep no account that is in no group any more. */
function takeGroupless(state: ProviderState, exchange: Exchange, left: Iterable<string>): void {
  for (const id of left) {
    const account = state.store.get('User', id);
    if (account === undefined || state.store.groupsOf(id).size > 0) continue;
    if (exchange.faults('lastGroupTakesAccount')) state.store.remove(account, state.now());
  }
}

/** Some providers take an account out when it is made inactive; some give it another id when it is renamed. */
function settleAccount(state: ProviderState, exchange: Exchange, resource: Resource, renamed: boolean): void {
  const inactive = !isActive(resource);
  if (inactive && (state.behaviour.activeFalse === 'remove' || exchange.faults('activeFalseDeletes')))
    state.store.remove(resource, state.now());
  else if (renamed && exchange.faults('idChangesOnRename'))
    state.store.readdress(resource, newId(state, 'User', resource.attributes, exchange.faults));
}

/** DELETE on a resource (RFC 7644 section 3.6), or what the provider does in its place. */
export function deleteResource(state: ProviderState, exchange: Exchange, type: ResourceType, id: string): Reply {
  const resource = findResource(state, type, id);
  checkPrecondition(state, exchange, resource);
  const now = state.now();
  guardOwner(state, exchange, resource, undefined);
  if (type.name === 'User') checkOwner(state, exchange, resource);
  if (type.name === 'User' && state.behaviour.deleteUser === 'deactivate') {
    const applied = isActive(resource);
    const attributes = { ...resource.attributes, active: false };
    if (applied) state.store.update(resource, attributes, draftMembers(resource.members).change(), now);
    return { status: 204, applied, resourceId: id };
  }
  if (type.name === 'Group') applyGroupDelete(state, exchange, resource, now);
  else burnName(state, exchange, resource);
  state.store.remove(resource, now);
  if (type.name === 'Group') takeGroupless(state, exchange, resource.members.keys());
  return { status: 204, applied: true, resourceId: id };
}

function burnName(state: ProviderState, exchange: Exchange, resource: Resource): void {
  const { userName } = resource.attributes;
  if (typeof userName !== 'string') return;
  if (state.behaviour.deleteUser === 'irreversible' || exchange.faults('deleteIrreversible'))
    state.burnt.add(userName.toLowerCase());
}

function applyGroupDelete(state: ProviderState, exchange: Exchange, group: Resource, now: number): void {
  if (group.members.size === 0) return;
  const cascades = state.behaviour.groupDelete === 'users' || exchange.faults('groupDeleteCascades') !== undefined;
  if (state.behaviour.groupDelete === 'memberships' && !cascades) return;
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
