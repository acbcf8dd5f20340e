import { URN } from '../../../core/scim.ts';
import type { Behaviour } from '../behaviour.ts';
import { parsePatchPath } from '../filter/parse.ts';
import type { Filter, PatchPath } from '../filter/ast.ts';
import { isComplex, type Complex, type Value } from '../json.ts';
import { readSchemas } from '../read-body.ts';
import { badRequest } from '../refusal.ts';
import type { AttributeDefinition } from '../schema/attribute.ts';
import { findExtension, locate, type ResourceType } from '../schema/resource-type.ts';

export type Verb = 'add' | 'remove' | 'replace';

/** One operation as sent. `value` is undefined when the member is missing. */
export interface PatchOperation {
  readonly verb: Verb;
  readonly path: string | undefined;
  readonly value: Value | undefined;
}

/** Where an operation works: an attribute, some of its values, or a sub-attribute. */
export interface Target {
  readonly extension: string | undefined;
  readonly attribute: AttributeDefinition;
  readonly subAttribute: AttributeDefinition | undefined;
  readonly filter: Filter | undefined;
}

function readVerb(behaviour: Behaviour, raw: Value | undefined): Verb {
  const op = behaviour.opNames === 'any-case' && typeof raw === 'string' ? raw.toLowerCase() : raw;
  if (op === 'add' || op === 'remove' || op === 'replace') return op;
  throw badRequest('invalidSyntax', '"op" must be add, remove or replace, in lower case');
}

function readOperation(behaviour: Behaviour, raw: Value): PatchOperation {
  if (!isComplex(raw)) throw badRequest('invalidSyntax', 'an operation must be a JSON object');
  const unknown = Object.keys(raw).find((name) => !['op', 'path', 'value'].includes(name));
  if (unknown !== undefined) throw badRequest('invalidSyntax', `an operation has no member "${unknown}"`);
  const verb = readVerb(behaviour, raw['op']);
  const { path, value } = raw;
  if (path !== undefined && (typeof path !== 'string' || path === '')) {
    throw badRequest('invalidPath', '"path" must be a string that is not empty');
  }
  if (verb === 'remove') {
    // RFC 7644 section 3.5.2.2: without a path there is nothing to remove.
    if (path === undefined) throw badRequest('noTarget', 'a remove needs a "path"');
    return { verb, path, value };
  }
  if (value === undefined) throw badRequest('invalidSyntax', `"${verb}" needs a "value"`);
  if (path === undefined && !isComplex(value))
    throw badRequest('invalidValue', `"${verb}" without "path" needs an object as "value"`);
  return { verb, path, value };
}

/** Reads the body of a PATCH (RFC 7644 section 3.5.2). Throws invalidSyntax, invalidPath, noTarget or invalidValue. */
export function readPatchBody(behaviour: Behaviour, body: Value): readonly PatchOperation[] {
  if (!isComplex(body)) throw badRequest('invalidSyntax', 'the body must be a JSON object');
  if (!readSchemas(body).has(URN.patchOp.toLowerCase()))
    throw badRequest('invalidSyntax', `"schemas" must contain ${URN.patchOp}`);
  const operations = body['Operations'];
  if (!Array.isArray(operations) || operations.length === 0) {
    throw badRequest('invalidSyntax', '"Operations" must be a list that is not empty');
  }
  return operations.map((raw) => readOperation(behaviour, raw));
}

function parsePath(text: string): PatchPath {
  try {
    return parsePatchPath(text);
  } catch (error) {
    throw badRequest(
      'invalidPath',
      `the path is not understood: ${error instanceof Error ? error.message : 'no grammar fits'}`,
    );
  }
}

/** Finds what a path names; undefined when the schema has no such attribute. Throws invalidPath when it cannot be a path. */
export function findTarget(type: ResourceType, text: string): Target | undefined {
  const { path, filter, subName } = parsePath(text);
  const located = locate(type, path.schema, path.name, subName);
  if (located === undefined) return undefined;
  const { attribute } = located;
  if (filter !== undefined && (!attribute.multiValued || attribute.type !== 'complex')) {
    throw badRequest('invalidPath', `"${attribute.name}" has no values to select from`);
  }
  if (filter === undefined && subName !== undefined && attribute.multiValued) {
    throw badRequest('invalidPath', `"${attribute.name}" has several values: select some with a filter`);
  }
  return { ...located, filter };
}

function named(type: ResourceType, extension: string | undefined, name: string): Target | undefined {
  const located = locate(type, extension, name, undefined);
  return located && { ...located, filter: undefined };
}

/**
 * The targets of a pathless value: each name is an attribute, or an extension's URN with its attributes inside. A name
 * the schema does not know comes with an undefined target.
 */
export function targetsOf(
  behaviour: Behaviour,
  type: ResourceType,
  value: Complex,
): readonly { readonly name: string; readonly target: Target | undefined; readonly value: Value }[] {
  return Object.entries(value).flatMap(([name, inner]) => {
    if (name.toLowerCase() === 'schemas') return [];
    const urn = findExtension(type, name);
    if (urn === undefined) {
      const dotted = behaviour.dottedNames && /[.:[]/.test(name);
      return [{ name, target: dotted ? findTarget(type, name) : named(type, undefined, name), value: inner }];
    }
    if (!isComplex(inner)) throw badRequest('invalidValue', `"${urn}" must be an object`);
    return Object.entries(inner).map(([attributeName, attributeValue]) => ({
      name: `${urn}:${attributeName}`,
      target: named(type, urn, attributeName),
      value: attributeValue,
    }));
  });
}
