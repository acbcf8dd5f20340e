import { URN } from '../../../core/scim.ts';
import type { Behaviour } from '../behaviour.ts';
import type { Complex } from '../json.ts';
import type { AttributeDefinition, AttributeTable } from './attribute.ts';
import { groupAttributes } from './group.ts';
import { RESOURCE_TYPES } from './resource-type.ts';
import { enterpriseUserAttributes, userAttributes } from './user.ts';

const CONFIG_URN = 'urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig';
const SCHEMA_URN = 'urn:ietf:params:scim:schemas:core:2.0:Schema';
const RESOURCE_TYPE_URN = 'urn:ietf:params:scim:schemas:core:2.0:ResourceType';

function describeAttribute(definition: AttributeDefinition): Complex {
  const described: Complex = {
    name: definition.name,
    type: definition.type,
    multiValued: definition.multiValued,
    required: definition.required,
    caseExact: definition.caseExact,
    mutability: definition.mutability,
    returned: definition.returned,
    uniqueness: definition.uniqueness,
  };
  if (definition.canonicalValues.length > 0) described['canonicalValues'] = [...definition.canonicalValues];
  if (definition.referenceTypes.length > 0) described['referenceTypes'] = [...definition.referenceTypes];
  if (definition.subAttributes.size > 0) described['subAttributes'] = describeAll(definition.subAttributes);
  return described;
}

function describeAll(attributes: AttributeTable): Complex[] {
  return [...attributes.values()].map((definition) => describeAttribute(definition));
}

function schemaResource(
  id: string,
  name: string,
  description: string,
  attributes: AttributeTable,
  base: string,
): Complex {
  return {
    schemas: [SCHEMA_URN],
    id,
    name,
    description,
    attributes: describeAll(attributes),
    meta: { resourceType: 'Schema', location: `${base}/Schemas/${id}` },
  };
}

/** The schemas served, as resources (RFC 7643 section 7). */
export function schemaResources(base: string): Complex[] {
  return [
    schemaResource(URN.user, 'User', 'User account', userAttributes, base),
    schemaResource(URN.enterpriseUser, 'EnterpriseUser', 'Enterprise user', enterpriseUserAttributes, base),
    schemaResource(URN.group, 'Group', 'Group of accounts', groupAttributes, base),
  ];
}

/** The resource types served (RFC 7643 section 6). */
export function resourceTypeResources(base: string): Complex[] {
  return Object.values(RESOURCE_TYPES).map((type) => ({
    schemas: [RESOURCE_TYPE_URN],
    id: type.name,
    name: type.name,
    endpoint: type.endpoint,
    description: type.description,
    schema: type.schema,
    schemaExtensions: [...type.extensions.keys()].map((schema) => ({ schema, required: false })),
    meta: { resourceType: 'ResourceType', location: `${base}/ResourceTypes/${type.name}` },
  }));
}

/** What the provider says of itself (RFC 7643 section 5; `pagination` is RFC 9865 section 4). */
export function serviceProviderConfig(behaviour: Behaviour, base: string, cursors: boolean): Complex {
  return {
    schemas: [CONFIG_URN],
    patch: { supported: true },
    bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
    filter: { supported: true, maxResults: behaviour.maxResults },
    changePassword: { supported: false },
    sort: { supported: false },
    etag: { supported: behaviour.etag !== 'ignored' },
    pagination: {
      cursor: cursors,
      index: !cursors,
      defaultPaginationMethod: cursors ? 'cursor' : 'index',
      defaultPageSize: behaviour.defaultCount,
      maxPageSize: behaviour.maxResults,
    },
    authenticationSchemes: [
      {
        type: 'oauthbearertoken',
        name: 'Bearer token',
        description: 'A long-lived token, or one issued by the client credentials grant',
        specUri: 'https://www.rfc-editor.org/info/rfc6750',
        primary: true,
      },
    ],
    meta: { resourceType: 'ServiceProviderConfig', location: `${base}${behaviour.configPath}` },
  };
}
