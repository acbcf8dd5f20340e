import type { Json, JsonObject } from '../../../core/scim.ts';
import type { AppRoleAssignment, ServicePrincipal, TenantGroup, TenantUser } from '../../organisation/model.ts';
import { text } from '../../organisation/model.ts';
import type { Member } from '../../organisation/store.ts';
import { allowed, READ_APPLICATIONS, READ_GROUPS, READ_SYNCHRONIZATION, READ_USERS, type GraphCall } from './call.ts';
import { badRequest } from './refusal.ts';
import { EXTENSION_PROPERTY, SCHEMA, type GraphType } from './schema.ts';

/** Everything Graph shows of an object, by property name. */
export interface Shown {
  readonly type: GraphType;
  readonly properties: JsonObject;
}

export function shownUser(user: TenantUser, deletedDateTime: string | null = null): Shown {
  return { type: 'user', properties: { ...user.properties, id: user.id, deletedDateTime } };
}

export function shownGroup(group: TenantGroup): Shown {
  return { type: 'group', properties: { ...group.properties, id: group.id } };
}

export function shownServicePrincipal(principal: ServicePrincipal, tenantId: string): Shown {
  const { createdDateTime: _created, ...properties } = principal.properties;
  return {
    type: 'servicePrincipal',
    properties: {
      accountEnabled: true,
      appRoleAssignmentRequired: true,
      appOwnerOrganizationId: tenantId,
      servicePrincipalType: 'Application',
      signInAudience: 'AzureADMyOrg',
      servicePrincipalNames: [principal.appId],
      tags: ['WindowsAzureActiveDirectoryIntegratedApp'],
      ...properties,
      id: principal.id,
      appId: principal.appId,
      displayName: principal.displayName,
      appDisplayName: principal.displayName,
      appRoles: principal.appRoles.map((role) => ({ ...role, origin: 'Application' })),
    },
  };
}

/** An assignment with the names of both ends, as they are now. */
export function shownAssignment(call: GraphCall, assignment: AppRoleAssignment): Shown {
  const { organisation, at } = call;
  const { principalId, resourceId } = assignment;
  const principal = organisation.users.get(principalId, at) ?? organisation.groups.get(principalId, at);
  const principalDisplayName =
    principal === undefined
      ? (organisation.servicePrincipals.get(principalId, at)?.displayName ?? null)
      : text(principal.properties, 'displayName');
  const resourceDisplayName = organisation.servicePrincipals.get(resourceId, at)?.displayName ?? null;
  return { type: 'appRoleAssignment', properties: { ...assignment, principalDisplayName, resourceDisplayName } };
}

/** Refuses `$select` of what none of the types has, in the words of Graph's OData parser. */
export function checkSelect(
  select: readonly string[] | undefined,
  types: readonly GraphType[],
  shownAs?: string,
): void {
  for (const name of select ?? []) {
    if (types.some((type) => SCHEMA[type].selectable.has(name)) || EXTENSION_PROPERTY.test(name)) continue;
    const stored = types.find((type) => SCHEMA[type].elsewhere.has(name));
    throw badRequest(
      stored === undefined
        ? `Parsing OData Select and Expand failed: Could not find a property named '${name}' on type 'microsoft.graph.${shownAs ?? types[0]}'.`
        : `The property '${name}' of '${stored}' is not held by the directory and cannot be selected here.`,
    );
  }
}

function isArray(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

const NO_EXTENSION_ATTRIBUTES: JsonObject = Object.fromEntries(
  Array.from({ length: 15 }, (_, index) => [`extensionAttribute${index + 1}`, null]),
);

/** Graph always gives all fifteen, whether or not the object has any. */
function extensionAttributes({ properties }: Shown): JsonObject {
  const held = properties['onPremisesExtensionAttributes'];
  const given: JsonObject = held !== null && typeof held === 'object' && !isArray(held) ? held : {};
  return { ...NO_EXTENSION_ATTRIBUTES, ...given };
}

/** What the caller gets of an object: the selected properties, or the default ones. Nothing set is null or empty. */
export function project(shown: Shown, select: readonly string[] | undefined): Record<string, Json> {
  const { selectable, collections, defaults } = SCHEMA[shown.type];
  const answer: Record<string, Json> = {};
  for (const name of select ?? defaults) {
    const value = name === 'onPremisesExtensionAttributes' ? extensionAttributes(shown) : shown.properties[name];
    if (value !== undefined && value !== null) answer[name] = value;
    else if (selectable.has(name)) answer[name] = collections.has(name) ? [] : null;
  }
  return answer;
}

const READ: Readonly<Record<GraphType, readonly string[]>> = {
  user: READ_USERS,
  group: READ_GROUPS,
  servicePrincipal: READ_APPLICATIONS,
  appRoleAssignment: READ_APPLICATIONS,
  synchronizationJob: READ_SYNCHRONIZATION,
};

/**
 * An object of a mixed collection. An object the caller may not read is still listed, with its id and type and nothing
 * else ("limited information for inaccessible member objects").
 */
export function projectObject(call: GraphCall, shown: Shown, select: readonly string[] | undefined): JsonObject {
  const readable = allowed(call.request.caller, READ[shown.type]);
  const visible = readable ? shown : { type: shown.type, properties: { id: shown.properties['id'] ?? null } };
  return { '@odata.type': `#microsoft.graph.${shown.type}`, ...project(visible, select) };
}

/** The object behind a membership, as the reader sees it at `at`; undefined when it is gone. */
export function shownMember(call: GraphCall, member: Member, at: number): Shown | undefined {
  const { organisation } = call;
  switch (member.kind) {
    case 'user': {
      const user = organisation.users.get(member.id, at);
      return user === undefined ? undefined : shownUser(user);
    }
    case 'group': {
      const group = organisation.groups.get(member.id, at);
      return group === undefined ? undefined : shownGroup(group);
    }
    case 'servicePrincipal': {
      const principal = organisation.servicePrincipals.get(member.id, at);
      return principal === undefined ? undefined : shownServicePrincipal(principal, organisation.tenantId);
    }
    default:
      return member.kind satisfies never;
  }
}
