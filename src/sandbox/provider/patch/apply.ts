import { copyValue, isComplex, type Complex, type Value } from '../json.ts';
import type { MembersDraft } from '../members-draft.ts';
import { finish, readValue, refuseUnknown } from '../read-body.ts';
import { badRequest } from '../refusal.ts';
import { findExtension, type ResourceType } from '../schema/resource-type.ts';
import { changeMembers, type MemberContext } from './members.ts';
import { findTarget, targetsOf, type PatchOperation, type Target, type Verb } from './operation.ts';
import { changeValues } from './values.ts';

/** A resource while a PATCH is tried out. It is stored only when every operation succeeded (RFC 7644 section 3.5.2). */
export interface PatchDraft {
  readonly attributes: Complex;
  readonly members: MembersDraft;
}

/** Applies one operation to the draft. Throws a refusal with the scimType of RFC 7644 table 9. */
export function applyOperation(
  context: MemberContext,
  type: ResourceType,
  draft: PatchDraft,
  operation: PatchOperation,
): void {
  const { verb, path, value } = operation;
  if (path === undefined) {
    applyPathless(context, type, draft, verb, value);
    return;
  }
  const extension = findExtension(type, path);
  if (extension !== undefined) {
    applyToExtension(context, type, draft, verb, extension, value);
    return;
  }
  const target = findTarget(type, path);
  if (target !== undefined) applyToTarget(context, draft, verb, target, value);
  else if (context.behaviour.unknownAttributes === 'refuse') {
    throw badRequest('invalidPath', 'the path names an attribute that is not in the schema');
  }
}

/** Checks the finished draft: required attributes, lengths. Throws invalidValue. */
export function finishDraft(context: MemberContext, type: ResourceType, draft: PatchDraft): Complex {
  return finish(context.behaviour, type, draft.attributes);
}

function applyPathless(
  context: MemberContext,
  type: ResourceType,
  draft: PatchDraft,
  verb: Verb,
  value: Value | undefined,
): void {
  if (!isComplex(value)) throw badRequest('invalidValue', 'an operation without "path" needs an object as "value"');
  for (const { name, target, value: inner } of targetsOf(context.behaviour, type, value)) {
    if (target === undefined) refuseUnknown(context.behaviour, name);
    else applyToTarget(context, draft, verb, target, inner);
  }
}

function applyToExtension(
  context: MemberContext,
  type: ResourceType,
  draft: PatchDraft,
  verb: Verb,
  extension: string,
  value: Value | undefined,
): void {
  if (verb === 'remove') delete draft.attributes[extension];
  else applyPathless(context, type, draft, verb, { [extension]: value ?? null });
}

function refuseProtected(verb: Verb, target: Target, value: Value | undefined): void {
  const { attribute, subAttribute } = target;
  if ((subAttribute ?? attribute).mutability === 'readOnly' || attribute.mutability === 'readOnly') {
    throw badRequest('mutability', `"${(subAttribute ?? attribute).name}" is read-only`);
  }
  if (attribute.name === 'schemas') throw badRequest('mutability', '"schemas" follows from the attributes');
  // RFC 7644 section 3.5.2.2: a required attribute cannot become unassigned.
  if (attribute.required && (verb === 'remove' || value === null)) {
    throw badRequest('mutability', `"${attribute.name}" is required and cannot be removed`);
  }
}

function applyToTarget(
  context: MemberContext,
  draft: PatchDraft,
  verb: Verb,
  target: Target,
  value: Value | undefined,
): void {
  refuseProtected(verb, target, value);
  if (target.attribute.name === 'members') {
    changeMembers(context, verb, target, draft.members, value);
    return;
  }
  if (target.filter !== undefined && context.behaviour.valuePaths === 'ineffective') return;
  const holder = holderOf(draft, target.extension);
  const { name } = target.attribute;
  const changed = changeAttribute(context, verb, target, holder[name], value);
  if (changed === undefined) delete holder[name];
  else if (target.attribute.mutability !== 'writeOnly') holder[name] = changed;
  if (target.extension !== undefined && Object.keys(holder).length === 0) delete draft.attributes[target.extension];
}

function holderOf(draft: PatchDraft, extension: string | undefined): Complex {
  if (extension === undefined) return draft.attributes;
  const present = draft.attributes[extension];
  if (isComplex(present)) return present;
  const created: Complex = {};
  draft.attributes[extension] = created;
  return created;
}

function changeAttribute(
  context: MemberContext,
  verb: Verb,
  target: Target,
  present: Value | undefined,
  value: Value | undefined,
): Value | undefined {
  const { behaviour } = context;
  const { attribute, subAttribute } = target;
  if (attribute.multiValued) {
    return changeValues(behaviour, verb, target, Array.isArray(present) ? present : [], value);
  }
  if (subAttribute !== undefined) {
    const given = verb === 'remove' ? undefined : readValue(behaviour, subAttribute, value ?? null);
    return withPart(present, subAttribute.name, given);
  }
  if (verb === 'remove') return undefined;
  const given = readValue(behaviour, attribute, value ?? null);
  if (attribute.type !== 'complex' || !isComplex(value)) return given;
  return mergeParts(target, present, value, given);
}

function withPart(present: Value | undefined, name: string, given: Value | undefined): Complex | undefined {
  const { [name]: _before, ...rest } = isComplex(present) ? present : {};
  const changed = given === undefined ? rest : { ...rest, [name]: given };
  return Object.keys(changed).length === 0 ? undefined : changed;
}

/** A complex value changes the sub-attributes it names and leaves the others (RFC 7644 sections 3.5.2.1 and 3.5.2.3). */
function mergeParts(
  target: Target,
  present: Value | undefined,
  sent: Complex,
  given: Value | undefined,
): Complex | undefined {
  const merged: Complex = { ...(isComplex(present) ? present : {}) };
  for (const [name, value] of Object.entries(sent)) {
    const subName = target.attribute.subAttributes.get(name.toLowerCase())?.name;
    if (value === null && subName !== undefined) delete merged[subName];
  }
  Object.assign(merged, isComplex(given) ? given : {});
  return Object.keys(merged).length === 0 ? undefined : merged;
}

/** A draft of a resource's attributes over a draft of its members. */
export function draftOf(attributes: Complex, members: MembersDraft): PatchDraft {
  return { attributes: copyValue(attributes), members };
}
