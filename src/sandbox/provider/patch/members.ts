import { URN } from '../../../core/scim.ts';
import type { Behaviour } from '../behaviour.ts';
import type { RequestFaults } from '../faults.ts';
import type { Filter } from '../filter/ast.ts';
import { compileFilter, elementScope } from '../filter/evaluate.ts';
import { isComplex, type Value } from '../json.ts';
import type { MembersDraft } from '../members-draft.ts';
import { readValue } from '../read-body.ts';
import { badRequest } from '../refusal.ts';
import type { Resource } from '../resource.ts';
import type { AttributeDefinition } from '../schema/attribute.ts';
import type { ResourceStore } from '../store.ts';
import type { Target, Verb } from './operation.ts';

/** What changing members needs to know. `groupId` is undefined while the group is being created. */
export interface MemberContext {
  readonly behaviour: Behaviour;
  readonly store: ResourceStore;
  readonly groupId: string | undefined;
  /** Asked only where a fault would show, so that one limited to a few requests is not used up elsewhere. */
  readonly faults: RequestFaults;
}

/** Ids of the members in a list as read by the schema. Throws invalidValue for one that does not exist. */
export function memberIds(context: MemberContext, values: Value | undefined): string[] {
  const list = Array.isArray(values) ? values : [];
  return list.map((value) => {
    const id = isComplex(value) ? value['value'] : undefined;
    if (typeof id !== 'string') throw badRequest('invalidValue', 'a member needs a "value"');
    const member = context.store.resources.get(id);
    if (member === undefined) throw badRequest('invalidValue', 'a member does not exist here');
    const type = isComplex(value) ? value['type'] : undefined;
    if (typeof type === 'string' && type !== member.type) {
      throw badRequest('invalidValue', `a member is given as ${type} and is a ${member.type}`);
    }
    if (id === context.groupId) throw badRequest('invalidValue', 'a group cannot be its own member');
    return id;
  });
}

/** Applies one operation to the members of a group (RFC 7644 section 3.5.2). Throws invalidValue, mutability, invalidPath. */
export function changeMembers(
  context: MemberContext,
  verb: Verb,
  target: Target,
  draft: MembersDraft,
  raw: Value | undefined,
): void {
  if (target.filter !== undefined) {
    changeSelectedMembers(context, verb, target, target.filter, draft);
    return;
  }
  if (verb === 'remove') {
    removeMembers(context, target.attribute, draft, raw);
    return;
  }
  const ids = memberIds(context, readMembers(context, target.attribute, verb, raw));
  if (verb === 'replace' && !context.faults('mergeOnReplace')) {
    const wanted = new Set(ids);
    for (const id of draft.ids()) if (!wanted.has(id)) draft.remove(id);
  }
  for (const id of ids) {
    if (draft.has(id) && context.faults('duplicateMembers')) draft.repeat(id);
    else draft.add(id);
  }
}

function readMembers(
  context: MemberContext,
  definition: AttributeDefinition,
  verb: Verb,
  raw: Value | undefined,
): Value | undefined {
  return readValue(context.behaviour, definition, verb === 'add' && isComplex(raw) ? [raw] : (raw ?? null));
}

function removeMembers(
  context: MemberContext,
  definition: AttributeDefinition,
  draft: MembersDraft,
  raw: Value | undefined,
): void {
  const wipes = Array.isArray(raw) && raw.length === 0 && context.faults('emptyRemoveWipes') !== undefined;
  if (raw === undefined || wipes || context.behaviour.removeWithValue === 'ignore') {
    draft.clear();
    return;
  }
  if (context.behaviour.removeWithValue === 'refuse') {
    throw badRequest('invalidSyntax', 'a remove has no "value": select with members[value eq "…"]');
  }
  for (const id of memberIds(context, readMembers(context, definition, 'add', raw))) draft.remove(id);
}

/** The id in `members[value eq "…"]`, the form that must not cost a walk over all members. */
function singleId(filter: Filter): string | undefined {
  if (filter.kind !== 'compare' || filter.operator !== 'eq' || filter.path.name.toLowerCase() !== 'value')
    return undefined;
  return typeof filter.value === 'string' ? filter.value : undefined;
}

function selectIds(context: MemberContext, target: Target, filter: Filter, draft: MembersDraft): readonly string[] {
  const id = singleId(filter);
  if (id !== undefined) return draft.has(id) ? [id] : [];
  const selects = compileFilter(filter, elementScope(target.attribute, context.behaviour.stringBooleans));
  return [...draft.ids()].filter((member) => {
    const resource = context.store.resources.get(member);
    return resource !== undefined && selects({ value: member, type: resource.type, ...displayed(resource) });
  });
}

function displayed(resource: Resource): { display?: Value } {
  const display = resource.attributes['displayName'] ?? resource.attributes['userName'];
  return display === undefined ? {} : { display };
}

function changeSelectedMembers(
  context: MemberContext,
  verb: Verb,
  target: Target,
  filter: Filter,
  draft: MembersDraft,
): void {
  if (target.subAttribute !== undefined || verb !== 'remove') {
    // Every sub-attribute of a member is immutable or read-only (RFC 7643 section 8.7.1).
    throw badRequest('mutability', `a member cannot be changed, only added and removed (${URN.group})`);
  }
  // A member that is not there is already removed: success without a change.
  for (const id of selectIds(context, target, filter, draft)) draft.remove(id);
}
