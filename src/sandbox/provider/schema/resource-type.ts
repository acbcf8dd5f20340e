import { URN } from '../../../core/scim.ts';
import { attribute, attributeTable, type AttributeDefinition, type AttributeTable } from './attribute.ts';
import { groupAttributes } from './group.ts';
import { enterpriseUserAttributes, userAttributes } from './user.ts';

export const RESOURCE_TYPE_NAMES = ['User', 'Group'] as const;
export type ResourceTypeName = (typeof RESOURCE_TYPE_NAMES)[number];

/** What an endpoint serves: its core schema and the extensions it accepts (RFC 7643 section 6). */
export interface ResourceType {
  readonly name: ResourceTypeName;
  readonly endpoint: '/Users' | '/Groups';
  readonly description: string;
  readonly schema: string;
  /** Own attributes and the common ones of RFC 7643 section 3.1. */
  readonly attributes: AttributeTable;
  /** Names of the required attributes: looked at on every write. */
  readonly required: readonly string[];
  /** Extension URN to its attributes. */
  readonly extensions: ReadonlyMap<string, AttributeTable>;
}

/** `id`, `externalId`, `meta` and `schemas`: on every resource, in no schema (RFC 7643 section 3.1). */
const commonAttributes: AttributeTable = attributeTable([
  attribute('schemas', { multiValued: true, type: 'reference', returned: 'always', caseExact: false }),
  attribute('id', { caseExact: true, mutability: 'readOnly', returned: 'always', uniqueness: 'server' }),
  attribute('externalId', { caseExact: true }),
  attribute('meta', { type: 'complex', mutability: 'readOnly' }, [
    attribute('resourceType', { caseExact: true, mutability: 'readOnly' }),
    attribute('created', { type: 'dateTime', mutability: 'readOnly' }),
    attribute('lastModified', { type: 'dateTime', mutability: 'readOnly' }),
    attribute('location', { type: 'reference', caseExact: true, mutability: 'readOnly' }),
    attribute('version', { caseExact: true, mutability: 'readOnly' }),
  ]),
]);

export const RESOURCE_TYPES: Readonly<Record<ResourceTypeName, ResourceType>> = {
  User: {
    name: 'User',
    endpoint: '/Users',
    description: 'User account',
    schema: URN.user,
    attributes: new Map([...commonAttributes, ...userAttributes]),
    required: ['userName'],
    extensions: new Map([[URN.enterpriseUser, enterpriseUserAttributes]]),
  },
  Group: {
    name: 'Group',
    endpoint: '/Groups',
    description: 'Group of accounts',
    schema: URN.group,
    attributes: new Map([...commonAttributes, ...groupAttributes]),
    required: ['displayName'],
    extensions: new Map(),
  },
};

/** A path found in the schema: where the attribute lives and what it is. */
export interface Located {
  /** URN of the extension that holds it, or undefined for the core schema. */
  readonly extension: string | undefined;
  readonly attribute: AttributeDefinition;
  readonly subAttribute: AttributeDefinition | undefined;
}

/** An extension's URN in the spelling of the schema, found without case; undefined when the type has no such extension. */
export function findExtension(type: ResourceType, urn: string): string | undefined {
  if (type.extensions.has(urn)) return urn;
  const lower = urn.toLowerCase();
  return [...type.extensions.keys()].find((known) => known.toLowerCase() === lower);
}

function attributesOf(
  type: ResourceType,
  schema: string | undefined,
): [string | undefined, AttributeTable | undefined] {
  if (schema === undefined || schema.toLowerCase() === type.schema.toLowerCase()) return [undefined, type.attributes];
  const extension = findExtension(type, schema);
  return [extension, extension === undefined ? undefined : type.extensions.get(extension)];
}

/** Finds an attribute by schema URN, name and sub-attribute, without case; undefined when the schema has none such. */
export function locate(
  type: ResourceType,
  schema: string | undefined,
  name: string,
  subName: string | undefined,
): Located | undefined {
  const [extension, attributes] = attributesOf(type, schema);
  const found = attributes?.get(name.toLowerCase());
  if (found === undefined) return undefined;
  if (subName === undefined) return { extension, attribute: found, subAttribute: undefined };
  const subAttribute = found.subAttributes.get(subName.toLowerCase());
  return subAttribute === undefined ? undefined : { extension, attribute: found, subAttribute };
}
